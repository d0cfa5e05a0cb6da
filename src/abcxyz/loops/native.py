"""Machine code of loops, kept between processes so that numba is imported only to compile it.

Importing numba and its tables of types takes half a second in every process, also where the
compiled loops are read from its cache. Here the object code of a loop is stored as it is, and
linked by ``llvmlite``, which takes a fifteenth of that.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import platform
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from abcxyz.errors import AdapterError
from abcxyz.loops.declared import Declared, Kinds, ObjectCode
from abcxyz.toolkit.files import write_atomic

__all__ = ["Loop", "native"]

_SCALARS: dict[str, Any] = {"i8": ctypes.c_int64, "u8": ctypes.c_uint64, "f8": ctypes.c_double}


class Loop(Declared):
    """A function over arrays and numbers, compiled for the kinds of its arguments.

    Parameters
    ----------
    function
        A function that numba can compile without the interpreter, and that allocates nothing. It
        may call other loops of its module, `fetch_ahead` and `read_word`.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._ready: dict[Kinds, Callable[[list[Any]], Any]] = {}
        self._lock = Lock()

    def __call__(self, *arguments: Any) -> Any:
        """Call the machine code, which does not hold the interpreter's lock."""
        kinds, values = _flat(arguments)
        run = self._ready.get(kinds)
        if run is None:
            with self._lock:
                run = self._ready.get(kinds) or _linked(self._object_code(kinds), kinds)
                self._ready[kinds] = run
        return run(values)

    def stored(self, kinds: Kinds) -> Path | None:
        """Return the file of the machine code for such arguments; None if there is none."""
        return next(self._stored(kinds), None)

    def is_stored(self, kinds: Kinds) -> bool:
        """Return whether nothing has to be compiled for such arguments."""
        return kinds in self._ready or self.stored(kinds) is not None

    def _object_code(self, kinds: Kinds) -> ObjectCode:
        for path in self._stored(kinds):
            found = _read(path)
            if found is not None:
                return found
        from abcxyz.loops.compilation import compile_loop

        made = compile_loop(self, kinds)
        name = self._file(kinds)
        any(name and _write(folder / name, made.to_bytes()) for folder in _folders())
        return made

    def _stored(self, kinds: Kinds) -> Iterator[Path]:
        name = self._file(kinds)
        return (folder / name for folder in _folders() if name and _is_own(folder / name))

    def _file(self, kinds: Kinds) -> str:
        """Return the name of the file; empty where it cannot be told what the code depends on."""
        try:
            marks = (_fingerprint(self.function.__code__.co_filename), *kinds)
        except (OSError, PackageNotFoundError):  # as in an archive of modules
            return ""
        digest = hashlib.sha256("\n".join(marks).encode()).hexdigest()[:24]
        return f"{self.function.__name__}.{digest}.loop"


def native(function: Callable[..., Any]) -> Loop:
    """Declare a compiled loop; see `Loop`."""
    return Loop(function)


def _flat(arguments: tuple[Any, ...]) -> tuple[Kinds, list[Any]]:
    """Return the kinds of arguments, and the numbers and addresses that are passed."""
    kinds: list[str] = []
    values: list[Any] = []
    for one in arguments:
        if isinstance(one, np.ndarray):
            if one.ndim not in (1, 2) or not one.flags.c_contiguous:
                raise ValueError("compiled loops take contiguous arrays of one or two dimensions")
            kinds.append("*" * one.ndim + one.dtype.str[1:])
            values += [one.ctypes.data, *one.shape]
        elif isinstance(one, tuple):
            kinds.append(f"({len(one)}")
            values += one
        else:
            floats, unsigned = isinstance(one, (float, np.floating)), isinstance(one, np.uint64)
            kinds.append("f8" if floats else "u8" if unsigned else "i8")
            values.append(float(one) if floats else int(one))
    return tuple(kinds), values


def _linked(made: ObjectCode, kinds: Kinds) -> Callable[[list[Any]], Any]:
    """Load object code, and return its function."""
    import llvmlite.binding as llvm

    _initialize()
    engine = llvm.create_mcjit_compiler(
        llvm.parse_assembly(""), llvm.Target.from_default_triple().create_target_machine()
    )
    engine.add_object_file(llvm.ObjectFileRef.from_data(made.code))
    engine.finalize_object()
    # By the convention of numba: where the result goes, where an exception goes, the arguments.
    types: list[Any] = [ctypes.c_void_p, ctypes.c_void_p]
    for kind in kinds:
        if kind.startswith("("):
            types += [ctypes.c_int64] * int(kind[1:])
        elif kind.startswith("*"):
            types += [ctypes.c_void_p, *[ctypes.c_int64] * kind.count("*")]
        else:
            types.append(_SCALARS[kind])
    # A function type of ctypes releases the lock of the interpreter during the call.
    call: Any = ctypes.CFUNCTYPE(ctypes.c_int32, *types)(engine.get_function_address(made.symbol))
    place = _SCALARS.get(made.returns, ctypes.c_int64)

    def run(values: list[Any], _: object = engine) -> Any:
        result, problem = place(), ctypes.c_void_p()
        if call(ctypes.byref(result), ctypes.byref(problem), *values):
            raise RuntimeError(f"{made.symbol} failed")
        return result.value if made.returns else None

    return run


@functools.cache
def _initialize() -> None:
    import llvmlite.binding as llvm

    with suppress(RuntimeError):  # needed by old versions only, refused by new ones
        llvm.initialize()
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


@functools.cache
def _fingerprint(file: str) -> str:
    """Return what machine code of the loops of a module depends on."""
    import llvmlite.binding as llvm

    _initialize()
    sources = [Path(file), *map(Path(__file__).with_name, ("declared.py", "compilation.py"))]
    facts = [
        version("numba"),
        version("llvmlite"),
        *map(str, llvm.llvm_version_info),
        llvm.get_process_triple(),
        platform.python_version(),
        llvm.get_host_cpu_name(),
        llvm.get_host_cpu_features().flatten(),
    ]
    digest = hashlib.sha256("\n".join(facts).encode())
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _folders() -> list[Path]:
    """Return where machine code may be kept, as numba does: the first that can be written."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        return [Path(chosen)]
    folders = [Path(__file__).parent / "__pycache__"]
    try:
        home = Path.home()
    except RuntimeError:  # a user without an entry and without HOME, as in some containers
        return folders
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or home
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or home / ".cache"
    return [*folders, Path(base) / "abcxyz"]


def _is_own(path: Path) -> bool:
    """Return whether a file is there, and nobody but its user and root could have written it."""
    try:
        found, folder = path.stat(), path.parent.stat()
    except OSError:
        return False
    if sys.platform == "win32":
        return stat.S_ISREG(found.st_mode)
    if (found.st_mode | folder.st_mode) & stat.S_IWOTH:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_uid in {0, os.getuid()}


def _read(path: Path) -> ObjectCode | None:
    try:
        return ObjectCode.from_bytes(path.read_bytes())
    except OSError:
        return None


def _write(path: Path, data: bytes) -> bool:
    """Write a file, for its user alone; return whether that was possible."""
    try:
        write_atomic(path, data, private=True)
    except AdapterError:
        return False
    return _is_own(path)

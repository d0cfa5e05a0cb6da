"""Choice between numpy and compiled loops, and compilation with a cache that may be absent."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from abcxyz.errors import InputError

__all__ = [
    "CELL_PAYS",
    "COLUMN_PAYS",
    "ROUTES",
    "ROW_PAYS",
    "compile_loops",
    "jit",
    "loops",
    "route",
]

ROW_PAYS = 2_000_000
"""Number of rows from which compiling their loops saves time in later runs."""

COLUMN_PAYS = 100_000_000
"""Number of values of a column from which loading numba saves time."""

CELL_PAYS = 4 * ROW_PAYS
"""Number of cells of a table from which compiling their loops saves time in later runs."""

_LOADED_PAYS = 1 << 18  # rows or values from which loops that are loaded already save time
_STORED_SHARE = 8  # of the work for which it pays to compile, from which it pays to link

_MODULES = ("cells", "columns", "landmarks", "one_pass", "partitions", "rows")
_BY_NUMBA = ("columns", "one_pass")  # the loops that numba itself loads

ROUTES = ("auto", "numpy", "numba")
"""Names of the routes; ``auto`` chooses one of the others."""

_ROUTE: ContextVar[str] = ContextVar("abcxyz_route", default="auto")


@contextmanager
def route(name: str) -> Iterator[None]:
    """Force ``numpy`` or ``numba`` within a block; ``auto`` chooses by the amount of work.

    Both give the same classes; old numpy may add floats to another last bit.

    Raises
    ------
    InputError
        Unknown route, or numba is not installed.
    """
    if name not in ROUTES:
        raise InputError("route is {route!r}; use auto, numpy or numba", route=name)
    if name == "numba" and not _installed():
        raise InputError(
            "route is {route!r}, but numba is absent; install it with: pip install numba",
            route=name,
        )
    token = _ROUTE.set(name)
    try:
        yield
    finally:
        _ROUTE.reset(token)


@cache
def _installed() -> bool:
    return find_spec("numba") is not None


def loops(name: str, work: int, pays: int) -> ModuleType | None:
    """Return the module of compiled loops *name* if it saves time, else None.

    Parameters
    ----------
    name
        One of the modules that `compile_loops` compiles, such as ``rows``.
    work
        Number of rows or values.
    pays
        Amount of work from which compiling saves time, if not now, then in later runs. Of loops
        whose machine code is stored, an eighth of it is enough.
    """
    module = f"abcxyz.loops.{name}"
    match _ROUTE.get():
        case "numpy":
            return None
        case "numba":
            return import_module(module)
    if name in _BY_NUMBA:
        # Read by numba from its cache.
        least = _LOADED_PAYS if module in sys.modules else pays
        return import_module(module) if work >= least and _installed() else None
    if work < pays // _STORED_SHARE or not _installed():
        return None
    loaded = import_module(module)
    return loaded if work >= pays or _is_stored(loaded) else None


#: Modules whose usual loops were found to be stored.
_FOUND: set[str] = set()


def _is_stored(module: ModuleType) -> bool:
    """Return whether a module can be used without compiling any of its usual loops."""
    if module.__name__ not in _FOUND:
        usual = module.usual_kinds()
        if not all(getattr(module, loop).is_stored(kinds) for loop, kinds in usual.items()):
            return False
        _FOUND.add(module.__name__)
    return True


def jit(function: Callable[..., Any]) -> Any:
    """Compile a loop that releases the GIL; the machine code is cached between runs.

    Notes
    -----
    Numba writes its cache beside the module, or, where that folder is read-only, into the user's
    cache folder. Where neither can be written, the loop is compiled in memory in every process.
    """
    from numba import njit

    try:
        return njit(cache=True, nogil=True)(function)
    except RuntimeError:  # no folder for the cache
        return njit(nogil=True)(function)


def compile_loops() -> None:
    """Compile all loops, or load them from the cache, for example when an image is built.

    Raises
    ------
    InputError
        Numba is not installed.
    """
    with route("numba"):
        for name in _MODULES:
            loops(name, 0, 0).warm_up()  # type: ignore[union-attr]

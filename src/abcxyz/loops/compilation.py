"""Compilation of loops by numba to object code; importing this module requires numba."""

from __future__ import annotations

import re
from types import FunctionType
from typing import Any

import numba
from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from abcxyz.loops.declared import Declared, Kinds, ObjectCode, fetch_ahead, read_word

__all__ = ["compile_loop"]

_KINDS: dict[str, Any] = {
    "i1": types.int8,
    "i2": types.int16,
    "i4": types.int32,
    "i8": types.int64,
    "u1": types.uint8,
    "u2": types.uint16,
    "u4": types.uint32,
    "u8": types.uint64,
    "f4": types.float32,
    "f8": types.float64,
}
_void: Any = types.void
#: As values of any type: numba states types of its decorators only.
_numba: Any = numba
_types: Any = types

#: What a loop may need beyond its own object code: nothing but what LLVM itself knows.
_KNOWN = ("llvm.", "memset", "memcpy", "memmove")


@intrinsic
def _fetch_ahead(_: Any, array: Any, at: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        number, pointer = ir.IntType(32), ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
        fetch: Any = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")  # type: ignore[no-untyped-call]
        address = builder.bitcast(builder.gep(data, [args[1]]), pointer)
        # To write, keep it in all caches, data.
        builder.call(fetch, [address, *(ir.Constant(number, one) for one in (1, 3, 1))])
        return context.get_dummy_value()

    return _void(array, at), generate


@intrinsic
def _read_word(_: Any, data: Any, at: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        start = context.make_array(signature.args[0])(context, builder, args[0]).data
        word = ir.IntType(64)
        place = builder.bitcast(builder.gep(start, [args[1]]), word.as_pointer())
        return builder.load(place, align=1)

    return types.uint64(data, at), generate


_INTRINSICS: dict[Any, Any] = {fetch_ahead: _fetch_ahead, read_word: _read_word}


def compile_loop(loop: Declared, kinds: Kinds) -> ObjectCode:
    """Compile a loop for the kinds of its arguments.

    Raises
    ------
    RuntimeError
        The code needs functions of the interpreter or of numba, such as for memory.
    """
    compiled = _numba.njit(FunctionType(loop.function.__code__, _namespace(loop)))
    given = tuple(_type(kind) for kind in kinds)
    compiled.compile(given)
    returned = compiled.overloads[given].signature.return_type
    flat: list[Any] = []
    for kind, one in zip(kinds, given, strict=True):
        if kind.startswith("*"):
            flat += [_types.CPointer(one.dtype), *[types.int64] * one.ndim]
        else:
            flat += list(one) if kind.startswith("(") else [one]
    namespace = {"loop": compiled, "carray": _numba.carray}
    # From text, because numba takes no variable number of arguments.
    exec(_wrapper(kinds), namespace)  # noqa: S102
    callback = _numba.cfunc(returned(*flat))(namespace["call"])
    symbol = callback.native_name.removeprefix("cfunc.")
    code = _object_code(_alone(callback.inspect_llvm()))
    name = {types.none: "", types.float64: "f8"}.get(returned, "i8")
    return ObjectCode(symbol, name, code)


def _namespace(loop: Declared) -> dict[str, Any]:
    """Return the names that a loop knows, other loops compiled for themselves."""
    known = dict(loop.function.__globals__)
    for name, one in list(known.items()):
        if isinstance(one, Declared):
            known[name] = _numba.njit(FunctionType(one.function.__code__, known))
        elif isinstance(one, FunctionType) and one in _INTRINSICS:
            known[name] = _INTRINSICS[one]
    return known


def _type(kind: str) -> Any:
    if kind.startswith("*"):
        return types.Array(_KINDS[kind.lstrip("*")], kind.count("*"), "C")
    return _types.UniTuple(types.int64, int(kind[1:])) if kind.startswith("(") else _KINDS[kind]


def _wrapper(kinds: Kinds) -> str:
    """Return the source of a function of addresses and numbers, which calls the loop."""
    names: list[str] = []
    passed: list[str] = []
    for place, kind in enumerate(kinds):
        if kind.startswith("*"):
            sizes = [f"n{place}_{axis}" for axis in range(kind.count("*"))]
            names += [f"p{place}", *sizes]
            passed.append(f"carray(p{place}, ({', '.join(sizes)},))")
        elif kind.startswith("("):
            parts = [f"t{place}_{part}" for part in range(int(kind[1:]))]
            names += parts
            passed.append(f"({', '.join(parts)},)")
        else:
            names.append(f"s{place}")
            passed.append(names[-1])
    return f"def call({', '.join(names)}):\n    return loop({', '.join(passed)})\n"


def _alone(assembly: str) -> str:
    """Leave out what only an interpreter with numba could link.

    That is the function around it, which turns an exception into one of Python, and the release
    of memory of arrays: those of a loop are lent to it, and never own theirs.
    """
    lines, kept, skips = assembly.split("\n"), [], False
    for line in lines:
        skips |= line.startswith("define") and re.search(r'@"?cfunc\.', line) is not None
        if not skips:
            kept.append(line)
        skips &= line != "}"
    return re.sub(
        r"^declare void @NRT_MemInfo_call_dtor\((ptr|i8\*).*$",
        r"define internal void @NRT_MemInfo_call_dtor(\1 %_) {\n  ret void\n}",
        "\n".join(kept),
        flags=re.MULTILINE,
    )


def _object_code(assembly: str) -> bytes:
    module = binding.parse_assembly(assembly)
    called = set(re.findall(r'\bcall\b[^@\n]*@"?([\w.$]+)', assembly))
    for one in module.functions:
        if one.is_declaration and one.name in called and not one.name.startswith(_KNOWN):
            raise RuntimeError(f"a loop cannot call {one.name}")
    target = binding.Target.from_triple(binding.get_process_triple())
    machine = target.create_target_machine(
        cpu=binding.get_host_cpu_name(),
        features=binding.get_host_cpu_features().flatten(),
        opt=3,
        reloc="default",
        codemodel="jitdefault",
        jit=True,
    )
    code: bytes = machine.emit_object(module)
    return code

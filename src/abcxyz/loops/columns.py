"""Compiled loops over a column of values; importing this module requires numba.

The loops add up exactly as numpy does (pairwise: eight running sums per 128 values, then halves),
so that both routes return the same floats. LLVM does not reorder sums of floats, and so does not
vectorise them; the inner loop is therefore written with vectors of eight. The time is that of
reading the memory, so every loop fetches its values a page ahead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from abcxyz.loops.compiled import jit

__all__ = [
    "below_floats",
    "below_ints",
    "mark",
    "mark_floats",
    "survey_floats",
    "survey_ints",
    "warm_up",
]

Array = npt.NDArray[Any]

_Tuple: Any = types.Tuple
LANES, RUN = 8, 128  # numpy's running sums, and values per run
_AHEAD = 64  # vectors, a page of memory: the CPU itself fetches ahead within a page only
DOUBLES = ir.VectorType(ir.DoubleType(), LANES)
_COUNTS = ir.VectorType(ir.IntType(64), LANES)
_CODES = ir.VectorType(ir.IntType(8), LANES)


def _fetch(builder: Any, pointer: Any) -> None:
    """Fetch the cache line of an address before it is read; harmless beyond the array."""
    number, byte = ir.IntType(32), ir.IntType(8).as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
    fetch: Any = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")  # type: ignore[no-untyped-call]
    # To read, keep it in all caches, data.
    address = builder.bitcast(pointer, byte)
    builder.call(fetch, [address, *(ir.Constant(number, one) for one in (0, 3, 1))])


def rows_of_run(context: Any, builder: Any, signature: Any, args: Any) -> list[Any]:
    """Load the run of 128 values at a position as 16 vectors."""
    array = context.make_array(signature.args[0])(context, builder, args[0])
    start = builder.gep(array.data, [args[1]])
    base = builder.bitcast(start, DOUBLES.as_pointer())
    for row in range(RUN // LANES):
        _fetch(builder, builder.gep(base, [ir.Constant(ir.IntType(64), row + _AHEAD)]))
    return [
        builder.load(builder.gep(base, [ir.Constant(ir.IntType(64), row)]), align=8)
        for row in range(RUN // LANES)
    ]


def spread(builder: Any, number: Any) -> Any:
    """Return a vector of one number."""
    vector = ir.Constant(DOUBLES, ir.Undefined)
    for lane in range(LANES):
        vector = builder.insert_element(vector, number, ir.Constant(ir.IntType(32), lane))
    return vector


def lanes(builder: Any, vector: Any) -> list[Any]:
    return [
        builder.extract_element(vector, ir.Constant(ir.IntType(32), lane)) for lane in range(LANES)
    ]


def tree(parts: list[Any], join: Any) -> Any:
    """Join neighbours until one is left: ((0, 1), (2, 3)), ((4, 5), (6, 7))."""
    while len(parts) > 1:
        parts = [join(one, two) for one, two in zip(parts[::2], parts[1::2], strict=True)]
    return parts[0]


def declared(function: Callable[..., Any]) -> Any:
    """Declare an intrinsic, whose calls pass the values without the typing context."""
    return intrinsic(function)


@declared
def _survey_run(_: Any, values: Any, at: Any) -> Any:
    """Return the sum, minimum and maximum of a run; NaN is in the sum only."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        first, *rest = rows_of_run(context, builder, signature, args)
        total = low = high = first
        for row in rest:
            total = builder.fadd(total, row)
            low = builder.select(builder.fcmp_ordered("<", row, low), row, low)
            high = builder.select(builder.fcmp_ordered(">", row, high), row, high)

        def pick(sign: str) -> Any:
            return lambda one, two: builder.select(builder.fcmp_ordered(sign, one, two), one, two)

        result = [
            tree(lanes(builder, total), builder.fadd),
            tree(lanes(builder, low), pick("<")),
            tree(lanes(builder, high), pick(">")),
        ]
        return context.make_tuple(builder, signature.return_type, result)

    return _Tuple((types.float64,) * 3)(values, at), generate


@declared
def _below_run(_: Any, values: Any, at: Any, limit: Any) -> Any:
    """Return the sum and the number of the values of a run below a limit."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        limits = spread(builder, args[2])
        zeros = ir.Constant(DOUBLES, [0.0] * LANES)
        total, number = None, ir.Constant(_COUNTS, [0] * LANES)
        for row in rows_of_run(context, builder, signature, args):
            mask = builder.fcmp_ordered("<", row, limits)
            part = builder.select(mask, row, zeros)
            total = part if total is None else builder.fadd(total, part)
            number = builder.add(number, builder.zext(mask, _COUNTS))
        whole = tree(lanes(builder, number), builder.add)
        return context.make_tuple(
            builder,
            signature.return_type,
            [tree(lanes(builder, total), builder.fadd), whole],
        )

    return _Tuple((types.float64, types.int64))(values, at, limit), generate


@declared
def _mark_run(_: Any, values: Any, at: Any, first: Any, second: Any, codes: Any) -> Any:
    """Fill the codes of a run of values."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        limits = [spread(builder, one) for one in args[2:4]]
        target = context.make_array(signature.args[4])(context, builder, args[4])
        start = builder.gep(target.data, [args[1]])
        base = builder.bitcast(start, _CODES.as_pointer())
        for row, vector in enumerate(rows_of_run(context, builder, signature, args)):
            below = [
                builder.zext(builder.fcmp_ordered("<", vector, limit), _CODES) for limit in limits
            ]
            place = builder.gep(base, [ir.Constant(ir.IntType(64), row)])
            builder.store(builder.add(*below), place, align=1)
        return context.get_dummy_value()

    return types.void(values, at, first, second, codes), generate


@jit
def halves(runs: Array) -> float:
    """Add the sums of runs as numpy does: of neighbours, until one is left."""
    size = len(runs)
    while size > 1:
        size //= 2
        for k in range(size):
            runs[k] = runs[2 * k] + runs[2 * k + 1]
    return runs[0]  # type: ignore[no-any-return]


@jit
def survey_floats(values: Array, sums: Array, lows: Array, highs: Array) -> None:
    """Fill the sum, minimum and maximum of every block; its size is a power of two from 128."""
    size = len(values) // len(sums)
    runs = np.empty(size // RUN)
    for b in range(len(sums)):
        low, high = np.inf, -np.inf
        for k in range(len(runs)):
            total, least, most = _survey_run(values, b * size + k * RUN)
            runs[k] = total
            low, high = min(low, least), max(high, most)
        sums[b], lows[b], highs[b] = halves(runs), low, high


@jit
def below_floats(values: Array, limit: float, sums: Array, counts: Array) -> None:
    """Fill the sum and the number of the values below *limit* of every block."""
    size = len(values) // len(sums)
    runs = np.empty(size // RUN)
    for b in range(len(sums)):
        count = 0
        for k in range(len(runs)):
            runs[k], number = _below_run(values, b * size + k * RUN, limit)
            count += number
        sums[b], counts[b] = halves(runs), count


@jit
def survey_ints(values: Array) -> tuple[int, int, int]:
    """Return the sum (modulo 2**64), the minimum and the maximum."""
    total, low, high = values[0] * 0, values[0], values[0]
    for value in values:
        total += value
        low, high = min(low, value), max(high, value)
    return total, low, high


@jit
def below_ints(values: Array, limit: int) -> tuple[int, int]:
    """Return the sum (modulo 2**64) and the number of the values below *limit*."""
    total, count = values[0] * 0, 0
    for value in values:
        below = value < limit
        total += value if below else 0
        count += below
    return total, count


@jit
def mark(values: Array, first: Any, second: Any, codes: Array) -> None:
    """Fill the code of every value: 0 from *first* on, 1 from *second* on, else 2."""
    for i in range(len(values)):
        codes[i] = (values[i] < first) + (values[i] < second)


@jit
def mark_floats(values: Array, first: float, second: float, codes: Array) -> None:
    """Fill the codes of floats, as `mark` does."""
    end = len(values) // RUN * RUN
    for at in range(0, end, RUN):
        _mark_run(values, at, first, second, codes)
    mark(values[end:], first, second, codes[end:])


def warm_up() -> None:
    """Compile all loops of this module for the types they are called with."""
    one = np.empty(1)
    floats, ints = np.ones(RUN), np.ones(RUN, np.int64)
    for values in (floats, ints):
        values.flags.writeable = False
    codes = np.empty(RUN, np.int8)
    survey_floats(floats, one, one, one)
    below_floats(floats, 1.0, one, np.empty(1, np.int64))
    mark_floats(floats, 1.0, 1.0, codes)
    survey_ints(ints)
    below_ints(ints, 1)
    mark(ints, 1, 1, codes)

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
    "mark_at",
    "mark_floats",
    "sort_out",
    "survey_floats",
    "survey_ints",
    "warm_up",
]

Array = npt.NDArray[Any]

_Tuple: Any = types.Tuple
_LANES, _RUN = 8, 128  # numpy's running sums, and values per run
_GROUP = 2  # runs whose bits are read together: a word is read slowly right after its bytes
_AHEAD = 64  # vectors, a page of memory: the CPU itself fetches ahead within a page only
_DOUBLES = ir.VectorType(ir.DoubleType(), _LANES)
_COUNTS = ir.VectorType(ir.IntType(64), _LANES)
_CODES = ir.VectorType(ir.IntType(8), _LANES)


def _fetch(builder: Any, pointer: Any) -> None:
    """Fetch the cache line of an address before it is read; harmless beyond the array."""
    number, byte = ir.IntType(32), ir.IntType(8).as_pointer()
    kind = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
    fetch: Any = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")  # type: ignore[no-untyped-call]
    # To read, keep it in all caches, data.
    address = builder.bitcast(pointer, byte)
    builder.call(fetch, [address, *(ir.Constant(number, one) for one in (0, 3, 1))])


def _rows(context: Any, builder: Any, signature: Any, args: Any) -> list[Any]:
    """Load the run of 128 values at a position as 16 vectors."""
    array = context.make_array(signature.args[0])(context, builder, args[0])
    start = builder.gep(array.data, [args[1]])
    base = builder.bitcast(start, _DOUBLES.as_pointer())
    for row in range(_RUN // _LANES):
        _fetch(builder, builder.gep(base, [ir.Constant(ir.IntType(64), row + _AHEAD)]))
    return [
        builder.load(builder.gep(base, [ir.Constant(ir.IntType(64), row)]), align=8)
        for row in range(_RUN // _LANES)
    ]


def _spread(builder: Any, number: Any) -> Any:
    """Return a vector of one number."""
    vector = ir.Constant(_DOUBLES, ir.Undefined)
    for lane in range(_LANES):
        vector = builder.insert_element(vector, number, ir.Constant(ir.IntType(32), lane))
    return vector


def _lanes(builder: Any, vector: Any) -> list[Any]:
    return [
        builder.extract_element(vector, ir.Constant(ir.IntType(32), lane))
        for lane in range(_LANES)
    ]


def _tree(parts: list[Any], join: Any) -> Any:
    """Join neighbours until one is left: ((0, 1), (2, 3)), ((4, 5), (6, 7))."""
    while len(parts) > 1:
        parts = [join(one, two) for one, two in zip(parts[::2], parts[1::2], strict=True)]
    return parts[0]


def _intrinsic(function: Callable[..., Any]) -> Any:
    """Declare an intrinsic, whose calls pass the values without the typing context."""
    return intrinsic(function)


@_intrinsic
def _survey_run(_: Any, values: Any, at: Any) -> Any:
    """Return the sum, minimum and maximum of a run; NaN is in the sum only."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        first, *rest = _rows(context, builder, signature, args)
        total = low = high = first
        for row in rest:
            total = builder.fadd(total, row)
            low = builder.select(builder.fcmp_ordered("<", row, low), row, low)
            high = builder.select(builder.fcmp_ordered(">", row, high), row, high)

        def pick(sign: str) -> Any:
            return lambda one, two: builder.select(builder.fcmp_ordered(sign, one, two), one, two)

        result = [
            _tree(_lanes(builder, total), builder.fadd),
            _tree(_lanes(builder, low), pick("<")),
            _tree(_lanes(builder, high), pick(">")),
        ]
        return context.make_tuple(builder, signature.return_type, result)

    return _Tuple((types.float64,) * 3)(values, at), generate


@_intrinsic
def _below_run(_: Any, values: Any, at: Any, limit: Any) -> Any:
    """Return the sum and the number of the values of a run below a limit."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        limits = _spread(builder, args[2])
        zeros = ir.Constant(_DOUBLES, [0.0] * _LANES)
        total, number = None, ir.Constant(_COUNTS, [0] * _LANES)
        for row in _rows(context, builder, signature, args):
            mask = builder.fcmp_ordered("<", row, limits)
            part = builder.select(mask, row, zeros)
            total = part if total is None else builder.fadd(total, part)
            number = builder.add(number, builder.zext(mask, _COUNTS))
        whole = _tree(_lanes(builder, number), builder.add)
        return context.make_tuple(
            builder,
            signature.return_type,
            [_tree(_lanes(builder, total), builder.fadd), whole],
        )

    return _Tuple((types.float64, types.int64))(values, at, limit), generate


@_intrinsic
def _mark_run(_: Any, values: Any, at: Any, first: Any, second: Any, codes: Any) -> Any:
    """Fill the codes of a run of values."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        limits = [_spread(builder, one) for one in args[2:4]]
        target = context.make_array(signature.args[4])(context, builder, args[4])
        start = builder.gep(target.data, [args[1]])
        base = builder.bitcast(start, _CODES.as_pointer())
        for row, vector in enumerate(_rows(context, builder, signature, args)):
            below = [
                builder.zext(builder.fcmp_ordered("<", vector, limit), _CODES) for limit in limits
            ]
            place = builder.gep(base, [ir.Constant(ir.IntType(64), row)])
            builder.store(builder.add(*below), place, align=1)
        return context.get_dummy_value()

    return types.void(values, at, first, second, codes), generate


@_intrinsic
def _compare_run(_: Any, values: Any, at: Any, limits: Any, bits: Any, place: Any) -> Any:
    """Fill one bit per value and limit: whether the value is below; eight rows, one per vector.

    Return the sum, minimum and maximum of the run, and the sum of the values below the second
    limit. Bits take no registers, so that all comparisons of a value are made while it is in one.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        numbers = cgutils.unpack_tuple(builder, args[2])  # type: ignore[no-untyped-call]
        bounds = [_spread(builder, one) for one in numbers]
        array = context.make_array(signature.args[3])(context, builder, args[3])
        length = builder.extract_value(array.shape, 1)
        byte, word = ir.IntType(8), ir.IntType(64)
        starts = [
            builder.gep(
                array.data,
                [builder.add(builder.mul(length, ir.Constant(word, number)), args[4])],
            )
            for number in range(len(bounds))
        ]
        zeros = ir.Constant(_DOUBLES, [0.0] * _LANES)
        total = low = high = below = None
        for row, vector in enumerate(_rows(context, builder, signature, args)):
            masks = [builder.fcmp_ordered("<", vector, bound) for bound in bounds]
            part = builder.select(masks[1], vector, zeros)
            if total is None:
                total = low = high = vector
                below = part
            else:
                total = builder.fadd(total, vector)
                low = builder.select(builder.fcmp_ordered("<", vector, low), vector, low)
                high = builder.select(builder.fcmp_ordered(">", vector, high), vector, high)
                below = builder.fadd(below, part)
            for start, mask in zip(starts, masks, strict=True):
                where = builder.gep(start, [ir.Constant(word, row)])
                builder.store(builder.bitcast(mask, byte), where)

        def pick(sign: str) -> Any:
            return lambda one, two: builder.select(builder.fcmp_ordered(sign, one, two), one, two)

        result = [
            _tree(_lanes(builder, total), builder.fadd),
            _tree(_lanes(builder, low), pick("<")),
            _tree(_lanes(builder, high), pick(">")),
            _tree(_lanes(builder, below), builder.fadd),
        ]
        return context.make_tuple(builder, signature.return_type, result)

    return _Tuple((types.float64,) * 4)(values, at, limits, bits, place), generate


@_intrinsic
def _add_bits(_: Any, first: Any, second: Any, codes: Any, at: Any) -> Any:
    """Fill 64 codes with the sums of the bits of two words."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        flags, wide = ir.VectorType(ir.IntType(1), 64), ir.VectorType(ir.IntType(8), 64)
        one, two = (builder.zext(builder.bitcast(word, flags), wide) for word in args[:2])
        target = context.make_array(signature.args[2])(context, builder, args[2])
        start = builder.bitcast(builder.gep(target.data, [args[3]]), wide.as_pointer())
        builder.store(builder.add(one, two), start, align=1)
        return context.get_dummy_value()

    return types.void(first, second, codes, at), generate


@_intrinsic
def _bit_count(_: Any, word: Any) -> Any:
    """Return the number of bits of a word that are 1."""

    def generate(_: Any, builder: Any, __: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.int64(word), generate


@_intrinsic
def _lowest(_: Any, word: Any) -> Any:
    """Return the position of the lowest bit of a word that is not zero."""

    def generate(_: Any, builder: Any, __: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(word), generate


@jit
def _halves(runs: Array) -> float:
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
    runs = np.empty(size // _RUN)
    for b in range(len(sums)):
        low, high = np.inf, -np.inf
        for k in range(len(runs)):
            total, least, most = _survey_run(values, b * size + k * _RUN)
            runs[k] = total
            low, high = min(low, least), max(high, most)
        sums[b], lows[b], highs[b] = _halves(runs), low, high


@jit
def below_floats(values: Array, limit: float, sums: Array, counts: Array) -> None:
    """Fill the sum and the number of the values below *limit* of every block."""
    size = len(values) // len(sums)
    runs = np.empty(size // _RUN)
    for b in range(len(sums)):
        count = 0
        for k in range(len(runs)):
            runs[k], number = _below_run(values, b * size + k * _RUN, limit)
            count += number
        sums[b], counts[b] = _halves(runs), count


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
def mark_at(places: Array, values: Array, first: float, second: float, codes: Array) -> None:
    """Fill the codes at some places, whose values are given, as `mark` does."""
    for i in range(len(places)):
        codes[places[i]] = (values[i] < first) + (values[i] < second)


@jit
def mark_floats(values: Array, first: float, second: float, codes: Array) -> None:
    """Fill the codes of floats, as `mark` does."""
    end = len(values) // _RUN * _RUN
    for at in range(0, end, _RUN):
        _mark_run(values, at, first, second, codes)
    mark(values[end:], first, second, codes[end:])


@jit
def sort_out(
    values: Array,
    limits: tuple[float, float, float, float],
    codes: Array,
    sums: Array,
    counts: Array,
    places: Array,
    between: Array,
    starts: Array,
) -> bool:
    """Divide the values of blocks by two intervals, and list the values inside these.

    Parameters
    ----------
    values
        (n,) of whole blocks, whose size is a power of two from 256.
    limits
        Upper and lower end of each interval, from the largest down.
    codes
        (n,) results: 0 from the lower end of the first interval on, 1 from that of the second
        on, else 2.
    sums, counts
        (4, blocks) sum, minimum and maximum, sum of the values below the first interval; (blocks,)
        their number.
    places, between
        Positions and values of those inside an interval, as many as there is room.
    starts
        (blocks + 1,) first of them in every block, and their number.

    Returns
    -------
    bool
        False if there are more, or a value is missing or negative: then the rest is not filled.
    """
    blocks = len(counts)
    size = len(values) // blocks
    runs, parts = np.empty(size // _RUN), np.empty(size // _RUN)
    bits = np.empty((4, _GROUP * _RUN // 8), np.uint8)
    words = bits.view(np.uint64)
    found = 0
    for b in range(blocks):
        low, high, count = np.inf, -np.inf, 0
        starts[b] = found
        if found + size > len(places):
            return False
        for group in range(0, len(runs), _GROUP):
            for k in range(_GROUP):
                at = b * size + (group + k) * _RUN
                total, least, most, part = _compare_run(values, at, limits, bits, k * _RUN // 8)
                runs[group + k], parts[group + k] = total, part
                low, high = min(low, least), max(high, most)
            for word in range(_GROUP * _RUN // 64):
                start = b * size + group * _RUN + 64 * word
                below, rest = words[1, word], words[3, word]
                _add_bits(below, rest, codes, start)
                count += _bit_count(below)
                inside = (words[0, word] ^ below) | (words[2, word] ^ rest)
                while inside:
                    place = start + _lowest(inside)
                    inside &= inside - np.uint64(1)
                    places[found], between[found] = place, values[place]
                    found += 1
        sums[0, b], sums[3, b], counts[b] = _halves(runs), _halves(parts), count
        sums[1, b], sums[2, b] = low, high
        if not (low >= 0 and np.isfinite(sums[0, b])):
            return False
    starts[blocks] = found
    return True


def warm_up() -> None:
    """Compile all loops of this module for the types they are called with."""
    one = np.empty(1)
    floats, ints = np.ones(_RUN), np.ones(_RUN, np.int64)
    for values in (floats, ints):
        values.flags.writeable = False
    codes = np.empty(_RUN, np.int8)
    survey_floats(floats, one, one, one)
    below_floats(floats, 1.0, one, np.empty(1, np.int64))
    mark_floats(floats, 1.0, 1.0, codes)
    mark_at(np.zeros(1, np.uint32), one, 1.0, 1.0, codes)
    runs = np.ones(_GROUP * _RUN)
    runs.flags.writeable = False
    sort_out(
        runs, (4.0, 3.0, 2.0, 1.5), np.empty(len(runs), np.int8), np.empty((4, 1)),
        np.empty(1, np.int64), np.empty(len(runs), np.uint32), np.empty(len(runs)),
        np.empty(2, np.int64),
    )  # fmt: skip
    survey_ints(ints)
    below_ints(ints, 1)
    mark(ints, 1, 1, codes)

"""Compiled loops for classes in one pass over a column; importing this module requires numba.

They add up in the same order as those of `abcxyz.loops.columns`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.core import cgutils

from abcxyz.loops.columns import (
    DOUBLES,
    LANES,
    RUN,
    declared,
    halves,
    lanes,
    rows_of_run,
    spread,
    tree,
)
from abcxyz.loops.compiled import jit

__all__ = ["mark_at", "sort_out", "warm_up"]

Array = npt.NDArray[Any]

_Tuple: Any = types.Tuple
_GROUP = 2  # runs whose bits are read together: a word is read slowly right after its bytes


@declared
def _compare_run(_: Any, values: Any, at: Any, limits: Any, bits: Any, place: Any) -> Any:
    """Fill one bit per value and limit: whether the value is below; eight rows, one per vector.

    Return the sum, minimum and maximum of the run, and the sum of the values below the second
    limit. Bits take no registers, so that all comparisons of a value are made while it is in one.
    """

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        numbers = cgutils.unpack_tuple(builder, args[2])  # type: ignore[no-untyped-call]
        bounds = [spread(builder, one) for one in numbers]
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
        zeros = ir.Constant(DOUBLES, [0.0] * LANES)
        total = low = high = below = None
        for row, vector in enumerate(rows_of_run(context, builder, signature, args)):
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
            tree(lanes(builder, total), builder.fadd),
            tree(lanes(builder, low), pick("<")),
            tree(lanes(builder, high), pick(">")),
            tree(lanes(builder, below), builder.fadd),
        ]
        return context.make_tuple(builder, signature.return_type, result)

    return _Tuple((types.float64,) * 4)(values, at, limits, bits, place), generate


@declared
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


@declared
def _bit_count(_: Any, word: Any) -> Any:
    """Return the number of bits of a word that are 1."""

    def generate(_: Any, builder: Any, __: Any, args: Any) -> Any:
        return builder.ctpop(args[0])

    return types.int64(word), generate


@declared
def _lowest(_: Any, word: Any) -> Any:
    """Return the position of the lowest bit of a word that is not zero."""

    def generate(_: Any, builder: Any, __: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(word), generate


@jit
def mark_at(places: Array, values: Array, first: float, second: float, codes: Array) -> None:
    """Fill the codes at some places, whose values are given, as `mark` does."""
    for i in range(len(places)):
        codes[places[i]] = (values[i] < first) + (values[i] < second)


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
    runs, parts = np.empty(size // RUN), np.empty(size // RUN)
    bits = np.empty((4, _GROUP * RUN // 8), np.uint8)
    words = bits.view(np.uint64)
    found = 0
    for b in range(blocks):
        low, high, count = np.inf, -np.inf, 0
        starts[b] = found
        if found + size > len(places):
            return False
        for group in range(0, len(runs), _GROUP):
            for k in range(_GROUP):
                at = b * size + (group + k) * RUN
                total, least, most, part = _compare_run(values, at, limits, bits, k * RUN // 8)
                runs[group + k], parts[group + k] = total, part
                low, high = min(low, least), max(high, most)
            for word in range(_GROUP * RUN // 64):
                start = b * size + group * RUN + 64 * word
                below, rest = words[1, word], words[3, word]
                _add_bits(below, rest, codes, start)
                count += _bit_count(below)
                inside = (words[0, word] ^ below) | (words[2, word] ^ rest)
                while inside:
                    place = start + _lowest(inside)
                    inside &= inside - np.uint64(1)
                    places[found], between[found] = place, values[place]
                    found += 1
        sums[0, b], sums[3, b], counts[b] = halves(runs), halves(parts), count
        sums[1, b], sums[2, b] = low, high
        if not (low >= 0 and np.isfinite(sums[0, b])):
            return False
    starts[blocks] = found
    return True


def warm_up() -> None:
    """Compile all loops of this module for the types they are called with."""
    values = np.ones(_GROUP * RUN)
    values.flags.writeable = False
    codes, places = np.empty(len(values), np.int8), np.empty(len(values), np.uint32)
    sort_out(
        values, (4.0, 3.0, 2.0, 1.5), codes, np.empty((4, 1)), np.empty(1, np.int64), places,
        np.empty(len(values)), np.empty(2, np.int64),
    )  # fmt: skip
    mark_at(places[:0], np.empty(0), 1.0, 1.0, codes)

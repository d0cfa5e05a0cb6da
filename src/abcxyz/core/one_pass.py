"""Classes of the tangent rule in one compiled pass, with cuts estimated from a sample.

The mean and the mean of the rest are known only after a pass over the column each, and the classes
after a third. A sample tells between which limits both lie. One pass then adds up, classifies all
values outside these limits for good, and lists the few inside, which are decided at the end. Where
the estimate fails, the passes are made one by one: the sample decides the time, never the classes.
"""

from __future__ import annotations

import math
from types import ModuleType

import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from abcxyz._arrays import Codes, Floats, Ints, Numbers
from abcxyz.core.exact_sums import BLOCK
from abcxyz.core.sums import Survey, survey
from abcxyz.loops.compiled import COLUMN_PAYS, loops
from abcxyz.loops.threads import run_blocks

__all__ = ["survey_once"]

_LEAST = 32 * BLOCK  # values from which a sample saves more than it costs
_STRETCH, _STEP = 64, 1 << 12  # values looked at, of so many: cache lines, spread over the column
_WIDTH = 2.5  # standard errors on either side
_NARROWEST = 2.0**-40  # relative, well above the tolerance of amounts
_FEW = 40  # the estimate pays if at most one of so many values is inside the limits
_ROOM = 24  # one of so many values may be inside
_MOST = 1 << 32  # values of a part whose positions are numbers of 32 bits


@frozen
class _Limits:
    """Intervals of the mean and of the mean of the rest; the second lies below the first."""

    high: float
    low: float
    rest_high: float
    rest_low: float


@frozen(eq=False)
class _Part:
    """Sums of the blocks from *start* on, and the values that are in an interval.

    These have positions, counted from the start, and *starts* is the first of every block.
    """

    start: int
    sums: list[float]
    low: float
    high: float
    below: list[float]
    count: int
    places: npt.NDArray[np.uint32]
    between: Floats
    starts: Ints


@frozen(eq=False)
class _SurveyOnce(Survey):
    """Statistics of a column, and what is known already of its cuts.

    Parameters
    ----------
    limits
        Between which the cuts lie.
    known
        Codes by the lower limits.
    parts
        What the pass found in consecutive parts of the column.
    kernel
        The compiled loops.
    """

    limits: _Limits = field(kw_only=True)
    known: Codes = field(kw_only=True, repr=False)
    parts: list[_Part] = field(kw_only=True, repr=False)
    kernel: ModuleType = field(kw_only=True, repr=False)

    def below(self, limit: float) -> tuple[int, float | int]:
        if not (self.parts and self.limits.low <= limit <= self.limits.high):
            return super().below(limit)
        count, sums = 0, []
        for part in self.parts:
            more = part.between < limit
            more &= part.between >= self.limits.low
            count += part.count + int(np.count_nonzero(more))
            sums += part.below
            if len(more):
                # By blocks, not parts: the last digit must not depend on the number of threads.
                sums += np.add.reduceat(part.between * more, part.starts).tolist()
        return count, math.fsum(sums)

    def codes(self, first: float, second: float) -> Codes:
        limits = self.limits
        inside = (
            limits.low <= first <= limits.high and limits.rest_low <= second <= limits.rest_high
        )
        if not (self.parts and inside):
            return super().codes(first, second)
        for part in self.parts:
            codes = self.known[part.start :]
            self.kernel.mark_at(part.places, part.between, first, second, codes)
        self.parts.clear()  # the codes are the caller's now
        return self.known


def survey_once(values: Numbers) -> Survey:
    """Compute the statistics of a column as `survey` does, and prepare the cuts of `Tangent`.

    Parameters
    ----------
    values
        (n,) float64 or int64. Only long columns of floats without returns and missing values are
        prepared, if the loops over columns are compiled; others are surveyed as usual.

    Raises
    ------
    InputError
        A value is infinite, or the sum overflows a float.
    """
    long = values.dtype == np.float64 and _LEAST <= len(values) < _MOST
    kernel = loops("one_pass", len(values), COLUMN_PAYS) if long else None
    if kernel is None or not values.flags.c_contiguous:
        return survey(values)
    limits = _estimate(values)
    found = None if limits is None else _pass(kernel, values, limits)
    return survey(values) if found is None else found


def _estimate(values: Floats) -> _Limits | None:
    """Estimate between which limits the mean and the mean of the rest lie; None if it fails."""
    steps = len(values) // _STEP
    middle = (_STEP - _STRETCH) // 2
    stretches = values[: steps * _STEP].reshape(steps, _STEP)[:, middle : middle + _STRETCH]
    sample = np.ascontiguousarray(stretches)
    with np.errstate(all="ignore"):
        means = sample.mean(axis=1)
        mean, error = float(means.mean()), _error(means)
    high, low = mean + error, mean - error
    if not (math.isfinite(high) and low > 0 and sample.min() >= 0):
        return None
    below = sample < mean
    rest, share = _mean_of(sample, below)
    # How the mean of the rest depends on the mean shows in a part of the sample.
    few = sample[::4]
    ends = [_mean_of(few, few < limit)[0] for limit in (low, high)]
    # What every stretch adds to the error of the mean of the rest.
    apart = np.subtract(sample, rest, out=sample)
    apart *= below
    spread = _error(apart.mean(axis=1)) / share + max(ends) - min(ends)
    rest_low, rest_high = rest - spread, rest + spread
    if not 0 < rest_low < rest_high < low:
        return None
    few = np.ascontiguousarray(stretches[::4])
    inside = sum(
        np.count_nonzero(few < most) - np.count_nonzero(few < least)
        for most, least in ((high, low), (rest_high, rest_low))
    )
    return _Limits(high, low, rest_high, rest_low) if inside * _FEW <= few.size else None


def _mean_of(sample: Floats, chosen: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return the mean of the chosen values, and their share."""
    share = max(1, int(np.count_nonzero(chosen))) / sample.size
    return float(np.multiply(sample, chosen).mean()) / share, share


def _error(means: Floats) -> float:
    """Return the likely error of the mean of means; neighbours differ little in sorted columns."""
    if len(means) < 2:
        return math.inf
    steps = np.diff(means)
    standard = math.sqrt(float(np.dot(steps, steps)) / 2) / len(means)
    return _WIDTH * standard + _NARROWEST * float(np.abs(means).max())


def _pass(kernel: ModuleType, values: Floats, limits: _Limits) -> Survey | None:
    """Pass over the values; None if the estimate does not pay, or a value needs another way."""
    codes = np.empty(len(values), np.int8)

    def work(rows: slice) -> list[_Part | None]:
        end = rows.stop - (rows.stop - rows.start) % BLOCK
        found = [_blocks(kernel, values, limits, codes, slice(rows.start, end))]
        if end < rows.stop:
            found.append(_tail(values[end:], limits, codes[end:], end))
        return found

    parts: list[_Part] = []
    for part in (one for some in run_blocks(len(values), BLOCK, work) for one in some):
        if part is None:
            return None
        parts.append(part)
    try:
        total = math.fsum(one for part in parts for one in part.sums)
    except OverflowError:
        return None
    low, high = min(part.low for part in parts), max(part.high for part in parts)
    return _SurveyOnce(
        values, len(values), total, low, high,
        limits=limits, known=codes, parts=parts, kernel=kernel,
    )  # fmt: skip


def _blocks(
    kernel: ModuleType, values: Floats, limits: _Limits, codes: Codes, rows: slice
) -> _Part | None:
    part = values[rows]
    blocks = len(part) // BLOCK
    sums, counts = np.empty((4, blocks)), np.empty(blocks, np.int64)
    starts = np.empty(blocks + 1, np.int64)
    room = len(part) // _ROOM + BLOCK
    places, between = np.empty(room, np.uint32), np.empty(room)
    ends = (limits.high, limits.low, limits.rest_high, limits.rest_low)
    if not kernel.sort_out(part, ends, codes[rows], sums, counts, places, between, starts):
        return None
    found = starts[-1]
    totals, lows, highs, below = sums
    return _Part(
        rows.start, totals.tolist(), float(lows.min()), float(highs.max()), below.tolist(),
        int(counts.sum()), places[:found], between[:found],
        starts[:-1][starts[:-1] < starts[1:]],
    )  # fmt: skip


def _tail(values: Floats, limits: _Limits, codes: Codes, start: int) -> _Part | None:
    """Do the same with numpy for less than a block."""
    total, low = float(values.sum()), float(values.min())
    if not (low >= 0 and math.isfinite(total)):
        return None
    below, rest = values < limits.low, values < limits.rest_low
    np.add(below.view(np.int8), rest.view(np.int8), out=codes)
    inside = ((values < limits.high) ^ below) | ((values < limits.rest_high) ^ rest)
    places = np.flatnonzero(inside)
    return _Part(
        start, [total], low, float(values.max()), [float((values * below).sum())],
        int(np.count_nonzero(below)), places.astype(np.uint32), values[places],
        np.zeros(1, np.int64),
    )  # fmt: skip

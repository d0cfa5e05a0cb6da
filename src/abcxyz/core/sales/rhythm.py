"""How often a customer orders: the gaps between days with a sale, and who is late by them."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, Bools, Codes, Days, Floats, Ints, Numbers, freeze
from abcxyz.core.sales.calendar import Periods

__all__ = ["OrderDays", "Rhythm", "Silence", "bucket_rhythm", "silence"]

_MIDDLE = 1 << 31  # days before and after the start of the window, in 32 bits
_BLOCK = 1 << 16
_MANY = 1 << 24  # keys that are worth being reduced in between


@frozen(kw_only=True)
class Rhythm:
    """Gaps between the order days of n customers, laid end to end.

    Parameters
    ----------
    starts
        (n + 1,) where each customer's gaps start in *gaps*; the last one is their number.
    gaps
        Days from one order day to the next, at least 1.
    """

    starts: Ints = field(eq=SAME_ARRAYS)
    gaps: npt.NDArray[np.int32] = field(eq=SAME_ARRAYS)

    def __len__(self) -> int:
        return len(self.starts) - 1

    @functools.cached_property
    def _sorted(self) -> npt.NDArray[np.int32]:
        owner = np.repeat(np.arange(len(self), dtype=np.int64), np.diff(self.starts))
        keys = (owner << 32) | self.gaps
        keys.sort()
        return (keys & 0xFFFFFFFF).astype(np.int32)

    def own(self, quantile: float = 0.9, *, least: int = 5) -> Floats:
        """Return each customer's quantile of gaps, in days; NaN with fewer than *least* gaps."""
        counts = np.diff(self.starts)
        found = np.full(len(self), np.nan)
        enough = counts >= max(least, 1)
        place = self.starts[:-1][enough] + quantile * (counts[enough] - 1)
        low = np.floor(place).astype(np.int64)
        high = np.minimum(low + 1, self.starts[1:][enough] - 1)
        lower, upper = self._sorted[low], self._sorted[high]
        found[enough] = lower + (place - low) * (upper - lower)
        return freeze(found)

    def pooled(self, chosen: Bools, quantile: float = 0.9) -> float:
        """Return the quantile of all gaps of the chosen customers together; NaN without any."""
        gaps = self.gaps[np.repeat(chosen, np.diff(self.starts))]
        return float(np.quantile(gaps, quantile)) if len(gaps) else float("nan")

    def extended(self, by: int) -> Rhythm:
        """Append customers without gaps."""
        more = np.full(by, self.starts[-1])
        return Rhythm(starts=freeze(np.concatenate([self.starts, more])), gaps=self.gaps)


class OrderDays:
    """Collect the days on which every customer ordered, one batch at a time.

    Memory is bounded by 8 bytes per customer and order day.
    """

    def __init__(self) -> None:
        self._keys: list[Ints] = []
        self._loose = 0

    def shift(self, by: int) -> None:
        """Follow the customers' numbers, which moved up."""
        if by:
            self._keys = [keys + (by << 32) for keys in self._keys]

    def add(self, code: npt.NDArray[np.intp], day: npt.NDArray[np.int32]) -> None:
        """Add days, counted from any fixed one, of the customers numbered *code*."""
        keys = code.astype(np.int64) << 32
        keys += day
        keys += _MIDDLE
        keys = _changes(keys)  # the lines of a document stand together
        self._keys.append(keys)
        self._loose += len(keys)
        if self._loose > _MANY:
            self._keys = [_distinct(self._keys)]
            self._loose = 0

    def close(self, known: Bools) -> Rhythm:
        """Return the gaps of the *known* numbers."""
        code, day = _order_days(np.concatenate([np.empty(0, np.int64), *self._keys]))
        follows = code[1:] == code[:-1]
        gaps = (day[1:] - day[:-1])[follows].astype(np.int32)
        counts = np.bincount(code[1:][follows], minlength=len(known))[known]
        return Rhythm(starts=freeze(np.concatenate(([0], np.cumsum(counts)))), gaps=freeze(gaps))


def _order_days(keys: Ints) -> tuple[Ints, Ints]:
    """Return customers and days, each pair once, in order."""
    if not len(keys):
        return keys, keys
    blocks = [keys[start : start + _BLOCK] for start in range(0, len(keys), _BLOCK)]
    days = [part & 0xFFFFFFFF for part in blocks]
    first = min(int(part.min()) for part in days)
    width = max(int(part.max()) for part in days) - first + 1
    customers = max(int(part.max()) >> 32 for part in blocks) + 1
    if customers * width > 16 * len(keys):
        keys = _distinct([keys])
        return keys >> 32, keys & 0xFFFFFFFF
    # Where few places stay empty, marking them in a table is faster than sorting.
    table = np.zeros(customers * width, dtype=bool)
    for part, day in zip(blocks, days, strict=True):
        table[(part >> 32) * width + (day - first)] = True
    places = np.flatnonzero(table)
    code = places // width
    return code, places - code * width + first


def _changes(keys: Ints) -> Ints:
    """Drop what repeats its predecessor."""
    return keys[np.concatenate(([True], keys[1:] != keys[:-1]))] if len(keys) else keys


def _distinct(parts: list[Ints]) -> Ints:
    """Sort and drop repetitions; `numpy.unique` hashes, which is slower on millions of keys."""
    keys = np.concatenate([np.empty(0, np.int64), *parts])
    keys.sort()
    return _changes(keys)


def bucket_rhythm(sales: Numbers, periods: Periods) -> Rhythm:
    """Guess the gaps from the buckets with sales, where the days are not known.

    Parameters
    ----------
    sales
        (n, p) the metric per customer and bucket.
    periods
        The window and its p buckets.

    Notes
    -----
    A gap is the distance of two such buckets in buckets, times the mean length of a bucket; who
    orders every week looks monthly in months, so that the guess errs on the patient side.
    """
    with np.errstate(invalid="ignore"):
        row, bucket = np.nonzero(sales > 0)
    follows = row[1:] == row[:-1]
    length = periods.span.days / periods.count
    gaps = np.rint((bucket[1:] - bucket[:-1])[follows] * length).astype(np.int32)
    counts = np.bincount(row[1:][follows], minlength=len(sales))
    return Rhythm(starts=freeze(np.concatenate(([0], np.cumsum(counts)))), gaps=freeze(gaps))


@frozen(kw_only=True)
class Silence:
    """How long n customers have not ordered, and how long is usual.

    Parameters
    ----------
    days
        (n,) since the last order; NaN where there was none.
    usual
        (n,) the longest wait that is usual: the customer's own quantile of gaps, or that of the
        class; NaN where neither is known.
    """

    days: Floats = field(eq=SAME_ARRAYS)
    usual: Floats = field(eq=SAME_ARRAYS)

    @property
    def late(self) -> Bools:
        """(n,) whether the silence is longer than usual."""
        return np.asarray(self.days > self.usual)


def silence(
    rhythm: Rhythm,
    last_day: Days,
    abc: Codes,
    until: np.datetime64,
    *,
    quantile: float = 0.9,
    least: int = 5,
) -> Silence:
    """Measure every customer's silence by the customer's own rhythm.

    Parameters
    ----------
    rhythm
        Of the n customers.
    last_day
        (n,) last order; NaT without one.
    abc
        (n,) classes, whose gaps stand in where a customer has few.
    until
        The last day of which sales are known.
    quantile
        Of the gaps: up to which one a wait is usual.
    least
        Fewer gaps than these are few.

    Examples
    --------
    >>> days = np.array(["2026-03-01", "2026-01-15"], dtype="M8[D]")
    >>> weekly = Rhythm(starts=np.array([0, 6, 6]), gaps=np.array([7, 7, 7, 8, 7, 9], np.int32))
    >>> found = silence(weekly, days, np.array([0, 0], np.int8), np.datetime64("2026-03-05"))
    >>> found.days.tolist(), found.usual.tolist(), found.late.tolist()
    ([4.0, 49.0], [8.5, 8.5], [False, True])
    """
    usual = np.array(rhythm.own(quantile, least=least))
    for code in np.unique(abc):
        few = (abc == code) & np.isnan(usual)
        if few.any():
            usual[few] = rhythm.pooled(abc == code, quantile)
    passed: Numbers = (until - last_day.astype("M8[D]")).astype(np.float64)
    passed[np.isnat(last_day)] = np.nan
    return Silence(days=freeze(passed), usual=freeze(usual))

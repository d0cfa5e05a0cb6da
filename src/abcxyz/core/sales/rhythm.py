"""Order rhythm of customers: gaps between order days, and unusual silence."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, Bools, Codes, Days, Floats, Ints, Numbers, freeze
from abcxyz.core.display import short_repr
from abcxyz.core.sales.calendar import Periods
from abcxyz.loops.compiled import ROW_PAYS, loops

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LEAST_GAPS", "USUAL", "OrderDays", "Rhythm", "Silence", "bucket_rhythm", "silence"]

USUAL = 0.9
"""Quantile of the gaps up to which a gap is usual."""

LEAST_GAPS = 5
"""Number of gaps below which a customer has no quantile."""

_MIDDLE = 1 << 31  # days before and after the start of the window, in 32 bits
_BLOCK = 1 << 16
_PART = 1 << 18  # gaps
_MANY = 1 << 24  # keys above which duplicates are removed before the end
_LONGEST = 64 * 64  # days of a lookback up to which one bit for each is affordable
_TABLE = 1 << 29  # bytes of the table of bits


@frozen(kw_only=True)
class Rhythm:
    """Gaps between the order days of n customers, concatenated.

    Parameters
    ----------
    starts
        (n + 1,) start of each customer's gaps in *gaps*, and the total number of gaps.
    gaps
        Days from one order day to the next, at least 1: int32, or uint16 of a table of millions
        of customers.
    """

    __hash__ = None  # type: ignore[assignment]
    __repr__ = short_repr

    starts: Ints = field(eq=SAME_ARRAYS)
    gaps: npt.NDArray[np.integer[Any]] = field(eq=SAME_ARRAYS)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def _parts(self) -> Iterator[slice]:
        """Yield ranges of customers whose gaps stay in the CPU cache; few have more."""
        cuts = np.searchsorted(self.starts, np.arange(0, self.starts[-1], _PART))
        ends = np.unique(np.append(cuts, len(self))).tolist()
        yield from map(slice, [0, *ends], ends)

    @functools.cached_property
    def _quantiles(self) -> dict[tuple[float, int], Floats]:
        """Quantile and least number of gaps -> answer of `quantiles`."""
        return {}

    def quantiles(self, quantile: float = USUAL, *, least: int = LEAST_GAPS) -> Floats:
        """Return each customer's quantile of gaps, in days; NaN with fewer than *least* gaps."""
        known = self._quantiles.get((quantile, least))
        if known is not None:
            return known
        days = np.full(len(self), np.nan)
        kernel = loops("rows", len(self.gaps), ROW_PAYS)
        if kernel is not None and len(self.gaps):
            room = np.zeros(int(self.gaps.max()) + 1, np.int64)
            for part in self._parts():
                starts = self.starts[part.start : part.stop + 1]
                gaps = self.gaps[starts[0] : starts[-1]].astype(np.int32, copy=False)
                kernel.gap_quantiles(
                    starts - starts[0], gaps, float(quantile), max(least, 1), room, days[part]
                )
        else:
            self._fill_quantiles(quantile, max(least, 1), days)
        answer = freeze(days)
        self._quantiles[quantile, least] = answer
        return answer

    def _fill_quantiles(self, quantile: float, least: int, days: Floats) -> None:
        for part in self._parts():
            starts = self.starts[part.start : part.stop + 1]
            counts, begin = np.diff(starts), starts[0]
            owner = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
            keys = (owner << 32) | self.gaps[begin : starts[-1]]
            keys.sort()
            enough = counts >= least
            place = quantile * (counts[enough] - 1)
            low = np.floor(place).astype(np.int64)
            first = starts[:-1][enough] - begin
            high = np.minimum(low + 1, counts[enough] - 1)
            lower, upper = keys[first + low] & 0xFFFFFFFF, keys[first + high] & 0xFFFFFFFF
            days[part][enough] = lower + (place - low) * (upper - lower)

    def pooled_quantiles(self, group: Codes, quantile: float = USUAL) -> dict[int, float]:
        """Return the quantile of the pooled gaps of each group of customers that has any, in days.

        Parameters
        ----------
        group
            (n,) number of each customer's group.
        quantile
            As of `numpy.quantile`, from 0 to 1.
        """
        if not len(self.gaps):
            return {}
        groups, place = np.unique(group, return_inverse=True)
        width = int(self.gaps.max()) + 1
        # Days are few whole numbers: counting them is faster than ordering millions of gaps.
        counts = np.zeros(len(groups) * width, np.int64)
        for part in self._parts():
            starts = self.starts[part.start : part.stop + 1]
            days = np.repeat(place[part] * width, np.diff(starts))
            days += self.gaps[starts[0] : starts[-1]]
            counts += np.bincount(days, minlength=len(counts))
        pooled: dict[int, float] = {}
        for one, row in zip(groups.tolist(), counts.reshape(-1, width), strict=True):
            total = np.cumsum(row)
            if total[-1]:
                at = quantile * (total[-1] - 1)
                low = math.floor(at)
                near = np.searchsorted(total, [low, min(low + 1, total[-1] - 1)], side="right")
                pooled[one] = float(np.quantile(near, at - low))
        return pooled

    def means(self) -> Floats:
        """Return each customer's mean gap, in days; NaN without one."""
        days = np.full(len(self), np.nan)
        for part in self._parts():
            starts = self.starts[part.start : part.stop + 1]
            counts = np.diff(starts)
            some = counts > 0
            if some.any():
                gaps = self.gaps[starts[0] : starts[-1]]
                sums = np.add.reduceat(gaps, starts[:-1][some] - starts[0], dtype=np.int64)
                days[part][some] = sums / counts[some]
        return days

    def longest(self) -> Floats:
        """Return each customer's longest gap, in days; NaN without one."""
        counts = np.diff(self.starts)
        days = np.full(len(self), np.nan)
        some = counts > 0
        if some.any():
            days[some] = np.maximum.reduceat(self.gaps, self.starts[:-1][some])
        return days

    def extended(self, by: int) -> Rhythm:
        """Append customers without gaps."""
        more = np.full(by, self.starts[-1])
        return Rhythm(starts=freeze(np.concatenate([self.starts, more])), gaps=self.gaps)


class OrderDays:
    """Collector of the order days of every customer, one batch at a time.

    Memory is bounded by 8 bytes per customer and order day, or for compiled loops by one bit per
    customer and day of the lookback.

    Parameters
    ----------
    lookback
        First day and the day after the last, counted from any fixed day; None if unlimited.
    """

    def __init__(self, lookback: tuple[int, int] | None = None) -> None:
        since, until = lookback or (0, _LONGEST + 1)
        self._since = since
        self._words = -(-(until - since) // 64) if until - since <= _LONGEST else 0
        self._bits = np.zeros((0, self._words), np.uint64)
        self._keys: list[Ints] = []
        self._loose = 0
        self._kernel: ModuleType | None = None

    def shift(self, by: int) -> None:
        """Shift the row numbers of the customers up."""
        if by:
            self._keys = [keys + (by << 32) for keys in self._keys]
        if by and self._words:  # otherwise there is no table, or none any more
            self._bits = np.concatenate([np.zeros((by, self._words), np.uint64), self._bits])

    def add(self, code: npt.NDArray[np.intp], day: npt.NDArray[np.int32]) -> None:
        """Add days, counted from the fixed day, of the customers with row numbers *code*."""
        keys = code.astype(np.int64) << 32
        keys += day
        keys += _MIDDLE
        keys = _changes(keys)  # the lines of a document are adjacent
        self._keys.append(keys)
        self._loose += len(keys)
        if self._loose > _MANY:
            self._keys = [_distinct(self._keys)]
            self._loose = 0

    def table(self, customers: int, kernel: ModuleType) -> tuple[npt.NDArray[np.uint64], int]:
        """Return the table of bits for compiled loops, and its words of 64 bits per customer.

        There are none if the table would need too much memory; use `add` then.
        """
        self._kernel = kernel
        if self._words and customers * self._words * 8 > _TABLE:
            self._keys.append(self._keys_of_bits())
            self._bits, self._words = np.zeros((0, 0), np.uint64), 0
        if self._words and customers > len(self._bits):
            self._bits.resize((customers, self._words), refcheck=False)
        return self._bits.reshape(-1), self._words

    def table_size(self, customers: int) -> int:
        """Return the bytes of the table of bits; 0 if there is none."""
        return customers * self._words * 8

    def _keys_of_bits(self) -> Ints:
        parts = [np.empty(0, np.int64)]
        for start in range(0, len(self._bits), _BLOCK):
            rows = self._bits[start : start + _BLOCK].view(np.uint8)
            code, day = np.nonzero(np.unpackbits(rows, axis=1, bitorder="little"))
            parts.append((code + start << 32) + (day + (self._since + _MIDDLE)))
        return np.concatenate(parts)

    def close(self, known: Bools) -> Rhythm:
        """Return the gaps of the *known* row numbers."""
        if len(self._bits) and self._kernel is not None:
            return self._close_bits(self._kernel, known)
        code, day = _order_days(np.concatenate([np.empty(0, np.int64), *self._keys]))
        follows = code[1:] == code[:-1]
        gaps = (day[1:] - day[:-1])[follows].astype(np.int32)
        counts = np.bincount(code[1:][follows], minlength=len(known))[known]
        return Rhythm(starts=freeze(np.concatenate(([0], np.cumsum(counts)))), gaps=freeze(gaps))

    def _close_bits(self, kernel: ModuleType, known: Bools) -> Rhythm:
        if len(known) > len(self._bits):
            self._bits.resize((len(known), self._words), refcheck=False)
        flat = self._bits.reshape(-1)
        for keys in self._keys:
            day = (keys & 0xFFFFFFFF) - (self._since + _MIDDLE)
            place = (keys >> 32) * self._words + (day >> 6)
            np.bitwise_or.at(flat, place, np.uint64(1) << (day & 63).astype(np.uint64))
        starts = np.zeros(len(known) + 1, np.int64)
        kernel.count_gaps(flat, self._words, starts[1:])
        np.cumsum(starts, out=starts)
        gaps = np.empty(starts[-1], np.int32)
        kernel.fill_gaps(flat, self._words, starts[:-1], gaps)
        ends = starts[1:][known]  # customers without rows have no gaps
        return Rhythm(starts=freeze(np.concatenate(([0], ends))), gaps=freeze(gaps))


def _order_days(keys: Ints) -> tuple[Ints, Ints]:
    """Return the distinct pairs of customer and day, in order.

    Days are counted from a day that may be another one for each customer.
    """
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
    # For dense data marking the pairs in a table is faster than sorting.
    table = np.zeros(customers * width, dtype=bool)
    for part, day in zip(blocks, days, strict=True):
        table[(part >> 32) * width + (day - first)] = True
    places = np.flatnonzero(table)
    return places // width, places


def _changes(keys: Ints) -> Ints:
    """Drop keys equal to their predecessor."""
    return keys[np.concatenate(([True], keys[1:] != keys[:-1]))] if len(keys) else keys


def _distinct(parts: list[Ints]) -> Ints:
    """Sort and drop duplicates; `numpy.unique` hashes, which is slower on millions of keys."""
    keys = np.concatenate([np.empty(0, np.int64), *parts])
    keys.sort()
    return _changes(keys)


def bucket_rhythm(sales: Numbers, periods: Periods) -> Rhythm:
    """Estimate the gaps from the buckets with sales, if the days are not known.

    Parameters
    ----------
    sales
        (n, p) the metric per customer and bucket.
    periods
        The window and its p buckets.

    Notes
    -----
    A gap is the distance between two buckets with sales, in buckets, times the mean length of a
    bucket. Weekly orders in monthly buckets appear monthly, so the gaps are overestimated.
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
    """Days since the last order of n customers, and the longest usual gap.

    Parameters
    ----------
    days
        (n,) days since the last order; NaN without one.
    usual
        (n,) longest usual gap, in days: a quantile of the customer's gaps, or of the gaps of the
        class; NaN if neither is known.
    """

    __hash__ = None  # type: ignore[assignment]

    days: Floats = field(eq=SAME_ARRAYS)
    usual: Floats = field(eq=SAME_ARRAYS)

    __repr__ = short_repr

    @property
    def late(self) -> Bools:
        """(n,) whether the silence is longer than usual."""
        return np.asarray(self.days > self.usual)

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas data frame, one row per customer."""
        import pandas as pd

        return pd.DataFrame({"days": self.days, "usual": self.usual, "late": self.late})


def silence(
    rhythm: Rhythm,
    last_day: Days,
    abc: Codes,
    until: np.datetime64,
    *,
    quantile: float = USUAL,
    least: int = LEAST_GAPS,
) -> Silence:
    """Compare the days since every customer's last order with the customer's usual gaps.

    Parameters
    ----------
    rhythm
        Gaps of the n customers.
    last_day
        (n,) day of the last order; NaT without one.
    abc
        (n,) class codes; the gaps of the class are used for a customer with few gaps.
    until
        Last day covered by the data.
    quantile
        Quantile of the gaps up to which a gap is usual.
    least
        Number of gaps below which those of the class are used.

    Examples
    --------
    >>> days = np.array(["2026-03-01", "2026-01-15"], dtype="M8[D]")
    >>> weekly = Rhythm(starts=np.array([0, 6, 6]), gaps=np.array([7, 7, 7, 8, 7, 9], np.int32))
    >>> result = silence(weekly, days, np.array([0, 0], np.int8), np.datetime64("2026-03-05"))
    >>> result.days.tolist(), result.usual.tolist(), result.late.tolist()
    ([4.0, 49.0], [8.5, 8.5], [False, True])
    """
    usual = np.array(rhythm.quantiles(quantile, least=least))
    few = np.isnan(usual)
    for code, days in rhythm.pooled_quantiles(abc, quantile).items():
        usual[few & (abc == code)] = days
    passed: Numbers = (until - last_day.astype("M8[D]")).astype(np.float64)
    passed[np.isnat(last_day)] = np.nan
    return Silence(days=freeze(passed), usual=freeze(usual))

"""Forecast of a series of sales, with a prediction interval from held-back periods."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any

import numpy as np
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, ArrayLike, Floats, as_numbers, freeze
from abcxyz.errors import InputError

__all__ = [
    "LEAST_TRIES",
    "LEVEL",
    "METHODS",
    "MOST_PERIODS",
    "HeldBackSales",
    "SalesForecast",
    "forecast_sales",
    "held_back_sales",
]

LEVEL = 0.8
"""Nominal coverage of the prediction interval."""

LEAST_TRIES = 9
"""Least number of held-back forecasts: the next error is between the smallest and the largest of
nine with probability 8/10."""

MOST_PERIODS = 12
"""Largest number of periods ahead."""

_RECENT = 3


@frozen(eq=False)
class HeldBackSales:
    """A series as it was known at some past moment, and what came after it.

    Parameters
    ----------
    before
        (t,) sales of the periods known then, the oldest first.
    after
        (h,) sales of the periods that followed.
    """

    before: Floats
    after: Floats


@frozen(kw_only=True)
class SalesForecast:
    """Expected sales of the next periods, with a range that was measured on past ones.

    Parameters
    ----------
    expected, low, high
        (h,) expected sales of each period, and the ends of its range.
    total_low, total_high
        Ends of the range of their sum, which is `total` as expected.
    method
        One of `METHODS`: the one with the smallest error on the held-back periods.
    known
        Number of periods that were known.
    tries
        Number of held-back forecasts that the range is taken from.
    error, error_recent
        Mean absolute error of the held-back sums, as a share of their mean absolute size: of
        this forecast, and of the mean of the last three periods.
    edges
        First day of each period ahead, and the day after the last one; empty without a calendar.
    judged, inside
        Number of past moments at which enough earlier forecasts were already over to make a range
        from them alone, and at how many of them the sum that came was inside of it.
    """

    __hash__ = None  # type: ignore[assignment]

    expected: Floats = field(eq=SAME_ARRAYS)
    low: Floats = field(eq=SAME_ARRAYS)
    high: Floats = field(eq=SAME_ARRAYS)
    total_low: float
    total_high: float
    method: str
    known: int
    tries: int
    error: float
    error_recent: float
    judged: int
    inside: int
    edges: tuple[date, ...] = ()

    @property
    def total(self) -> float:
        """Expected sum of the periods."""
        return float(self.expected.sum())

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; None where a share has no meaning."""
        return {
            "periods": [
                {
                    **({"since": self.edges[i].isoformat()} if self.edges else {}),
                    **({"until": self.edges[i + 1].isoformat()} if self.edges else {}),
                    "expected": round(self.expected[i].item(), 2),
                    "low": round(self.low[i].item(), 2),
                    "high": round(self.high[i].item(), 2),
                }
                for i in range(len(self.expected))
            ],
            "expected": round(self.total, 2),
            "low": round(self.total_low, 2),
            "high": round(self.total_high, 2),
            "method": self.method,
            "known": self.known,
            "tries": self.tries,
            "error": _share(self.error),
            "error_recent": _share(self.error_recent),
            "judged": self.judged,
            "inside": self.inside,
        }


def _share(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None


def _mean_of_recent(before: Floats, periods: int, _season: int) -> Floats:
    return np.full(periods, before[-_RECENT:].mean())


def _season_before(before: Floats, periods: int, season: int) -> Floats:
    return np.asarray(before[len(before) - season + np.arange(periods) % season])


def _season_grown(before: Floats, periods: int, season: int) -> Floats:
    then = before[len(before) - season - _RECENT : len(before) - season].sum()
    growth = before[-_RECENT:].sum() / then if then > 0 else 1.0
    return _season_before(before, periods, season) * min(max(growth, 0.5), 2.0)


_Method = Callable[[Floats, int, int], Floats]

#: Name -> function, and the periods that it needs besides a season.
_FUNCTIONS: Mapping[str, tuple[_Method, bool, int]] = MappingProxyType(
    {
        "recent": (_mean_of_recent, False, _RECENT),
        "season": (_season_before, True, 0),
        "season_growth": (_season_grown, True, _RECENT),
    }
)

METHODS = tuple(_FUNCTIONS)
"""``recent``: the mean of the last three periods; ``season``: the same period of the season
before; ``season_growth``: that, times how the last three compare with those a season earlier."""


def _needs(method: str, season: int) -> int:
    _, seasonal, recent = _FUNCTIONS[method]
    return recent + (season if seasonal else 0)


def held_back_sales(sales: ArrayLike, periods: int) -> tuple[HeldBackSales, ...]:
    """Return every moment of a series that *periods* others follow, the oldest first."""
    known = np.asarray(as_numbers(sales, "sales"), dtype=np.float64)
    return tuple(
        HeldBackSales(known[:t], known[t : t + periods])
        for t in range(_RECENT, len(known) - periods + 1)
    )


def forecast_sales(
    sales: ArrayLike,
    *,
    periods: int = 3,
    season: int = 12,
    held_back: Sequence[HeldBackSales] | None = None,
) -> SalesForecast:
    """Forecast the next periods of a series of sales.

    Parameters
    ----------
    sales
        (t,) sales of consecutive periods, the oldest first, without the one that is not over.
    periods
        Number of periods ahead, 1 to 12.
    season
        Number of periods after which a season repeats: 12 for months.
    held_back
        The same quantity at past moments, the oldest first, where the series is not simply the
        beginning of *sales*: the customers of a class were others then. By default
        `held_back_sales`.

    Raises
    ------
    InputError
        Too few periods, no sales in the last season, or *periods* out of its limits.

    Notes
    -----
    Each of three plain methods, see `METHODS`, forecasts every held-back moment (evaluation on a
    rolling origin: Hyndman and Athanasopoulos, *Forecasting: Principles and Practice*, 3rd ed.,
    sections 5.2, 5.5 and 5.10). The method with the smallest mean absolute error of the sum is
    used. Its errors, divided by the mean size of a period of the season before, give the rest: the
    median is added to the forecast, and the order statistics number ``k`` from either end are the
    range. If the next error is exchangeable with m past ones, it falls outside of either with
    probability at most ``k / (m + 1)`` (Vovk, Gammerman, Shafer, *Algorithmic Learning in a Random
    World*, 2005). Errors of overlapping forecasts resemble each other, so the n moments count as
    ``m = n / periods``, and ``k = max(1, floor((m + 1) / 10))``.

    The range of the sum is the sum of the ranges, since errors of neighbouring periods tend to
    have the same sign. A method that knows no season must be tried over a whole one. On made
    series (noise, season, trend, growth, an autoregression) a period falls into its range in 75
    to 95 %, a sum in 77 to 100 %; of a random walk 69 to 83 % and 73 to 88 %.

    Examples
    --------
    >>> months = [100.0, 110, 90, 105, 95, 120, 80, 100, 110, 95, 105, 100, 90, 115, 100, 98]
    >>> result = forecast_sales(months, periods=2)
    >>> result.method, result.tries, [round(one, 1) for one in result.expected.tolist()]
    ('recent', 12, [104.3, 101.7])
    >>> round(result.total_low, 1), round(result.total, 1), round(result.total_high, 1)
    (165.9, 206.0, 250.4)
    """
    known = np.asarray(as_numbers(sales, "sales"), dtype=np.float64)
    if not 1 <= periods <= MOST_PERIODS:
        raise InputError(
            "periods cannot be {periods}; give a whole number from 1 to {most}",
            periods=periods,
            most=MOST_PERIODS,
        )
    tries = held_back_sales(known, periods) if held_back is None else tuple(held_back)
    tries = tuple(one for one in tries if _scale(one.before, season) > 0)
    if len(known) and _scale(known, season) <= 0:
        raise InputError(
            "there are no sales in the last {season} periods to forecast from; choose other "
            "customers, or read newer sales",
            season=min(season, len(known)),
        )
    usable = _usable(known, tries, periods, season)
    if not usable:
        raise InputError(
            "the history is too short to forecast {periods} {periods:period|periods} with a "
            "range: {known} {known:period|periods} {known:is|are} known, and {tries} past "
            "{tries:forecast|forecasts} can be compared with what came, of which {least} are "
            "needed; ask for fewer periods, or read more history",
            periods=periods,
            known=len(known),
            tries=len(tries),
            least=_least(METHODS[0], periods, season),
        )
    result = _forecast(known, usable, periods, season)
    judged, inside = _judged(tries, periods, season)
    return SalesForecast(**result, known=len(known), judged=judged, inside=inside)


def _scale(before: Floats, season: int) -> float:
    """Return the mean absolute size of a period of the last season."""
    return float(np.abs(before[-max(season, _RECENT) :]).mean()) if len(before) else 0.0


def _least(method: str, periods: int, season: int) -> int:
    least = max(LEAST_TRIES, 2 * _RECENT + periods)
    # What knows no season has to be tried in each part of one.
    return least if _FUNCTIONS[method][1] else max(least, min(season, 12))


def _errors(
    method: str, tries: Sequence[HeldBackSales], periods: int, season: int
) -> tuple[Floats, Floats]:
    """Return (n, h) scaled errors of the held-back forecasts, and the (n,) scales."""
    function = _FUNCTIONS[method][0]
    scales = np.array([_scale(one.before, season) for one in tries])
    errors = [one.after[:periods] - function(one.before, periods, season) for one in tries]
    return np.array(errors) / scales[:, None], scales


def _usable(
    known: Floats, tries: Sequence[HeldBackSales], periods: int, season: int
) -> dict[str, tuple[HeldBackSales, ...]]:
    """Return the methods that can forecast now, with the moments at which they could before."""
    usable = {}
    for name in METHODS:
        least = _needs(name, season)
        fitting = tuple(one for one in tries if len(one.before) >= least)
        blind = _FUNCTIONS[name][1] and season < 2
        if len(known) >= least and not blind and len(fitting) >= _least(name, periods, season):
            usable[name] = fitting
    return usable


def _forecast(
    known: Floats, usable: Mapping[str, Sequence[HeldBackSales]], periods: int, season: int
) -> dict[str, Any]:
    common = min(len(each) for each in usable.values())
    sizes = {}
    for name, each in usable.items():
        errors, scales = _errors(name, each[-common:], periods, season)
        errors -= np.median(errors, axis=0)
        sizes[name] = float(np.abs(errors.sum(axis=1) * scales).mean())
    method = min(sizes, key=lambda name: (sizes[name], METHODS.index(name)))
    errors, _ = _errors(method, usable[method], periods, season)
    scale = _scale(known, season)
    base = _FUNCTIONS[method][0](known, periods, season)
    expected = base + np.median(errors, axis=0) * scale
    low, high = (base + ends * scale for ends in _ends(errors))
    if known.min() >= 0:  # sales that never were negative
        expected, low, high = (np.maximum(one, 0.0) for one in (expected, low, high))
    size = float(np.mean([abs(one.after[:periods].sum()) for one in usable[method][-common:]]))
    return {
        "expected": freeze(expected),
        "low": freeze(low),
        "high": freeze(high),
        "total_low": float(low.sum()),
        "total_high": float(high.sum()),
        "method": method,
        "tries": len(errors),
        "error": sizes[method] / size if size else math.nan,
        "error_recent": sizes.get(METHODS[0], math.nan) / size if size else math.nan,
    }


def _ends(errors: Floats) -> tuple[Floats, Floats]:
    """Return the order statistics between which the next error falls with `LEVEL` or more."""
    n, periods = errors.shape
    k = max(math.floor((n / periods + 1) * (1 - LEVEL) / 2 + 1e-9), 1)
    ordered = np.sort(errors, axis=0)
    return ordered[k - 1], ordered[n - k]


def _judged(tries: Sequence[HeldBackSales], periods: int, season: int) -> tuple[int, int]:
    """Make the range at past moments from what was over by then, and count what came inside."""
    judged = inside = 0
    for one in tries:
        over = [each for each in tries if len(each.before) + periods <= len(one.before)]
        usable = _usable(one.before, over, periods, season)
        if usable:
            then = _forecast(one.before, usable, periods, season)
            came = one.after[:periods].sum()
            judged += 1
            inside += bool(then["total_low"] <= came <= then["total_high"])
    return judged, inside

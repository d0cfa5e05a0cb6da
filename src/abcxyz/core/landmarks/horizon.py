"""Horizon of a probability: its default, its limits, and the day from which it begins."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np

from abcxyz._arrays import Codes, Floats
from abcxyz.core.landmarks.orders.order_history import day_number
from abcxyz.errors import InputError

__all__ = [
    "LONGEST_HORIZON",
    "STALE",
    "USUAL_HORIZON",
    "WARM_UP",
    "choose_horizon",
    "covered_until",
    "day_of",
]

_GAPS = 3
_SHORTEST = 30

LONGEST_HORIZON = 180
"""Most days of a horizon that is chosen, and of the orders that count as following a call."""

WARM_UP = 30
"""Days of sales before the first landmark."""

USUAL_HORIZON = 90
"""Days of a horizon where no gaps between orders are known."""

STALE = 31
"""Days without any sale before a day, above which the sales end too early for it."""


def day_of(number: int) -> date:
    """Return the date that is so many days after 1970-01-01."""
    return date(1970, 1, 1) + timedelta(days=number)


def covered_until(span: tuple[int, int], as_of: date) -> date:
    """Return the day up to which sales are known: *as_of*, if they do not end long before.

    Parameters
    ----------
    span
        First and last day of the sales, counted from 1970-01-01; the last before the first
        without any.

    Raises
    ------
    InputError
        There are no sales, or they end more than a month before.
    """
    first, last = span
    if last < first:
        raise InputError("there are no sales before {as_of}; read an earlier date", as_of=as_of)
    ended = day_of(last + 1)
    if (as_of - ended).days > STALE:
        raise InputError(
            "the sales end on {last}, {days} {days:day|days} before {as_of}, so everyone "
            "would look silent; read newer sales, or pass --as-of {ended}",
            last=ended - timedelta(days=1),
            days=(as_of - ended).days,
            as_of=as_of,
            ended=ended,
        )
    return as_of


def choose_horizon(
    first: int,
    as_of: date,
    horizon: int | None,
    gaps_and_classes: Callable[[], tuple[Floats, Codes]],
) -> int:
    """Check a horizon, or choose it.

    Parameters
    ----------
    first
        First day of the sales before *as_of*, counted from 1970-01-01.
    horizon
        Days; None for three times the median gap between orders of class A, 30 to 180 days.
    gaps_and_classes
        Called for the default: (n,) mean gaps of the customers, NaN without one, and (n,) class
        codes.

    Raises
    ------
    InputError
        It is not positive, or no past day has a known outcome; the message names the longest
        possible horizon.
    """
    if horizon is None:
        gaps, abc = gaps_and_classes()
        in_a = gaps[(abc == 0) & ~np.isnan(gaps)]
        some = in_a if len(in_a) else gaps[~np.isnan(gaps)]
        usual = round(_GAPS * float(np.median(some))) if len(some) else USUAL_HORIZON
        return min(max(usual, _SHORTEST), LONGEST_HORIZON)
    if horizon < 1:
        raise InputError(
            "the horizon is {horizon} {horizon:day|days}; give one day or more", horizon=horizon
        )
    longest = day_number(as_of) - first - WARM_UP
    if horizon > longest and longest >= 1:
        raise InputError(
            "a horizon of {horizon} {horizon:day|days} is longer than the sales allow, which "
            "begin on {first}; the longest possible is {longest} {longest:day|days}",
            horizon=horizon,
            first=day_of(first),
            longest=longest,
        )
    return horizon

"""For which ABC class of customers the time goes, beside the money that the class brings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
from attrs import frozen

from abcxyz._arrays import Bools, Floats, Ints
from abcxyz.core.classes.classify import classify_abc
from abcxyz.core.classes.segments import ABC
from abcxyz.core.sales.calendar import Periods, Window
from abcxyz.crm.records.columns import Moments
from abcxyz.crm.records.data import CrmData, as_local, midnight
from abcxyz.crm.records.tables import Activities
from abcxyz.crm.records.visits import WON
from abcxyz.crm.reports.base import Row

__all__ = [
    "BASES",
    "COUNTED",
    "NO_CLASS",
    "ClassTime",
    "class_times",
    "months_of_classes",
    "won_classes",
]

NO_CLASS = "N"
"""Class of the customers without one."""

COUNTED = "counted"
"""Basis of shares where no duration is known: the number of activities."""

BASES = {
    "measured": "of the measured time",
    "entered": "of the entered time",
    "assumed": "of the assumed time",
    COUNTED: "of the activities",
}
"""What shares of time are shares of -> the same in a sentence; the first that is known counts."""

_RESAMPLES = 400
_MONTHS = 12
_PER_MONEY = 100_000


@frozen
class ClassTime(Row):
    """Time for the customers of one class, beside what they bring.

    Parameters
    ----------
    customer_class
        ``A``, ``B``, ``C``, or ``N`` for customers without a class.
    activities, timed, minutes
        Done activities, those of them whose duration is known, and their minutes.
    time_share, low, high
        Share of the minutes (of the activities where no duration is known), with a bootstrap
        interval over customers.
    amount, amount_share
        Won amount in the window, and its share.
    index
        ``time_share / amount_share``: above 1 the class takes more time than it brings.
    minutes_per_100000
        Minutes per 100,000 of the won amount.
    """

    customer_class: str
    activities: int
    timed: int
    minutes: float
    time_share: float
    low: float
    high: float
    amount: float
    amount_share: float
    index: float
    minutes_per_100000: float


def months_of_classes(crm: CrmData, window: Window | None) -> Window:
    """Return the twelve complete months before the end of a window, or before that of the records.

    They are those of a classification of that day.
    """
    if window is not None:
        return Periods.before(window.until, _MONTHS, "month").window
    # The records end within their last day, which counts.
    end = as_local(crm.until - np.timedelta64(1, "s"), crm.zone).date() + timedelta(days=1)
    return Periods.before(end, _MONTHS, "month").window


def won_classes(crm: CrmData, months: Window) -> dict[Any, str]:
    """Return customer -> ABC class by the amount of the deals won in some days.

    Parameters
    ----------
    crm
        The records.
    months
        The days.

    Returns
    -------
    dict
        Customers with an amount in these days; empty where no deal of a known customer and amount
        was won in them, and where the amounts are in several currencies.
    """
    customer, ids = _customers_of_deals(crm)
    row, money = _won_amounts(crm, months)
    row = row & (customer >= 0)
    if not row.any():
        return {}
    bought = np.bincount(customer[row], minlength=len(ids)) > 0
    sums = np.bincount(customer[row], money[row], minlength=len(ids))
    codes = classify_abc(np.where(bought, sums, np.nan)).codes
    return {ids[i]: ABC[codes[i]] for i in np.flatnonzero(codes >= 0).tolist()}


def class_times(
    crm: CrmData,
    window: Window | None,
    classes: Mapping[Any, str],
    past: Mapping[date, Mapping[Any, str]],
    chosen: Bools,
    seconds: Floats,
    seed: int,
) -> tuple[str, tuple[ClassTime, ...], int]:
    """Share the time of activities out among the classes of the customers.

    Parameters
    ----------
    crm, window
        The records, and the days whose won amounts stand beside the time.
    classes
        Customer -> class, for what was before the first day of *past*.
    past
        Day -> customer -> class from that day on, until the next one; who is not listed has no
        class. An activity counts for the class of the day it began on, an amount for that of the
        day the deal was won on.
    chosen
        (n,) activities that count.
    seconds
        (n,) their lengths; NaN where not known.
    seed
        Seed of the bootstrap.

    Returns
    -------
    tuple
        What the shares are of, one of `BASES`: durations of different bases are not mixed, the
        first of them that is known counts; the classes; and the number of activities before the
        first day of *past* whose customers have a class in *classes*, 0 without past classes.
    """
    table: Activities = crm.need("activities")
    unit, customer, ids = _customers(crm, table)
    dated = _Dated.of(classes, past, ids, crm.zone)
    names, size = dated.names, len(ids) + 1  # one more for the activities of nobody
    of_class, earlier = dated.codes[0][customer], 0
    if past:
        # A place for each class, because the class of a customer changes.
        period = dated.periods(table.started)
        letter = dated.codes[period, customer[unit]]
        none = names.index(NO_CLASS)
        earlier = int((chosen & (period == 0) & (letter != none)).sum())
        unit = unit * len(names) + letter
        of_class = np.tile(np.arange(len(names)), len(customer))
        customer = np.repeat(customer, len(names))
    basis, timed = _basis(table, chosen & ~np.isnan(seconds))
    counts = np.bincount(unit[chosen], minlength=len(customer))
    with_time = np.bincount(unit[timed], minlength=len(customer))
    spent = counts if basis == COUNTED else np.bincount(unit[timed], seconds[timed], len(customer))
    met = np.bincount(customer, counts, minlength=size) > 0
    per_customer: Floats = np.zeros(size * len(names))
    per_customer += np.bincount(customer * len(names) + of_class, spent, size * len(names))
    per_customer = per_customer.reshape(size, len(names))
    acts = np.bincount(of_class, counts, minlength=len(names))
    known = np.bincount(of_class, with_time, minlength=len(names))
    time = per_customer.sum(axis=0)
    low, high = _intervals(per_customer[met], seed)
    amount = _amounts(crm, window, dated)
    whole, money = float(time.sum()), float(amount.sum())
    rows = []
    for i, name in enumerate(names):
        if not acts[i] and not amount[i]:
            continue
        share = float(time[i]) / whole if whole else math.nan
        of_money = float(amount[i]) / money if money else math.nan
        minutes = float(time[i]) / 60 if basis != COUNTED else math.nan
        rows.append(
            ClassTime(
                name,
                int(acts[i]),
                int(known[i]),
                minutes,
                share,
                float(low[i]),
                float(high[i]),
                float(amount[i]),
                of_money,
                share / of_money if of_money else math.nan,
                minutes / float(amount[i]) * _PER_MONEY if amount[i] else math.nan,
            )
        )
    return basis, tuple(rows), earlier


@frozen
class _Dated:
    """Classes of customers by period: before the first day with classes, and from each on."""

    names: list[str]
    codes: Ints  # (periods, customers + 1) places in the names, the last is nobody's
    begins: Moments  # (periods - 1,) when each period but the first begins

    @classmethod
    def of(
        cls,
        classes: Mapping[Any, str],
        past: Mapping[date, Mapping[Any, str]],
        ids: Sequence[Any],
        zone: str,
    ) -> _Dated:
        days = sorted(past)
        every = [classes, *(past[day] for day in days)]
        names = sorted(
            {*(one[:1].upper() for known in every for one in {*known.values()}), NO_CLASS}
        )
        place = {str(one): i for i, one in enumerate(ids)}
        codes = np.full((len(every), len(ids) + 1), names.index(NO_CLASS), dtype=np.int64)
        for row, known in zip(codes, every, strict=True):
            for who, one in known.items():
                column = place.get(str(who))
                if column is not None:
                    row[column] = names.index(one[:1].upper())
        return cls(names, codes, np.array([midnight(day, zone) for day in days], dtype="M8[s]"))

    def periods(self, moments: Moments) -> Ints:
        """Return the period of every moment."""
        return np.searchsorted(self.begins, moments, side="right")


def _basis(table: Activities, timed: Bools) -> tuple[str, Bools]:
    """Return the first basis with known durations, and which activities have one of it."""
    if table.basis is None:
        return ("measured" if timed.any() else COUNTED), timed
    names = table.basis.categories
    # A duration is measured unless something else is said of it.
    listed = [one for one in BASES if one != COUNTED]
    place = np.array([listed.index(one) if one in listed else 0 for one in names], dtype=np.int64)
    of = place[table.basis.codes]
    for code, name in enumerate(listed):
        found = timed & (of == code)
        if found.any():
            return name, found
    return COUNTED, timed


def _codes(ids: Any) -> tuple[Ints, list[Any]]:
    """Return the (n,) code of each identifier, -1 for a missing one, and the identifiers."""
    if ids.dtype.kind != "O":
        known, codes = np.unique(ids, return_inverse=True)
        missing = len(known) and known[0] == -1
        return (codes - 1, known[1:].tolist()) if missing else (codes, known.tolist())
    place: dict[Any, int] = {"": -1}
    listed: list[Any] = []
    codes = np.empty(len(ids), dtype=np.int64)
    for i, one in enumerate(ids.tolist()):
        code = place.get(one)
        if code is None:
            code = place[one] = len(listed)
            listed.append(one)
        codes[i] = code
    return codes, listed


def _customers_of_deals(crm: CrmData) -> tuple[Ints, list[Any]]:
    """Return the (n,) code of the customer of each deal, -1 for none, and the customers."""
    if crm.deals.customer is None:
        return np.full(len(crm.deals), -1, dtype=np.int64), []
    return _codes(crm.deals.customer)


def _customers(crm: CrmData, table: Activities) -> tuple[Ints, Ints, Sequence[Any]]:
    """Return whose the activities are: their own customer's, or else that of their deal.

    Returns
    -------
    tuple
        (n,) a place of each activity in what follows; (m,) the customer at that place, one after
        the last for nobody; the customers. Where only deals have customers a place is a deal:
        there are fewer of them than activities.
    """
    of_deals, ids = _customers_of_deals(crm)
    row = crm.deal_of_activity
    if table.customer is None:
        places = np.append(np.where(of_deals < 0, len(ids), of_deals), len(ids))
        return np.where(row < 0, len(of_deals), row), places, ids
    whose = np.append(of_deals, -1)[row]  # the row -1 is nobody's
    own, own_ids = _codes(table.customer)
    place = {str(one): code for code, one in enumerate(ids)}
    every = list(ids)
    for one in own_ids:
        if str(one) not in place:
            place[str(one)] = len(every)
            every.append(one)
    lookup = np.array([*(place[str(one)] for one in own_ids), -1], dtype=np.int64)
    own = lookup[own]
    found = np.where(own >= 0, own, whose)
    return np.where(found < 0, len(every), found), np.arange(len(every) + 1), every


def _won_amounts(crm: CrmData, window: Window | None) -> tuple[Bools, Floats]:
    """Return which deals were won in a window with a known amount, and the amounts."""
    won = crm.outcomes.kind == WON
    if window is not None:
        won &= crm.inside(crm.outcomes.closed, window)
    amounts = crm.single_amounts()
    return won & ~np.isnan(amounts), amounts


def _amounts(crm: CrmData, window: Window | None, dated: _Dated) -> Floats:
    customer, ids = _customers_of_deals(crm)
    if not ids:
        return np.zeros(len(dated.names))
    row, money = _won_amounts(crm, window)
    letter = dated.codes[dated.periods(crm.outcomes.closed[row]), customer[row]]
    sums: Floats = np.bincount(letter, money[row], minlength=len(dated.names)).astype(
        np.float64, copy=False
    )
    return sums


def _intervals(per_customer: Floats, seed: int) -> tuple[Floats, Floats]:
    """Return the 95 % bootstrap interval of the share of every class, over customers."""
    random = np.random.default_rng(seed)
    n, count = per_customer.shape
    shares = np.full((_RESAMPLES, count), np.nan)
    for i in range(_RESAMPLES if n else 0):
        times = np.bincount(random.integers(0, n, n), minlength=n)
        time = times.astype(np.float64) @ per_customer
        if time.sum():
            shares[i] = time / time.sum()
    if np.isnan(shares).all():
        return np.full(count, np.nan), np.full(count, np.nan)
    low, high = np.nanquantile(shares, [0.025, 0.975], axis=0)
    return low, high

"""Activities by person, and for which class of customers the time goes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import frozen

from abcxyz._arrays import Bools, Floats, Ints
from abcxyz.core.display import percent, plain_number
from abcxyz.core.sales.calendar import Window
from abcxyz.crm.records.columns import blank_column
from abcxyz.crm.records.data import CrmData
from abcxyz.crm.records.tables import Activities
from abcxyz.crm.records.visits import WON
from abcxyz.crm.reports.base import Report, Row, named
from abcxyz.toolkit.catalogue import text

__all__ = ["ActivityReport", "ActivityRow", "ClassTime", "activity"]

_LONGEST = 8 * 3600
_RESAMPLES = 400


@frozen
class ActivityRow(Row):
    """Activities of one kind by one person.

    Parameters
    ----------
    user, kind
        Person, and kind of activity.
    count, done, planned
        Activities in the window, and those that took place or are planned.
    minutes, planned_minutes
        Known minutes of the done, and of the planned ones: talk time of calls, start to end of
        others.
    without_duration
        Done activities whose duration is not known.
    """

    user: str
    kind: str
    count: int
    done: int
    planned: int
    minutes: float
    planned_minutes: float
    without_duration: int


@frozen
class ClassTime(Row):
    """Time for the customers of one class, beside what they bring.

    Parameters
    ----------
    customer_class
        ``A``, ``B``, ``C``, or ``N`` for customers without a class.
    activities, minutes
        Done activities, and their known minutes.
    time_share, low, high
        Share of the minutes (of the activities where no duration is known), with a bootstrap
        interval over customers.
    amount, amount_share
        Won amount in the window, and its share.
    index
        ``time_share / amount_share``: above 1 the class takes more time than it brings.
    """

    customer_class: str
    activities: int
    minutes: float
    time_share: float
    low: float
    high: float
    amount: float
    amount_share: float
    index: float


@frozen
class ActivityReport(Report):
    """Result of `activity`; *cut* activities longer than 8 hours count as 8 hours."""

    window: Window | None
    cut: int
    measured: bool
    activities: tuple[ActivityRow, ...]
    classes: tuple[ClassTime, ...]

    def rows(self) -> list[Row]:
        """Return the activities by person and kind."""
        return list(self.activities)

    def title(self, lang: str = "en") -> str:
        """Return the name of the report."""
        return text("Activities", lang)

    def explain(self, lang: str = "en") -> str:
        """Return for which class the time goes."""
        done = sum(row.done for row in self.activities)
        lines = [text("{n} activities took place.", lang, n=plain_number(done, lang))]
        known = [one for one in self.classes if one.customer_class != "N"]
        if known:
            most = max(known, key=lambda one: one.time_share)
            what = "of the measured time" if self.measured else "of the activities"
            lines.append(
                text(
                    "{share} {what} went to class {name}, which brings {money} of the amount.",
                    lang,
                    share=percent(most.time_share, lang),
                    what=text(what, lang),
                    name=most.customer_class,
                    money=percent(most.amount_share, lang),
                )
            )
            lines.append(text("The classes are those of the day of the report.", lang))
        return " ".join(lines)


def activity(
    crm: CrmData,
    window: Window | None = None,
    *,
    classes: Mapping[Any, str] | None = None,
    seed: int = 0,
) -> ActivityReport:
    """Report the activities of a window, by person and by the class of the customer.

    Parameters
    ----------
    crm
        The records; the table ``activities`` is needed.
    window
        Days of the start, in the time zone of the business; None for all.
    classes
        Customer -> class such as ``A``; None leaves the classes out.
    seed
        Seed of the bootstrap.

    Raises
    ------
    InputError
        No activities.
    """
    table: Activities = crm.need("activities")
    inside = crm.inside(table.started, window)
    done = table.took_place
    seconds, cut = _seconds(table, inside & done)
    nobody = blank_column(len(table))
    user = named(table.user or nobody)
    size = len(table.kind.categories)
    total = len(user.categories) * size
    # One count for planned and done: the last figure of the key tells them apart.
    key = (user.codes * size + table.kind.codes) * 2 + done
    timed = inside & ~np.isnan(seconds)
    counts = np.bincount(key[inside], minlength=2 * total).reshape(-1, 2)
    with_time = np.bincount(key[timed], minlength=2 * total).reshape(-1, 2)
    minutes = np.bincount(key[timed], seconds[timed] / 60, minlength=2 * total).reshape(-1, 2)
    rows = [
        ActivityRow(
            user.categories[one // size],
            table.kind.categories[one % size],
            int(counts[one].sum()),
            int(counts[one, 1]),
            int(counts[one, 0]),
            float(minutes[one, 1]),
            float(minutes[one, 0]),
            int(counts[one, 1] - with_time[one, 1]),
        )
        for one in np.flatnonzero(counts.sum(axis=1)).tolist()
    ]
    rows.sort(key=lambda row: (row.user, row.kind))
    shares: tuple[ClassTime, ...] = ()
    if classes is not None:
        shares = _class_times(crm, window, classes, inside & done, seconds, seed)
    return ActivityReport(window, cut, bool(with_time[:, 1].any()), tuple(rows), shares)


def _seconds(table: Activities, chosen: Bools) -> tuple[Floats, int]:
    """Return the known seconds of every activity, cut at 8 hours, and how many were cut."""
    seconds = table.lengths
    long = chosen & (seconds > _LONGEST)
    return np.minimum(seconds, _LONGEST), int(long.sum())


def _class_times(
    crm: CrmData,
    window: Window | None,
    classes: Mapping[Any, str],
    chosen: Bools,
    seconds: Floats,
    seed: int,
) -> tuple[ClassTime, ...]:
    letter = {str(customer): one[:1].upper() for customer, one in classes.items()}
    names = sorted({*letter.values(), "N"})
    table: Activities = crm.need("activities")
    whose = _customers(crm, table)
    keys, customer = np.unique(whose.astype(str), return_inverse=True)
    of_class = np.array([names.index(letter.get(one, "N")) for one in keys.tolist()], np.int64)
    measured = bool((chosen & ~np.isnan(seconds)).any())
    weight = np.where(chosen, np.nan_to_num(seconds) if measured else 1.0, 0.0)
    per_customer: Floats = np.bincount(customer, weight, minlength=len(keys)).astype(
        np.float64, copy=False
    )
    acts = np.bincount(of_class[customer[chosen]], minlength=len(names))
    time = np.bincount(of_class, per_customer, minlength=len(names))
    low, high = _intervals(per_customer, of_class, len(names), seed)
    amount = _amounts(crm, window, letter, names)
    whole, money = float(time.sum()), float(amount.sum())
    rows = []
    for i, name in enumerate(names):
        if not acts[i] and not amount[i]:
            continue
        share = float(time[i]) / whole if whole else math.nan
        of_money = float(amount[i]) / money if money else math.nan
        rows.append(
            ClassTime(
                name,
                int(acts[i]),
                float(time[i]) / 60 if measured else math.nan,
                share,
                float(low[i]),
                float(high[i]),
                float(amount[i]),
                of_money,
                share / of_money if of_money else math.nan,
            )
        )
    return tuple(rows)


def _customers(crm: CrmData, table: Activities) -> Any:
    """Return the customer of every activity: its own, or else that of its deal."""
    nobody = np.full(len(table), "", dtype=object)
    own = nobody if table.customer is None else table.customer.astype(object)
    if table.deal is None or crm.deals.customer is None:
        return own
    row = crm.deal_of_activity
    of_deal = np.where(row >= 0, crm.deals.customer.astype(object)[row], "")
    missing = np.array([one in ("", -1) for one in own.tolist()], dtype=bool)
    return np.where(missing, of_deal, own)


def _amounts(
    crm: CrmData, window: Window | None, letter: Mapping[str, str], names: list[str]
) -> Floats:
    if crm.deals.customer is None:
        return np.zeros(len(names))
    won = crm.outcomes.kind == WON
    if window is not None:
        won &= crm.inside(crm.outcomes.closed, window)
    amounts = crm.single_amounts()
    priced = won & ~np.isnan(amounts)
    code = np.array(
        [names.index(letter.get(str(one), "N")) for one in crm.deals.customer[priced].tolist()],
        dtype=np.int64,
    )
    sums: Floats = np.bincount(code, amounts[priced], minlength=len(names)).astype(
        np.float64, copy=False
    )
    return sums


def _intervals(
    per_customer: Floats, of_class: Ints, count: int, seed: int
) -> tuple[Floats, Floats]:
    """Return the 95 % bootstrap interval of the share of every class, over customers."""
    random = np.random.default_rng(seed)
    n = len(per_customer)
    shares = np.full((_RESAMPLES, count), np.nan)
    for i in range(_RESAMPLES):
        drawn = random.integers(0, n, n)
        time = np.bincount(of_class[drawn], per_customer[drawn], minlength=count)
        if time.sum():
            shares[i] = time / time.sum()
    if np.isnan(shares).all():
        return np.full(count, np.nan), np.full(count, np.nan)
    low, high = np.nanquantile(shares, [0.025, 0.975], axis=0)
    return low, high

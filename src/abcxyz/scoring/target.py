"""Who became an A customer in time, and what was known about them when they were leads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import frozen

from abcxyz._arrays import ArrayLike, Bools, Days, Floats, Ints, freeze
from abcxyz.core.classes.classify import classify_abc
from abcxyz.core.classes.rules import Rule, Tangent
from abcxyz.core.prospects.lead_table import LeadColumns, columns_of
from abcxyz.core.sales.transactions import Transactions, as_days
from abcxyz.errors import InputError

__all__ = ["Outcomes", "attributes_as_of", "first_year_outcomes"]


@frozen(eq=False)
class Outcomes:
    """What became of the customers whose first months are over.

    Parameters
    ----------
    customers
        (n,) identifiers, each once.
    first_day
        (n,) day of the first order: when the customer was last a lead.
    reached
        (n,) whether class A was reached in time.
    revenue
        (n,) money of these first months.
    as_of
        End of the data.
    immature
        How many customers were left out because their first months are not over.
    older
        How many were left out because they may have bought before *since*.
    months
        How long they had.
    """

    customers: npt.NDArray[Any]
    first_day: Days
    reached: Bools
    revenue: Floats
    as_of: date
    immature: int
    older: int
    months: int

    def __len__(self) -> int:
        return len(self.customers)


def first_year_outcomes(
    transactions: Transactions,
    *,
    as_of: date,
    rule: Rule = Tangent(),
    months: int = 12,
    since: date | None = None,
) -> Outcomes:
    """Find who reached class A within *months* of the first order.

    Parameters
    ----------
    transactions
        All sales; those from *as_of* on are not looked at.
    as_of
        The day after the data end.
    rule
        Of ABC, over the 12 months before each month's end.
    months
        How long a customer has. Only those who had all of it are judged.
    since
        Leave out customers with an order before this day: where the data begin in the middle of
        a firm's life, its first months show old customers as if they were new.

    Returns
    -------
    Outcomes

    Raises
    ------
    InputError
        No customer is old enough, or *months* is not positive.

    Notes
    -----
    At the end of every month all customers are classified by the twelve months up to then, just
    as a monthly job would. A customer counts as A from the first such classification that says
    so, provided it falls within *months* of the day of the first order.
    """
    if months < 1:
        raise InputError("months is {months}; use one or more", months=months)
    sales = transactions.take(transactions.day < np.datetime64(as_of))
    if not len(sales):
        raise InputError("there are no sales before {as_of}; read an earlier date", as_of=as_of)
    customers, codes = np.unique(sales.customer, return_inverse=True)
    n = len(customers)
    first = np.full(n, np.datetime64("9999-12-31"), dtype="M8[D]")
    np.minimum.at(first, codes, sales.day)
    month = sales.day.astype("M8[M]").astype(np.int64)
    start = int(month.min())
    # The month of as_of is complete only up to the day before it.
    count = int(np.datetime64(as_of, "M").astype(np.int64)) - start
    money = np.zeros((n, max(count, 1)))
    whole = month < start + count
    np.add.at(money, (codes[whole], month[whole] - start), sales.amount[whole])
    bought = np.zeros_like(money, dtype=bool)
    bought[codes[whole], month[whole] - start] = True
    deadline = _plus_months(first, months)
    reached = np.zeros(n, dtype=bool)
    for k in range(1, count + 1):
        window = slice(max(0, k - 12), k)
        active = bought[:, window].any(axis=1)
        if not active.any():
            continue
        value = np.where(active, money[:, window].sum(axis=1), np.nan)
        ends = np.datetime64(start + k, "M").astype("M8[D]")
        reached |= (classify_abc(value, rule).codes == 0) & (ends <= deadline)
    within = sales.day < deadline[codes]
    revenue = np.bincount(codes[within], weights=sales.amount[within], minlength=n)
    mature = deadline <= np.datetime64(as_of)
    new = first >= np.datetime64(since) if since else np.ones(n, dtype=bool)
    kept = mature & new
    if not kept.any():
        raise InputError(
            "no customer had {months} months since the first order before {as_of}; wait, read "
            "more history, or ask for fewer months",
            months=months,
            as_of=as_of,
        )
    return Outcomes(
        freeze(customers[kept]), freeze(first[kept]), freeze(reached[kept]), freeze(revenue[kept]),
        as_of, int(np.sum(new & ~mature)), int(np.sum(~new)), months,
    )  # fmt: skip


def _plus_months(days: Days, months: int) -> Days:
    """Add calendar months; the 31st becomes the last day of a shorter month."""
    start = days.astype("M8[M]")
    offset = days - start.astype("M8[D]")
    ahead = start + np.timedelta64(months, "M")
    following = ahead + np.timedelta64(1, "M")
    last = following.astype("M8[D]") - ahead.astype("M8[D]") - np.timedelta64(1, "D")
    found: Days = ahead.astype("M8[D]") + np.minimum(offset, last)
    return found


def attributes_as_of(
    table: Any,
    ids: Sequence[Any],
    known_on: ArrayLike,
    customers: npt.NDArray[Any],
    days: Days,
) -> LeadColumns:
    """Choose what was known about each customer on the day given, and nothing later.

    Parameters
    ----------
    table
        Attributes, any number of rows per customer.
    ids
        (rows,) whom a row is about.
    known_on
        (rows,) since when it is known.
    customers, days
        (n,) whom to look up, and as of when.

    Returns
    -------
    LeadColumns
        n rows, in the order of *customers*; ``None`` where nothing was known yet.
    """
    leads = columns_of(table, ids=ids)
    since = as_days(known_on, "known_on")
    if len(since) != len(leads):
        raise InputError(
            "there are {rows} rows of attributes and {days} days since when they are known; pass "
            "one of each",
            rows=len(leads),
            days=len(since),
        )
    place = {str(key): k for k, key in enumerate(customers.tolist())}
    newest: dict[int, int] = {}
    for row in np.argsort(since, kind="stable").tolist():
        k = place.get(str(leads.ids[row]))
        if k is not None and since[row] <= days[k]:
            newest[k] = row
    rows = np.array([newest.get(k, -1) for k in range(len(customers))], dtype=np.int64)
    return LeadColumns(np.asarray(customers, dtype=object), take(leads.columns, rows))


def take(columns: Any, rows: Ints) -> dict[str, npt.NDArray[Any]]:
    """Choose rows of every column; -1 is nothing known."""
    found: dict[str, npt.NDArray[Any]] = {}
    for name, column in columns.items():
        array = np.asarray(column)
        if array.dtype.kind in "iu":
            array = array.astype(np.float64)
        if array.dtype.kind == "f":
            found[name] = np.where(rows >= 0, array[rows], np.nan) if len(array) else array[:0]
            continue
        chosen = np.empty(len(rows), dtype=object)
        for i, row in enumerate(rows.tolist()):
            chosen[i] = None if row < 0 else array[row]
        found[name] = chosen
    return found

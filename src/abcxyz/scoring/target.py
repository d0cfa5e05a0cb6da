"""Target of a fit: which customers reached class A in time, and their attributes as leads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import frozen

from abcxyz._arrays import ArrayLike, Bools, DayLike, Days, Floats, Ints, as_day, freeze
from abcxyz.core.classes.classify import classify_abc
from abcxyz.core.classes.rules import Rule, Tangent
from abcxyz.core.prospects.lead_table import LeadColumns, columns_of
from abcxyz.core.sales.transactions import Transactions, as_days
from abcxyz.errors import InputError

__all__ = ["Outcomes", "attributes_as_of", "first_year_outcomes"]


@frozen(eq=False)
class Outcomes:
    """Outcomes of the customers whose first months are complete.

    Parameters
    ----------
    customers
        (n,) identifiers, unique.
    first_day
        (n,) date of the first order, the last day as a lead.
    reached
        (n,) booleans: whether class A was reached in time.
    revenue
        (n,) revenue of the first months.
    as_of
        End of the data.
    immature
        Number of customers left out because their first months are not complete.
    older
        Number of customers left out because they may have bought before *since*.
    months
        Number of months after the first order in which class A had to be reached.
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
    as_of: DayLike,
    rule: Rule = Tangent(),
    months: int = 12,
    since: DayLike | None = None,
) -> Outcomes:
    """Determine which customers reached class A within *months* of the first order.

    Parameters
    ----------
    transactions
        All sales; those from *as_of* on are ignored.
    as_of
        The day after the last day of the data.
    rule
        ABC rule, applied to the 12 months before the end of each month.
    months
        Number of months in which class A must be reached; customers with fewer months of data
        are left out.
    since
        Leave out customers with an order before this day: at the beginning of the data, old
        customers look as if they were new.

    Returns
    -------
    Outcomes
        Of the customers whose first months are complete.

    Raises
    ------
    InputError
        No customer is old enough, or *months* is not positive.

    Notes
    -----
    At the end of every month all customers are classified by the last twelve months, as by a
    monthly job. A customer has reached class A if the first such classification as A falls within
    *months* of the day of the first order.
    """
    if months < 1:
        raise InputError("months is {months}; use one or more", months=months)
    as_of = as_day(as_of, "as_of")
    since = None if since is None else as_day(since, "since")
    sales = transactions.take(transactions.day < np.datetime64(as_of))
    if not len(sales):
        raise InputError("there are no sales before {as_of}; read an earlier date", as_of=as_of)
    customers, codes = np.unique(sales.identifiers, return_inverse=True)
    n = len(customers)
    first = np.full(n, np.datetime64("9999-12-31"), dtype="M8[D]")
    np.minimum.at(first, codes, sales.day)
    month = sales.day.astype("M8[M]").astype(np.int64)
    start = int(month.min())
    # The month of as_of has data only up to the day before it.
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
    used = mature & new
    if not used.any():
        raise InputError(
            "no customer had {months} {months:month|months} since the first order before "
            "{as_of}; wait, read more history, or ask for fewer months",
            months=months,
            as_of=as_of,
        )
    return Outcomes(
        freeze(customers[used]), freeze(first[used]), freeze(reached[used]), freeze(revenue[used]),
        as_of, int(np.sum(new & ~mature)), int(np.sum(~new)), months,
    )  # fmt: skip


def _plus_months(days: Days, months: int) -> Days:
    """Add calendar months; the 31st becomes the last day of a shorter month."""
    start = days.astype("M8[M]")
    offset = days - start.astype("M8[D]")
    ahead = start + np.timedelta64(months, "M")
    following = ahead + np.timedelta64(1, "M")
    last = following.astype("M8[D]") - ahead.astype("M8[D]") - np.timedelta64(1, "D")
    shifted: Days = ahead.astype("M8[D]") + np.minimum(offset, last)
    return shifted


def attributes_as_of(
    table: Any,
    ids: Sequence[Any],
    known_on: ArrayLike,
    customers: npt.NDArray[Any],
    days: Days,
) -> LeadColumns:
    """Return the attributes of each customer as known on a given day.

    Parameters
    ----------
    table
        Attributes, with any number of rows per customer.
    ids
        (rows,) identifier of the customer of each row.
    known_on
        (rows,) day since which the row is known.
    customers, days
        (n,) identifiers to look up, and the day of each.

    Returns
    -------
    LeadColumns
        n rows, in the order of *customers*; ``None`` where nothing was known on the day.
    """
    leads = columns_of(table, ids=ids)
    since = as_days(known_on, "known_on")
    if len(since) != len(leads):
        raise InputError(
            "there {rows:is|are} {rows} {rows:row|rows} of attributes and {days} "
            "{days:day|days} since when they are known; pass one of each",
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
    """Select rows of every column; -1 gives a missing value."""
    selected: dict[str, npt.NDArray[Any]] = {}
    for name, column in columns.items():
        array = np.asarray(column)
        if array.dtype.kind in "iu":
            array = array.astype(np.float64)
        if array.dtype.kind == "f":
            selected[name] = np.where(rows >= 0, array[rows], np.nan) if len(array) else array[:0]
            continue
        chosen = np.empty(len(rows), dtype=object)
        for i, row in enumerate(rows.tolist()):
            chosen[i] = None if row < 0 else array[row]
        selected[name] = chosen
    return selected

"""Sales lines of a table: decoded columns with a quality account."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import frozen

from abcxyz._arrays import Bools, DayLike, Days, Floats, Ints, as_day
from abcxyz.core.exact_sums import exact_parts
from abcxyz.core.sales.calendar import Window
from abcxyz.core.sales.transactions import Transactions
from abcxyz.tables.account import LineAccount

__all__ = ["LineColumns", "SalesLines"]

Codes = npt.NDArray[np.int32]


@frozen(eq=False, kw_only=True)
class LineColumns:
    """Decoded columns of n lines.

    Parameters
    ----------
    customer
        (n,) positions in *labels*; -1 where there is none.
    labels
        (k,) identifiers of the customers.
    day
        (n,) dates, NaT where there is none; with the unreadable ones, None for none.
    amount, cost
        (n,) money, NaN where there is none; with the unreadable ones, None for none. No cost if
        the table has none.
    document
        (n,) 64-bit keys of the documents.
    currency, name
        (n,) positions in the list beside it.
    line_of
        Positions -> numbers of the lines in the file.
    customer_cell, date_cell, amount_cell
        Position -> cell, for examples.
    total, respelled, swapped
        (n,) whether a line is a total, spells its customer otherwise than an earlier line, or had
        day and month exchanged by a spreadsheet; None for no line.
    """

    customer: Codes
    labels: npt.NDArray[Any]
    day: tuple[Days, Bools | None]
    amount: tuple[Floats, Bools | None]
    line_of: Callable[[Ints], Ints]
    customer_cell: Callable[[int], object]
    date_cell: Callable[[int], object]
    amount_cell: Callable[[int], object]
    cost: tuple[Floats, Bools | None] | None = None
    document: Ints | None = None
    currency: tuple[Codes, Sequence[str]] | None = None
    name: tuple[Codes, Sequence[str | None]] | None = None
    total: Bools | None = None
    respelled: Bools | None = None
    swapped: Bools | None = None


class SalesLines:
    """Customer, day, amount and cost of the lines of a table, with their quality account.

    Lines without a customer, a readable date or a readable amount are taken out of use in the
    account, and so are those dated on *as_of* or later.

    Parameters
    ----------
    columns
        The decoded columns.
    as_of
        Lines of this day and later are left out; None keeps every line.

    Attributes
    ----------
    account
        The quality account.
    """

    def __init__(self, columns: LineColumns, *, as_of: DayLike | None = None) -> None:
        self._columns = columns
        self._amount, bad_amounts = columns.amount
        self._day, bad_days = columns.day
        self._cost: Floats | None = None
        account = self.account = LineAccount(len(self._amount), columns.line_of)
        who = columns.customer_cell
        account.leave_out("total_row", columns.total, self._amount, who)
        account.leave_out("no_customer", columns.customer < 0, self._amount, who)
        account.leave_out("unreadable_date", bad_days, self._amount, columns.date_cell)
        ticks = self._day.view(np.int64)  # compared several at once; without a date the smallest
        account.leave_out("no_date", ticks == np.iinfo(np.int64).min, self._amount)
        account.leave_out("unreadable_amount", bad_amounts, None, columns.amount_cell)
        account.leave_out("no_amount", np.isnan(self._amount), None)
        if as_of is not None:
            first = np.datetime64(as_day(as_of, "as_of"), "D")
            late = ticks >= first.view(np.int64)
            account.leave_out("future_date", late, self._amount, columns.date_cell)
        account.note("respelled", columns.respelled, self._amount)
        account.note("swapped_date", columns.swapped, self._amount)
        if columns.cost is not None:
            cost, bad = columns.cost
            lacking = np.isnan(cost) if bad is None else np.isnan(cost) | bad
            account.note("no_cost", lacking, self._amount)
            self._cost = np.nan_to_num(cost)

    def currencies(self) -> tuple[dict[str, int], int]:
        """Return currency -> number of lines in use, and the zeros without one among these."""
        codes, currencies = self._currencies()
        used = self.account.used
        counts = np.bincount(codes[used] + 1, minlength=len(currencies))
        named: dict[str, int] = {}
        for code, count in zip(currencies, counts.tolist(), strict=True):
            if count:
                named[code] = named.get(code, 0) + count
        zeros = used & (self._amount == 0) & self._without_currency(codes, currencies)
        return named, int(np.count_nonzero(zeros))

    def convert(self, factor: Mapping[str, float], zeros: str) -> None:
        """Convert the money by currency -> factor; leave out the lines of other currencies.

        A zero without a currency takes the currency *zeros*.
        """
        codes, currencies = self._currencies()
        table = np.array([factor.get(one, np.nan) for one in currencies])
        factors = table[codes + 1]
        unmarked = (self._amount == 0) & self._without_currency(codes, currencies)
        factors[unmarked] = factor.get(zeros, np.nan)
        # A sum of several currencies is meaningless, so this issue has no amount.
        self.account.leave_out(
            "other_currency",
            np.isnan(factors),
            None,
            lambda place: currencies[codes[place] + 1],
        )
        factors = np.nan_to_num(factors, nan=1.0)
        self.account.note("converted", factors != 1.0, self._amount)
        self._amount = self._amount * factors
        self._cost = None if self._cost is None else self._cost * factors

    def _currencies(self) -> tuple[Codes, Sequence[str]]:
        """Return the codes of the currencies, and the currencies from the code -1 on."""
        assert self._columns.currency is not None
        codes, currencies = self._columns.currency
        return codes, ("", *currencies)

    @staticmethod
    def _without_currency(codes: Codes, currencies: Sequence[str]) -> Bools:
        empty = np.array([not one for one in currencies], dtype=bool)
        return np.asarray(empty[codes + 1])

    def money(self) -> list[float]:
        """Return the amount of the lines in use, as `exact_parts` does."""
        return exact_parts(self._amount[self._used()])

    def mark_customers(self, present: Bools) -> None:
        """Set to True the customers with lines in use, by position in the labels."""
        if not present.all():
            present[self._columns.customer[self._used()]] = True

    def note_signs(self) -> None:
        """Count zero and negative amounts, which stay in use."""
        self.account.note("zero", self._amount == 0, self._amount)
        self.account.note("negative", self._amount < 0, self._amount)

    def note_duplicates(self, lines: Bools | None) -> None:
        """Count lines that are equal to an earlier line in every column, which stay in use."""
        self.account.note("duplicate", lines, self._amount)

    def days_used(self) -> tuple[date, date] | None:
        """Return the days of the first and the last line in use; None without lines in use."""
        days = self._day[self._used()].view(np.int64)  # compared several at once
        if not len(days):
            return None
        first, last = np.array([days.min(), days.max()]).view("M8[D]").tolist()
        return first, last

    def outside(self, window: Window) -> tuple[int, list[float]]:
        """Return the number of lines in use outside a window, and their money as `money` does."""
        outside = self.account.used & ~window.holds(self._day)
        return int(np.count_nonzero(outside)), exact_parts(self._amount[outside])

    def transactions(self, *, documents: bool = True) -> Transactions:
        """Return the lines in use, whose customers are positions in the labels.

        Parameters
        ----------
        documents
            Whether to keep the documents; without them every line is a document.
        """
        columns = self._columns
        used = self._used()
        document = columns.document if documents else None
        return Transactions(
            columns.customer[used],
            self._day[used],
            self._amount[used],
            None if self._cost is None else self._cost[used],
            None if document is None else document[used],
            columns.labels,
        )

    def _used(self) -> slice | Bools:
        """Return which lines are in use; all of them as a slice, which copies nothing."""
        used = self.account.used
        return slice(None) if used.all() else used

    def mark_names(self, last: Codes) -> None:
        """Set the last name of each customer in use: positions of names by those of labels."""
        if self._columns.name is None:
            return
        codes, names = self._columns.name
        known = np.append(np.array([one is not None for one in names], dtype=bool), False)
        rows = self.account.used & known[codes]
        last[self._columns.customer[rows]] = codes[rows]  # of several lines the last one stays

    def names(self) -> dict[Any, str]:
        """Return the last name of each customer in use."""
        last = np.full(len(self._columns.labels), -1, np.int32)
        self.mark_names(last)
        return self.naming(last)()

    def naming(self, last: Codes) -> Callable[[], dict[Any, str]]:
        """Return a function for the last name of each customer in use; it does not hold the lines.

        Parameters
        ----------
        last
            (k,) positions of the names, set by `mark_names` of all lines.
        """
        if self._columns.name is None:
            return dict
        return partial(_names, self._columns.labels, self._columns.name[1], last)


def _names(labels: npt.NDArray[Any], names: Sequence[str | None], last: Codes) -> dict[Any, str]:
    found = np.flatnonzero(last >= 0)
    who = labels[found].tolist()
    return {one: str(names[code]) for one, code in zip(who, last[found].tolist(), strict=True)}

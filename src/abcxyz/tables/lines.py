"""Sales lines of a table: decoded columns with a quality account."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import evolve, frozen

from abcxyz._arrays import Bools, DayLike, Days, Floats, Ints, as_day
from abcxyz.core.sales.calendar import Window
from abcxyz.core.sales.transactions import Transactions
from abcxyz.tables.account import LineAccount
from abcxyz.tables.scan.line_store import repeated

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
    hashes
        (n,) hashes of the lines over all columns, for duplicates.
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
    hashes: npt.NDArray[np.uint64] | None = None
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
        account.leave_out("no_date", np.isnat(self._day), self._amount)
        account.leave_out("unreadable_amount", bad_amounts, None, columns.amount_cell)
        account.leave_out("no_amount", np.isnan(self._amount), None)
        if as_of is not None:
            late = self._day >= np.datetime64(as_day(as_of, "as_of"))
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

    @property
    def money(self) -> float:
        """Amount of the lines in use."""
        return float(np.sum(self._amount, where=self.account.used))

    @property
    def customers_used(self) -> int:
        """Number of customers with lines in use."""
        present = np.zeros(len(self._columns.labels), dtype=bool)
        present[self._columns.customer[self.account.used]] = True
        return int(np.count_nonzero(present))

    def note_signs(self) -> None:
        """Count zero and negative amounts, which stay in use."""
        self.account.note("zero", self._amount == 0, self._amount)
        self.account.note("negative", self._amount < 0, self._amount)

    def note_duplicates(self) -> None:
        """Count lines that are equal to an earlier line in every column, which stay in use."""
        columns = self._columns
        if columns.hashes is None:
            return
        rows = repeated(columns.hashes)
        if not len(rows):
            return
        # Equal hashes are no proof: the columns must be equal, too.
        parts: list[npt.NDArray[np.generic]] = [columns.hashes, columns.customer, self._day]
        parts.append(self._amount.view(np.int64))
        parts += [] if columns.document is None else [columns.document]
        order = np.lexsort([rows, *(part[rows] for part in parts)])
        ordered = rows[order]
        same = np.ones(len(rows) - 1, dtype=bool)
        for part in parts:
            values = part[ordered]
            if values.dtype.kind == "M":
                values = values.view(np.int64)
            same &= values[1:] == values[:-1]
        again = np.zeros(len(self._amount), dtype=bool)
        again[ordered[1:][same]] = True
        self.account.note("duplicate", again, self._amount)

    def days_used(self) -> tuple[date, date] | None:
        """Return the days of the first and the last line in use; None without lines in use."""
        used = self.account.used
        days = self._day if used.all() else self._day[used]
        return (days.min().item(), days.max().item()) if len(days) else None

    def outside(self, window: Window) -> tuple[int, float]:
        """Return the number of lines in use outside a window, and their money."""
        outside = self.account.used & ~window.holds(self._day)
        return int(np.count_nonzero(outside)), float(np.sum(self._amount[outside]))

    def transactions(self) -> Transactions:
        """Return the lines in use; customers are positions in the labels."""
        columns = self._columns
        return self._in_use(columns.customer, columns.document)

    def _in_use(self, customer: Codes, document: Ints | None) -> Transactions:
        used: slice | Bools = self.account.used
        if self.account.used.all():
            used = slice(None)  # which copies nothing
        lines = Transactions(customer[used], self._day[used], self._amount[used])
        return evolve(
            lines,
            cost=None if self._cost is None else self._cost[used],
            document=None if document is None else document[used],
        )

    def by_appearance(self) -> tuple[Transactions, Ints, Ints]:
        """Return the lines in use, with customers numbered by their first line in use.

        Returns
        -------
        transactions : Transactions
            The lines; they have no documents where every line is a document of its own.
        places : numpy.ndarray
            (k,) position in the labels of every number.
        lines : numpy.ndarray
            (k,) number in the file of the first line in use of every number.
        """
        columns = self._columns
        used = np.flatnonzero(self.account.used)
        codes = columns.customer if len(used) == len(self._amount) else columns.customer[used]
        first = np.full(len(columns.labels), len(codes), np.int64)
        first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
        present = np.flatnonzero(first < len(codes))
        places = present[np.argsort(first[present])]
        numbers = np.zeros(len(columns.labels), np.int32)
        numbers[places] = np.arange(len(places))
        document = columns.document
        if document is not None and _are_distinct(document):
            document = None
        transactions = self._in_use(numbers[columns.customer], document)
        return transactions, places, columns.line_of(used[first[places]])

    def names(self) -> dict[int, str]:
        """Return the last name of each customer in use, by position in the labels."""
        if self._columns.name is None:
            return {}
        codes, names = self._columns.name
        known = np.append(np.array([one is not None for one in names], dtype=bool), False)
        rows = np.flatnonzero(self.account.used & known[codes])
        last = dict(zip(self._columns.customer[rows].tolist(), codes[rows].tolist(), strict=True))
        return {customer: str(names[code]) for customer, code in last.items()}


def _are_distinct(keys: Ints) -> bool:
    ordered = np.sort(keys)
    return not bool((ordered[1:] == ordered[:-1]).any())

"""Sales lines of a table: cells parsed by role, with a quality account."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from abcxyz._arrays import Bools, Floats
from abcxyz.core.sales.transactions import Transactions
from abcxyz.tables.account import LineAccount
from abcxyz.tables.cells import read_amounts, read_days, read_ids, swapped_days, where
from abcxyz.tables.values.ids import id_form, parse_ids, respelled
from abcxyz.tables.values.totals import total_cells

__all__ = ["SalesLines"]


class SalesLines:
    """Customer, day, amount and cost of every line of a table.

    Lines without a customer, a readable date or a readable amount are taken out of use in the
    account, and so are those dated on *as_of* or later.

    Parameters
    ----------
    frame
        The table.
    columns
        Role -> column.
    first_line
        Number of the first line, for the examples of the account; None where the index of the
        table holds the numbers of its lines.
    as_of
        Lines of this day and later are left out; None keeps every line.
    date_format, decimal
        As in `abcxyz.tables.sales.read_sales`.

    Attributes
    ----------
    account
        The quality account.
    amount
        (rows,) amounts, NaN where unreadable.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        columns: Mapping[str, str],
        *,
        first_line: int | None = None,
        as_of: date | None = None,
        date_format: str | None = None,
        decimal: str | None = None,
    ) -> None:
        self._frame, self._columns = frame, columns
        self._numbers = (
            frame.index.to_numpy() if first_line is None else first_line + np.arange(len(frame))
        )
        self.account = LineAccount(len(frame), self._numbers)
        days, amounts = frame[columns["date"]], frame[columns["amount"]]
        self._customer = read_ids(frame[columns["customer"]], name=columns["customer"])
        self._day, bad_days = read_days(days, date_format=date_format, name=columns["date"])
        self.amount, bad_money = read_amounts(amounts, decimal=decimal, name=columns["amount"])
        ids = frame[columns["customer"]]
        self.account.leave_out("total_row", self._totals(), self.amount, ids)
        self.account.leave_out("no_customer", pd.isna(self._customer), self.amount, ids)
        self.account.leave_out("unreadable_date", bad_days, self.amount, days)
        self.account.leave_out("no_date", np.isnat(self._day), self.amount)
        self.account.leave_out("unreadable_amount", bad_money, None, amounts)
        self.account.leave_out("no_amount", np.isnan(self.amount), None)
        if as_of is not None:
            late = self._day >= np.datetime64(as_of)
            self.account.leave_out("future_date", late, self.amount, days)
        spelled = where(ids, lambda cells: respelled(cells, parse_ids(cells, id_form(cells))))
        self.account.note("respelled", spelled, self.amount)
        exchanged = swapped_days(days, date_format=date_format)
        self.account.note("swapped_date", exchanged, self.amount)
        self._cost: Floats | None = None
        if "cost" in columns:
            cost, bad_cost = read_amounts(
                frame[columns["cost"]], decimal=decimal, name=columns["cost"]
            )
            self.account.note("no_cost", np.isnan(cost) | bad_cost, self.amount)
            self._cost = np.nan_to_num(cost)

    def _totals(self) -> Bools:
        """Return which lines are marked as a total in a column of text."""
        totals = np.zeros(len(self._frame), dtype=bool)
        for role in ("customer", "date", "document", "name"):
            if role in self._columns:
                totals |= where(self._frame[self._columns[role]], total_cells)
        return totals

    def convert(self, factors: Floats) -> None:
        """Multiply amounts and costs by (rows,) *factors*."""
        self.account.note("converted", factors != 1.0, self.amount)
        self.amount = self.amount * factors
        self._cost = None if self._cost is None else self._cost * factors

    def note_signs(self) -> None:
        """Count zero and negative amounts, which stay in use."""
        self.account.note("zero", self.amount == 0, self.amount)
        self.account.note("negative", self.amount < 0, self.amount)

    def transactions(self) -> Transactions:
        """Return the lines in use."""
        used = self.account.used
        return Transactions(
            self._customer[used],
            self._day[used],
            self.amount[used],
            None if self._cost is None else self._cost[used],
            self._documents(),
        )

    def _documents(self) -> npt.NDArray[Any] | None:
        if "document" not in self._columns:
            return None
        heading = self._columns["document"]
        documents = read_ids(self._frame[heading], name=heading)[self.account.used]
        blank = pd.isna(documents)
        if blank.any():
            # Each line without a document counts as a document, as in a table without documents.
            documents[blank] = [f"\0line {self._numbers[i]}" for i in np.flatnonzero(blank)]
        return documents

    def names(self) -> dict[str, str]:
        """Return the last name of each customer; empty without a column of names."""
        if "name" not in self._columns:
            return {}
        used = self.account.used
        heading = self._columns["name"]
        names = read_ids(self._frame[heading], name=heading)[used]
        pairs = pd.DataFrame({"id": self._customer[used], "name": names}, dtype=object).dropna()
        last = pairs.drop_duplicates("id", keep="last")
        return dict(zip(last["id"], last["name"], strict=True))

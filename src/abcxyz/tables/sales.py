"""Sales read from a file, with a data quality account."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd
from attrs import evolve, field, frozen

from abcxyz._arrays import frozen_map
from abcxyz.core.sales.calendar import Window
from abcxyz.core.sales.quality import Quality
from abcxyz.core.sales.transactions import Transactions
from abcxyz.tables.account import nothing_usable, outside_window
from abcxyz.tables.cells import distinct
from abcxyz.tables.columns.choice import choose_by_cells
from abcxyz.tables.columns.notices import notices_of
from abcxyz.tables.currencies import (
    choose_currency,
    has_currency_signs,
    read_currency,
    refuse_choice,
    with_zeros,
)
from abcxyz.tables.lines import SalesLines
from abcxyz.tables.read import open_table

__all__ = ["Sales", "read_sales"]


@frozen(eq=False)
class Sales:
    """Sales of a file, with its data quality account.

    Parameters
    ----------
    transactions
        The usable lines.
    quality
        The data quality account.
    columns
        Role to the column in the file.
    names
        Customer to name, where the file has both.
    """

    transactions: Transactions
    quality: Quality
    columns: Mapping[str, str] = field(converter=frozen_map)
    names: Mapping[str, str] = field(factory=dict, converter=frozen_map)

    def account(self, window: Window) -> Quality:
        """Return the account with the lines outside a window added as an issue."""
        issues = outside_window(self.transactions, window)
        return evolve(self.quality, issues=(*self.quality.issues, *issues))

    @property
    def first_day(self) -> date | None:
        """Day of the earliest usable line."""
        return self.transactions.day.min().item() if len(self.transactions) else None

    @property
    def last_day(self) -> date | None:
        """Day of the latest usable line."""
        return self.transactions.day.max().item() if len(self.transactions) else None


def read_sales(
    path: str | PathLike[str],
    *,
    customer: str | None = None,
    date: str | None = None,
    amount: str | None = None,
    document: str | None = None,
    cost: str | None = None,
    name: str | None = None,
    currency_column: str | None = None,
    currency: str | None = None,
    rates: Mapping[str, float] | None = None,
    as_of: date | None = None,
    date_format: str | None = None,
    decimal: str | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    sheet: str | int | None = None,
) -> Sales:
    """Read sales from CSV (also gzipped), Parquet or Excel.

    Parameters
    ----------
    path
        The file.
    customer, date, amount, document, cost, name, currency_column
        Names of the columns; None recognises a column by its usual names, English and Russian.
    currency
        Currency to select; with *rates*, the currency to convert to.
    rates
        Currency to its price in the currency of the result.
    as_of
        Lines of this day and later are left out as future ones; None keeps every line.
    date_format
        Format of :func:`time.strptime` for unusual dates.
    decimal
        Decimal mark; None detects it.
    delimiter, encoding
        Field separator and encoding of a CSV; None detects them.
    sheet
        Name or position of a workbook's sheet.

    Returns
    -------
    Sales
        Usable lines, quality account, columns and names.

    Raises
    ------
    InputError
        The file cannot be read, a column is not recognised, several currencies are mixed, or no
        line is usable.

    Notes
    -----
    Zero amounts, returns and exact duplicates are counted and stay in use: real ledgers have
    identical lines, and returns are part of the sales. Only lines without a customer, a date or
    an amount, or dated in the future, are left out.
    """
    file = Path(path)
    table = open_table(file, delimiter=delimiter, encoding=encoding, sheet=sheet)
    batches = list(table.batches())
    frame = batches[0] if len(batches) == 1 else pd.concat(batches)
    named = {
        "customer": customer,
        "date": date,
        "amount": amount,
        "document": document,
        "cost": cost,
        "name": name,
        "currency": currency_column,
    }
    choices = choose_by_cells(list(frame.columns), named, file.name, frame)
    columns = choices.columns
    lines = SalesLines(
        frame,
        columns,
        as_of=as_of,
        date_format=date_format,
        decimal=decimal,
    )
    _leave_one_currency(frame, columns, lines, currency, rates or {}, file.name)
    lines.note_signs()
    lines.account.note("duplicate", frame.duplicated(keep="first").to_numpy(), lines.amount)
    if not lines.account.used.any():
        raise nothing_usable(file.name, lines.account.quality(), columns)
    quality = lines.account.quality()
    sales = lines.transactions()
    notices = notices_of(
        quality, float(sales.amount.sum()), len(set(sales.customer)), columns["customer"]
    )
    quality = evolve(
        quality,
        remarks=[*table.remarks, *choices.remarks],
        notices=[*choices.notices, *notices],
    )
    return Sales(sales, quality, columns, lines.names())


def _leave_one_currency(
    frame: pd.DataFrame,
    columns: Mapping[str, str],
    lines: SalesLines,
    target: str | None,
    rates: Mapping[str, float],
    where: str,
) -> None:
    """Leave out or convert the lines of other currencies, or raise an error."""
    if "currency" in columns:
        written = read_currency(frame[columns["currency"]])
    elif has_currency_signs(frame[columns["amount"]]):
        written = read_currency(frame[columns["amount"]], in_amounts=True)
    else:
        refuse_choice(where, target, rates)
        return
    written = with_zeros(written, lines.amount, target)
    codes, currencies = distinct(pd.Series(written[lines.account.used]))
    counts = np.bincount(codes, minlength=len(currencies)).tolist()
    factor = choose_currency(
        dict(zip(currencies, counts, strict=True)), target=target, rates=rates, where=where
    )
    if factor is None:
        return
    factors = pd.Series(written).map(factor).to_numpy(float)
    # A sum of several currencies is meaningless, so this issue has no amount.
    lines.account.leave_out("other_currency", np.isnan(factors), None, pd.Series(written))
    lines.convert(np.nan_to_num(factors, nan=1.0))

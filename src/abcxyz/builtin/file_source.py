"""Source of transactions that reads a file of sales."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from types import MappingProxyType
from typing import Any

import numpy as np

from abcxyz.core.sales.calendar import Window
from abcxyz.core.sales.quality import Quality
from abcxyz.core.sales.transactions import Transactions
from abcxyz.tables.sales import read_sales

__all__ = ["FileSource"]

_BATCH = 1_000_000  # lines


class FileSource:
    """Source of transactions from a file of sales.

    Parameters
    ----------
    path
        The file, a list of files, a folder or a pattern: CSV, Parquet, JSON lines or a workbook,
        also packed.
    customer, date, amount, document, cost, name, currency_column
        Names of the columns; None recognises a column by its usual names.
    currency, rates, date_format, decimal, delimiter, encoding, sheet
        As in `read_sales`.
    skip_rows, header_rows, fill_down, melt, unpack_limit
        As in `read_sales`.

    Notes
    -----
    The file is read at each call of `transactions`, so that changes of the file are seen.
    """

    def __init__(
        self,
        path: str | PathLike[str] | Sequence[str | PathLike[str]],
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
        date_format: str | None = None,
        decimal: str | None = None,
        delimiter: str | None = None,
        encoding: str | None = None,
        sheet: str | int | None = None,
        skip_rows: int | None = None,
        header_rows: int | None = None,
        fill_down: Sequence[str] | None = None,
        melt: Sequence[str] | None = None,
        unpack_limit: float | None = None,
    ) -> None:
        self._path = path
        self._options: dict[str, Any] = {
            "customer": customer,
            "date": date,
            "amount": amount,
            "document": document,
            "cost": cost,
            "name": name,
            "currency_column": currency_column,
            "currency": currency,
            "rates": rates,
            "date_format": date_format,
            "decimal": decimal,
            "delimiter": delimiter,
            "encoding": encoding,
            "sheet": sheet,
            "skip_rows": skip_rows,
            "header_rows": header_rows,
            "fill_down": fill_down,
            "melt": melt,
            "unpack_limit": unpack_limit,
        }
        self._quality: Quality | None = None
        self._names: Mapping[str, str] = MappingProxyType({})

    def transactions(self, window: Window) -> Iterator[Transactions]:
        """Yield every sale of the half-open *window*, each exactly once, in batches."""
        sales = read_sales(self._path, **self._options)
        self._quality, self._names = sales.account(window), sales.names
        inside = sales.transactions.within(window)
        for start in range(0, len(inside), _BATCH):
            yield inside.take(np.arange(start, min(start + _BATCH, len(inside))))

    def preflight(self) -> Sequence[str]:
        """Read the file, and return a description of its content."""
        sales = read_sales(self._path, **self._options)
        quality = sales.quality
        columns = ", ".join(f"{role} = {column}" for role, column in sales.columns.items())
        return [
            f"{self._path}: {quality.used} / {quality.rows}, {sales.first_day} - {sales.last_day}",
            columns,
        ]

    def data_quality(self) -> Quality | None:
        """Return the account of the whole file; None before it was read."""
        return self._quality

    def customer_names(self) -> Mapping[str, str]:
        """Return customer to name; empty before the file was read."""
        return self._names

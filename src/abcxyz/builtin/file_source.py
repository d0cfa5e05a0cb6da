"""Source of transactions that reads a file of sales."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from types import MappingProxyType
from typing import Any

from abcxyz.core.sales.calendar import Window
from abcxyz.core.sales.quality import Quality
from abcxyz.core.sales.transactions import Transactions
from abcxyz.plugins import ProgressCallback
from abcxyz.tables.file_reading import MEMORY, FileReading

__all__ = ["FileSource"]


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
    memory
        Memory limit of the process, such as ``500MB``; lines that do not fit go to files.
    spill
        Directory for these files; None for the system's.

    Notes
    -----
    The file is read at each call of `transactions`, so that changes of the file are seen. Sales
    of the end of the window and later are counted as future ones.
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
        memory: str = MEMORY,
        spill: str | None = None,
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
            "memory": memory,
            "spill": spill,
        }
        self._progress: ProgressCallback | None = None
        self._quality: Quality | None = None
        self._names: Mapping[str, str] = MappingProxyType({})

    def transactions(self, window: Window) -> Iterator[Transactions]:
        """Yield every sale of the half-open *window*, each exactly once, in batches."""
        self._quality, self._names = None, MappingProxyType({})
        reading = FileReading(
            self._path, as_of=window.until, progress=self._advance, **self._options
        )
        for batch in reading.transactions(window):
            yield batch.within(window)
        self._quality, self._names = reading.quality, reading.names

    def _advance(self, lines: int) -> None:
        if self._progress is not None:
            self._progress(lines, 0)

    def report_progress(self, callback: ProgressCallback) -> None:
        """Set a callback with the number of lines read."""
        self._progress = callback

    def preflight(self) -> Sequence[str]:
        """Read the first lines, and return a description of them and of the columns."""
        return FileReading(self._path, **self._options).preflight()

    def data_quality(self) -> Quality | None:
        """Return the account of the whole file; None before it was read."""
        return self._quality

    def customer_names(self) -> Mapping[str, str]:
        """Return customer to name; empty before the file was read."""
        return self._names

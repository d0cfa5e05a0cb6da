"""Sales read from a file, with a data quality account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import chain
from os import PathLike
from typing import Any

import numpy as np
from attrs import evolve, field, frozen

from abcxyz._arrays import DayLike, as_day, frozen_map
from abcxyz.core.exact_sums import sum_of_parts
from abcxyz.core.sales.calendar import Window
from abcxyz.core.sales.quality import Quality
from abcxyz.core.sales.transactions import Transactions, concat
from abcxyz.tables.account import AccountSums, account_of, check_account, issue_of, outside_window
from abcxyz.tables.columns.choice import ColumnChoices, choose_by_cells
from abcxyz.tables.columns.notices import notices_of
from abcxyz.tables.containers.paths import Files
from abcxyz.tables.currencies import choose_currency, refuse_choice, with_zeros
from abcxyz.tables.line_part import LinePart
from abcxyz.tables.lines import SalesLines
from abcxyz.tables.read import open_sales_table
from abcxyz.tables.shapes.undated import is_dated
from abcxyz.tables.table import MemoryTable, first_rows
from abcxyz.tables.table_scan import TableScan
from abcxyz.toolkit.parsing import parse_megabytes
from abcxyz.toolkit.temporary import spill_directory

__all__ = ["Sales", "SalesScan", "read_sales", "scan_sales"]

_LIBRARIES = 500.0  # megabytes of the interpreter and the loaded libraries


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
    as_of: DayLike | None = None,
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
) -> Sales:
    """Read sales from CSV, Parquet, JSON lines or a workbook, also packed.

    Parameters
    ----------
    path
        The file, or several; a folder and a pattern stand for their files.
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
        Name or position of a workbook's sheet; ``all`` reads all sheets, None finds those with
        a table.
    skip_rows, header_rows, fill_down, melt
        Shape of the table, as in `~abcxyz.tables.layout.options.ShapeOptions`.
    unpack_limit
        Gigabytes that a packed file or a workbook may unpack to; None refuses 8 GB, and 1 GB at
        more than 100 times the size of the file.

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
    with scan_sales(
        path,
        customer=customer,
        date=date,
        amount=amount,
        document=document,
        cost=cost,
        name=name,
        currency_column=currency_column,
        currency=currency,
        rates=rates,
        as_of=as_of,
        date_format=date_format,
        decimal=decimal,
        delimiter=delimiter,
        encoding=encoding,
        sheet=sheet,
        skip_rows=skip_rows,
        header_rows=header_rows,
        fill_down=fill_down,
        melt=melt,
        unpack_limit=unpack_limit,
        all_documents=True,
    ) as scan:
        coded = concat(batch for part in scan.parts() for batch in part)
        transactions = evolve(coded, customer=coded.identifiers, labels=None)
        return Sales(transactions, scan.quality, scan.columns, scan.names())


class SalesScan:
    """Sales of a file, coded and checked, in one part or in several past a memory budget.

    Parameters
    ----------
    scan
        The lines.
    choices
        The columns, with their reasons.
    where
        Name of the file, for messages.
    as_of
        Lines of this day and later are left out; None keeps every line.
    currency, rates
        As in `scan_sales`.
    dated
        Whether the table has dates; without them the lines are sums per customer.

    Attributes
    ----------
    labels
        (k,) identifiers of the customers.
    spilled, part_count
        Whether the lines are in files, and the number of parts, to which customers are dealt.
    names
        Function that returns customer -> name, of the parts read so far.
    first_day, last_day
        Days of the earliest and the latest usable line read so far.
    """

    def __init__(
        self,
        scan: TableScan,
        choices: ColumnChoices,
        where: str,
        *,
        as_of: DayLike | None = None,
        currency: str | None = None,
        rates: Mapping[str, float] | None = None,
        dated: bool = True,
    ) -> None:
        self._scan, self._where, self.dated = scan, where, dated
        self._as_of = None if as_of is None else as_day(as_of, "as_of")
        self._choices = choices.without(scan.left)
        self.columns = self._choices.columns
        self.labels, self.spilled, self.part_count = scan.labels, scan.spilled, scan.part_count
        self._money, self._present = list[float](), np.zeros(len(self.labels), dtype=bool)
        self._zeros = ""
        self._factor = self._choose(currency, rates or {})
        self._accounts: list[AccountSums] = []
        self.names: Callable[[], dict[str, str]] = dict
        self._last_names = np.full(len(self.labels), -1, np.int32)
        self.first_day, self.last_day = date.max, date.min
        self._lines_outside, self._money_outside = 0, list[float]()

    def _choose(
        self, currency: str | None, rates: Mapping[str, float]
    ) -> Mapping[str, float] | None:
        if not self._scan.has_currencies:
            refuse_choice(self._where, currency, rates)
            return None
        counts: Counter[str] = Counter()
        zeros = 0
        for columns in chain.from_iterable(self._scan.parts()):
            named, unmarked = SalesLines(columns, as_of=self._as_of).currencies()
            counts.update(named)
            zeros += unmarked
        shifted, self._zeros = with_zeros(counts, zeros, currency)
        return choose_currency(shifted, target=currency, rates=rates, where=self._where)

    def parts(
        self,
        window: Window | None = None,
        *,
        future_alone: bool = False,
    ) -> Iterator[Iterator[Transactions]]:
        """Yield the usable lines, once: all lines of a customer are in the same part.

        Parameters
        ----------
        window
            Window outside of which lines are counted in the account.
        future_alone
            Whether a file may have future lines only.

        Yields
        ------
        iterator of Transactions
            Batches of lines, which share their labels.

        Raises
        ------
        InputError
            After the last part: no line is usable, or the sums of groups are among the lines.
        """
        for part in self._scan.parts(last=True):
            yield self._batches(part, window)
        future = any("future_date" in account.counts for account in self._accounts)
        if not (future_alone and future and not self.quality.used):
            check_account(self._where, self.quality, self.columns, sum_of_parts(self._money))

    def _batches(self, part: LinePart, window: Window | None) -> Iterator[Transactions]:
        documents = self._scan.all_documents or part.has_repeated_documents()
        for again, columns in zip(part.take_duplicates(), part, strict=True):
            lines = SalesLines(columns, as_of=self._as_of)
            if self._factor is not None:
                lines.convert(self._factor, self._zeros)
            lines.note_signs()
            lines.note_duplicates(again)
            self._note(lines, window)
            yield lines.transactions(documents=documents)

    def _note(self, lines: SalesLines, window: Window | None) -> None:
        self._accounts.append(lines.account.sums())  # the lines of a part are freed after it
        self._money += lines.money()
        lines.mark_customers(self._present)
        lines.mark_names(self._last_names)
        self.names = lines.naming(self._last_names)
        span = lines.days_used()
        if span is not None:
            first, last = span
            self.first_day = min(first, self.first_day)
            self.last_day = max(last, self.last_day)
        if window is not None:
            count, amount = lines.outside(window)
            self._lines_outside += count
            self._money_outside += amount

    @property
    def quality(self) -> Quality:
        """The quality account of the parts read so far."""
        account = account_of(self._accounts)
        column, customers = self.columns["customer"], int(np.count_nonzero(self._present))
        notices = notices_of(account, sum_of_parts(self._money), customers, column)
        account = evolve(
            account,
            remarks=[*self._scan.remarks, *self._choices.remarks],
            notices=[*self._choices.notices, *notices],
        )
        count, money = self._lines_outside, sum_of_parts(self._money_outside)
        issues = [issue_of("outside_window", count, money)] if count else []
        return evolve(account, issues=(*account.issues, *issues))


@contextmanager
def scan_sales(
    path: Files,
    *,
    memory: str | None = None,
    spill: str | PathLike[str] | None = None,
    progress: Callable[[int], None] | None = None,
    as_of: DayLike | None = None,
    currency: str | None = None,
    rates: Mapping[str, float] | None = None,
    undated: date | None = None,
    beginning: bool = False,
    all_documents: bool = False,
    **reading: Any,
) -> Iterator[SalesScan]:
    """Read a file of sales in one pass.

    Parameters
    ----------
    path
        The file.
    memory
        Memory limit of the process, such as ``2GB``: what does not fit goes to temporary files;
        None for no limit.
    spill
        Directory for temporary files; None for the system's.
    progress
        Callback with the number of lines read.
    as_of, currency, rates, reading
        As in `read_sales`.
    undated
        Day of the sales of a table that has sums per customer and no dates; None refuses it.
    beginning
        Whether to read the first rows only, at most `abcxyz.tables.table.SAMPLE`.
    all_documents
        Whether to keep documents of which each has one line; by default every line is a document
        then.

    Raises
    ------
    InputError
        As in `read_sales`.
    """
    budget = None if memory is None else _lines_budget(memory)
    table, named = open_sales_table(path, undated=undated, **reading)
    first, dated = first_rows(table), is_dated(table)
    choices = choose_by_cells(table.columns, named, table.where, first)
    columns = choices.columns
    if beginning and first is not None:
        table = MemoryTable(table.where, first, table.remarks)
    scan = TableScan(
        table,
        columns,
        date_format=reading.get("date_format"),
        decimal=reading.get("decimal"),
        budget=budget,
        folder=spill_directory(spill),
        progress=progress,
        optional=() if named.get("cost") else ("cost",),
        all_documents=all_documents,
    )
    try:
        yield SalesScan(
            scan,
            choices,
            table.where,
            as_of=as_of,
            currency=currency,
            rates=rates,
            dated=dated,
        )
    finally:
        scan.close()


def _lines_budget(memory: str) -> float:
    """Return the bytes of lines that fit: the sums need as much again, twice."""
    return max(0.1, (parse_megabytes(memory) - _LIBRARIES) / 3) * 1e6

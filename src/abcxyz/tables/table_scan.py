"""One pass over a table: columns coded batch by batch, their forms decided at the end."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Bools, Days, Floats, Ints, freeze
from abcxyz._collection import free_arrays_at_once, free_memory
from abcxyz.errors import InputError
from abcxyz.tables.cells import read_amounts, read_days, read_distinct_ids
from abcxyz.tables.currencies import has_currency_signs, read_currency
from abcxyz.tables.line_part import LinePart
from abcxyz.tables.lines import LineColumns
from abcxyz.tables.scan.columns import (
    CellTable,
    Column,
    NotPlainError,
    column_of,
    line_hashes,
    without_gaps,
)
from abcxyz.tables.scan.hashing import CellHashes, HashCollisionError
from abcxyz.tables.scan.line_store import Arrays, LineStore, Owners, marked_lines
from abcxyz.tables.scan.moments import NO_DAY, day_numbers
from abcxyz.tables.scan.rising import RisingNumbers
from abcxyz.tables.scan.total_rows import mark_total_rows
from abcxyz.tables.table import Batch, Table
from abcxyz.tables.values.columns import distinct, objects
from abcxyz.tables.values.days import day_form, exchanged_cells
from abcxyz.tables.values.ids import are_plain, respelled
from abcxyz.tables.values.totals import may_hold_totals, total_cells

__all__ = ["TableScan"]

_MANY_DAYS = 40_000  # distinct dates from which they must be moments
_MANY_LINES = 2_000_000  # a table of more is no report with totals
_MONEY = ("amount", "cost")
#: Roles whose cells mark total rows.
_LABELLED = ("customer", "date", "document", "name")


class TableScan:
    """Lines of a table, with their columns coded.

    Numbers and moments that are written plainly are parsed batch by batch; of all other columns
    the distinct cells are collected, and parsed at the end, when all of them are known. A column
    that turns out not to be plain is read again.

    Parameters
    ----------
    table
        The table.
    roles
        Role -> column.
    date_format, decimal
        As in `abcxyz.tables.sales.read_sales`.
    duplicates
        Whether to hash the lines over all columns.
    budget, folder
        As in `abcxyz.tables.scan.line_store.LineStore`.
    progress
        Callback with the number of lines read.
    optional
        Roles of money whose column is left where its decimal mark stays open.
    all_documents
        Whether to keep the documents also where each has one line.

    Attributes
    ----------
    left
        Roles of such columns.
    labels
        (k,) identifiers of the customers, in the order of their first usable line.
    """

    def __init__(
        self,
        table: Table,
        roles: Mapping[str, str],
        *,
        date_format: str | None = None,
        decimal: str | None = None,
        duplicates: bool = True,
        budget: float | None = None,
        folder: str | None = None,
        progress: Callable[[int], None] | None = None,
        optional: Collection[str] = (),
        all_documents: bool = True,
    ) -> None:
        self.all_documents = all_documents
        self.left = set[str]()
        self._optional = optional
        self._table, self._roles = table, dict(roles)
        self._date_format, self._decimal = date_format, decimal
        self._duplicates = duplicates
        self._progress = progress
        self._hashing = CellHashes()
        self._modes = {**dict.fromkeys(_MONEY, "plain"), "document": "rising"}
        if decimal not in (None, "."):
            self._modes |= dict.fromkeys(_MONEY, "cells")
        self._modes["date"] = "cells"
        self._moments = date_format is None
        while True:
            self._store = LineStore(budget, folder)
            try:
                self._read()
                break
            except NotPlainError as problem:
                self._modes[problem.role] = problem.mode
                if problem.role == "date" and problem.mode == "cells":
                    self._moments = False
            except HashCollisionError:
                self._hashing = CellHashes(secrets.randbits(128))
            except BaseException:
                self._store.close()
                raise
            self._store.close()
        del self._owners
        for cells in self._cells.values():
            cells.finish()
        if self.spilled:
            free_arrays_at_once()
            free_memory()  # of the batches: the sums need it
        self._decide()

    def _read(self) -> None:
        self._cells = {role: CellTable(self._hashing) for role in self._roles}
        self._owners = Owners(
            self._cells["customer"].cells, lambda cells: read_distinct_ids(cells, "customer")
        )
        self._points = dict.fromkeys(_MONEY, (False, False))
        self._total_codes: set[int] = set()
        self._typed_documents: bool | None = None
        looked_for = self._duplicates and "document" in self._roles
        rising = looked_for and self._modes["document"] == "rising"
        self._rising = RisingNumbers() if rising else None
        self._gaps = False  # whether a line has no document
        wanted = None if self._duplicates else list(dict.fromkeys(self._roles.values()))
        for batch in self._table.batches(wanted):
            if not len(batch):
                continue
            columns = [column_of(cells) for cells in batch.cells]
            headings = batch.names
            lines = batch.lines.astype(np.uint32, copy=False)
            if self._modes["date"] == "cells":
                place = headings.index(self._roles["date"])
                columns[place] = columns[place].encoded()
            rises = self._rises(batch)
            chunk = self._coded(
                {role: columns[headings.index(name)] for role, name in self._roles.items()}, lines
            )
            chunk["line"] = lines
            if self._store.rows < _MANY_LINES:
                read = self._roles.values()
                others = [
                    one for one, name in zip(columns, headings, strict=True) if name not in read
                ]
                self._total_codes |= mark_total_rows(
                    chunk["customer"], self._cells["customer"], others, total_cells
                )
            if self._duplicates and not rises:
                chunk["hash"] = line_hashes(columns, self._hashing)
            self._store.add(chunk, self._owners)
            if self._progress is not None:
                self._progress(self._store.rows)
        for role, (points, other) in self._points.items():
            # 1.234 may be a thousand and more: all cells together decide.
            if points and not other:
                raise NotPlainError(role)

    def _rises(self, batch: Batch) -> bool:
        """Return whether the documents rise from line to line: then no line equals another."""
        if self._rising is None:
            return False
        if self._rising.add(batch[self._roles["document"]]):
            return True
        self._rising = None
        if self._store.rows:  # whose lines have no hash
            raise NotPlainError("document", "plain")
        self._modes["document"] = "plain"
        return False

    def _coded(
        self, columns: Mapping[str, Column], lines: npt.NDArray[np.uint32]
    ) -> dict[str, npt.NDArray[Any]]:
        chunk: dict[str, npt.NDArray[Any]] = {}
        for role, column in columns.items():
            if role in _MONEY and self._modes[role] == "plain":
                chunk[role] = self._plain(role, column)
            elif role == "date" and (column.is_dated or self._modes[role] == "moments"):
                chunk["day"] = self._days(column)
            elif role == "document" and self._modes[role] != "cells":
                if self.all_documents or self._rising is None:
                    chunk[role] = self._documents(column, lines)
            else:
                chunk[role] = codes = column.codes(self._cells[role])
                self._gaps |= role == "document" and bool((codes < 0).any())
                if role == "date" and self._moments and len(self._cells[role].cells) > _MANY_DAYS:
                    raise NotPlainError(role, "moments")
        return chunk

    def _plain(self, role: str, column: Column) -> Floats:
        values = column.floats()
        if values is None:
            raise NotPlainError(role)
        points, other = self._points[role]
        if not other and column.typed is None:
            found = column.fractions()
            self._points[role] = points or found[0], found[1]
        return values

    def _days(self, column: Column) -> npt.NDArray[np.int32]:
        moments = column.moments()
        if moments is None:
            raise NotPlainError("date")
        return day_numbers(moments, self._store.rows + len(moments))

    def _documents(self, column: Column, lines: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint64]:
        """Return the keys of documents whose identifiers are written plainly."""
        typed = column.typed is not None
        if self._typed_documents is None:
            self._typed_documents = typed
        # A number on one sheet is the same document as its digits on another.
        if typed != self._typed_documents or not column.is_plain():
            raise NotPlainError("document")
        blank = column.blank()
        self._gaps |= blank is not None
        return without_gaps(column.hashes(self._hashing), blank, lines)

    def _decide(self) -> None:
        """Parse the distinct cells, all of which are known now."""
        ids = self._ids("customer")
        owners, labels = distinct(ids)
        alone = len(labels) == len(owners)  # each cell is a customer of its own
        self._owner = None if alone else np.append(owners, -1).astype(np.int32)
        self.labels = freeze(objects(labels))
        self._values: dict[str, tuple[npt.NDArray[Any], Bools | None]] = {}
        for role in _MONEY:
            if role in self._roles and self._modes[role] == "cells":
                try:
                    amounts, bad = read_amounts(
                        self._distinct(role), decimal=self._decimal, name=self._roles[role]
                    )
                except InputError:
                    if role not in self._optional:
                        raise
                    self.left.add(role)
                    continue
                self._values[role] = np.append(amounts, np.nan), _any(bad)
        days, bad = read_days(
            self._distinct("date"), date_format=self._date_format, name=self._roles["date"]
        )
        self._values["date"] = np.append(days, np.datetime64("NaT", "D")), _any(bad)
        self._swapped = self._respelled = None
        if self._date_format is None:
            dates = self._cells["date"].cells
            self._swapped = _any(exchanged_cells(dates, day_form(dates, name=self._roles["date"])))
        customers = self._cells["customer"].cells
        if not are_plain(customers):
            self._respelled = _any(respelled(customers, ids))
        self._totals = {
            role: _any(total_cells(self._cells[role].cells))
            for role in _LABELLED
            if role in self._roles and may_hold_totals(self._cells[role].cells)
        }
        if self._total_codes:
            none = np.zeros(len(customers) + 1, dtype=bool)
            none[list(self._total_codes)] = True
            known = self._totals.get("customer")
            self._totals["customer"] = none if known is None else none | known
        self._documents_of: npt.NDArray[np.uint64] | None = None
        if "document" in self._roles and self._modes["document"] == "cells":
            documents = self._ids("document")
            keys = column_of(objects(one or "" for one in documents)).hashes(self._hashing)
            self._documents_of = np.append(keys, np.uint64(0))
            blank = [one is None for one in documents]
            self._blank_documents, self._gaps = np.array([*blank, True]), self._gaps or any(blank)
        self._currencies: list[str] | None = None
        if "currency" in self._roles:
            self._currencies = read_currency(self._distinct("currency")).tolist()
            self._currency_role = "currency"
        elif has_currency_signs(self._distinct("amount")):
            self._currencies = read_currency(self._distinct("amount"), in_amounts=True).tolist()
            self._currency_role = "amount"
        self._names: list[str | None] | None = None
        if "name" in self._roles:
            self._names = self._ids("name").tolist()

    def _distinct(self, role: str) -> list[Any]:
        return self._cells[role].cells

    def _ids(self, role: str) -> npt.NDArray[np.object_]:
        return read_distinct_ids(self._cells[role].cells, self._roles[role])

    @property
    def remarks(self) -> Sequence[str]:
        """How the file was understood."""
        return self._table.remarks

    @property
    def rows(self) -> int:
        """Number of lines."""
        return self._store.rows

    @property
    def spilled(self) -> bool:
        """Whether the lines are in files, so that `parts` yields several parts."""
        return self._store.spilled

    @property
    def part_count(self) -> int:
        """Number of parts that `parts` yields."""
        return self._store.part_count

    @property
    def has_currencies(self) -> bool:
        """Whether the table has a column of currencies, or amounts with signs of them."""
        return self._currencies is not None

    def parts(self, *, last: bool = False) -> Iterator[LinePart]:
        """Yield the lines by customers; after *last* they are freed, and not read again."""
        for batches in self._store.parts(last=last):
            yield LinePart(
                batches,
                self._decoded,
                self._document_keys,
                gaps=self._gaps,
                unlike=self._rising is not None,
            )

    def _decoded(self, arrays: Arrays) -> LineColumns:
        lines, customer = arrays["line"], arrays["customer"]
        if "day" in arrays:
            places = arrays["day"]
            days = places.astype(np.int64).view("M8[D]")  # faster than in one step
            unknown = places == NO_DAY
            if unknown.any():
                days[unknown] = np.datetime64("NaT", "D")
            day: tuple[Days, Bools | None] = days, None
            date_cell: Callable[[int], object] = days.__getitem__
        else:
            day = self._spread("date", arrays)
            date_cell = self._cell("date", arrays)
        currency = name = None
        if self._currencies is not None:
            currency = arrays[self._currency_role], self._currencies
        if self._names is not None:
            name = arrays["name"], self._names
        return LineColumns(
            customer=customer if self._owner is None else self._owner[customer],
            customer_cell=self._cell("customer", arrays),
            total=marked_lines(self._totals, arrays),
            respelled=marked_lines({"customer": self._respelled}, arrays),
            swapped=marked_lines({"date": self._swapped}, arrays),
            labels=self.labels,
            day=day,
            amount=self._spread("amount", arrays),
            cost=self._spread("cost", arrays) if "cost" in {*arrays} - self.left else None,
            document=self._document_keys(arrays),
            currency=currency,
            name=name,
            line_of=lambda places: lines[places].astype(np.int64),
            date_cell=date_cell,
            amount_cell=self._cell("amount", arrays),
        )

    def _document_keys(self, arrays: Arrays) -> Ints | None:
        if "document" not in arrays:
            return None
        keys = arrays["document"]
        if self._documents_of is not None:
            blank = self._blank_documents[keys]
            keys = without_gaps(self._documents_of[keys], blank, arrays["line"])
        return keys.view(np.int64)

    def _spread(self, role: str, arrays: Arrays) -> tuple[npt.NDArray[Any], Bools | None]:
        codes = arrays[role]
        if role not in self._values:
            return codes, None
        values, bad = self._values[role]
        return values[codes], None if bad is None else bad[codes]

    def _cell(self, role: str, arrays: Arrays) -> Callable[[int], object]:
        cells, codes = self._cells[role].cells, arrays[role]
        return lambda place: cells[codes[place]] if codes[place] >= 0 else None

    def close(self) -> None:
        """Remove the lines and their files."""
        self._store.close()


def _any(bad: Bools) -> Bools | None:
    return np.append(bad, False) if bad.any() else None

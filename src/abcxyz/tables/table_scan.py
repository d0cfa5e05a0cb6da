"""One pass over a table: columns coded batch by batch, their forms decided at the end."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from abcxyz._arrays import Bools, Days, Floats
from abcxyz.tables.cells import read_amounts, read_days, read_ids
from abcxyz.tables.currencies import has_currency_signs, read_currency
from abcxyz.tables.lines import LineColumns
from abcxyz.tables.scan.columns import CellTable, Column, column_of
from abcxyz.tables.scan.hashing import CellHashes, HashCollisionError, Words, mixed
from abcxyz.tables.scan.line_store import Arrays, LineStore
from abcxyz.tables.table import Table

__all__ = ["TableScan"]

_NO_DAY = np.iinfo(np.int32).min
_FIRST_DAY = (date.min - date(1970, 1, 1)).days  # written by 1C for "no date"
_MANY_DAYS = 40_000  # distinct dates from which they must be moments
_HEAD = 20
_MONEY = ("amount", "cost")


class _NotPlainError(Exception):
    """A column holds cells that are not plain numbers, so that its text is needed."""

    def __init__(self, role: str, mode: str = "cells") -> None:
        super().__init__(role)
        self.role, self.mode = role, mode


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
    comma_is_decimal
        Whether ``1,234`` is a decimal fraction where a Russian table leaves it open.
    duplicates
        Whether to hash the lines over all columns.
    budget, folder
        As in `abcxyz.tables.scan.line_store.LineStore`.
    progress
        Callback with the number of lines read.

    Attributes
    ----------
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
        comma_is_decimal: bool = True,
        duplicates: bool = True,
        budget: float | None = None,
        folder: str | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self._table, self._roles = table, dict(roles)
        self._date_format, self._decimal = date_format, decimal
        self._comma, self._duplicates = comma_is_decimal, duplicates
        self._progress = progress
        self._hashing = CellHashes()
        self._modes = dict.fromkeys(_MONEY, "plain")
        if decimal not in (None, "."):
            self._modes = dict.fromkeys(_MONEY, "cells")
        self._modes["date"] = "cells"
        self._moments = date_format is None
        while True:
            self._store = LineStore(budget, folder)
            try:
                self._read()
                break
            except _NotPlainError as problem:
                self._modes[problem.role] = problem.mode
                self._moments = self._moments and problem.mode != "cells"
            except HashCollisionError:
                self._hashing = CellHashes(secrets.randbits(128))
            except BaseException:
                self._store.close()
                raise
            self._store.close()
        self._decide()

    def _read(self) -> None:
        self._cells = {role: CellTable(self._hashing) for role in self._roles}
        self._owners = _Owners(self._cells["customer"].cells)
        self._points = dict.fromkeys(_MONEY, (False, False))
        russian: bool = _is_russian(self._table.columns)
        wanted = None if self._duplicates else list(dict.fromkeys(self._roles.values()))
        weights = {
            name: np.uint64(2 * place + 1) for place, name in enumerate(self._table.columns)
        }
        for batch in self._table.batches(wanted):
            if not len(batch):
                continue
            columns = {name: column_of(batch[name]) for name in batch.columns}
            if not self._store.rows:
                head = batch[self._roles["customer"]].head(_HEAD)
                russian = russian or _is_russian(map(str, head))
            lines = batch.index.to_numpy().astype(np.uint32)
            chunk = self._coded(columns, lines)
            chunk["line"] = lines
            if self._duplicates:
                chunk["hash"] = _line_hashes(columns, self._hashing, weights)
            self._store.add(chunk, self._owners)
            if self._progress is not None:
                self._progress(self._store.rows)
        self._russian = russian
        for role, (points, other) in self._points.items():
            # 1.234 may be a thousand and more: all cells together decide.
            if points and not other:
                raise _NotPlainError(role)

    def _coded(
        self, columns: Mapping[str, Column], lines: npt.NDArray[np.uint32]
    ) -> dict[str, npt.NDArray[Any]]:
        chunk: dict[str, npt.NDArray[Any]] = {}
        for role, name in self._roles.items():
            column = columns[name]
            if role in _MONEY and self._modes[role] == "plain":
                chunk[role] = self._plain(role, column)
            elif role == "date" and (column.typed is not None or self._modes[role] == "moments"):
                chunk["day"] = self._days(column)
            elif role == "document":
                chunk[role] = self._documents(column, lines)
            else:
                chunk[role] = column.codes(self._cells[role])
                if role == "date" and self._moments and len(self._cells[role].cells) > _MANY_DAYS:
                    raise _NotPlainError(role, "moments")
        return chunk

    def _plain(self, role: str, column: Column) -> Floats:
        values = column.floats()
        if values is None:
            raise _NotPlainError(role)
        points, other = self._points[role]
        if not other and column.typed is None:
            found = column.fractions()
            self._points[role] = points or found[0], other or found[1]
        return values

    def _days(self, column: Column) -> npt.NDArray[np.int32]:
        moments = column.moments()
        if moments is None:
            raise _NotPlainError("date")
        days = moments.astype("M8[D]").astype(np.int64)
        return np.where(np.isnat(moments) | (days == _FIRST_DAY), _NO_DAY, days).astype(np.int32)

    def _documents(self, column: Column, lines: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint64]:
        if column.is_plain():
            keys = column.hashes(self._hashing)
            missing = column.blank()
        else:
            # Identifiers with spaces, points or other letters are cleaned one by one.
            table = CellTable(self._hashing)
            codes = column.codes(table)
            ids = read_ids(pd.Series(table.cells, dtype=object))
            clean = column_of(pd.Series(ids, dtype=object))
            keys = np.append(clean.hashes(self._hashing), np.uint64(0))[codes]
            missing = np.append(pd.isna(ids), True)[codes]
        if missing is not None and missing.any():
            # Each line without a document counts as a document, as in a table without documents.
            rows = np.flatnonzero(missing)
            keys = keys.copy()
            keys[rows] = mixed(lines[rows].astype(np.uint64) ^ _NO_DOCUMENT)
        return keys

    def _decide(self) -> None:
        """Parse the distinct cells, all of which are known now."""
        ids = read_ids(pd.Series(self._cells["customer"].cells, dtype=object))
        owners, labels = pd.factorize(ids, use_na_sentinel=True)
        self._owner = np.append(owners, -1).astype(np.int32)
        self.labels = np.asarray(labels, dtype=object)
        comma = self._comma and self._russian
        self._values: dict[str, tuple[npt.NDArray[Any], Bools | None]] = {}
        for role in _MONEY:
            if role in self._roles and self._modes[role] == "cells":
                cells = pd.Series(self._cells[role].cells, dtype=object)
                amounts, bad = read_amounts(cells, decimal=self._decimal, comma_is_decimal=comma)
                self._values[role] = np.append(amounts, np.nan), _any(bad)
        cells = pd.Series(self._cells["date"].cells, dtype=object)
        days, bad = read_days(cells, date_format=self._date_format, name=self._roles["date"])
        self._values["date"] = np.append(days, np.datetime64("NaT", "D")), _any(bad)
        self._currencies: list[str] | None = None
        money = self._cells["amount"].cells
        if "currency" in self._roles:
            written = pd.Series(self._cells["currency"].cells, dtype=object)
            self._currencies, self._currency_role = read_currency(written).tolist(), "currency"
        elif money and has_currency_signs(pd.Series(money, dtype=object)):
            written = pd.Series(money, dtype=object)
            self._currencies, self._currency_role = read_currency(written).tolist(), "amount"
        self._names: list[str | None] | None = None
        if "name" in self._roles:
            self._names = read_ids(pd.Series(self._cells["name"].cells, dtype=object)).tolist()

    @property
    def rows(self) -> int:
        """Number of lines."""
        return self._store.rows

    @property
    def spilled(self) -> bool:
        """Whether the lines are in files, so that `parts` yields several parts."""
        return self._store.spilled

    @property
    def has_currencies(self) -> bool:
        """Whether the table has a column of currencies, or amounts with signs of them."""
        return self._currencies is not None

    def parts(self) -> Iterator[LineColumns]:
        """Yield the lines; all lines of a customer are in the same part."""
        for arrays in self._store.parts():
            yield self._decoded(arrays)

    def _decoded(self, arrays: Arrays) -> LineColumns:
        lines = arrays["line"]
        if "day" in arrays:
            places = arrays["day"]
            days = places.astype("M8[D]")
            days[places == _NO_DAY] = np.datetime64("NaT", "D")
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
            customer=self._owner[arrays["customer"]],
            labels=self.labels,
            day=day,
            amount=self._spread("amount", arrays),
            cost=self._spread("cost", arrays) if "cost" in arrays else None,
            document=arrays["document"].view(np.int64) if "document" in arrays else None,
            currency=currency,
            name=name,
            hashes=arrays.get("hash"),
            line_of=lambda places: lines[places].astype(np.int64),
            date_cell=date_cell,
            amount_cell=self._cell("amount", arrays),
        )

    def _spread(self, role: str, arrays: Arrays) -> tuple[npt.NDArray[Any], Bools | None]:
        codes = arrays[role]
        if role not in self._values:
            return codes, None
        values, bad = self._values[role]
        return values[codes], None if bad is None else bad[codes]

    def _cell(self, role: str, arrays: Arrays) -> Callable[[int], object]:
        cells, codes = self._cells[role].cells, arrays[role]
        return lambda place: cells[codes[place]]

    def close(self) -> None:
        """Remove the lines and their files."""
        self._store.close()


_NO_DOCUMENT = np.uint64(0xA0761D6478BD642F)


class _Owners:
    """Number of the customer of every distinct cell, extended as cells come."""

    def __init__(self, cells: list[Any]) -> None:
        self._cells = cells
        self._known: dict[str | None, int] = {}
        self._numbers = np.empty(0, np.int32)

    def __call__(self) -> npt.NDArray[np.int32]:
        fresh = self._cells[len(self._numbers) :]
        if fresh:
            ids = read_ids(pd.Series(fresh, dtype=object)).tolist()
            numbers = [self._known.setdefault(one, len(self._known)) for one in ids]
            self._numbers = np.concatenate([self._numbers, np.array(numbers, np.int32)])
        return self._numbers


def _line_hashes(
    columns: Mapping[str, Column], hashing: CellHashes, weights: Mapping[str, np.uint64]
) -> Words:
    total: Words | None = None
    for name, column in columns.items():
        part = column.hashes(hashing) * weights[name]
        total = part if total is None else np.add(total, part, out=total)
    assert total is not None
    return total


def _any(bad: Bools) -> Bools | None:
    return np.append(bad, False) if bad.any() else None


def _is_russian(texts: Iterable[str]) -> bool:
    """Return whether there is Russian text, so that ``1,234`` is a decimal fraction."""
    return any("а" <= letter <= "я" for text in texts for letter in str(text).casefold())

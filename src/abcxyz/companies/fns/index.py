"""Read-only index of organisations by INN, in one SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from operator import itemgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Self

from abcxyz.core.companies.numbers import clean_number
from abcxyz.errors import InputError

__all__ = ["APPLICATION_ID", "SCHEMA", "VERSION", "Company", "CompanyIndex", "DatasetFile", "day"]

APPLICATION_ID = 0x61627863
"""Number in the header of the file that tells it from other databases."""

VERSION = 1
"""Version of the tables."""

_LIST = 2_000  # INNs in one query, and rows read at a time
_CACHE_KB = 32 << 10  # of pages, so that those above the rows are read once
_DIGITS = 10  # of the INN of an organisation


class Company(NamedTuple):
    """An organisation as the data sets describe it.

    Money is in kopecks, dates are numbers YYYYMMDD; None is unknown, 0 is a value. Each ``…_on``
    is the date of the values before it, ``rsmp_on`` that of the register of small firms.
    """

    inn: int
    ogrn: int | None = None
    name: str | None = None
    region: int | None = None
    okved: str | None = None
    okved_reported: str | None = None
    sme: int | None = None
    headcount_sme: int | None = None
    rsmp_on: int | None = None
    headcount: int | None = None
    headcount_on: int | None = None
    income: int | None = None
    expense: int | None = None
    statement_on: int | None = None
    regime: str | None = None
    regime_on: int | None = None
    tax_paid: int | None = None
    tax_on: int | None = None
    debt: int | None = None
    debt_on: int | None = None


_INN = itemgetter(Company._fields.index("inn"))
_COMPANY = partial(tuple.__new__, Company)


class DatasetFile(NamedTuple):
    """A file from which an index was built.

    ``documents`` are the sum of ``organisations`` (whose newest data are of this file),
    ``persons_skipped``, ``rejected`` and ``duplicates``. ``conflicting`` of the duplicates differ
    from the chosen document though all their dates are equal.
    """

    name: str
    file: str
    sha256: str
    members: int
    members_skipped: int
    documents: int
    organisations: int
    persons_skipped: int
    rejected: int
    duplicates: int
    conflicting: int
    data_on: int | None
    published: int | None
    built: int


_TEXT = frozenset({"name", "okved", "okved_reported", "regime", "file", "sha256"})
_DAYS = {name for name in (*Company._fields, *DatasetFile._fields) if name.endswith("_on")}
_DAYS |= {"published", "built"}
_FIRST_YEAR = 1900


def _columns(record: type[Company | DatasetFile]) -> str:
    return ", ".join(
        f"{name} {'TEXT' if name in _TEXT else 'INTEGER'}{' PRIMARY KEY' * (name == 'inn')}"
        for name in record._fields
    )


SCHEMA: Mapping[str, str] = MappingProxyType(
    {"company": _columns(Company), "dataset": _columns(DatasetFile)}
)
"""Table -> its columns in SQL."""


def day(number: int | None) -> date | None:
    """Return the date of a number YYYYMMDD.

    Examples
    --------
    >>> day(20251231), day(None)
    (datetime.date(2025, 12, 31), None)
    """
    if number is None:
        return None
    return date(number // 10_000, number // 100 % 100, number % 100)


class CompanyIndex:
    """Index of organisations, opened for reading.

    Parameters
    ----------
    path
        File that ``abcxyz companies build`` wrote.

    Raises
    ------
    InputError
        It does not exist, or is no such index.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._days: set[int | None] = set()
        if not path.is_file():
            raise InputError(
                "there is no index of companies at {path}; build it with abcxyz companies build",
                path=str(path),
            )
        # The file is replaced as a whole and never changed, so that it needs no locks.
        address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        try:
            self._db = sqlite3.connect(address, uri=True, check_same_thread=False)
            application = self._db.execute("PRAGMA application_id").fetchone()[0]
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            self._db.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
        except (sqlite3.Error, UnicodeDecodeError) as problem:
            raise self._damaged() from problem
        if application != APPLICATION_ID or version != VERSION:
            self._db.close()
            raise self._damaged()

    def _damaged(self) -> InputError:
        return InputError(
            "{path} is no index of companies of this version, or is damaged; build it again with "
            "abcxyz companies build",
            path=str(self.path),
        )

    def __repr__(self) -> str:
        return f"CompanyIndex({str(self.path)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def __len__(self) -> int:
        (row,) = self._rows("SELECT count(*) FROM company", ())
        return int(str(row[0]))

    def find(self, inns: Iterable[object]) -> dict[str, Company]:
        """Return the organisations of these INNs; others are left out.

        Parameters
        ----------
        inns
            INNs as text or numbers. What is no INN of an organisation is ignored.
        """
        # A number with a wrong check digit is in no index, so that only its length is looked at.
        inn_of: dict[int, str] = {}
        for inn in inns:
            text = inn if type(inn) is str and inn.isdigit() else clean_number(inn)
            if len(text) == _DIGITS and text.isascii() and text.isdigit():
                inn_of[int(text)] = text
        numbers = sorted(inn_of)
        found: dict[str, Company] = {}
        for start in range(0, len(numbers), _LIST):
            part = numbers[start : start + _LIST]
            marks = ",".join("?" * len(part))
            query = f"SELECT * FROM company WHERE inn IN ({marks})"  # noqa: S608 - question marks only
            rows = self._rows(query, part)
            self._check(Company, rows)
            # Without a function of Python for each row, which would cost as much as its query.
            keys = map(inn_of.__getitem__, map(_INN, rows))
            found.update(zip(keys, map(_COMPANY, rows), strict=True))
        return found

    def __iter__(self) -> Iterator[Company]:
        """Iterate over all organisations, by INN."""
        try:
            rows = self._db.execute("SELECT * FROM company ORDER BY inn")
            for part in iter(partial(rows.fetchmany, _LIST), []):
                self._check(Company, part)
                yield from map(_COMPANY, part)
        except (sqlite3.Error, UnicodeDecodeError) as problem:
            raise self._damaged() from problem

    def datasets(self) -> list[DatasetFile]:
        """Return the files from which it was built."""
        rows = self._rows("SELECT * FROM dataset", ())
        self._check(DatasetFile, rows)
        return list(map(DatasetFile._make, rows))

    def _check(self, kind: type[Company | DatasetFile], rows: Sequence[tuple[Any, ...]]) -> None:
        """Refuse values of another type or days that are none, which a damaged file may hold."""
        if not rows:
            return
        try:
            # By columns, without a function of Python for each value.
            for name, column in zip(kind._fields, zip(*rows, strict=True), strict=True):
                types = set(map(type, column)) - {str if name in _TEXT else int}
                if name in kind._field_defaults or name in _DAYS:
                    types.discard(type(None))
                if types:
                    raise TypeError(name)
                if name in _DAYS:
                    new = set(column) - self._days
                    if any(on.year < _FIRST_YEAR for on in map(day, new) if on is not None):
                        raise ValueError(name)
                    self._days |= new
        except (TypeError, ValueError, OverflowError) as problem:
            raise self._damaged() from problem

    def _rows(self, query: str, values: Iterable[int]) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(query, tuple(values)).fetchall()
        except (sqlite3.Error, UnicodeDecodeError) as problem:
            raise self._damaged() from problem

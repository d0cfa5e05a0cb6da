"""Lines of sales summed per customer, day and document, as columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
from attrs import frozen

from abcxyz.errors import BadDataError
from abcxyz_onec.catalogs.customers import OTHER
from abcxyz_onec.odata.answers import as_reference
from abcxyz_onec.odata.client import Row
from abcxyz_onec.odata.query import cast, guid

__all__ = ["REFERENCE", "Line", "LineColumns", "Party", "Sums", "join_columns", "sum_lines"]

#: Beginning of a token that is the reference of a customer where other tokens are keys.
REFERENCE = "ref:"


@frozen(eq=False)
class LineColumns:
    """Sums per customer, day and document.

    Parameters
    ----------
    token
        (n,) reference of the customer or of the key, empty, or `OTHER`; `REFERENCE` begins a
        customer's where the others are keys.
    day
        (n,) days.
    revenue, cost
        (n,) amounts in the currency of the accounts.
    document
        (n,) reference of the document; empty for the sum of a sub-period.
    counted
        (n,) whether the document is one that 1C counts as a sale.
    """

    token: npt.NDArray[Any]
    day: npt.NDArray[np.datetime64]
    revenue: npt.NDArray[np.float64]
    cost: npt.NDArray[np.float64]
    document: npt.NDArray[Any]
    counted: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.token)

    def packed(self) -> LineColumns:
        """Return the columns with references as bytes: ASCII, and four times smaller."""
        return self._with_references(np.bytes_)

    def unpacked(self) -> LineColumns:
        """Return the columns with references as text."""
        return self._with_references(np.str_)

    def _with_references(self, kind: type[np.generic]) -> LineColumns:
        try:
            token, document = self.token.astype(kind), self.document.astype(kind)
        except UnicodeEncodeError:
            raise BadDataError(
                "1C sent text where a reference belongs; check the field's name in the profile"
            ) from None
        return attrs.evolve(self, token=token, document=document)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the columns by name."""
        return attrs.asdict(self, recurse=False)


@frozen
class Party:
    """Field with the customer of a row; *kind* is the type of customers in a composite field."""

    name: str
    kind: str = ""

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields to select."""
        return (self.name, f"{self.name}_Type") if self.kind else (self.name,)

    def token(self, row: Row) -> str:
        """Return the reference, an empty string, or `OTHER`."""
        reference = as_reference(row.get(self.name)) or ""
        if reference and self.kind and row.get(f"{self.name}_Type") != self.kind:
            return OTHER
        return reference

    def names(self, token: str) -> bool:
        """Return whether *token* is the reference of a customer."""
        return token not in ("", OTHER)

    def equals(self, token: str) -> str:
        """Return the filter of the rows of a customer."""
        catalog = self.kind.removeprefix("StandardODATA.")
        return f"{self.name} eq {cast(token, catalog) if self.kind else guid(token)}"


Line = tuple[str, date, Decimal, Decimal, str, bool]
"""Token, day, revenue, cost, document, and whether it counts as a sale."""


class Sums:
    """Exact sums of the lines of one customer, day and document.

    Parameters
    ----------
    lines
        Makes lines of rows. Rows come in the order of their days, page by page: lines of the
        last day wait for the next page, so that no sum depends on the borders of pages.
    """

    def __init__(self, lines: Callable[[list[Row]], Iterable[Line]]) -> None:
        self._lines = lines
        self._sums: dict[tuple[str, date, str], tuple[Decimal, Decimal, bool]] = {}

    def add(self, rows: list[Row]) -> LineColumns:
        """Add a page; return the sums of complete days."""
        sums, last = self._sums, date.min
        for token, day, revenue, cost, document, counted in self._lines(rows):
            key = (token, day, document)
            old = sums.get(key)
            if old is None:
                sums[key] = (revenue, cost, counted)
            else:
                sums[key] = (old[0] + revenue, old[1] + cost, counted)
            last = max(last, day)
        done = {key: value for key, value in sums.items() if key[1] < last}
        self._sums = {key: value for key, value in sums.items() if key[1] >= last}
        return _columns(done)

    def close(self) -> LineColumns:
        """Return the remaining sums."""
        done, self._sums = self._sums, {}
        return _columns(done)


def sum_lines(lines: Iterable[Line]) -> LineColumns:
    """Sum lines that are read at once."""
    sums = Sums(lambda _: lines)
    return join_columns([sums.add([]), sums.close()])


def join_columns(several: Sequence[LineColumns]) -> LineColumns:
    """Put columns one after another."""
    arrays = [each.arrays() for each in several]
    return LineColumns(**{n: np.concatenate([each[n] for each in arrays]) for n in arrays[0]})


def _columns(sums: dict[tuple[str, date, str], tuple[Decimal, Decimal, bool]]) -> LineColumns:
    keys, values = list(sums), list(sums.values())
    return LineColumns(
        np.array([key[0] for key in keys], dtype=np.str_),
        np.array([key[1] for key in keys], dtype="M8[D]"),
        np.array([float(value[0]) for value in values]),
        np.array([float(value[1]) for value in values]),
        np.array([key[2] for key in keys], dtype=np.str_),
        np.array([value[2] for value in values], dtype=bool),
    )

"""Rows of 1C made small: columns of one page or sub-period, before customers have names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import frozen

from abcxyz_onec.odata.answers import as_datetime, as_decimal, as_reference
from abcxyz_onec.odata.client import Row

__all__ = ["OTHER", "Columns", "Line", "Party", "Sums", "collected", "from_records"]

#: Stands where a reference is to something else than a customer.
OTHER = "other"


@frozen(eq=False)
class Columns:
    """Sums per customer, day and document.

    Parameters
    ----------
    token
        (n,) reference of the customer or of the key, empty or `OTHER`.
    day
        (n,) days.
    revenue, cost
        (n,) money.
    document
        (n,) reference of the document; empty where it is not known.
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

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the columns by name."""
        names = ("token", "day", "revenue", "cost", "document", "counted")
        return {name: getattr(self, name) for name in names}


@frozen
class Party:
    """Reads who a row belongs to: *kind* is the type wanted where the field is composite."""

    name: str
    kind: str = ""

    @property
    def fields(self) -> tuple[str, ...]:
        """What to ask for."""
        return (self.name, f"{self.name}_Type") if self.kind else (self.name,)

    def token(self, row: Row) -> str:
        """Answer the reference, nothing, or `OTHER`."""
        found = as_reference(row.get(self.name)) or ""
        if found and self.kind and row.get(f"{self.name}_Type") != self.kind:
            return OTHER
        return found


Line = tuple[str, date, Decimal, Decimal, str, bool]
"""Token, day, revenue, cost, document, and whether it counts as a sale."""


class Sums:
    """Adds up lines of the same customer, day and document, exactly.

    Parameters
    ----------
    lines
        Makes lines of rows. Rows come in the order of their days, page by page: what belongs to
        the last day met waits for the next page, so that no sum depends on where pages end.
    """

    def __init__(self, lines: Callable[[list[Row]], Iterable[Line]]) -> None:
        self._lines = lines
        self._sums: dict[tuple[str, date, str], tuple[Decimal, Decimal, bool]] = {}

    def add(self, rows: list[Row]) -> Columns:
        """Take a page; return what is complete."""
        sums, last = self._sums, date.min
        for token, day, revenue, cost, document, counted in self._lines(rows):
            key = (token, day, document)
            found = sums.get(key)
            if found is None:
                sums[key] = (revenue, cost, counted)
            else:
                sums[key] = (found[0] + revenue, found[1] + cost, counted)
            last = max(last, day)
        done = {key: value for key, value in sums.items() if key[1] < last}
        self._sums = {key: value for key, value in sums.items() if key[1] >= last}
        return _columns(done)

    def close(self) -> Columns:
        """Return the rest."""
        done, self._sums = self._sums, {}
        return _columns(done)


def collected(lines: Iterable[Line]) -> Columns:
    """Add up lines that came all at once."""
    sums = Sums(lambda _: lines)
    first = sums.add([])
    rest = sums.close()
    return Columns(**{n: np.concatenate([a, rest.arrays()[n]]) for n, a in first.arrays().items()})


def _columns(sums: dict[tuple[str, date, str], tuple[Decimal, Decimal, bool]]) -> Columns:
    keys, values = list(sums), list(sums.values())
    return Columns(
        np.array([key[0] for key in keys], dtype=np.str_),
        np.array([key[1] for key in keys], dtype="M8[D]"),
        np.array([float(value[0]) for value in values]),
        np.array([float(value[1]) for value in values]),
        np.array([key[2] for key in keys], dtype=np.str_),
        np.array([value[2] for value in values], dtype=bool),
    )


def from_records(
    party: Party,
    revenue: tuple[str, ...],
    cost: tuple[str, ...],
    sales: frozenset[str],
    metric: str,
) -> Callable[[list[Row]], Iterable[Line]]:
    """Make the function that reads flat records.

    Notes
    -----
    Revenue and cost stand in records of their own. What has no revenue is no sale: it matters to
    the profit alone. The number of sales is one of documents of the types in *sales*.
    """

    def lines(rows: list[Row]) -> Iterable[Line]:
        for row in rows:
            counted = not sales or row["Recorder_Type"] in sales
            money = [row.get(name) for name in revenue]
            income = sum(map(as_decimal, money), Decimal(0))
            if metric == "count" and not counted:
                continue
            if metric != "profit" and (
                all(each is None for each in money) or (not income and not counted)
            ):
                continue
            moment = as_datetime(row["Period"])
            if moment is not None:
                spent = sum((as_decimal(row.get(name)) for name in cost), Decimal(0))
                document = str(row["Recorder"]).lower()
                yield party.token(row), moment.date(), income, spent, document, counted

    return lines

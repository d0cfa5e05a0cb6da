"""Query on a frame: columns, window and rules, with a check of the schema."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date as Date  # noqa: N812 - a field is called date
from typing import Any, TypeAlias

import attrs
import narwhals.stable.v2 as nw
from attrs import field, frozen

from abcxyz._arrays import as_day
from abcxyz.core.classes.rule_traits import single_order_is_z
from abcxyz.core.classes.rules import CvRule, Rule
from abcxyz.core.sales.calendar import Periods
from abcxyz.core.sales.coverage import check_coverage
from abcxyz.core.snapshots.settings import Settings
from abcxyz.errors import InputError

__all__ = ["RHYTHM", "Lazy", "Query", "check_columns", "raise_outside"]

RHYTHM = ("first_day", "gaps", "mean_gap", "gap_90", "longest_gap")
"""Columns of the order rhythm, in days: the first order; number, mean, quantile and maximum of the
gaps between order days."""

Lazy: TypeAlias = nw.LazyFrame[Any]
"""A lazy frame of Narwhals."""


def _as_of(value: object) -> Date:
    return as_day(value, "as_of")


def _places(_: object, __: object, value: int | None) -> None:
    if value is not None and (
        isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 9  # type: ignore[redundant-expr]
    ):
        raise InputError(
            "decimals is {value!r}; pass how many decimals the amounts have, 0 to 9, or None",
            value=value,
        )


def _missing(_: object, __: object, value: str) -> None:
    if value not in ("raise", "drop"):
        raise InputError("missing is {value!r}; use raise or drop", value=value)


@frozen(kw_only=True)
class Query:
    """Columns, window and rules.

    Parameters
    ----------
    customer, date, amount, cost, document
        Names of columns; the last two may be None.
    settings, as_of
        Settings and day of the classification.
    decimals
        Decimals of the amounts, None for amounts without a minor unit.
    missing
        ``raise`` or ``drop``: treatment of rows without a customer, a date or an amount.
    rhythm
        Whether to find the gaps between order days.
    """

    customer: str
    date: str
    amount: str
    cost: str | None = None
    document: str | None = None
    settings: Settings
    as_of: Date = field(converter=_as_of)
    decimals: int | None = field(default=2, validator=_places)
    missing: str = field(default="raise", validator=_missing)
    rhythm: bool = False
    periods: Periods = field(init=False)

    def __attrs_post_init__(self) -> None:
        for one in attrs.fields(Query)[:_COLUMNS]:
            role, name = one.name, getattr(self, one.name)
            default: object = one.default
            if not isinstance(name, str) and (name is not None or default is attrs.NOTHING):
                raise InputError(
                    "the name of the column for {role} is {name!r}; pass text, after renaming "
                    "the columns, such as frame.columns = frame.columns.astype(str)",
                    role=role,
                    name=name,
                )
        object.__setattr__(self, "periods", self.settings.periods(self.as_of))
        if self.settings.metric == "profit" and self.cost is None:
            raise InputError(
                "the metric profit needs the cost of each sale; name its column with cost="
            )
        if self.periods.count < 2:
            raise InputError(
                "XYZ needs at least two sub-periods, and sales has {count}; take a longer period "
                "or a finer bucket",
                count=self.periods.count,
            )

    @property
    def columns(self) -> dict[str, str]:
        """Role -> name of its column."""
        named = {
            "customer": self.customer,
            "date": self.date,
            "amount": self.amount,
            "cost": self.cost if self.settings.metric == "profit" else None,
            "document": self.document,
        }
        return {role: name for role, name in named.items() if name is not None}

    @property
    def money(self) -> tuple[str, ...]:
        """Columns that hold money."""
        return tuple(name for role, name in self.columns.items() if role in ("amount", "cost"))

    @property
    def single_order(self) -> bool:
        """Whether one order makes a customer Z."""
        return single_order_is_z(self.xyz, self.settings.single_order)

    @property
    def abc(self) -> Rule:
        """The rule for amounts."""
        return self.settings.abc

    @property
    def xyz(self) -> Rule | CvRule:
        """The rule for coefficients of variation."""
        return self.settings.xyz

    def places(self, schema: Mapping[str, Any]) -> int | None:
        """Return the decimals of the minor unit; 0 for integer columns and the count."""
        if self.settings.metric == "count" or all(schema[c].is_integer() for c in self.money):
            return 0
        return self.decimals

    @property
    def stretched(self) -> bool:
        """Whether the buckets extend beyond the window."""
        return self.periods.span != self.periods.window


def check_columns(schema: Mapping[str, Any], query: Query) -> None:
    """Check that the columns exist and have the types of their roles.

    Raises
    ------
    InputError
        A column is absent or of the wrong type; the message names the cure.
    """
    for role, name in query.columns.items():
        if name not in schema:
            raise InputError(
                "the frame has no column {column!r} for {role}; its columns are {columns}",
                column=name,
                role=role,
                columns=", ".join(map(str, schema)),
            )
        kind = schema[name]
        if role == "date":
            if kind in (nw.Date, nw.Datetime, nw.Object):
                continue
            raise InputError(
                "the column {column!r} is of the type {type}; convert it to dates first",
                column=name,
                type=str(kind),
            )
        if kind.is_float() and role in ("customer", "document"):
            continue  # whole numbers with gaps; fractions are refused with their value
        if role in ("amount", "cost"):
            if kind.is_numeric() or kind == nw.Object:
                continue
            raise InputError(
                "the column {column!r} is of the type {type}; convert it to numbers first",
                column=name,
                type=str(kind),
            )
        # A column without rows may have no type; the absence of sales is reported later.
        if not kind.is_integer() and kind not in _TEXT and kind != nw.Unknown:
            raise InputError(
                "the column {column!r} is of the type {type}; convert it to whole numbers or "
                "text first",
                column=name,
                type=str(kind),
            )


def raise_outside(query: Query, last: object | None) -> None:
    """Raise an error that no sale lies in the lookback, as `analyze` does.

    Parameters
    ----------
    query
        The query.
    last
        Day of the last sale of the frame; None if it has no sales.

    Raises
    ------
    InputError
        Always.
    """
    if last is None:
        raise InputError("there are no sales; check the source and its window")
    day = as_day(last, "date")
    before = day < query.periods.lookback.since
    check_coverage(
        query.periods, first=None, last=day if before else None, inside=False, strict=True
    )


_COLUMNS = 5  # the first fields of a query name columns
_TEXT = (nw.String, nw.Categorical, nw.Enum, nw.Object)

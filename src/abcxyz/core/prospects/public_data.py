"""What public data say of a lead, in one phrase for salespeople."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from abcxyz.core.companies.industries import industry_name
from abcxyz.core.companies.regions import region_name
from abcxyz.core.prospects.lead_table import as_array, columns_of
from abcxyz.toolkit.catalogue import Figure, text
from abcxyz.toolkit.numbers import number

__all__ = ["COLUMNS", "describe_public_data", "sourced_values"]

_MILLION = 1e6


def _employees(value: object, _: Mapping[str, object], lang: str) -> str:
    return text("{n} staff", lang, n=Figure(float(str(value))))


def _industry(value: object, row: Mapping[str, object], lang: str) -> str:
    code = row.get("industry_code")
    name = industry_name(str(value if code is None else code))
    return str(value) if name is None else name.in_language(lang)


def _region(value: object, _: Mapping[str, object], lang: str) -> str:
    name = region_name(str(value))
    return text("region {code}", lang, code=str(value)) if name is None else name.in_language(lang)


def _turnover(value: object, row: Mapping[str, object], lang: str) -> str:
    millions = float(str(value)) / _MILLION
    amount = number(millions, lang, 0 if millions >= 10 or millions.is_integer() else 1)
    day = row.get("turnover_as_of")
    if not isinstance(day, str):
        return text("{amount} M a year", lang, amount=amount)
    return text("{amount} M a year ({year})", lang, amount=amount, year=day[:4])


_PARTS: Mapping[str, Callable[[object, Mapping[str, object], str], str]] = {
    "employees": _employees,
    "industry": _industry,
    "region": _region,
    "turnover": _turnover,
}
COLUMNS = (*_PARTS, *(f"{name}_source" for name in _PARTS), "industry_code", "turnover_as_of")
"""Columns of the leads that the phrase is made of."""


def describe_public_data(row: Mapping[str, object], lang: str) -> str:
    """Return the values that have a source, in *lang*; empty without one.

    Examples
    --------
    >>> describe_public_data(
    ...     {"employees": 120, "employees_source": "fns:sshr2019", "region": "50",
    ...      "region_source": "fns:rsmp", "turnover": 640e6, "turnover_source": "fns:revexp",
    ...      "turnover_as_of": "2025-12-31"}, "en"
    ... )
    '120 staff, Moscow region, 640 M a year (2025)'
    """
    return ", ".join(_phrases(row, lang))


def _phrases(row: Mapping[str, object], lang: str) -> Iterator[str]:
    for name, phrase in _PARTS.items():
        value = row.get(name)
        missing = value is None or (isinstance(value, float) and math.isnan(value))
        if not missing and isinstance(row.get(f"{name}_source"), str):
            yield phrase(value, row, lang)


def sourced_values(table: Any, ids: Sequence[Any] | None) -> Sequence[Mapping[str, object]]:
    """Return the values with a source of each lead, empty where no lead has any."""
    columns = columns_of(table, COLUMNS, ids).columns
    if not any(name.endswith("_source") for name in columns):
        return ()
    listed = {name: as_array(column).tolist() for name, column in columns.items()}
    # A column that the table lacks is full of None where leads are mappings.
    sourced = [name for name in listed if name.endswith("_source") and any(listed[name])]
    if not sourced:
        return ()
    rows = (dict(zip(listed, row, strict=True)) for row in zip(*listed.values(), strict=True))
    return tuple(
        MappingProxyType(row if any(row[name] for name in sourced) else {}) for row in rows
    )

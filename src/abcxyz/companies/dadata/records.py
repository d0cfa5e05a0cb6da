"""Records of DaData as attributes; nothing personal is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from abcxyz.companies.attributes import AttributeSet
from abcxyz.core.companies.industries import industry
from abcxyz.core.companies.numbers import organisation_inn
from abcxyz.core.companies.regions import REGIONS

__all__ = ["PAID", "kept_fields", "main_record", "record_attributes"]

PAID = ("turnover", "employees")
"""Attributes that only some tariffs give."""

_SOURCE = "dadata"
_PLAIN = ("employee_count", "okved", "okved_type")
_NESTED = {
    "finance": ("revenue", "income", "year"),
    "state": ("actuality_date", "registration_date", "status"),
    "opf": ("short",),
}
_OKVED_2 = (None, "2014")


def main_record(suggestions: Sequence[Mapping[str, Any]], inn: str) -> Mapping[str, Any] | None:
    """Return the data of the organisation itself, neither of a branch nor of a person."""
    for one in suggestions:
        data = _mapping(one.get("data"))
        if (
            data.get("type") == "LEGAL"
            and data.get("branch_type") in ("MAIN", None)
            and organisation_inn(data.get("inn")) == inn
        ):
            return data
    return None


def kept_fields(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that `record_attributes` reads, so that a cache holds nothing else.

    Examples
    --------
    >>> kept_fields({"okved": "41.20", "management": {"name": "P"}, "opf": {"short": "OOO"}})
    {'okved': '41.20', 'opf': {'short': 'OOO'}}
    """
    place = _mapping(_mapping(data.get("address")).get("data"))
    kept: dict[str, Any] = {
        name: data[name] for name in _PLAIN if isinstance(data.get(name), (str, int, float))
    }
    for name, parts in _NESTED.items():
        inner = _mapping(data.get(name))
        if some := {part: inner[part] for part in parts if inner.get(part) is not None}:
            kept[name] = some
    if place.get("region_kladr_id"):
        kept["address"] = {"data": {"region_kladr_id": str(place["region_kladr_id"])}}
    return kept


def record_attributes(
    data: Mapping[str, Any], *, as_of: date, fresh_years: int = 2, detail: str = "section"
) -> AttributeSet:
    """Return the attributes that a scorecard reads.

    Parameters
    ----------
    data
        A record, see `main_record`.
    as_of
        The day of the request, at which the age of the values is judged.
    fresh_years, detail
        As in `company_attributes`.

    Notes
    -----
    The turnover is ``finance.revenue``, else ``finance.income``, of the year that stands beside
    it. The number of employees has no date; it gets the end of that year, without one the day of
    the request. The date of the record's update is no date of the figures.

    Examples
    --------
    >>> data = {"finance": {"income": "5000000", "year": 2025}, "state": {"status": "BANKRUPT"}}
    >>> record_attributes(data, as_of=date(2026, 11, 29)).values["turnover"]
    5000000.0
    """
    known = AttributeSet(as_of, fresh_years)
    finance, state = _mapping(data.get("finance")), _mapping(data.get("state"))
    year = _number(finance.get("year"))
    end = date(int(year), 12, 31) if year is not None and 1990 <= year <= as_of.year else None
    revenue = _number(finance.get("revenue"))
    turnover = _number(finance.get("income")) if revenue is None else revenue
    if end is not None:
        known.add("turnover", turnover, end, _SOURCE)
    employees = _number(data.get("employee_count"))
    if employees is not None and employees >= 0:
        known.add("employees", int(employees), end or as_of, _SOURCE)
    updated = _day(state.get("actuality_date")) or as_of
    okved = data.get("okved")
    if isinstance(okved, str) and data.get("okved_type") in _OKVED_2:
        known.add("industry", industry(okved, detail), updated, _SOURCE, code=okved)
    place = _mapping(_mapping(data.get("address")).get("data"))
    region = str(place.get("region_kladr_id") or "")[:2]
    known.add("region", region if region in REGIONS else None, updated, _SOURCE)
    status = state.get("status")
    known.add("status", status.lower() if isinstance(status, str) else None, updated, _SOURCE)
    registered = _day(state.get("registration_date"))
    known.add("founded", None if registered is None else registered.year, None, _SOURCE)
    form = _mapping(data.get("opf")).get("short")
    known.add("legal_form", form if isinstance(form, str) and form else None, None, _SOURCE)
    return known


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _number(value: object) -> float | None:
    """Return a number, also one that comes as text."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(str(value).replace(" ", "").replace(",", "."))
    except ValueError:
        return None
    return number if abs(number) < 1e18 else None


def _day(milliseconds: object) -> date | None:
    """Return the day of a time in milliseconds since 1970, which may be negative."""
    number = _number(milliseconds)
    if number is None:
        return None
    try:
        return (datetime(1970, 1, 1) + timedelta(milliseconds=number)).date()  # noqa: DTZ001 - UTC
    except OverflowError:
        return None

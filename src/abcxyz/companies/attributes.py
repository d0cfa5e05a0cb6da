"""Attributes of an organisation, each with its date and source; stale ones are left out."""

from __future__ import annotations

from datetime import date

from attrs import define, field

__all__ = ["AttributeSet", "is_fresh"]


def is_fresh(on: date, as_of: date, fresh_years: int) -> bool:
    """Return whether a value is at most so many years old.

    Examples
    --------
    >>> is_fresh(date(2024, 12, 31), date(2026, 12, 31), 2)
    True
    >>> is_fresh(date(2024, 12, 30), date(2026, 12, 31), 2)
    False
    """
    return (on.year + fresh_years, on.month, on.day) >= (as_of.year, as_of.month, as_of.day)


@define
class AttributeSet:
    """Attributes that are put together value by value.

    Parameters
    ----------
    as_of
        Date at which the values are judged.
    fresh_years
        Age above which a value is left out.
    values
        Attribute -> value, and ``NAME_as_of`` (a date in ISO form) and ``NAME_source``.
    stale
        Attribute -> year of a value that was left out for its age.

    Examples
    --------
    >>> known = AttributeSet(date(2026, 11, 29), 2)
    >>> known.add("employees", 12, date(2025, 12, 31), "fns:sshr2019")
    >>> known.add("turnover", 5e6, date(2023, 12, 31), "fns:revexp")
    >>> known.values["employees"], known.values["employees_as_of"], known.stale
    (12, '2025-12-31', {'turnover': 2023})
    """

    as_of: date
    fresh_years: int
    values: dict[str, object] = field(factory=dict)
    stale: dict[str, int] = field(factory=dict)

    def add(
        self, name: str, value: object, on: date | None, source: str, *, code: str | None = None
    ) -> None:
        """Add a value unless it is unknown (None), too old, or the attribute has one already."""
        if value is None or name in self.values:
            return
        if on is not None and not is_fresh(on, self.as_of, self.fresh_years):
            self.stale[name] = max(on.year, self.stale.get(name, 0))
            return
        self.stale.pop(name, None)
        self.values[name] = value
        if on is not None:
            self.values[f"{name}_as_of"] = on.isoformat()
        self.values[f"{name}_source"] = source
        if code is not None:
            self.values[f"{name}_code"] = code

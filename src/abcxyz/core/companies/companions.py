"""Companions of an attribute: the date, the source and the exact code of its value."""

from __future__ import annotations

__all__ = ["COMPANIONS", "base_attribute"]

COMPANIONS = ("_as_of", "_source", "_code")
"""Endings of their names."""


def base_attribute(name: str) -> str:
    """Return the attribute that a companion belongs to, or the name itself.

    Examples
    --------
    >>> base_attribute("employees_as_of"), base_attribute("employees")
    ('employees', 'employees')
    """
    for ending in COMPANIONS:
        if name.endswith(ending):
            return name.removesuffix(ending)
    return name

"""Size classes of firms by law: micro, small, medium, large."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["LIMITS", "SIZES", "size_class"]

SIZES = ("micro", "small", "medium", "large")
"""Classes in ascending order."""

LIMITS: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {"employees": (15, 100, 250), "turnover": (120e6, 800e6, 2000e6)}
)
"""Attribute -> upper limits of micro, small and medium; a value at the limit is in the lower."""


def size_class(attribute: str, value: float) -> str:
    """Return the size class of a number of employees, or of a turnover in roubles a year.

    Notes
    -----
    Federal Law 209-FZ of 24.07.2007, art. 4, part 1.1, and Government Decree 265 of 04.04.2016.

    Examples
    --------
    >>> size_class("employees", 15), size_class("employees", 16), size_class("turnover", 3e9)
    ('micro', 'small', 'large')
    """
    return SIZES[bisect_left(LIMITS[attribute], value)]

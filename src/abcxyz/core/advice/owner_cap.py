"""Cap on the number of customers that a responsible employee is to see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Protocol, TypeVar

__all__ = ["first_of_owners"]


class _Owned(Protocol):
    @property
    def owner(self) -> str | None: ...


_One = TypeVar("_One", bound=_Owned)


def first_of_owners(ordered: Iterable[_One], most: int) -> list[_One]:
    """Return so many of each responsible employee, the first ones; 0 for all.

    Customers without an employee are not counted.
    """
    chosen: list[_One] = []
    counts: Counter[str] = Counter()
    for one in ordered:
        if one.owner is not None:
            if 0 < most <= counts[one.owner]:
                continue
            counts[one.owner] += 1
        chosen.append(one)
    return chosen

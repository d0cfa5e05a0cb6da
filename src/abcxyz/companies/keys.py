"""Identification of customers and leads: by INN, organisations only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from abcxyz.core.companies.numbers import is_person, organisation_inn

__all__ = ["Keys", "find_keys"]


@frozen
class Keys:
    """Customers and leads by what they can be looked up with.

    Parameters
    ----------
    inns
        Id -> INN of an organisation.
    persons
        Number of those with the number of a natural person, which are not looked up.
    others
        Ids without an INN.
    """

    inns: Mapping[Any, str] = field(repr=False)
    persons: int
    others: tuple[Any, ...] = field(repr=False)


def find_keys(known: Mapping[Any, Mapping[str, object]]) -> Keys:
    """Find the INN of each customer or lead: its id, else its attribute ``inn``.

    Examples
    --------
    >>> find_keys({"7709000010": {}, "CO_5": {"inn": "5406000025"}, "L_7": {}})
    Keys(persons=0)
    """
    inns: dict[Any, str] = {}
    persons, others = 0, []
    for key, values in known.items():
        written = values.get("inn") if values else None
        inn = organisation_inn(key) or (organisation_inn(written) if written else None)
        if inn is not None:
            inns[key] = inn
        elif is_person(key) or is_person(written):
            persons += 1
        else:
            others.append(key)
    return Keys(inns, persons, tuple(others))

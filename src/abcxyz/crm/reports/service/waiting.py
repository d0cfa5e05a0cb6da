"""Requests that wait for an answer, as columns that become records when they are read."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["WaitingRequests"]


class WaitingRequests(Sequence[Mapping[str, Any]]):
    """Requests as records: rule, object, owner, start, deadline, state, deal, customer, amount.

    A year of a large company has hundreds of thousands of them, of which a report shows few; so
    the records are made when the first one is read.

    Parameters
    ----------
    parts
        Mappings of the fields to columns of equal length; deals and customers that are not known
        are missing, as the empty text or -1.

    Examples
    --------
    >>> names = ("rule", "object", "owner", "start", "deadline", "state")
    >>> start = np.array(["2026-05-04T09:00:00"], dtype="M8[s]")
    >>> part = dict(zip(names, (["call"], np.array([7]), ["ann"], start, start, ["overdue"])))
    >>> part |= {"deal": np.array([1]), "customer": np.array([-1]), "amount": np.array([np.nan])}
    >>> waiting = WaitingRequests([part])
    >>> len(waiting), waiting[0]["start"], waiting[0]["deal"], waiting[0]["amount"]
    (1, '2026-05-04T09:00:00', 1, None)
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, parts: Sequence[Mapping[str, Any]]) -> None:
        self._parts = tuple(parts)

    def __len__(self) -> int:
        return sum(len(part["state"]) for part in self._parts)

    def __getitem__(self, place: Any) -> Any:
        return self._records[place]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._records == tuple(other)

    def __repr__(self) -> str:
        return f"WaitingRequests({len(self)})"

    @functools.cached_property
    def _records(self) -> tuple[Mapping[str, Any], ...]:
        return tuple(
            dict(zip(part, row, strict=True))
            for part in self._parts
            for row in zip(*(_values(name, part[name]) for name in part), strict=True)
        )


def _values(name: str, column: Any) -> list[Any]:
    if isinstance(column, np.ndarray) and column.dtype.kind == "M":
        column = np.datetime_as_string(column)
    values: list[Any] = column if isinstance(column, list) else column.tolist()
    if name in ("deal", "customer"):
        return [None if one in ("", -1) else one for one in values]
    if name == "amount":
        return [None if math.isnan(one) else one for one in values]
    return values

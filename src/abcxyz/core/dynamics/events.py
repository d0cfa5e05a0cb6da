"""Events of a customer between two dates, by the states before and after."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from abcxyz._arrays import Codes
from abcxyz.core.classes.segments import ABC, codes_of
from abcxyz.errors import InputError

__all__ = [
    "ABSENT",
    "EVENTS",
    "FALLS",
    "RISES",
    "SENTENCES",
    "UNCHANGED",
    "N",
    "event",
    "event_table",
]

N = -1
"""State of a known customer without sales in the window: not classified."""

ABSENT = -2
"""State of a customer who is not in the list."""

EVENTS = (
    "same", "up", "down", "moved", "new", "returned", "lost", "registered", "idle", "removed",
)  # fmt: skip
"""Events by code. ``moved`` is a change between classes that have no order, such as groups."""

FALLS = ("down", "lost")
"""Events of customers who fell or left."""

RISES = ("up", "new", "returned")
"""Events of customers who rose or came."""

UNCHANGED = ("same", "registered", "idle", "removed")
"""Events that change no class of a customer with sales."""

SENTENCES = MappingProxyType(
    {
        "same": "same: {before}, then {after}",
        "up": "up: {before}, then {after}",
        "down": "down: {before}, then {after}",
        "moved": "moved: {before}, then {after}",
        "new": "new: {before}, then {after}",
        "returned": "returned: {before}, then {after}",
        "lost": "lost: {before}, then {after}",
        "registered": "registered: {before}, then {after}",
        "idle": "idle: {before}, then {after}",
        "removed": "removed: {before}, then {after}",
        "absent": "absent: {before}, then {after}",
    }
)
"""Sentence by event, and by ``absent`` for a customer in neither list."""


def event_table(classes: int, *, ordered: bool = True) -> Codes:
    """Return the table of the event of every pair of states.

    Parameters
    ----------
    classes
        Number of classes; smaller codes are better.
    ordered
        Whether a change of class is ``up`` or ``down``; otherwise ``moved``.

    Returns
    -------
    numpy.ndarray
        (classes + 2, classes + 2) int8 indices in `EVENTS`, -1 for absent on both dates. Rows are
        states before, columns after: the classes, then `ABSENT`, then `N`, so that the codes,
        negative ones included, are valid indices.
    """
    code = EVENTS.index
    better = np.sign(np.arange(classes)[:, None] - np.arange(classes)[None, :])
    moved = (code("up"), code("down")) if ordered else (code("moved"), code("moved"))
    table = np.empty((classes + 2, classes + 2), dtype=np.int8)
    table[:classes, :classes] = np.choose(better + 1, (moved[1], code("same"), moved[0]))
    table[:, N], table[N, :] = code("lost"), code("returned")
    table[:, ABSENT], table[ABSENT, :] = code("removed"), code("new")
    table[N, N], table[ABSENT, N], table[N, ABSENT] = (
        code("idle"), code("registered"), code("removed"),
    )  # fmt: skip
    table[ABSENT, ABSENT] = -1
    return table


def event(before: str | None, after: str | None, labels: tuple[str, ...] = ABC) -> str:
    """Return the event of one customer.

    Parameters
    ----------
    before, after
        A class, ``N`` for known without sales, None for not in the list.
    labels
        The classes, from best to worst.

    Raises
    ------
    InputError
        A class is unknown, or the customer is in neither list.

    Examples
    --------
    >>> event("A", "B"), event("N", "A"), event(None, "C")
    ('down', 'returned', 'new')
    """
    if before is None and after is None:
        raise InputError("the customer is absent on both dates; nothing happened to tell")
    states = [
        ABSENT if label is None else int(codes_of([label], labels, "states")[0])
        for label in (before, after)
    ]
    return EVENTS[event_table(len(labels))[states[0], states[1]]]

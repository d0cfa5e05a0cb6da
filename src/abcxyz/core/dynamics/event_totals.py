"""Totals per event between two dates: customers, and their money before and after."""

from __future__ import annotations

import math

import numpy as np
from attrs import frozen

from abcxyz._arrays import Bools, Numbers, same_numbers
from abcxyz.core.dynamics.events import EVENTS
from abcxyz.core.dynamics.transitions import Transitions
from abcxyz.core.minor_units import money_sum

__all__ = ["EventTotal", "event_totals"]


@frozen(field_transformer=same_numbers)
class EventTotal:
    """Totals of one event of `EVENTS`: customers, and their money; NaN if it is not known."""

    event: str
    customers: int
    value_before: float
    value_after: float

    @property
    def change(self) -> float:
        """Change of the money."""
        missing = math.isnan(self.value_after) or math.isnan(self.value_before)
        return math.nan if missing else money_sum([self.value_after, -self.value_before])


def event_totals(moves: Transitions) -> tuple[EventTotal, ...]:
    """Sum up the customers and the money of every event that occurred.

    Parameters
    ----------
    moves
        Transitions between two snapshots.

    Returns
    -------
    tuple of EventTotal
        In the order of `EVENTS`; events without customers are left out.

    Examples
    --------
    >>> from abcxyz.core.dynamics.transitions import transitions
    >>> moves = transitions([0, 0, 1], [0, 1, -1], money_before=[9, 8, 3], money_after=[9, 5, 0])
    >>> [(one.event, one.customers, one.change) for one in event_totals(moves)]
    [('same', 1, 0.0), ('down', 1, -3.0), ('lost', 1, -3.0)]
    """
    codes = moves.events
    totals = []
    for code, name in enumerate(EVENTS):
        inside = np.asarray(codes == code)
        count = int(np.count_nonzero(inside))
        if count:
            before, after = (_sum(one, inside) for one in (moves.value_before, moves.value_after))
            totals.append(EventTotal(name, count, before, after))
    return tuple(totals)


def _sum(values: Numbers | None, inside: Bools) -> float:
    return math.nan if values is None else money_sum(values[inside])

"""Events of deals by moment: how many, and which was the last before a landmark."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from attrs import frozen

from abcxyz._arrays import Bools, Ints
from abcxyz.crm.records.columns import Moments
from abcxyz.crm.records.keys import packed_order

__all__ = ["Timeline"]

_BITS = 34  # seconds of 500 years


@frozen(eq=False)
class Timeline:
    """Events of n units (deals, customers), sorted by unit and moment.

    Parameters
    ----------
    order
        (events,) position of each event in the table that it was made of; empty where only
        the number of events is asked for.
    keys
        (events,) unit and moment in one whole number, ascending.
    n
        Number of units.
    """

    order: Ints
    keys: Ints
    n: int

    @classmethod
    def of(
        cls,
        unit: Ints,
        moment: Moments,
        n: int,
        chosen: Bools | None = None,
        *,
        counted: bool = False,
    ) -> Timeline:
        """Sort events; those without a unit (-1) or a moment are left out.

        With *counted* the events are counted alone, and their order is not kept.
        """
        known = (unit >= 0) & ~np.isnat(moment)
        if chosen is not None:
            known &= chosen
        # Half the memory of the usual whole numbers: there are ten million activities.
        rows: Any = np.flatnonzero(known).astype(np.int32 if len(unit) < 1 << 31 else np.int64)
        keys = _keys(unit[rows], moment[rows])
        if counted:
            keys.sort()
            return cls(rows[:0].copy(), keys, n)
        if bool((keys[1:] < keys[:-1]).any()):
            rows = rows[packed_order(keys)]
            keys.sort()
        return cls(rows, keys, n)

    @functools.cached_property
    def starts(self) -> Ints:
        """(n,) position of the first event of each unit."""
        return np.searchsorted(self.keys, np.arange(self.n, dtype=np.int64) << _BITS)

    def before(self, units: Ints, moment: Any) -> Ints:
        """Return for some units the position after their last event before a moment."""
        return np.searchsorted(self.keys, _keys(units, moment))

    def count(self, units: Ints, moment: Any, since: Any = None) -> Ints:
        """Return for some units the number of events before a moment, from *since* on."""
        start = self.starts[units] if since is None else self.before(units, since)
        counts: Ints = np.maximum(self.before(units, moment) - start, 0)
        return counts

    def latest(self, units: Ints, moment: Any) -> Ints:
        """Return for some units the table position of the last event before; -1 without one."""
        end = self.before(units, moment)
        some = end > self.starts[units]
        last: Ints = np.full(len(units), -1, dtype=np.int64)
        last[some] = self.order[end[some] - 1]
        return last


def _keys(unit: Ints, moment: Any) -> Ints:
    # In place: ten million moments are 80 MB at every step.
    seconds = np.array(np.asarray(moment).astype("M8[s]", copy=False).astype(np.int64))
    seconds += 1 << (_BITS - 1)
    np.clip(seconds, 0, (1 << _BITS) - 1, out=seconds)
    keys = unit.astype(np.int64)
    keys <<= _BITS
    keys += seconds
    return keys

"""Every customer in a group: the four of the matrix, the potential and the lost ones."""

from __future__ import annotations

import numpy as np

from abcxyz._arrays import Codes, freeze
from abcxyz.core.classes.segments import BCG, Grouping
from abcxyz.core.snapshots.snapshot import Snapshot

__all__ = ["customer_groups", "group_names"]


def group_names(grouping: Grouping = BCG) -> tuple[str, ...]:
    """Name the groups of `customer_groups`; the place of each is its code."""
    return (*grouping.names, "potential", "lost")


def customer_groups(snapshot: Snapshot, grouping: Grouping = BCG) -> Codes:
    """Put every customer of a snapshot into a group.

    Parameters
    ----------
    snapshot
        Customers and their classes.
    grouping
        Of the segments; its last group takes those with XYZ but without ABC.

    Returns
    -------
    numpy.ndarray
        (n,) int8 places in `group_names`.

    Notes
    -----
    In the order of the tests of 1C's report "BCG matrix": without XYZ and without any sale known
    so far, potential; without XYZ, lost; with XYZ but without ABC, which happens where their
    windows differ, questions; else by the segment.

    Examples
    --------
    >>> from datetime import date
    >>> from abcxyz import Settings, Transactions, analyze
    >>> sales = Transactions(["a", "old"], [date(2026, 1, 5), date(2020, 1, 5)], [50, 50])
    >>> found = analyze(sales, as_of=date(2026, 3, 1), settings=Settings(period="2M")).snapshot
    >>> [group_names()[code] for code in customer_groups(found)]
    ['stars', 'lost']
    """
    names = group_names(grouping)
    found = np.array(grouping.codes(snapshot.segment))
    missing = snapshot.xyz < 0
    rest = names.index("questions") if "questions" in names else len(grouping.names) - 1
    found[(snapshot.abc < 0) & ~missing] = rest
    never = missing & np.isnat(snapshot.first_day)
    found[missing] = names.index("lost")
    found[never] = names.index("potential")
    return freeze(found)

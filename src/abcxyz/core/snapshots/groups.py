"""Customer groups of the BCG matrix, with potential and lost customers."""

from __future__ import annotations

import numpy as np

from abcxyz._arrays import Codes, freeze
from abcxyz.core.classes.segments import BCG, Grouping
from abcxyz.core.snapshots.snapshot import Snapshot

__all__ = ["customer_groups", "group_names"]


def group_names(grouping: Grouping = BCG) -> tuple[str, ...]:
    """Return the names of the groups of `customer_groups`; the index of each is its code."""
    return (*grouping.names, "potential", "lost")


def customer_groups(snapshot: Snapshot, grouping: Grouping = BCG) -> Codes:
    """Assign every customer of a snapshot to a group.

    Parameters
    ----------
    snapshot
        Customers and their classes.
    grouping
        Groups of the segments; ``questions``, or else the last group, includes customers with
        XYZ but without ABC.

    Returns
    -------
    numpy.ndarray
        (n,) int8 indices in `group_names`.

    Notes
    -----
    In the order of the tests of 1C's report "BCG matrix": without XYZ and without any known
    sale, potential; without XYZ, lost; with XYZ but without ABC, which is possible if their
    windows differ, questions; else the group of the segment.

    Examples
    --------
    >>> from datetime import date
    >>> from abcxyz import Settings, Transactions, analyze
    >>> sales = Transactions(["a", "old"], [date(2026, 1, 5), date(2025, 11, 5)], [50, 50])
    >>> snapshot = analyze(sales, as_of=date(2026, 3, 1), settings=Settings(period="2M")).snapshot
    >>> [group_names()[code] for code in customer_groups(snapshot)]
    ['stars', 'lost']
    """
    names = group_names(grouping)
    codes = np.array(grouping.codes(snapshot.segment))
    missing = snapshot.xyz < 0
    rest = names.index("questions") if "questions" in names else len(grouping.names) - 1
    codes[(snapshot.abc < 0) & ~missing] = rest
    never = missing & np.isnat(snapshot.first_day)
    codes[missing] = names.index("lost")
    codes[never] = names.index("potential")
    return freeze(codes)

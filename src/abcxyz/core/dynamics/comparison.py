"""Comparison of two snapshots made with the same settings."""

from __future__ import annotations

import warnings
from types import MappingProxyType

import numpy as np

from abcxyz._arrays import Bools, Codes
from abcxyz.core.classes.segments import ABC, BCG, SEGMENTS, XYZ, Grouping
from abcxyz.core.dynamics.alignment import Alignment, align
from abcxyz.core.dynamics.events import ABSENT
from abcxyz.core.dynamics.transitions import Transitions, transitions
from abcxyz.core.snapshots.snapshot import Snapshot
from abcxyz.errors import AbcxyzWarning, InputError

__all__ = [
    "AXES",
    "OverlappingWindowsWarning",
    "check_comparable",
    "compare",
    "compare_aligned",
]

_LABELS = MappingProxyType({"abc": ABC, "xyz": XYZ, "segment": SEGMENTS})

AXES = (*_LABELS, "group")
"""Ways to compare two snapshots: values of the parameter *by*."""


class OverlappingWindowsWarning(AbcxyzWarning):
    """The windows share days, so the rates are no transition probabilities."""


def compare(
    before: Snapshot,
    after: Snapshot,
    *,
    by: str = "segment",
    grouping: Grouping = BCG,
    steadied: bool = False,
    any_settings: bool = False,
    method: str = "wilson",
    level: float = 0.95,
) -> Transitions:
    """Compare two snapshots, customer by customer.

    Parameters
    ----------
    before, after
        The earlier and the later snapshot; their customers may differ.
    by
        ``abc``, ``xyz``, ``segment`` or ``group``.
    grouping
        Groups of segments, for ``group``.
    steadied
        Whether to compare the steadied classes instead of the raw ones.
    any_settings
        Whether to allow snapshots made with different settings.
    method, level
        Method and level of the confidence intervals, see `rate_interval`.

    Returns
    -------
    Transitions
        Over the union of customers. A customer missing from a list is absent there, which
        differs from known without sales.

    Raises
    ------
    InputError
        Different settings, the wrong order, or an unknown *by*.

    Warns
    -----
    OverlappingWindowsWarning
        The windows share days: the moves are valid, the rates are no transition probabilities.
    """
    if by not in AXES:
        raise InputError(
            "the snapshots cannot be compared by {by!r}; use one of {known}",
            by=by,
            known=", ".join(AXES),
        )
    check_comparable(before, after, any_settings=any_settings)
    moves = compare_aligned(
        before,
        after,
        align(before.customers, after.customers),
        by=by,
        grouping=grouping,
        steadied=steadied,
        method=method,
        level=level,
    )
    if moves.overlap:
        warnings.warn(
            OverlappingWindowsWarning(
                "the windows {before} and {after} share days: who moved is right, but the rates "
                "are no transition probabilities; for those take snapshots a whole window apart",
                before=before.periods.window,
                after=after.periods.window,
            ),
            stacklevel=2,
        )
    return moves


def check_comparable(before: Snapshot, after: Snapshot, *, any_settings: bool = False) -> None:
    """Check the order and the settings of two snapshots.

    Raises
    ------
    InputError
        The snapshots are in the wrong order, or were made with different settings.
    """
    if before.dated > after.dated:
        raise InputError(
            "the snapshot before is dated {before}, after that of {after}; pass the earlier first",
            before=before.dated,
            after=after.dated,
        )
    if not any_settings and before.settings.fingerprint != after.settings.fingerprint:
        ours, theirs = before.settings.class_settings, after.settings.class_settings
        other = next((name for name in ours if ours[name] != theirs[name]), "settings")
        raise InputError(
            "the snapshots of {before} and {after} were made with other settings ({name}: "
            "{first} and {second}), so a move may be the rule's and not the customer's; classify "
            "again with the same settings, or compare any settings on purpose",
            before=before.dated,
            after=after.dated,
            name=other,
            first=ours.get(other),
            second=theirs.get(other),
        )


def compare_aligned(
    before: Snapshot,
    after: Snapshot,
    aligned: Alignment,
    *,
    by: str = "segment",
    grouping: Grouping = BCG,
    steadied: bool = False,
    method: str = "wilson",
    level: float = 0.95,
) -> Transitions:
    """Compare snapshots that are already aligned and checked; never warns."""
    labels = grouping.names if by == "group" else _LABELS[by]

    def codes(snapshot: Snapshot) -> Codes:
        if by == "group":
            return grouping.codes(snapshot.steady_segment if steadied else snapshot.segment)
        column: Codes = getattr(snapshot, f"steady_{by}" if steadied else by)
        return column

    return transitions(
        aligned.of_before(codes(before), ABSENT),
        aligned.of_after(codes(after), ABSENT),
        labels=labels,
        ordered=by != "group",
        money_before=aligned.of_before(before.value, 0),
        money_after=aligned.of_after(after.value, 0),
        sold_before=_sold_before(before, after, aligned),
        customers=aligned.customers,
        method=method,
        level=level,
        overlap=before.periods.window.until > after.periods.window.since,
    )


def _sold_before(before: Snapshot, after: Snapshot, aligned: Alignment) -> Bools:
    """Return for every customer whether a sale up to the first date is known."""
    never = np.datetime64("NaT", "D")
    bought = ~np.isnat(before.first_day) | (before.abc >= 0) | (before.xyz >= 0)
    with_first = aligned.of_after(after.first_day.astype("M8[D]"), never)
    # NaT compares as false.
    early = with_first <= np.datetime64(before.dated)
    return np.asarray(aligned.of_before(bought, missing=False) | early)

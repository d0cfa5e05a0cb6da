"""Analysis of a stored snapshot, from the panel that it was made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np

from abcxyz._arrays import freeze
from abcxyz.core.advice.actions import advise
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.classes.matrix import build_matrix
from abcxyz.core.sales.panel import Panel
from abcxyz.core.snapshots.classify_panel import classes_of
from abcxyz.core.snapshots.snapshot import Snapshot
from abcxyz.errors import InputError

__all__ = ["restored_analysis"]


def restored_analysis(
    snapshot: Snapshot,
    panel: Panel,
    *,
    previous: Snapshot | None = None,
    earlier: Panel | None = None,
    names: Mapping[Any, str] | None = None,
    attributes: Mapping[Any, Mapping[str, object]] | None = None,
) -> Analysis:
    """Return the analysis of a past date again: classes, changes and actions.

    Parameters
    ----------
    snapshot
        The snapshot.
    panel
        The panel that it was made of.
    previous
        The snapshot before it.
    earlier
        Panel of the window before that of the snapshot, for a comparison.
    names, attributes
        As in `Analysis`.

    Returns
    -------
    Analysis
        Without calls and alerts, which need the days of all orders.

    Raises
    ------
    InputError
        The panel makes other classes than the snapshot has.

    Examples
    --------
    >>> from datetime import date
    >>> from abcxyz import Settings, Transactions, analyze
    >>> sales = Transactions(["a", "a", "b"], [date(2026, 1, 5), date(2026, 2, 5),
    ...                      date(2026, 2, 9)], [50, 50, 10])
    >>> made = analyze(sales, as_of=date(2026, 3, 1), settings=Settings(period="2M"))
    >>> again = restored_analysis(made.snapshot, made.panel)
    >>> again.matrix == made.matrix, again.calls is None
    (True, True)
    """
    made, abc, xyz = classes_of(panel, as_of=snapshot.as_of, settings=snapshot.settings)
    if not np.array_equal(made.segment, snapshot.segment):
        raise InputError(
            "the sales of {dated} in the history make other classes than its snapshot; compute "
            "it again with abcxyz backfill",
            dated=snapshot.dated,
        )
    analysis = Analysis(
        snapshot=snapshot,
        abc=abc,
        xyz=xyz,
        matrix=build_matrix(abc, xyz),
        panel=attrs.evolve(panel, earlier=earlier),
        names=names or {},
        attributes=attributes or {},
        previous=previous,
    )
    analysis = attrs.evolve(analysis, transitions=analysis.moves())
    # Gaps between months say too little of what is usual: nobody is called late because of them.
    silence = analysis.silence()
    silence = attrs.evolve(silence, usual=freeze(np.full(len(snapshot), np.nan)))
    actions = advise(snapshot.segment, silence, snapshot.customers, moves=analysis.transitions)
    return analysis.with_actions(actions)

"""Analysis of some of the customers, by the classes of all."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Ints, freeze
from abcxyz.core.advice.actions import Actions
from abcxyz.core.analysis.bridge import first_sale
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.classes.matrix import build_matrix
from abcxyz.core.sales.panel import Panel
from abcxyz.core.sales.rhythm import Rhythm, Silence
from abcxyz.core.snapshots.snapshot import Snapshot

__all__ = ["subset"]

_COLUMNS = ("customers", "value", "orders", "first_day", "last_day")


def subset(analysis: Analysis, places: Ints) -> Analysis:
    """Return the analysis of some customers; classes and cuts stay those of all.

    Parameters
    ----------
    analysis
        The analysis.
    places
        (m,) positions of the customers in its snapshot.

    Returns
    -------
    Analysis
        Totals, changes, calls, growth and alerts of these customers. What is known of all together
        only, such as leads, CRM reports, the results over time and the call list tried on past
        days, is left out.

    Examples
    --------
    >>> from datetime import date
    >>> from abcxyz import Settings, Transactions, analyze
    >>> sales = Transactions(["a", "a", "b"], [date(2026, 1, 5), date(2026, 2, 5),
    ...                      date(2026, 2, 9)], [50, 50, 10])
    >>> made = analyze(sales, as_of=date(2026, 3, 1), settings=Settings(period="2M"))
    >>> one = subset(made, np.array([1]))
    >>> one.snapshot.to_frame()["segment"].tolist(), one.summary().total_value
    (['BZ'], 10.0)
    """
    customers = set(analysis.snapshot.customers[places].tolist())
    abc = _taken(analysis.abc, places, ("codes", "values"), index=None)
    xyz = _taken(analysis.xyz, places, ("codes", "cv"), index=None)
    previous = analysis.previous
    chosen = attrs.evolve(
        analysis,
        snapshot=_snapshot(analysis.snapshot, places),
        panel=_panel(analysis.panel, places, customers),
        abc=abc,
        xyz=xyz,
        matrix=build_matrix(abc, xyz),
        previous=None if previous is None else _snapshot(previous, _inside(previous, customers)),
        year_ago=None,
        prospects=None,
        crm=None,
        past=(),
        hours=None,
        classes=None if analysis.classes is None else _taken(analysis.classes, places, ("codes",)),
        record=None,
        backtest=None,
        growth=_listed(analysis.growth, "customers", customers, held_back=0),
        actions=None if analysis.actions is None else _actions(analysis.actions, places),
        calls=_listed(analysis.calls, "calls", customers, held_back=0, waiting=0),
        alerts=[one for one in analysis.alerts if one.customer in customers],
    )
    return attrs.evolve(chosen, transitions=chosen.moves())


def _taken(part: Any, places: Ints, names: tuple[str, ...], **others: Any) -> Any:
    columns = {name: freeze(getattr(part, name)[places]) for name in names}
    return attrs.evolve(part, **columns, **others)


def _listed(part: Any, name: str, customers: set[Any], **counts: int) -> Any:
    """Return a list of customers with these of them; None for none."""
    if part is None:
        return None
    return attrs.evolve(
        part, **{name: tuple(one for one in part if one.customer in customers)}, **counts
    )


def _inside(part: Snapshot | Panel, customers: set[Any]) -> Ints:
    known = [one in customers for one in part.customers.tolist()]
    inside: Ints = np.flatnonzero(np.array(known, dtype=bool))
    return inside


def _snapshot(snapshot: Snapshot, places: Ints) -> Snapshot:
    codes = ("abc", "xyz", "steady_abc", "steady_xyz", "cv")
    taken: Snapshot = _taken(snapshot, places, (*_COLUMNS, *codes))
    return taken


def _panel(panel: Panel, places: Ints, customers: set[Any]) -> Panel:
    past = panel.earlier
    taken: Panel = _taken(
        panel,
        places,
        (*_COLUMNS, "sales"),
        rhythm=None if panel.rhythm is None else _rhythm(panel.rhythm, places),
        earlier=None if past is None else _panel(past, _inside(past, customers), customers),
        # Whether the sales begin early enough for a comparison is a fact of all of them.
        first_sale=first_sale(panel),
    )
    return taken


def _rhythm(rhythm: Rhythm, places: Ints) -> Rhythm:
    counts = np.diff(rhythm.starts)[places]
    starts = np.concatenate(([0], np.cumsum(counts)))
    # Position of each gap in the old array: the start of its customer, and its number there.
    inside: npt.NDArray[np.int64] = np.arange(starts[-1]) - np.repeat(starts[:-1], counts)
    gaps = rhythm.gaps[np.repeat(rhythm.starts[:-1][places], counts) + inside]
    return Rhythm(starts=freeze(starts), gaps=freeze(gaps))


def _actions(actions: Actions, places: Ints) -> Actions:
    def silence(known: Silence) -> Silence:
        taken: Silence = _taken(known, places, ("days", "usual"))
        return taken

    taken: Actions = _taken(
        actions,
        places,
        ("customers", "segment", "refinement"),
        before=None if actions.before is None else freeze(actions.before[places]),
        silence=silence(actions.silence),
        compared=None if actions.compared is None else silence(actions.compared),
    )
    return taken

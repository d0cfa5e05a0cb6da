"""Panel of the parts of a large table, each with customers of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Ints, freeze
from abcxyz.core.sales.panel import Panel
from abcxyz.core.sales.rhythm import Rhythm

__all__ = ["join_panels"]

_WHOLE = ("periods", "metric", "rhythm", "earlier", "first_sale")
_ROWS = tuple(one.name for one in attrs.fields(Panel) if one.name not in _WHOLE)


def join_panels(panels: Sequence[Panel], order: npt.ArrayLike) -> Panel:
    """Join panels of the same periods and metric whose customers differ.

    Parameters
    ----------
    panels
        At least one panel.
    order
        (n,) positions of the rows of all panels, one after the other, in the result.

    Returns
    -------
    Panel

    Examples
    --------
    >>> from datetime import date
    >>> from abcxyz.core import Periods, Transactions, aggregate
    >>> year = Periods.parse("2M", date(2026, 3, 1))
    >>> parts = [
    ...     aggregate(Transactions([name], [date(2026, 1, 5)], [5.0]), year) for name in "ab"
    ... ]
    >>> join_panels(parts, [1, 0]).customers.tolist()
    ['b', 'a']
    """
    places = np.asarray(order)
    columns: dict[str, Any] = {
        name: freeze(np.concatenate([getattr(panel, name) for panel in panels])[places])
        for name in _ROWS
    }
    rhythms = [panel.rhythm for panel in panels if panel.rhythm is not None]
    rhythm = _join_rhythms(rhythms, places) if len(rhythms) == len(panels) else None
    past = [panel.earlier for panel in panels if panel.earlier is not None]
    earlier = None
    if len(past) == len(panels):
        earlier = join_panels(past, np.arange(sum(map(len, past))))
    return attrs.evolve(panels[0], rhythm=rhythm, earlier=earlier, **columns)


def _join_rhythms(rhythms: Sequence[Rhythm], places: Ints) -> Rhythm:
    gaps = np.concatenate([one.gaps for one in rhythms])
    counts = np.concatenate([np.diff(one.starts) for one in rhythms])
    starts = np.concatenate(([0], np.cumsum(counts)))
    counts, begin = counts[places], starts[:-1][places]
    ends = np.concatenate(([0], np.cumsum(counts)))
    # Position of every gap: the start of its customer, and its place among the gaps of that one.
    at = np.arange(ends[-1]) + np.repeat(begin - ends[:-1], counts)
    return Rhythm(starts=freeze(ends), gaps=freeze(gaps[at]))

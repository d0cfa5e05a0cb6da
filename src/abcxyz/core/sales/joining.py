"""Panel of the parts of a large table, each with customers of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Bools, Ints, freeze
from abcxyz._collection import free_memory
from abcxyz.core.sales.panel import Panel
from abcxyz.core.sales.rhythm import Rhythm
from abcxyz.core.sales.sum_tables import squeeze

__all__ = ["join_panels"]

_FEW = 8  # parts whose memory is given back at once
_COLUMNS = ("value", "sales", "orders", "first_day", "last_day")


def join_panels(panels: Iterable[Panel], rows: int) -> Panel:
    """Join panels of the same periods and metric whose customers differ.

    Parameters
    ----------
    panels
        At least one panel; its customers are integers from 0 to *rows* - 1, the order of the
        result. Each panel is taken when the one before is in the result, so that no more than one
        is in memory beside it.
    rows
        Number of customers that there may be.

    Returns
    -------
    Panel

    Raises
    ------
    ValueError
        There is no panel.

    Examples
    --------
    >>> from datetime import date
    >>> from abcxyz.core import Periods, Transactions, aggregate
    >>> year = Periods.parse("2M", date(2026, 3, 1))
    >>> parts = (
    ...     aggregate(Transactions([who], [date(2026, 1, 5)], [5.0 + who]), year) for who in (4, 2)
    ... )
    >>> joined = join_panels(parts, 6)
    >>> joined.customers.tolist(), joined.value.tolist()
    ([2, 4], [7.0, 9.0])
    """
    whole = earlier = None
    for panel in panels:
        if whole is None:
            whole = _Joined(panel, rows)
            earlier = None if panel.earlier is None else _Joined(panel.earlier, rows)
        whole.add(panel)
        if earlier is not None:
            assert panel.earlier is not None
            earlier.add(panel.earlier)
        del panel  # else it stays in memory while the next one is made
    if whole is None:
        raise ValueError("there is no panel")
    return whole.close(earlier=None if earlier is None else earlier.close())


class _Joined:
    """Columns with a row for every customer that there may be.

    Parameters
    ----------
    like
        A panel with the same periods and metric, with or without a rhythm.
    rows
        Number of rows.
    """

    def __init__(self, like: Panel, rows: int) -> None:
        self._periods, self._metric = like.periods, like.metric
        self._known = np.zeros(rows, dtype=bool)
        # The pages of empty() are not allocated until written.
        self._columns: dict[str, npt.NDArray[Any]] = {
            name: np.empty((rows, *column.shape[1:]), column.dtype)
            for name in _COLUMNS
            for column in [getattr(like, name)]
        }
        self._counts = None if like.rhythm is None else np.zeros(rows, np.int32)
        self._gaps: list[tuple[npt.NDArray[Any], npt.NDArray[Any]]] = []

    def add(self, panel: Panel) -> None:
        """Put the rows of a panel in their places."""
        places = panel.customers
        self._known[places] = True
        for name, column in self._columns.items():
            part = getattr(panel, name)
            if part.dtype != column.dtype:  # numbers with gaps among whole ones
                common = np.promote_types(part.dtype, column.dtype)
                column = self._columns[name] = column.astype(common, copy=False)
            column[places] = part
        if self._counts is not None:
            assert panel.rhythm is not None
            self._counts[places] = np.diff(panel.rhythm.starts)
            self._gaps.append((_short(places), _short(panel.rhythm.gaps)))

    def close(self, earlier: Panel | None = None) -> Panel:
        """Return the panel of the rows that were put in place."""
        known = self._known
        rhythm = self._rhythm(known)
        columns: dict[str, Any] = {
            name: freeze(column if known.all() else squeeze(column, known))
            for name, column in self._columns.items()
        }
        return Panel(
            customers=freeze(np.flatnonzero(known)),
            periods=self._periods,
            metric=self._metric,
            rhythm=rhythm,
            earlier=earlier,
            **columns,
        )

    def _rhythm(self, known: Bools) -> Rhythm | None:
        if self._counts is None:
            return None
        starts = np.zeros(len(known) + 1, np.int64)
        np.cumsum(self._counts, out=starts[1:])
        # In two bytes as of the parts: days of 179 years.
        kind = np.result_type(np.uint16, *{part.dtype for _, part in self._gaps})
        gaps = np.empty(starts[-1], kind if kind == np.uint16 else np.int32)
        while self._gaps:
            places, part = self._gaps.pop()
            counts = self._counts[places]
            _place(gaps, part, starts[places], counts)
            if len(self._gaps) % _FEW == 0:
                free_memory()  # of the parts in place
        self._counts = None
        if not known.all():
            starts = np.append(starts[:-1][known], starts[-1])
        return Rhythm(starts=freeze(starts), gaps=freeze(gaps))


def _short(numbers: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return whole numbers that are not negative in as few bytes as hold them."""
    return numbers.astype(np.min_scalar_type(int(numbers.max(initial=0))))


def _place(
    target: npt.NDArray[Any], runs: npt.NDArray[Any], starts: Ints, counts: npt.NDArray[Any]
) -> None:
    """Copy runs of numbers that stand one after the other to their starts in *target*."""
    ends = np.cumsum(counts, dtype=np.int64)
    at = np.arange(len(runs))
    at += np.repeat(starts - (ends - counts), counts)
    target[at] = runs

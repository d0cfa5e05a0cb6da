"""Weekly series of a CRM's figures, and the weeks they share."""

from __future__ import annotations

import math

import numpy as np
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, Bools, Floats, Ints
from abcxyz.crm.changes.metrics import Observations

__all__ = ["WORKING_DAYS", "Series", "Watched"]

WORKING_DAYS = 4
"""Weeks with fewer working days are holiday weeks, which are not judged."""


@frozen
class Series:
    """A weekly series.

    Parameters
    ----------
    metric, dimension, group
        The figure, and the group that it is of; both empty for the total.
    kind
        ``rate``, ``count`` or ``value``, see `~abcxyz.crm.statistics.control_chart.KINDS`.
    x, n
        (k,) successes and trials, counts and exposures, or values and ones, by week.
    end
        Place after the last mature week.
    unit
        Money of one success or count more; NaN where it has none.
    stage, funnel
        The stage and the funnel that it is about; empty for all.
    observations
        What the figure counts, to explain a change; those of the total in the series of a group,
        too, since a million deals have many groups. None where nothing is counted by deal.
    """

    __hash__ = None  # type: ignore[assignment]

    metric: str
    dimension: str
    group: str
    kind: str
    x: Floats = field(eq=SAME_ARRAYS, repr=False)
    n: Floats = field(eq=SAME_ARRAYS, repr=False)
    end: int
    unit: float = math.nan
    stage: str = ""
    funnel: str = ""
    observations: Observations | None = field(default=None, eq=False, repr=False)

    @property
    def name(self) -> str:
        """Name of the series in keys."""
        return "/".join(
            one for one in (self.funnel, self.metric, self.dimension, self.group) if one
        )


@frozen
class Watched:
    """All watched series of a CRM over the same weeks.

    Parameters
    ----------
    first
        Number of the first week.
    weeks
        Number of weeks.
    series
        The series, each total before its groups.
    working
        (k,) working days of the weeks.
    """

    __hash__ = None  # type: ignore[assignment]

    first: int
    weeks: int
    series: tuple[Series, ...]
    working: Ints = field(eq=SAME_ARRAYS)

    @property
    def holidays(self) -> Bools:
        """(k,) weeks with too few working days to be judged."""
        return np.asarray(self.working < WORKING_DAYS)

"""Selection of the alerts to raise: new by the history and not snoozed, once for all sinks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from attrs import evolve

from abcxyz.core.analysis.record import Analysis
from abcxyz.pipeline.outcome import SinkOutcome

if TYPE_CHECKING:
    from abcxyz.history import History

__all__ = ["decide_raised", "remember_raised"]


def decide_raised(analysis: Analysis, history: History | None, as_of: date) -> Analysis:
    """Mark the alerts that are not to be raised on this day.

    Parameters
    ----------
    analysis
        Analysis with all alerts.
    history
        History with the alerts raised earlier and the snoozed ones; without it every alert is
        raised.
    as_of
        Date of the run.
    """
    if history is None:
        return analysis
    keys = [alert.key for alert in analysis.alerts]
    quiet = history.raised_before(keys, as_of) | (history.snoozed(as_of) & frozenset(keys))
    return evolve(analysis, quiet=quiet)


def remember_raised(
    analysis: Analysis, history: History | None, as_of: date, sinks: Iterable[SinkOutcome]
) -> None:
    """Record the raised alerts in the history, so that the next run does not raise them again.

    Nothing is recorded after a failed sink or a dry run: the next run raises the same alerts
    again. Neither is an alert that a sink reports as left. An alert that is snoozed before it was
    ever raised is raised when the snooze ends.
    """
    if history is None:
        return
    done = list(sinks)
    left = {key for one in done if one.report is not None for key in one.report.alerts_left}
    if any(one.dry_run or one.report is None for one in done):
        left = {alert.key for alert in analysis.raised}
    new = {alert.key for alert in analysis.raised} - left
    known = history.raised_before([alert.key for alert in analysis.alerts], date.max)
    history.record_raised(new | known, as_of)

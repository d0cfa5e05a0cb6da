"""Alerts to raise in a run: which sink is still to receive which, by the outbox of the history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from attrs import define, evolve, field

from abcxyz.core.advice.alerts import EVENTS, Alert
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.classes.segments import SEGMENTS
from abcxyz.pipeline.outcome import SinkOutcome

if TYPE_CHECKING:
    from abcxyz.config import Job
    from abcxyz.history import History, RaisedAlert

__all__ = ["Raising"]

_NOBODY = ("",)  # the sink of a job without sinks: the run itself


@define
class Raising:
    """The alerts of one run, and the sinks that are to receive them.

    Parameters
    ----------
    history
        History with the outbox; without it every sink receives every alert.
    job
        The job, by whose name and settings the outbox is found.
    today
        Day of the run.
    """

    history: History | None
    job: Job
    today: date
    _entries: Mapping[str, RaisedAlert] = field(factory=dict, init=False)
    _snoozed: frozenset[str] = field(default=frozenset(), init=False)

    @property
    def _scope(self) -> dict[str, str]:
        return {"job": self.job.identity, "fingerprint": self.job.settings.fingerprint}

    @property
    def _sinks(self) -> Sequence[str]:
        return [part.label for part in self.job.sinks] or _NOBODY

    def enter(self, analysis: Analysis) -> Analysis:
        """Enter the alerts into the outbox, and mark those that are neither due nor new today.

        Those first raised on this day stay raised, so that a repeated run answers the same; a
        sink receives none of them again.

        An event that an earlier run found and no run has delivered yet, because a sink failed or
        the process was killed, is an alert of this run too: a comparison with the latest snapshot
        finds it no more.
        """
        if self.history is None:
            return analysis
        carried = tuple(self._carried(analysis))
        analysis = evolve(analysis, alerts=(*analysis.alerts, *carried))
        self._entries = self.history.raise_alerts(
            analysis.alerts, self.today, sinks=self._sinks, **self._scope
        )
        self._snoozed = self.history.snoozed(self.today)
        due = {key for sink in self._sinks for key in self._due(sink)}
        new = {key for key, entry in self._entries.items() if entry.since == self.today}
        raised = due | (new - self._snoozed)
        return evolve(analysis, quiet=frozenset(self._entries.keys() - raised))

    def _carried(self, analysis: Analysis) -> Iterator[Alert]:
        assert self.history is not None
        active = {alert.key for alert in analysis.alerts}
        for entry in self.history.waiting_alerts(**self._scope):
            alert = entry.alert
            if alert is None or entry.key in active or alert.kind not in EVENTS:
                continue
            if _is_still_true(alert, analysis):
                days = max(0, (self.today - entry.seen).days)
                yield evolve(alert, age=alert.age + days)

    def _due(self, sink: str) -> set[str]:
        """Return the keys of the alerts that a sink is to receive now."""
        keys = {key for key, entry in self._entries.items() if entry.is_due(sink)}
        return keys - self._snoozed

    def for_sink(self, sink: str, shown: Analysis, analysis: Analysis) -> Analysis:
        """Return what a sink is shown, with the alerts marked that it is not to receive.

        Parameters
        ----------
        sink
            Name of the sink.
        shown
            The analysis as sinks see it, for example anonymised.
        analysis
            The analysis returned by `enter`, with the same alerts in the same order.
        """
        if self.history is None:
            return shown
        due = self._due(sink)
        quiet = {seen.key for seen, alert in _paired(shown, analysis) if alert.key not in due}
        return shown if quiet == shown.quiet else evolve(shown, quiet=frozenset(quiet))

    def confirm(self, sink: SinkOutcome, shown: Analysis, analysis: Analysis) -> None:
        """Record in the outbox what a sink has received, right after its write.

        A dry run receives nothing. After a failure every alert is due again in the next run, and
        so is one that the sink reports as left. An alert that is snoozed before it was ever
        received is raised when the snooze ends.
        """
        if self.history is None or sink.dry_run:
            return
        due = self._due(sink.kind)
        left = due
        if sink.report is not None:
            names = {seen.key: alert.key for seen, alert in _paired(shown, analysis)}
            left = due & {names.get(key, key) for key in sink.report.alerts_left}
        self.history.confirm_alerts(sink.kind, due - left, self.today, failed=left, **self._scope)

    def finish(self) -> None:
        """Count the alerts of a job without sinks as received: its run returns them."""
        if self.history is not None and not self.job.sinks:
            self.history.confirm_alerts("", self._due(""), self.today, **self._scope)


def _paired(shown: Analysis, analysis: Analysis) -> Iterable[tuple[Alert, Alert]]:
    if len(shown.alerts) != len(analysis.alerts):
        known = {alert.key: alert for alert in analysis.alerts}
        return [(alert, known.get(alert.key, alert)) for alert in shown.alerts]
    return zip(shown.alerts, analysis.alerts, strict=True)


def _is_still_true(alert: Alert, analysis: Analysis) -> bool:
    """Whether an event of an earlier run has not been undone since."""
    i = analysis.snapshot.positions.get(alert.customer)
    if i is None:
        return True
    code = analysis.snapshot.steady_segment[i]
    now = "" if code < 0 else SEGMENTS[code]
    if alert.kind == "fell_from_a":
        return not now.startswith("A")
    return now.endswith("Z")

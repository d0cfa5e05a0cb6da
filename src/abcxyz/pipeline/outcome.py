"""Outcome of a run: the analysis, the outcome of each sink, the exit code."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from abcxyz.core.advice.alerts import ALERTS_EXIT_CODE, Alert
from abcxyz.core.analysis.record import Analysis
from abcxyz.errors import AbcxyzError
from abcxyz.plugins import WritePlan, WriteReport

__all__ = ["ALERTS_EXIT_CODE", "Outcome", "SinkOutcome"]


@frozen(kw_only=True)
class SinkOutcome:
    """Outcome of one sink.

    Parameters
    ----------
    kind
        Name of the sink in the job.
    dry_run
        Whether it was a dry run.
    report
        Report of the write; None where it failed.
    problem
        Error of a failed write.
    plan
        Plan of the write, from a sink that reports one.
    """

    kind: str
    dry_run: bool
    report: WriteReport | None = None
    problem: AbcxyzError | None = None
    plan: WritePlan | None = None

    @property
    def complete(self) -> bool:
        """Whether everything was written."""
        return self.report is not None and self.report.complete


@frozen(kw_only=True)
class Outcome:
    """Outcome of a run.

    Parameters
    ----------
    analysis
        The analysis.
    saved
        Whether the snapshot was saved; False where the history has it already, or without a
        history.
    sinks
        Outcomes of the sinks, in the order of the job.
    enricher
        Error of the enricher or of an adapter that offers facts, where one failed.
    met
        Source -> number of customers in its id map, and number of those not in it.
    enrichment
        What the enrichers found, left out and contradicted, as messages.
    """

    analysis: Analysis
    saved: bool = False
    sinks: tuple[SinkOutcome, ...] = ()
    enricher: AbcxyzError | None = None
    met: Mapping[str, tuple[int, int]] = field(factory=dict)
    enrichment: tuple[str, ...] = ()

    @property
    def raised(self) -> tuple[Alert, ...]:
        """Alerts that are new by the history and not snoozed; all alerts without a history."""
        return self.analysis.raised

    def exit_code(self, *, alerts: bool = False) -> int:
        """Return the exit code for a scheduler.

        Parameters
        ----------
        alerts
            Whether raised alerts have a separate code.

        Returns
        -------
        int
            0 success; 3 another system failed, entirely or for some customers;
            `ALERTS_EXIT_CODE` if alerts were raised.
        """
        if self.enricher is not None or not all(one.complete for one in self.sinks):
            return 3
        return ALERTS_EXIT_CODE if alerts and self.raised else 0

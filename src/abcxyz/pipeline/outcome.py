"""Result of a run: the analysis, what became of each sink, the exit code."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from abcxyz.core.advice.alerts import Alert
from abcxyz.core.analysis.record import Analysis
from abcxyz.errors import AbcxyzError
from abcxyz.plugins import WriteReport

__all__ = ["ALERTS_EXIT_CODE", "Outcome", "SinkOutcome"]

ALERTS_EXIT_CODE = 10
"""Exit code of a run that raised alerts, where the caller wants one."""


@frozen(kw_only=True)
class SinkOutcome:
    """Result of one sink.

    Parameters
    ----------
    kind
        Its name in the job.
    dry_run
        Whether it only looked.
    report
        What it did, or would have done; None where it failed altogether.
    problem
        Why it failed.
    """

    kind: str
    dry_run: bool
    report: WriteReport | None = None
    problem: AbcxyzError | None = None

    @property
    def complete(self) -> bool:
        """Whether everything was written."""
        return self.report is not None and self.report.complete


@frozen(kw_only=True)
class Outcome:
    """Result of a run.

    Parameters
    ----------
    analysis
        The result.
    saved
        Whether the history took the snapshot; False where it had it, or where there is none.
    sinks
        In the order of the job.
    enricher
        Why the enricher, or an adapter that offers facts, failed, where one did.
    met
        Source -> customers its id map holds, and those it does not.
    """

    analysis: Analysis
    saved: bool = False
    sinks: tuple[SinkOutcome, ...] = ()
    enricher: AbcxyzError | None = None
    met: Mapping[str, tuple[int, int]] = field(factory=dict)

    @property
    def raised(self) -> tuple[Alert, ...]:
        """Alerts that are new, by the history, and not snoozed; all without a history."""
        return self.analysis.raised

    def exit_code(self, *, alerts: bool = False) -> int:
        """Say it to a scheduler.

        Parameters
        ----------
        alerts
            Whether alerts are worth a code of their own.

        Returns
        -------
        int
            0 done; 3 an outside system failed, in whole or for some customers;
            `ALERTS_EXIT_CODE` where alerts were raised.
        """
        if self.enricher is not None or not all(one.complete for one in self.sinks):
            return 3
        return ALERTS_EXIT_CODE if alerts and self.raised else 0

"""What a job is, once it was read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from abcxyz.core.advice.alerts import AlertRules
from abcxyz.core.snapshots.settings import Settings

__all__ = ["Job", "Part"]


@frozen
class Part:
    """An adapter that a job asks for.

    Parameters
    ----------
    role, kind
        Which one.
    label
        What to call it: its kind, with a number where the job has several of that kind.
    options
        For its constructor, secrets still unread.
    where
        Option -> its place in the job, for errors.
    id_map, id_prefix
        Of a source: how its customers are called elsewhere.
    """

    role: str
    kind: str
    options: Mapping[str, Any] = field(repr=False)
    where: Callable[[str], str] = field(repr=False, eq=False)
    label: str
    id_map: Mapping[str, str] | None = field(default=None, repr=False)
    id_prefix: str = ""


@frozen(kw_only=True)
class Job:
    """What to read, how to classify, and who gets the result.

    Parameters
    ----------
    path
        The job file; relative paths in it are relative to its folder.
    settings
        Of the classification.
    sources, sinks, enricher
        Adapters, not built yet.
    scorecard
        File of the scorecard for prospects.
    history
        File of the snapshots.
    playbook
        File that rewrites the recommendations.
    alerts
        When something is worth an alert.
    report
        Options for every sink that has them and does not set them itself.
    """

    path: Path
    settings: Settings
    sources: tuple[Part, ...]
    sinks: tuple[Part, ...] = ()
    enricher: Part | None = None
    scorecard: Path | None = None
    history: Path | None = None
    playbook: Path | None = None
    alerts: AlertRules = field(factory=AlertRules)
    report: Mapping[str, Any] = field(factory=dict)

    @property
    def lang(self) -> str:
        """Language of what people read."""
        return str(self.report.get("lang", "en"))

    def shared(self, role: str) -> Mapping[str, Any]:
        """Return options for every adapter of a *role* that has them and does not set them."""
        if role != "source":
            return self.report
        bucket = self.settings.periods(date(2000, 1, 1)).bucket
        return {"metric": self.settings.metric, "bucket": bucket}

    def in_language(self, lang: str) -> Job:
        """Return the same job for readers of another language."""
        return evolve(self, report={**self.report, "lang": lang})

    def within(self, budget: str) -> Job:
        """Return the same job with so much time, such as ``6h``, for every sink that minds it.

        What does not fit is left to the next run; a budget of the job itself gives way.
        """
        sinks = tuple(
            evolve(part, options={k: v for k, v in part.options.items() if k != "budget"})
            for part in self.sinks
        )
        return evolve(self, sinks=sinks, report={**self.report, "budget": budget})

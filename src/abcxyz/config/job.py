"""Job and its parts, as records."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from abcxyz.binding import ROLES
from abcxyz.core.advice.alerts import AlertRules
from abcxyz.core.snapshots.settings import Settings
from abcxyz.crm.settings import AnnouncedChange, CrmSettings
from abcxyz.plugins import MAX_UNMATCHED
from abcxyz.toolkit.files import relative_name, short_hash
from abcxyz.toolkit.secrets import in_clear

__all__ = ["Job", "Part"]


def _without_secrets(key: str, value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _without_secrets(str(name), item) for name, item in value.items()}
    if isinstance(value, list):
        return [_without_secrets(key, item) for item in value]
    return None if in_clear(key, value) else value


@frozen
class Part:
    """Configuration of one adapter in a job.

    Parameters
    ----------
    role, kind
        Role and name of the adapter.
    label
        Name in messages: the kind, with a number where the job has several of that kind.
    options
        Options of the constructor, with secrets as references.
    where
        Option -> its position in the job, for errors.
    id_map, id_prefix
        For a source: map of its customers to common ids, and prefix of ids not in the map.
    max_unmatched
        For a sink: largest share of customers without a card with which it writes.
    prefer_new
        For an enricher: whether its values replace those of the enrichers before it.
    """

    role: str
    kind: str
    options: Mapping[str, Any] = field(repr=False)
    where: Callable[[str], str] = field(repr=False, eq=False)
    label: str
    id_map: Mapping[str, str] | None = field(default=None, repr=False)
    id_prefix: str = ""
    max_unmatched: float = MAX_UNMATCHED
    prefer_new: bool = False


@frozen(kw_only=True)
class Job:
    """Configuration of a run: sources, settings, enricher and sinks.

    Parameters
    ----------
    path
        The job file; relative paths in it are relative to its folder.
    settings
        Settings of the classification.
    sources, sinks, enricher
        Configuration of the adapters.
    scorecard
        File of the scorecard for prospects.
    history
        File of the snapshots.
    history_job
        Name of the job in the history; None derives it, see `identity`.
    playbook
        File with other recommendations.
    alerts
        Thresholds of the alerts.
    report
        Shared options, for every sink that has them and does not set them.
    file_mode
        Mode of new files; None for that of `abcxyz.toolkit.files.new_file_mode`.
    plugins
        Packages whose plugins may be imported; None for those named like the adapters.
    keep
        How long the history keeps snapshots and alerts, such as ``36M``; None keeps all.
    keep_deals
        Whether every run keeps a daily snapshot of the CRM's deals in the history.
    crm
        Configuration of the source of CRM records; None without one.
    crm_settings
        Settings of the reports over them.
    changes
        Announced changes, the earliest first.
    """

    path: Path
    settings: Settings
    sources: tuple[Part, ...]
    sinks: tuple[Part, ...] = ()
    enrichers: tuple[Part, ...] = ()
    scorecard: Path | None = None
    history: Path | None = None
    history_job: str | None = None
    playbook: Path | None = None
    alerts: AlertRules = field(factory=AlertRules)
    report: Mapping[str, Any] = field(factory=dict)
    file_mode: int | None = None
    plugins: tuple[str, ...] | None = None
    keep: str | None = None
    keep_deals: bool = False
    crm: Part | None = None
    crm_settings: CrmSettings = field(factory=CrmSettings)
    changes: tuple[AnnouncedChange, ...] = ()

    @property
    def enricher(self) -> Part | None:
        """The first enricher, None without one."""
        return self.enrichers[0] if self.enrichers else None

    @property
    def lang(self) -> str:
        """Language of text in the results."""
        return str(self.report.get("lang", "en"))

    @property
    def identity(self) -> str:
        """Name of the job in the history: snapshots and raised alerts are kept apart by it.

        It is `history_job`, or the path of the job file from the folder of the history, ``@`` and
        a hash of the sources with their options, without secrets. So jobs that share a history
        do not mix, nor do the results of one job with other sources.
        """
        if self.history_job is not None:
            return self.history_job
        return self._named(*self.sources)

    @property
    def crm_identity(self) -> str:
        """Name of the job's CRM in the history: its daily snapshots of deals are kept by it.

        It is `history_job`, or made as `identity` of the options of the CRM instead of those of
        the sources.
        """
        if self.history_job is not None or self.crm is None:
            return self.identity
        return self._named(self.crm)

    def _named(self, *parts: Part) -> str:
        folder = self.path.parent if self.history is None else self.history.parent
        sources = [
            [part.kind, part.id_prefix, _without_secrets("", part.options)] for part in parts
        ]
        written = json.dumps(sources, sort_keys=True, default=str)
        return f"{relative_name(self.path, folder)}@{short_hash(written)}"

    @property
    def kinds(self) -> frozenset[str]:
        """Names of all its adapters."""
        parts = (*self.sources, *self.sinks, *self.enrichers, self.crm)
        return frozenset(part.kind for part in parts if part is not None)

    @property
    def roles(self) -> tuple[str, ...]:
        """Roles of its adapters."""
        parts = self.sources, self.enrichers, self.sinks, self.crm  # in the order of ROLES
        return tuple(role for role, some in zip(ROLES, parts, strict=True) if some)

    def shared(self, role: str) -> Mapping[str, Any]:
        """Return the options shared by the adapters of a *role* that have and do not set them."""
        if role == "crm":
            return {}
        if role != "source":
            return self.report
        bucket = self.settings.periods(date(2000, 1, 1)).bucket
        return {"metric": self.settings.metric, "bucket": bucket}

    def in_language(self, lang: str) -> Job:
        """Return the same job with another language."""
        return evolve(self, report={**self.report, "lang": lang})

    def within(self, budget: str) -> Job:
        """Return the same job with a time budget, such as ``6h``, for every sink with this option.

        Writes beyond the budget are left to the next run. It overrides a budget set in the job.
        """
        sinks = tuple(
            evolve(part, options={k: v for k, v in part.options.items() if k != "budget"})
            for part in self.sinks
        )
        return evolve(self, sinks=sinks, report={**self.report, "budget": budget})

"""Run a job: read, classify, save, and tell everybody who is to know."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from abcxyz.config import Adapters, Job, Part, build
from abcxyz.core.advice.alerts import Alert, AlertRules
from abcxyz.core.advice.playbook import Playbook
from abcxyz.core.analysis.analyze import analyze, with_facts
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.prospects.scorecard import Scorecard
from abcxyz.core.prospects.scores import score_prospects
from abcxyz.core.sales.calendar import Periods
from abcxyz.core.sales.panel import aggregate
from abcxyz.core.snapshots.snapshot import Snapshot
from abcxyz.errors import AbcxyzError, AdapterError
from abcxyz.pipeline.lock import job_lock
from abcxyz.pipeline.progress import Watch
from abcxyz.pipeline.reading import Reading
from abcxyz.plugins import Enricher, Preflight, Sink, WriteReport
from abcxyz.registry import Registry, load
from abcxyz.tables.loaders import read_playbook, read_scorecard
from abcxyz.toolkit.redaction import Redactor

if TYPE_CHECKING:
    from abcxyz.history import History

__all__ = ["Checked", "Outcome", "SinkOutcome", "check", "run"]


@frozen(kw_only=True)
class SinkOutcome:
    """What became of one sink.

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
    """What a run came to.

    Parameters
    ----------
    analysis
        The result.
    saved
        Whether the history took the snapshot; False where it had it, or where there is none.
    raised
        Alerts that are new, by the history, and that nobody silenced; all without a history.
    sinks
        In the order of the job.
    enricher
        Why the enricher failed, where it did.
    met
        Source -> customers its id map holds, and those it does not.
    """

    analysis: Analysis
    saved: bool = False
    raised: tuple[Alert, ...] = ()
    sinks: tuple[SinkOutcome, ...] = ()
    enricher: AbcxyzError | None = None
    met: Mapping[str, tuple[int, int]] = field(factory=dict)

    def exit_code(self, *, alerts: bool = False) -> int:
        """Say it to a scheduler.

        Parameters
        ----------
        alerts
            Whether alerts are worth a code of their own.

        Returns
        -------
        int
            0 done; 3 an outside system failed, in whole or for some customers; 10 alerts.
        """
        if self.enricher is not None or not all(one.complete for one in self.sinks):
            return 3
        return 10 if alerts and self.raised else 0


@frozen
class _Advice:
    """What a job changes in our advice: words, limits of alerts, points for leads."""

    playbook: Playbook | None
    alerts: AlertRules
    card: Scorecard

    @classmethod
    def of(cls, job: Job) -> _Advice:
        """Read the files that the job names."""
        return cls(
            None if job.playbook is None else read_playbook(job.playbook),
            job.alerts,
            read_scorecard(job.scorecard),
        )


@frozen
class Checked:
    """What a preflight found of one adapter."""

    role: str
    kind: str
    notes: tuple[str, ...] = ()
    problem: AbcxyzError | None = None


def run(
    job: Job,
    *,
    as_of: date,
    apply: bool = False,
    registry: Registry | None = None,
    watch: Watch | None = None,
    change: Callable[[Analysis], Analysis] | None = None,
) -> Outcome:
    """Read the sales, classify the customers, save the snapshot, write to every sink.

    Parameters
    ----------
    job
        What to do.
    as_of
        The day of the classification.
    apply
        Whether sinks that reach other systems write; they only look otherwise.
    registry
        Where adapters are found; the installed ones when not given.
    watch
        Is told how far the run is.
    change
        Applied to the result before the sinks see it; the history keeps it as it was.

    Returns
    -------
    Outcome

    Raises
    ------
    ConfigError, PluginError
        The job cannot be built; nothing was read.
    InputError
        The sales cannot be classified; nothing was saved.
    AdapterError
        A source failed; nothing was saved, nothing written.
    HistoryError
        The history cannot be used.
    UnavailableError
        The job is running already.
    """
    watch = watch or Watch()
    with job_lock(job.path), _built(job, registry) as (adapters, redactor):
        try:
            advice = _Advice.of(job)
            return _run(
                job, as_of, adapters, redactor, advice, apply=apply, watch=watch, change=change
            )
        except AbcxyzError as problem:
            safe = covered(problem, redactor)
            if safe is problem:
                raise
        raise safe


@contextlib.contextmanager
def _built(job: Job, registry: Registry | None) -> Iterator[tuple[Adapters, Redactor]]:
    adapters = build(job, load() if registry is None else registry)
    try:
        yield adapters, Redactor(adapters.secrets)
    finally:
        adapters.close()


def _run(
    job: Job,
    as_of: date,
    adapters: Adapters,
    redactor: Redactor,
    advice: _Advice,
    *,
    apply: bool,
    watch: Watch,
    change: Callable[[Analysis], Analysis] | None,
) -> Outcome:
    with _history(job.history) as history:
        reading = Reading(adapters.sources, watch=watch, redactor=redactor)
        analysis = _classified(job, as_of, reading, history, advice, watch)
        trouble = None
        if adapters.enricher is not None:
            part, enricher = adapters.enricher
            watch.begin("enrich", part.label)
            analysis, trouble = _enriched(analysis, part, enricher, advice, redactor)
            watch.end()
        saved, raised = False, analysis.alerts
        if history is not None:
            saved = history.save(analysis.snapshot)
            raised = _new(analysis.alerts, history, as_of)
    if change is not None:
        shown = change(analysis)
        # Nothing but the words of an alert may differ, so its place tells which one it is.
        both = zip(analysis.alerts, shown.alerts, strict=True)
        raised = tuple(new for old, new in both if old in raised)
        analysis = shown
    done = []
    for part, sink in adapters.sinks:
        looking = not apply and bool(getattr(sink, "remote", True))
        watch.begin("look" if looking else "write", part.label)
        if hasattr(sink, "on_progress"):
            sink.on_progress = watch.progress
        done.append(_written(part, sink, analysis, redactor, dry_run=looking))
        watch.end()
    return Outcome(
        analysis=analysis,
        saved=saved,
        raised=raised,
        sinks=tuple(done),
        enricher=trouble,
        met=reading.met,
    )


def _history(path: Path | None) -> contextlib.AbstractContextManager[History | None]:
    if path is None:
        return contextlib.nullcontext()
    from abcxyz.history import History

    return History(path)


def _classified(
    job: Job,
    as_of: date,
    reading: Reading,
    history: History | None,
    advice: _Advice,
    watch: Watch,
) -> Analysis:
    periods = job.settings.periods(as_of)
    previous, year_ago = None, None
    if history is not None:
        # Dated by the window: a second run of the same month must not find itself.
        previous = history.latest(periods.dated, job.settings)
        year_ago = _year_ago(history, job, periods)
    batches = reading.transactions(periods.span)
    panel = aggregate(batches, periods, metric=job.settings.metric, rhythm=True)
    watch.begin("classify", "")
    analysis = analyze(
        panel,
        as_of=as_of,
        settings=job.settings,
        previous=previous,
        year_ago=year_ago,
        playbook=advice.playbook,
        alert_rules=advice.alerts,
        quality=reading.quality,
        names=reading.names,
    )
    watch.end()
    return analysis


def _year_ago(history: History, job: Job, periods: Periods) -> Snapshot | None:
    """Find the snapshot whose window ended a year before this one, if it was made."""
    until = periods.window.until
    # The 29th of February begins no period but a day or a week, which have no twin anyway.
    before = (
        until.replace(year=until.year - 1, day=min(until.day, 28)) if until.year > 1 else until
    )
    dated = before - timedelta(days=1)
    wanted = job.settings.fingerprint
    found = any((one.dated, one.fingerprint) == (dated, wanted) for one in history.snapshots())
    return history.get(dated, job.settings) if found else None


def _new(alerts: Sequence[Alert], history: History, as_of: date) -> tuple[Alert, ...]:
    """Choose the alerts that nobody was told of before today, and nobody silenced."""
    since = history.told([alert.key for alert in alerts], as_of)
    silent = history.snoozed(as_of)
    return tuple(
        alert for alert in alerts if since[alert.key] >= as_of and alert.key not in silent
    )


def _enriched(
    analysis: Analysis, part: Part, enricher: Enricher, advice: _Advice, redactor: Redactor
) -> tuple[Analysis, AbcxyzError | None]:
    """Add what an enricher knows; where it fails, the classes still stand."""
    try:
        ids = [str(customer) for customer in analysis.snapshot.customers.tolist()]
        attributes = enricher.customers(ids)
        prospects = enricher.prospects()
        scores = score_prospects(prospects, advice.card, strict=False) if prospects else None
        facts = getattr(enricher, "facts", None)
        told = facts(analysis.snapshot.periods.window) if callable(facts) else None
        full = with_facts(
            analysis, told, attributes=attributes, prospects=scores, alert_rules=advice.alerts
        )
    except Exception as problem:  # noqa: BLE001 - a stranger's code may raise anything
        return analysis, _trouble("enricher", part, problem, redactor)
    return full, None


def _written(
    part: Part, sink: Sink, analysis: Analysis, redactor: Redactor, *, dry_run: bool
) -> SinkOutcome:
    """Write to one sink; whatever happens, the next one has its turn."""
    try:
        report = sink.write(analysis, dry_run=dry_run)
        plain = evolve(
            report,
            failed={one: redactor.text(why) for one, why in report.failed.items()},
            notes=[redactor.text(line) for line in report.notes],
        )
        return SinkOutcome(kind=part.label, dry_run=dry_run, report=plain)
    except Exception as problem:  # noqa: BLE001 - a stranger's code may raise anything
        trouble = _trouble("sink", part, problem, redactor)
        return SinkOutcome(kind=part.label, dry_run=dry_run, problem=trouble)


def _trouble(role: str, part: Part, problem: Exception, redactor: Redactor) -> AbcxyzError:
    if isinstance(problem, AbcxyzError):
        return covered(problem, redactor)
    return AdapterError(
        "the {role} {name} failed ({kind}: {reason}); its author can mend that",
        role=role,
        name=part.label,
        kind=type(problem).__name__,
        reason=redactor.text(str(problem)),
    )


def covered(problem: AbcxyzError, redactor: Redactor) -> AbcxyzError:
    """Return the same error, or one of its kind without the secrets it tells."""
    if redactor.text(str(problem)) == str(problem):
        return problem
    # A stranger's subclass may want other arguments than a template.
    kind = next(one for one in type(problem).__mro__ if one.__module__ == "abcxyz.errors")
    safe: AbcxyzError = kind("{reason}", reason=redactor.text(str(problem)))
    if isinstance(problem, AdapterError) and isinstance(safe, AdapterError):
        safe.retryable = problem.retryable
    return safe


def check(job: Job, *, registry: Registry | None = None) -> tuple[Checked, ...]:
    """Build everything and ask each adapter whether it can do its work; change nothing.

    Parameters
    ----------
    job
        What to check.
    registry
        Where adapters are found; the installed ones when not given.

    Returns
    -------
    tuple of Checked
        In the order of the job.

    Raises
    ------
    ConfigError, PluginError
        The job cannot be built.
    """
    with _built(job, registry) as (adapters, redactor):
        _Advice.of(job)
        return tuple(_asked(part, adapter, redactor) for part, adapter in adapters)


def _asked(part: Part, adapter: object, redactor: Redactor) -> Checked:
    if not isinstance(adapter, Preflight):
        return Checked(part.role, part.label)
    try:
        notes = tuple(redactor.text(line) for line in adapter.preflight())
    except Exception as problem:  # noqa: BLE001 - a stranger's code may raise anything
        return Checked(part.role, part.label, problem=_trouble(part.role, part, problem, redactor))
    return Checked(part.role, part.label, notes)

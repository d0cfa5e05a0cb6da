"""Run a job: read the sales, classify, enrich, save the snapshot, write to the sinks."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve

from abcxyz.config import Adapters, Job, Part
from abcxyz.core.analysis.analyze import analyze_reading
from abcxyz.core.analysis.learn_lapses import learning
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.sales.calendar import Periods
from abcxyz.core.snapshots.settings import Settings
from abcxyz.errors import AbcxyzError, AbcxyzWarning
from abcxyz.pipeline.crm import past_classes_of
from abcxyz.pipeline.deal_snapshots import DealMemory
from abcxyz.pipeline.enrich import enrich
from abcxyz.pipeline.failures import adapter_failure, redacted
from abcxyz.pipeline.outcome import Outcome, SinkOutcome
from abcxyz.pipeline.prepare import Advice, built, job_lock
from abcxyz.pipeline.raising import Raising
from abcxyz.pipeline.reading import Reading
from abcxyz.pipeline.write_guard import Confirm, PlanCheck
from abcxyz.plugins import GuardedSink, LocalTarget, ProgressReporter, Sink
from abcxyz.progress import RunInterrupted, RunProgress, TrackedProgress
from abcxyz.registry import Registry
from abcxyz.toolkit.clock import Clock
from abcxyz.toolkit.redaction import Redactor

if TYPE_CHECKING:
    from abcxyz.history import History

__all__ = ["run"]


def run(
    job: Job,
    *,
    as_of: date,
    apply: bool = False,
    registry: Registry | None = None,
    progress: RunProgress | None = None,
    change: Callable[[Analysis], Analysis] | None = None,
    confirm: Confirm | None = None,
    clock: Clock | None = None,
) -> Outcome:
    """Read the sales, classify the customers, save the snapshot, write to every sink.

    Parameters
    ----------
    job
        Job to run.
    as_of
        Date of the classification.
    apply
        Whether sinks that reach other systems write; otherwise they do a dry run.
    registry
        Registry of the adapters; the installed ones by default.
    progress
        Progress callbacks; none by default.
    change
        Function applied to the analysis before the sinks; the history stores the unchanged
        snapshot.
    confirm
        Called with the name of a sink and its plan before over half of the classes that its
        cards show are changed; False prevents the write. Without it nothing is asked.
    clock
        Clock that tells whether the deals of a CRM are those of today, and are kept; that of the
        machine by default.

    Returns
    -------
    Outcome
        Analysis and outcome of each sink.

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
        The job is already running.
    RunInterrupted
        A signal has stopped the run: a `KeyboardInterrupt` that explains what was done.
    """
    tracked = TrackedProgress(progress or RunProgress())
    with job_lock(job.path), built(job, registry) as (adapters, redactor):
        try:
            advice = Advice.of(job)
            return _run(
                job,
                as_of,
                adapters,
                redactor,
                advice,
                apply=apply,
                progress=tracked,
                change=change,
                confirm=confirm,
                clock=clock,
            )
        except AbcxyzError as problem:
            safe = redacted(problem, redactor)
            if safe is problem:
                raise
        except KeyboardInterrupt:
            raise RunInterrupted(tracked, [part.label for part in job.sinks]) from None
        raise safe


def _run(
    job: Job,
    as_of: date,
    adapters: Adapters,
    redactor: Redactor,
    advice: Advice,
    *,
    apply: bool,
    progress: TrackedProgress,
    change: Callable[[Analysis], Analysis] | None,
    confirm: Confirm | None,
    clock: Clock | None,
) -> Outcome:
    with _history(job.history) as history:
        reading = Reading(adapters.sources, progress=progress, redactor=redactor)
        analysis = _classified(job, as_of, reading, history, advice, progress)
        notes: list[str] = []
        memory, past = None, None
        if history is not None:
            past = partial(
                past_classes_of,
                history=history,
                settings=job.settings,
                job=job.identity,
                until=analysis.snapshot.dated,
            )
        if history is not None and job.keep_deals:
            memory = DealMemory(history, job, as_of, clock)
        analysis, trouble = enrich(
            analysis,
            adapters,
            card=advice.card,
            rules=advice.alerts,
            crm_settings=job.crm_settings,
            redactor=redactor,
            progress=progress,
            notes=notes,
            memory=memory,
            past_classes=past,
        )
        raising = Raising(history, job, as_of)
        # One transaction: a snapshot without its alerts would hide them from the next comparison.
        with contextlib.nullcontext() if history is None else history.transaction():
            saved = history is not None and history.save(
                analysis.snapshot,
                job=job.identity,
                panel=analysis.panel,
                owners=_owners(analysis),
                hours=analysis.hours,
            )
            analysis = raising.enter(analysis)
            if memory is not None:
                memory.save()
            if history is not None and job.keep is not None:
                oldest = Settings(period=job.keep).periods(as_of).window.since
                history.prune(oldest, job=job.identity)
                history.prune_deals(oldest, job=job.crm_identity)
            if history is not None:
                analysis = _with_past(analysis, history, job)
        progress.saved = history is not None
        shown = analysis if change is None else change(analysis)
        done = []
        for part, sink in adapters.sinks:
            local = isinstance(sink, LocalTarget) and sink.is_local()
            looking = not (apply or local)
            progress.begin("look" if looking else "write", part.label)
            if isinstance(sink, ProgressReporter):
                sink.report_progress(progress.wrote)
            check = PlanCheck(part, confirm, looking)
            if isinstance(sink, GuardedSink):
                sink.guard_writes(check)
            handed = raising.for_sink(part.label, shown, analysis)
            done.append(_written(part, sink, handed, redactor, check))
            raising.confirm(done[-1], shown, analysis)
            progress.end()
        raising.finish()
    return Outcome(
        analysis=shown,
        saved=saved,
        sinks=tuple(done),
        enricher=trouble,
        enrichment=tuple(notes),
        met=reading.met,
    )


def _with_past(analysis: Analysis, history: History, job: Job) -> Analysis:
    """Add the structure over time, and what became of the alerts."""
    fingerprint, snapshot = job.settings.fingerprint, analysis.snapshot
    return evolve(
        analysis,
        past=history.past_results(fingerprint, job=job.identity, until=snapshot.dated),
        classes=history.past_classes(
            snapshot.customers.tolist(), fingerprint, job=job.identity, until=snapshot.dated
        ),
        record=history.alert_record(fingerprint, job=job.identity, panel=analysis.panel),
    )


def _owners(analysis: Analysis) -> dict[Any, str]:
    return {
        who: str(known["owner"])
        for who, known in analysis.attributes.items()
        if known.get("owner")
    }


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
    advice: Advice,
    progress: RunProgress,
) -> Analysis:
    periods = job.settings.periods(as_of)
    previous, year_ago = None, None
    if history is not None:
        # Dated by the window: a second run of the same month must not compare with itself.
        previous = history.latest(periods.dated, job.settings, job=job.identity)
        year_ago = history.at(_year_before(periods), job.settings, job=job.identity)
        if previous is None:
            _warn_of_other_jobs(history, job)
    analysis = analyze_reading(
        reading,
        as_of=as_of,
        settings=job.settings,
        after_reading=lambda: progress.begin("classify", ""),
        orders=learning(advice.alerts, job.settings, as_of),
        previous=previous,
        year_ago=year_ago,
        **_logged(history, job),
        playbook=advice.playbook,
        alert_rules=advice.alerts,
    )
    progress.end()
    return analysis


def _logged(history: History | None, job: Job) -> dict[str, Any]:
    """Return what the history knows of earlier calls and alerts."""
    if history is None:
        return {}
    return {
        "outcomes": history.outcomes(job=job.identity),
        "raised_before": history.raised_keys(
            job=job.identity, fingerprint=job.settings.fingerprint
        ),
    }


def _year_before(periods: Periods) -> date:
    """Return the date of the result whose window ended a year before this one."""
    until = periods.window.until
    # Only days and weeks can begin on 29 February, and they have no counterpart a year ago.
    before = (
        until.replace(year=until.year - 1, day=min(until.day, 28)) if until.year > 1 else until
    )
    return before - timedelta(days=1)


def _warn_of_other_jobs(history: History, job: Job) -> None:
    others = sorted({one.job for one in history.snapshots(job.settings)} - {"", job.identity})
    if others:
        warnings.warn(
            AbcxyzWarning(
                "the history holds nothing of the job {job}, but snapshots of {others} with the "
                "same settings; to go on with one of them, write [history] job = {first!r}",
                job=job.identity,
                others=", ".join(others),
                first=others[0],
            ),
            stacklevel=2,
        )


def _written(
    part: Part, sink: Sink, analysis: Analysis, redactor: Redactor, check: PlanCheck
) -> SinkOutcome:
    """Write to one sink; a failure is returned, so that the next sink runs."""
    try:
        report = sink.write(analysis, dry_run=check.dry_run)
        plain = evolve(
            report,
            failed={one: redactor.text(why) for one, why in report.failed.items()},
            notes=[redactor.text(line) for line in report.notes],
        )
        return SinkOutcome(kind=part.label, dry_run=check.dry_run, report=plain, plan=check.plan)
    except Exception as problem:  # noqa: BLE001 - a stranger's code may raise anything
        failure = adapter_failure(part, problem, redactor)
        return SinkOutcome(
            kind=part.label, dry_run=check.dry_run, problem=failure, plan=check.plan
        )

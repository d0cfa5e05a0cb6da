"""Records of a CRM, from files or from the source that a job names."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from abcxyz.config import Job, Part, read_job
from abcxyz.core.classes.segments import ABC
from abcxyz.core.sales.calendar import Window
from abcxyz.core.snapshots.settings import Settings
from abcxyz.core.snapshots.snapshot import Snapshot
from abcxyz.crm.records.data import CrmData
from abcxyz.crm.settings import CrmSettings
from abcxyz.crm.statistics.business_calendar import BusinessCalendar
from abcxyz.errors import ConfigError
from abcxyz.pipeline.deal_snapshots import DealMemory
from abcxyz.pipeline.failures import adapter_failure
from abcxyz.pipeline.prepare import built
from abcxyz.pipeline.reading import CommonNames
from abcxyz.plugins import CalendarSource, CrmSource, RemarksSource
from abcxyz.registry import Registry
from abcxyz.toolkit.redaction import Redactor

if TYPE_CHECKING:
    from abcxyz.history import History

__all__ = [
    "CrmInput",
    "classes_of",
    "open_crm",
    "past_classes_in",
    "past_classes_of",
    "read_source",
]

_DAY = timedelta(days=1)


@frozen
class CrmInput:
    """Records of a CRM with what a report of them needs.

    Parameters
    ----------
    crm
        The records.
    settings
        Settings of the job; the defaults for files.
    calendar
        Working calendar of the settings or of the source; None for the usual one.
    remarks
        What the source guessed, derived, or does not hold.
    since
        First day from which closed deals are in the records; None for all days.
    classes
        Customer -> ABC class of the newest result in the history of the job; None without one.
    past_classes
        Day -> customer -> ABC class from that day on, of all results in the history of the job.
    """

    crm: CrmData
    settings: CrmSettings
    calendar: BusinessCalendar | None
    remarks: tuple[str, ...]
    since: date | None = None
    classes: Mapping[Any, str] | None = None
    past_classes: Mapping[date, Mapping[Any, str]] | None = None


def open_crm(
    path: str | Path,
    *,
    today: date,
    as_of: date | None = None,
    since: date | None = None,
    zone: str | None = None,
    decimal: str | None = None,
    fields: tuple[str, ...] = (),
    registry: Registry | None = None,
) -> CrmInput:
    """Read the records of a CRM from files, or from the source in ``[crm]`` of a job.

    Parameters
    ----------
    path
        Folder of tables, one table, or a job (``.toml``).
    today
        The day on which a job is read without *as_of*.
    as_of
        Day of the state; None is *today*, for files the end of the records.
    since
        First day of the deals that a job's source reads; None is that of the job's window.
    zone, decimal
        As in `read_crm`; a job has them under ``[crm]``.
    fields
        Columns of a file of deals to read as fields, see `read_crm`.
    registry
        Registry of the adapters; the installed ones by default.

    Raises
    ------
    ConfigError
        The job names no CRM, or an option belongs into it.
    InputError
        The records cannot be used.
    AdapterError
        The source failed.
    """
    if Path(path).suffix.lower() != ".toml":
        from abcxyz.tables.crm.read import read_crm  # loads pandas

        reading = read_crm(path, zone=zone, decimal=decimal, fields=fields)
        crm = reading.crm if as_of is None else reading.crm.as_of(as_of)
        return CrmInput(crm, CrmSettings(), None, reading.remarks)
    job = read_job(path)
    if job.crm is None:
        raise ConfigError(
            "{job} names no CRM; add a table [crm] with a source and its options",
            job=Path(path).name,
        )
    for name, value in (("zone", zone), ("decimal", decimal)):
        if value is not None:
            raise ConfigError(
                "{job} is a job: write {option} under [crm] instead of on the command line",
                job=Path(path).name,
                option=name,
            )
    until = as_of or today
    window = Window(since or job.settings.periods(until).window.since, until)
    alone = evolve(job, sources=(), sinks=(), enrichers=())
    with built(alone, registry) as (adapters, redactor):
        assert adapters.crm is not None
        with _memory(job, until) as memory:
            made = read_source(*adapters.crm, window, job.crm_settings, redactor, memory)
        past = past_classes_in(
            adapters.crm[0],
            made.crm,
            file=job.history,
            settings=job.settings,
            job=job.identity,
            until=until,
        )
        newest = past[max(past)] if past else None
        return evolve(made, classes=newest, past_classes=past or None)


def past_classes_in(
    part: Part, crm: CrmData, *, file: Path | None, settings: Settings, job: str, until: date
) -> dict[date, dict[Any, str]]:
    """Return what `past_classes_of` does of the history in a file; nothing without one."""
    if file is None or not file.is_file():
        return {}
    from abcxyz.history import History

    with History(file) as history:
        return past_classes_of(part, crm, history=history, settings=settings, job=job, until=until)


def past_classes_of(
    part: Part, crm: CrmData, *, history: History, settings: Settings, job: str, until: date
) -> dict[date, dict[Any, str]]:
    """Return day -> customer of a CRM -> ABC class from that day on.

    Parameters
    ----------
    part, crm
        The source of the CRM, and its records.
    history
        The open history.
    settings, job
        Settings and job of the results that count.
    until
        Results dated on this day or later are left out.

    Notes
    -----
    A result holds the sales of the day it is dated, so it is known from the next day on.
    """
    if crm.deals.customer is None:
        return {}
    names = CommonNames(part)
    customers = [*set(crm.deals.customer.tolist())]
    past = history.abc_by_date(
        [names[one] for one in customers],
        settings.fingerprint,
        job=job,
        until=until - _DAY,
    )
    return {
        dated + _DAY: {
            one: ABC[code]
            for one, code in zip(customers, codes.tolist(), strict=True)
            if code >= 0
        }
        for dated, codes in past.items()
    }


def classes_of(part: Part, crm: CrmData, snapshot: Snapshot) -> dict[Any, str]:
    """Return customer of a CRM -> ABC class in a result, of those that have one."""
    if crm.deals.customer is None:
        return {}
    names, known = CommonNames(part), snapshot.abc_classes()
    return {
        one: known[names[one]] for one in set(crm.deals.customer.tolist()) if names[one] in known
    }


@contextlib.contextmanager
def _memory(job: Job, day: date) -> Iterator[DealMemory | None]:
    """Open the daily snapshots of a job's deals, if it keeps some."""
    if not job.keep_deals or job.history is None or not job.history.is_file():
        yield None
        return
    from abcxyz.history import History

    with History(job.history) as history:
        yield DealMemory(history, job, day)


def read_source(
    part: Part,
    source: CrmSource,
    window: Window,
    settings: CrmSettings,
    redactor: Redactor,
    memory: DealMemory | None = None,
) -> CrmInput:
    """Read everything alive in a window from a source; failures name the source.

    Parameters
    ----------
    part, source
        The source and its options.
    window
        Days, in the time zone of the business.
    settings
        Settings of the reports.
    redactor
        Redacts secrets in messages.
    memory
        Daily snapshots of the deals, for what the CRM keeps no history of.

    Raises
    ------
    AbcxyzError
        The source failed; secrets are redacted in the message.
    """
    try:
        crm = source.crm(window)
        remarks = source.remarks() if isinstance(source, RemarksSource) else ()
        of_source = source.working_calendar() if isinstance(source, CalendarSource) else None
    except Exception as problem:
        failure = adapter_failure(part, problem, redactor)
        if failure is problem:
            raise
    else:
        if memory is not None:
            crm = memory.shown(crm, part)
        if settings.currency is not None:
            crm = crm.in_currency(settings.currency)
        calendar = None
        if settings.calendar is not None or of_source is not None:
            calendar = settings.calendar_for(crm, of_source)
        return CrmInput(crm, settings, calendar, tuple(remarks), window.since)
    raise failure

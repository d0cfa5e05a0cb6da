"""Plugin contract: adapter Protocols, pluggy hooks, and the report of a write.

An adapter is any object with the methods of its role; it needs no base class. The signature of
its constructor is its configuration: an option annotated `Secret` must not be in plain text in a
job, an option annotated as a path is relative to the job. A package offers adapters through the
entry-point group ``abcxyz``: a module (or object) whose hooks return ``{name: factory}``.

The methods of the role are required. Each optional feature is one Protocol, checked with
`isinstance` only, and thus without properties, which that would evaluate:

==================== ================================== =========================================
Protocol             method                             who may offer it
==================== ================================== =========================================
`Preflight`          ``preflight()``                    any adapter
`Closeable`          ``close()``                        any adapter
`FactsSource`        ``facts(window)``                  any adapter
`SystemIdentity`     ``system_identity()``              any adapter that offers facts
`AttributeFiller`    ``fill(known)``                    an enricher
`EnrichmentNotes`    ``enrichment_notes()``             an enricher
`NamesSource`        ``customer_names()``               a source
`QualitySource`      ``data_quality()``                 a source
`RemarksSource`      ``remarks()``                      a CRM source
`CalendarSource`     ``working_calendar()``             a CRM source
`TaskTarget`         ``create_task(task, mark)``, …     a CRM source
`ProgressReporter`   ``report_progress(callback)``      a sink or a source
`LocalTarget`        ``is_local()``                     a sink
`GuardedSink`        ``guard_writes(callback)``         a sink
`PilotTarget`        ``read_cards(customers)``, …       a sink
==================== ================================== =========================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeAlias, TypeVar, runtime_checkable

import pluggy

from abcxyz.writes.report import MAX_UNMATCHED, WritePlan, WriteReport
from abcxyz.writes.targets import PilotTarget, Task, TaskTarget

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from abcxyz.core.advice.crm_facts import CrmFacts
    from abcxyz.core.analysis.record import Analysis
    from abcxyz.core.sales.calendar import Window
    from abcxyz.core.sales.quality import Quality
    from abcxyz.core.sales.transactions import Transactions
    from abcxyz.crm.records.data import CrmData
    from abcxyz.crm.statistics.business_calendar import BusinessCalendar

__all__ = [
    "GROUP",
    "MAX_UNMATCHED",
    "AttributeFiller",
    "Attributes",
    "CalendarSource",
    "CliCommand",
    "Closeable",
    "CrmSource",
    "CustomerEraser",
    "Enricher",
    "EnrichmentNotes",
    "Factory",
    "FactsSource",
    "Flat",
    "GuardedSink",
    "Hooks",
    "LocalTarget",
    "NamesSource",
    "PilotTarget",
    "Preflight",
    "ProgressCallback",
    "ProgressReporter",
    "QualitySource",
    "RemarksSource",
    "Secret",
    "Sink",
    "Source",
    "SystemIdentity",
    "Task",
    "TaskTarget",
    "WriteGuard",
    "WritePlan",
    "WriteReport",
    "hookimpl",
    "hookspec",
]

GROUP = "abcxyz"
"""Entry-point group, and the name of the pluggy project."""

Attributes = Mapping[str, Mapping[str, object]]
"""Attributes of customers or prospects: id -> attribute -> value."""

Factory = Callable[..., Any]
"""Class or function that builds an adapter from keyword options."""

ProgressCallback = Callable[[int, int], None]
"""Called with the number of written items, or of lines read, and the total, 0 if not known."""

Secret: TypeAlias = Annotated[str, "secret"]
"""Type of a secret option, which a job reads from the environment, a file or the keyring."""

_Record = TypeVar("_Record")

Flat: TypeAlias = Annotated[_Record, "flat"]
"""Type of a parameter that holds several options: ``connection: Flat[Connection]``.

The fields of the record (a frozen attrs class, or any that takes them by keyword) are keys in a
job like the other options, so that adapters can share it. It must be importable at run time.
"""

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)

WriteGuard = Callable[[WritePlan], None]
"""Called with the plan of a write; raises an error to prevent the write."""


@runtime_checkable
class Source(Protocol):
    """Role of an adapter that reads transactions."""

    def transactions(self, window: Window) -> Iterator[Transactions]:
        """Yield every transaction of the half-open *window*, each exactly once, in batches.

        Hold no lock and no open transaction between two: the reader may stop after any batch.
        """
        ...


@runtime_checkable
class Enricher(Protocol):
    """Role of an adapter that reads attributes of customers and prospects."""

    def customers(self, ids: Sequence[str]) -> Attributes:
        """Return the attributes of the customers *ids*; unknown ones are left out."""
        ...

    def prospects(self) -> Attributes:
        """Return the attributes of all prospects: leads and companies that have not bought yet."""
        ...


@runtime_checkable
class AttributeFiller(Protocol):
    """Optional, an enricher: a job calls it in place of ``customers``, and for all prospects."""

    def fill(self, known: Attributes) -> Attributes:
        """Return further attributes of those in *known*; the unknown are left out."""
        ...


@runtime_checkable
class EnrichmentNotes(Protocol):
    """Optional, an enricher: what it could not find or left out."""

    def enrichment_notes(self) -> Sequence[str]:
        """Return sentences about the calls so far."""
        ...


@runtime_checkable
class Sink(Protocol):
    """Role of an adapter that writes an analysis to a target."""

    def write(self, analysis: Analysis, *, dry_run: bool) -> WriteReport:
        """Write *analysis* to the target; a repeated write changes nothing.

        A sink may show all of ``analysis.alerts``; one that notifies people sends
        ``analysis.raised`` alone.
        """
        ...


@runtime_checkable
class CrmSource(Protocol):
    """Role of an adapter that reads the records of a CRM."""

    def crm(self, window: Window, *, tables: frozenset[str] | None = None) -> CrmData:
        """Return everything alive in the half-open *window*, as known at its end.

        A deal is alive if it was created before the end and not closed before the start; its
        history is whole. Leads and activities are those of the window, and those of such deals.
        *tables* are the names in ``abcxyz.crm.TABLES`` to read besides the deals, None for all:
        another one is None in the result and costs no request.
        """
        ...


@runtime_checkable
class RemarksSource(Protocol):
    """Optional, a CRM source: what was guessed, derived, switched off, or is not in the system."""

    def remarks(self) -> Sequence[str]:
        """Return sentences about the last reading; empty before the first."""
        ...


@runtime_checkable
class CalendarSource(Protocol):
    """Optional, a CRM source: the system's working calendar; one in the job takes precedence."""

    def working_calendar(self) -> BusinessCalendar | None:
        """Return the calendar; None where the system has none or does not show it."""
        ...


@runtime_checkable
class Preflight(Protocol):
    """Optional, any adapter: check of access, permissions and fields, for ``abcxyz check``."""

    def preflight(self) -> Sequence[str]:
        """Return lines of text, changing nothing; raise an `AdapterError` or `ConfigError`."""
        ...


@runtime_checkable
class Closeable(Protocol):
    """Optional, any adapter: release connections and files."""

    def close(self) -> None:
        """Release all resources; called once after the last use, also after a failure."""
        ...


@runtime_checkable
class FactsSource(Protocol):
    """Optional, any adapter: CRM facts for alerts on stalled deals, time spent, waiting leads."""

    def facts(self, window: Window) -> CrmFacts:
        """Return owners, open deals, time spent within the half-open *window*, lead contacts.

        A job calls it once per adapter, after the classification: enrichers, then sources.
        """
        ...


@runtime_checkable
class SystemIdentity(Protocol):
    """Optional, beside `FactsSource`: of several with an equal identity only the first is read."""

    def system_identity(self) -> str:
        """Return system and account, without secrets: ``bitrix24 example.bitrix24.ru``."""
        ...


@runtime_checkable
class NamesSource(Protocol):
    """Optional, a source: names of the customers, for reports."""

    def customer_names(self) -> Mapping[Any, str]:
        """Return customer -> name of the last read; empty before the first."""
        ...


@runtime_checkable
class QualitySource(Protocol):
    """Optional, a source: data quality account of the sales."""

    def data_quality(self) -> Quality | None:
        """Return the account of the last read; None before the first."""
        ...


@runtime_checkable
class ProgressReporter(Protocol):
    """Optional, a sink or a source: progress of its work, shown by ``abcxyz run``.

    A source needs it only if it reads for long before it yields its first batch.
    """

    def report_progress(self, callback: ProgressCallback) -> None:
        """Call *callback* during every later write or read with the number done and the total.

        It is called before the work; otherwise the adapter reports no progress.
        """
        ...


@runtime_checkable
class LocalTarget(Protocol):
    """Optional, a sink: whether the target is on this machine.

    Every other sink counts as one that reaches another system, and does a dry run
    (``dry_run=True``) unless the job runs with ``--apply``.
    """

    def is_local(self) -> bool:
        """Return True if a write changes nothing beyond this machine."""
        ...


@runtime_checkable
class GuardedSink(Protocol):
    """Optional, a sink: its plan is checked before the first write.

    A job refuses a write if too few customers have a card, as with a wrong ``customer_id``, and
    the command line asks if over half of the classes would change.
    """

    def guard_writes(self, guard: WriteGuard) -> None:
        """Call *guard* in every later `write`, also a dry run, before anything is changed.

        What *guard* raises must leave `write`.
        """
        ...


@runtime_checkable
class CustomerEraser(Protocol):
    """Optional, any adapter with files of its own: erase a customer, for ``abcxyz forget``."""

    def erase_customer(self, customer: str, *, dry_run: bool) -> Mapping[str, int]:
        """Return file -> number of entries about the customer, erased unless *dry_run*."""
        ...


@runtime_checkable
class CliCommand(Protocol):
    """Command ``abcxyz NAME …``: an object or module with these three names."""

    HELP: str
    """One line for the list of commands."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options of the command to its parser.

        The parser has ``--help`` and ``--lang`` already, and runs `run`. Its help is translated
        by the message catalogues of the installed packages.
        """
        ...

    def run(self, args: Namespace) -> int:
        """Run the command; return the exit code.

        *args* holds the options, and ``lang``: the language that ``--lang`` names, or None.
        """
        ...


class Hooks:
    """The hooks a plugin may implement; each returns ``{name: factory}``."""

    @hookspec
    def abcxyz_sources(self) -> Mapping[str, Factory]:
        """Return the sources this plugin offers."""
        return {}

    @hookspec
    def abcxyz_enrichers(self) -> Mapping[str, Factory]:
        """Return the enrichers this plugin offers."""
        return {}

    @hookspec
    def abcxyz_sinks(self) -> Mapping[str, Factory]:
        """Return the sinks this plugin offers."""
        return {}

    @hookspec
    def abcxyz_crm_sources(self) -> Mapping[str, Factory]:
        """Return the sources of CRM records this plugin offers."""
        return {}

    @hookspec
    def abcxyz_commands(self) -> Mapping[str, CliCommand]:
        """Return the commands this plugin offers, such as one that removes what a sink created."""
        return {}

"""The plugin contract: adapter Protocols, the pluggy hooks, and the report of a write.

An adapter is any object with the methods of its role; there is nothing to inherit from. Its
constructor's signature is its configuration: an option annotated `Secret` must not be written
into a job in clear, one annotated as a path is taken relative to the job. A package offers
adapters through the entry-point group ``abcxyz``: a module (or object) whose hooks return
``{name: factory}``.

The methods of the role are all that an adapter must have. What it may offer besides is one
Protocol each, checked with `isinstance` and nothing else:

==================== ================================== =========================================
Protocol             method                             who may offer it
==================== ================================== =========================================
`Preflight`          ``preflight()``                    any adapter
`Closeable`          ``close()``                        any adapter
`FactsSource`        ``facts(window)``                  any adapter
`SystemIdentity`     ``system_identity()``              any adapter that offers facts
`NamesSource`        ``customer_names()``               a source
`QualitySource`      ``data_quality()``                 a source
`ProgressReporter`   ``report_progress(callback)``      a sink
`LocalTarget`        ``is_local()``                     a sink
==================== ================================== =========================================

All of them have methods only: a check of a property would run it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeAlias, TypeVar, runtime_checkable

import pluggy
from attrs import field, frozen

from abcxyz._arrays import frozen_map

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from abcxyz.core.advice.crm_facts import CrmFacts
    from abcxyz.core.analysis.record import Analysis
    from abcxyz.core.sales.calendar import Window
    from abcxyz.core.sales.quality import Quality
    from abcxyz.core.sales.transactions import Transactions

__all__ = [
    "GROUP",
    "Attributes",
    "CliCommand",
    "Closeable",
    "Enricher",
    "Factory",
    "FactsSource",
    "Flat",
    "Hooks",
    "LocalTarget",
    "NamesSource",
    "Preflight",
    "ProgressCallback",
    "ProgressReporter",
    "QualitySource",
    "Secret",
    "Sink",
    "Source",
    "SystemIdentity",
    "WriteReport",
    "hookimpl",
    "hookspec",
]

GROUP = "abcxyz"
"""Entry-point group, and the name of the pluggy project."""

Attributes = Mapping[str, Mapping[str, object]]
"""What is known about each customer or prospect: id -> attribute -> value."""

Factory = Callable[..., Any]
"""A class or function that builds an adapter out of keyword options."""

ProgressCallback = Callable[[int, int], None]
"""Takes how much of a write is done, and how much there is in all."""

Secret: TypeAlias = Annotated[str, "secret"]
"""Type of an option that a job takes from the environment, a file or the keyring."""

_Record = TypeVar("_Record")

Flat: TypeAlias = Annotated[_Record, "flat"]
"""Type of a parameter that holds several options: ``connection: Flat[Connection]``.

The fields of the record (a frozen attrs class, or any class that takes them by keyword) stand in a
job beside the adapter's other options, so that several adapters can share one record. The class
must be importable where the adapter is defined, not only for type checkers.
"""

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


def _lines(notes: Iterable[str]) -> tuple[str, ...]:
    return tuple(notes)


@frozen(kw_only=True)
class WriteReport:
    """Say what a sink did, or with ``dry_run`` would have done.

    Parameters
    ----------
    written
        How many customers (or files, or messages) were changed.
    unchanged
        How many already showed the right thing.
    failed
        Customer -> the reason it could not be written. No secrets.
    notes
        Lines worth telling beside the numbers, such as what a dry run would have changed.
    alerts_left
        Keys of alerts that were to be raised and were not, for lack of time or by an error. The
        next run hands them over again.

    Examples
    --------
    >>> WriteReport(written=2, unchanged=5, failed={"C7": "deleted"}).complete
    False
    """

    written: int = 0
    unchanged: int = 0
    failed: Mapping[str, str] = field(factory=dict, converter=frozen_map)
    notes: tuple[str, ...] = field(default=(), converter=_lines)
    alerts_left: tuple[str, ...] = field(default=(), converter=_lines)

    @property
    def complete(self) -> bool:
        """Whether nothing was refused."""
        return not self.failed


@runtime_checkable
class Source(Protocol):
    """Where transactions come from."""

    def transactions(self, window: Window) -> Iterator[Transactions]:
        """Yield every transaction of the half-open *window*, each exactly once, in batches.

        A generator should hold no lock and no half-open state between two batches: whoever reads
        it may stop at any of them.
        """
        ...


@runtime_checkable
class Enricher(Protocol):
    """What is known about customers and prospects."""

    def customers(self, ids: Sequence[str]) -> Attributes:
        """Return what is known about *ids*; unknown ones are left out."""
        ...

    def prospects(self) -> Attributes:
        """Return everybody who has not bought yet."""
        ...


@runtime_checkable
class Sink(Protocol):
    """Anything that receives an analysis."""

    def write(self, analysis: Analysis, *, dry_run: bool) -> WriteReport:
        """Make the target show *analysis*. Writing it twice changes nothing more.

        A sink may show all of ``analysis.alerts``; one that notifies people sends
        ``analysis.raised`` alone.
        """
        ...


@runtime_checkable
class Preflight(Protocol):
    """Optional, any adapter: check whether the work can be done, and change nothing.

    ``abcxyz check`` calls it: is the other system reachable, are the rights and the fields there?
    """

    def preflight(self) -> Sequence[str]:
        """Return what is worth knowing; raise an `AdapterError` or `ConfigError` if it cannot."""
        ...


@runtime_checkable
class Closeable(Protocol):
    """Optional, any adapter: release connections and files."""

    def close(self) -> None:
        """Release everything; called once after the last use, whatever happened before."""
        ...


@runtime_checkable
class FactsSource(Protocol):
    """Optional, any adapter: what a CRM knows besides sales, for the alerts.

    Alerts on stalled deals, time spent and waiting leads need it.
    """

    def facts(self, window: Window) -> CrmFacts:
        """Return owners, open deals, time spent within the half-open *window*, lead contacts.

        A job asks once, after the classification; the enricher first, then the sources.
        """
        ...


@runtime_checkable
class SystemIdentity(Protocol):
    """Optional, beside `FactsSource`: which account of which system the adapter reads.

    Of several adapters with an equal identity only the first is asked for facts, so that no
    deal and no hour counts twice.
    """

    def system_identity(self) -> str:
        """Return text without secrets, such as ``bitrix24 example.bitrix24.ru``."""
        ...


@runtime_checkable
class NamesSource(Protocol):
    """Optional, a source: names of the customers, for reports."""

    def customer_names(self) -> Mapping[Any, str]:
        """Return customer -> name of the last reading; empty before the first."""
        ...


@runtime_checkable
class QualitySource(Protocol):
    """Optional, a source: the account of what was wrong with the sales."""

    def data_quality(self) -> Quality | None:
        """Return the account of the last reading; None before the first."""
        ...


@runtime_checkable
class ProgressReporter(Protocol):
    """Optional, a sink: report how far a write is, so that ``abcxyz run`` can show it."""

    def report_progress(self, callback: ProgressCallback) -> None:
        """Call *callback* during every later `write` with how much is done, and how much in all.

        Called before the write. Without it the sink reports to nobody.
        """
        ...


@runtime_checkable
class LocalTarget(Protocol):
    """Optional, a sink: whether the target is on this machine.

    Every other sink is taken for one that reaches another system, and only looks
    (``dry_run=True``) unless the job runs with ``--apply``.
    """

    def is_local(self) -> bool:
        """Return True if a write changes nothing beyond this machine."""
        ...


@runtime_checkable
class CliCommand(Protocol):
    """A word of the command line, ``abcxyz NAME …``; a module with these three names is one."""

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
    def abcxyz_commands(self) -> Mapping[str, CliCommand]:
        """Return commands of its own, such as one that removes what a sink created."""
        return {}

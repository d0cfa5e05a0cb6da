"""What an adapter is: three Protocols, four hooks, and the report of a write.

An adapter is any object with the right method; there is nothing to inherit from. Its
constructor's signature is its configuration: an option annotated `Secret` must not be written
into a job in clear, one annotated as a path is taken relative to the job. A package offers
adapters through the entry-point group ``abcxyz``: a module (or object) whose hooks return
``{name: factory}``.

Any adapter may offer more than its Protocol asks for:

``preflight()``
    see `Preflight`; asked by ``abcxyz check``.
``close()``
    called once after the last use, whatever happened.
``on_progress``
    of a sink: an attribute that a job sets to a function before the write, for the sink to call
    with how much is done and how much there is in all.
``remote``
    of a sink: ``False`` says that it writes to this machine alone. Everybody else's sink only
    looks unless the job runs with ``--apply``.
``facts(window)``
    of an enricher: owners, deals, time spent and contacts, for alerts
    (`abcxyz.core.advice.crm_facts.CrmFacts`).
``quality``, ``names``
    of a source, once it was read: what was wrong with the sales
    (`abcxyz.core.sales.quality.Quality`), and customer -> name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeAlias, runtime_checkable

import pluggy
from attrs import field, frozen

from abcxyz._arrays import frozen_map

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace, _SubParsersAction

    from abcxyz.core.analysis.record import Analysis
    from abcxyz.core.sales.calendar import Window
    from abcxyz.core.sales.transactions import Transactions

__all__ = [
    "GROUP",
    "Attributes",
    "CliCommand",
    "Enricher",
    "Factory",
    "Hooks",
    "Preflight",
    "Secret",
    "Sink",
    "Source",
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

Secret: TypeAlias = Annotated[str, "secret"]
"""Type of an option that a job takes from the environment, a file or the keyring."""

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

    Examples
    --------
    >>> WriteReport(written=2, unchanged=5, failed={"C7": "deleted"}).complete
    False
    """

    written: int = 0
    unchanged: int = 0
    failed: Mapping[str, str] = field(factory=dict, converter=frozen_map)
    notes: tuple[str, ...] = field(default=(), converter=_lines)

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
        """Make the target show *analysis*. Writing it twice changes nothing more."""
        ...


@runtime_checkable
class Preflight(Protocol):
    """An optional part of any adapter: look whether the work can be done, change nothing."""

    def preflight(self) -> Sequence[str]:
        """Return what is worth knowing; raise an `AdapterError` or `ConfigError` if it cannot."""
        ...


class CliCommand(Protocol):
    """A word of the command line, ``abcxyz NAME …``; a module with both functions is one."""

    def add_parser(self, subparsers: _SubParsersAction[ArgumentParser]) -> None:
        """Add the parser of the command, with ``set_defaults(run=…)``."""
        ...

    def run(self, args: Namespace) -> int:
        """Carry the command out; return the exit code."""
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

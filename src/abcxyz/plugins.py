"""What an adapter is: three Protocols, three hooks, and the report of a write.

An adapter is any object with the right method; there is nothing to inherit from. Its
constructor's signature is its configuration. A package offers adapters through the entry-point
group ``abcxyz``: a module (or object) whose hooks return ``{name: factory}``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import pluggy
from attrs import field, frozen

if TYPE_CHECKING:
    from abcxyz.core.analysis import Analysis
    from abcxyz.core.calendar import Window
    from abcxyz.core.transactions import Transactions

__all__ = [
    "GROUP",
    "Attributes",
    "Enricher",
    "Factory",
    "Hooks",
    "Preflight",
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

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)


def _frozen_map(failed: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType(dict(failed))


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

    Examples
    --------
    >>> WriteReport(written=2, unchanged=5, failed={"C7": "deleted"}).complete
    False
    """

    written: int = 0
    unchanged: int = 0
    failed: Mapping[str, str] = field(factory=dict, converter=_frozen_map)

    @property
    def complete(self) -> bool:
        """Whether nothing was refused."""
        return not self.failed


@runtime_checkable
class Source(Protocol):
    """Where transactions come from."""

    def transactions(self, window: Window) -> Iterator[Transactions]:
        """Yield every transaction of the half-open *window*, each exactly once, in batches."""
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

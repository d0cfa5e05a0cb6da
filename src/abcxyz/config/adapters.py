"""Construction of the adapters of a job, with secrets resolved."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import field, frozen

from abcxyz.config.job import Job, Part
from abcxyz.errors import AbcxyzWarning
from abcxyz.plugins import Closeable, CrmSource, Enricher, Sink, Source
from abcxyz.registry import Registry
from abcxyz.toolkit.secrets import Vault, in_clear, is_reference

__all__ = ["Adapters", "build"]


@frozen
class Adapters:
    """Built adapters of a job, and the secrets with which they were built."""

    sources: tuple[tuple[Part, Source], ...]
    enrichers: tuple[tuple[Part, Enricher], ...]
    sinks: tuple[tuple[Part, Sink], ...]
    secrets: frozenset[str] = field(repr=False)
    crm: tuple[Part, CrmSource] | None = None

    def __iter__(self) -> Iterator[tuple[Part, Any]]:
        yield from self.sources
        yield from self.enrichers
        if self.crm is not None:
            yield self.crm
        yield from self.sinks

    def close(self) -> None:
        """Close every adapter that can be closed."""
        for _, adapter in self:
            if isinstance(adapter, Closeable):
                adapter.close()


def build(job: Job, registry: Registry) -> Adapters:
    """Build every adapter of a job.

    Parameters
    ----------
    job
        The job.
    registry
        Registry of the adapters.

    Returns
    -------
    Adapters
        The built adapters, and their secrets.

    Raises
    ------
    ConfigError
        An option does not fit, or a secret cannot be read.
    PluginError
        An adapter is unknown or broken.

    Warns
    -----
    AbcxyzWarning
        A secret is in plain text in the job.
    """
    vault = Vault(job.path.parent, set())

    def made(part: Part) -> Any:
        return _build(part, job, registry, vault)

    # Every part is looked up before any is built, so that a typo has no side effects.
    for part in (*job.sources, *job.enrichers, job.crm, *job.sinks):
        if part is not None:
            registry.get(part.role, part.kind, where=part.where("kind"))
    return Adapters(
        sources=tuple((part, made(part)) for part in job.sources),
        enrichers=tuple((part, made(part)) for part in job.enrichers),
        sinks=tuple((part, made(part)) for part in job.sinks),
        crm=None if job.crm is None else (job.crm, made(job.crm)),
        secrets=frozenset(vault.read),  # last: all adapters have read theirs
    )


def _build(part: Part, job: Job, registry: Registry, vault: Vault) -> Any:
    adapter = registry.get(part.role, part.kind, where=part.where("kind"))
    known = {one.name: one for one in adapter.options}
    options: dict[str, Any] = {}
    for key, value in part.options.items():
        declared = key in known and known[key].secret
        for name, inner in _leaves(key, value):
            if in_clear(name, inner, declared=declared):
                warnings.warn(
                    AbcxyzWarning(
                        "{where}the option {option!r} holds a secret in clear; whoever sees the "
                        'job sees it. Write {option} = {{ env = "NAME" }} instead',
                        where=part.where(key),
                        option=name,
                    ),
                    stacklevel=4,
                )
                vault.learn(str(inner))
        options[key] = vault.reveal(value, part.where(key))
    shared = {key: value for key, value in job.shared(part.role).items() if key in known}
    return adapter.build({**shared, **options}, where=part.where, folder=vault.folder)


def _leaves(key: str, value: object) -> Iterator[tuple[str, object]]:
    """Yield the plain values of an option, each with the innermost key."""
    if is_reference(value):
        return
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _leaves(str(name), item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(key, item)
    else:
        yield key, value

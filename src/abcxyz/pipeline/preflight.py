"""Preflight of a job: build its adapters and run their checks."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from abcxyz.config import Adapters, Job, Part
from abcxyz.errors import AbcxyzError
from abcxyz.pipeline.failures import adapter_failure
from abcxyz.pipeline.prepare import Advice, built
from abcxyz.plugins import Preflight
from abcxyz.registry import Registry
from abcxyz.toolkit.redaction import Redactor

__all__ = ["Checked", "check", "checked_adapters"]


@frozen
class Checked:
    """Result of the preflight of one adapter."""

    role: str
    kind: str
    notes: tuple[str, ...] = ()
    problem: AbcxyzError | None = None


def check(job: Job, *, registry: Registry | None = None) -> tuple[Checked, ...]:
    """Build the adapters of a job and run their preflight checks, without changing anything.

    Parameters
    ----------
    job
        Job to check.
    registry
        Registry of the adapters; the installed ones by default.

    Returns
    -------
    tuple of Checked
        Results in the order of the job.

    Raises
    ------
    ConfigError, PluginError
        The job cannot be built.
    """
    with built(job, registry) as (adapters, redactor):
        Advice.of(job)
        return tuple(checked_adapters(adapters, redactor))


def checked_adapters(adapters: Adapters, redactor: Redactor) -> Iterator[Checked]:
    """Run the preflight check of each adapter in turn."""
    for part, adapter in adapters:
        yield _checked(part, adapter, redactor)


def _checked(part: Part, adapter: object, redactor: Redactor) -> Checked:
    if not isinstance(adapter, Preflight):
        return Checked(part.role, part.label)
    try:
        notes = tuple(_safe(line, redactor) for line in adapter.preflight())
    except Exception as problem:  # noqa: BLE001 - a stranger's code may raise anything
        failure = adapter_failure(part, problem, redactor)
        return Checked(part.role, part.label, problem=failure)
    return Checked(part.role, part.label, notes)


def _safe(note: str, redactor: Redactor) -> str:
    """Redact a note; one without secrets stays as it is, so that it can be translated."""
    safe = redactor.text(note)
    return note if safe == note else safe

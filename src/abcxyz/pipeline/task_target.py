"""The CRM of a job as a target of tasks."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from attrs import evolve, field, frozen

from abcxyz.config import Part, read_job
from abcxyz.errors import ConfigError
from abcxyz.pipeline.failures import adapter_failure
from abcxyz.pipeline.prepare import built
from abcxyz.plugins import Task, TaskTarget
from abcxyz.registry import Registry
from abcxyz.toolkit.redaction import Redactor

__all__ = ["DRAFTS", "open_task_target"]

DRAFTS = "abcxyz-drafts.sqlite"
"""Name of the file of drafts, beside the job."""

_T = TypeVar("_T")


@frozen
class _Guarded:
    """A target whose failures are errors of this library, without secrets."""

    _part: Part
    _target: TaskTarget = field(repr=False)
    _redactor: Redactor = field(repr=False)

    def task_system(self) -> str:
        return self._redactor.text(self._call(self._target.task_system))

    def create_task(self, task: Task, mark: str) -> str:
        return self._call(lambda: self._target.create_task(task, mark))

    def find_task(self, task: Task, mark: str, since: float) -> str | None:
        return self._call(lambda: self._target.find_task(task, mark, since))

    def _call(self, act: Callable[[], _T]) -> _T:
        try:
            return act()
        except Exception as problem:
            failure = adapter_failure(self._part, problem, self._redactor)
            if failure is problem:
                raise
        raise failure


@contextlib.contextmanager
def open_task_target(
    job: str | Path, registry: Registry | None = None
) -> Iterator[tuple[TaskTarget, Path]]:
    """Build the CRM of a job as a target of tasks, for the duration of a ``with`` statement.

    Parameters
    ----------
    job
        The job (``.toml``), whose table ``[crm]`` names the source.
    registry
        Registry of the adapters; the installed ones by default.

    Yields
    ------
    tuple
        The target, and the file of drafts beside the job.

    Raises
    ------
    ConfigError
        It is no job, it names no CRM, or its CRM creates no tasks.
    """
    path = Path(job)
    if path.suffix.lower() != ".toml":
        raise ConfigError(
            "tasks are written to the CRM of a job, not to {name}; name a job with [crm] as --crm",
            name=path.name,
        )
    read = read_job(path)
    if read.crm is None:
        raise ConfigError(
            "{job} names no CRM; add a table [crm] with a source and its options", job=path.name
        )
    alone = evolve(read, sources=(), sinks=(), enrichers=())
    with built(alone, registry) as (adapters, redactor):
        assert adapters.crm is not None
        part, source = adapters.crm
        if not isinstance(source, TaskTarget):
            raise ConfigError(
                "the CRM source {name} creates no tasks; leave out --allow-write", name=part.label
            )
        yield _Guarded(part, source, redactor), path.with_name(DRAFTS)

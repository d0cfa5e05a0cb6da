"""Preparation of a job: lock it, build its adapters, read its playbook and scorecard."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from abcxyz.config import Adapters, Job, build
from abcxyz.core.advice.alerts import AlertRules
from abcxyz.core.advice.playbook import Playbook
from abcxyz.core.prospects.scorecard import Scorecard
from abcxyz.errors import ConfigError, UnavailableError
from abcxyz.registry import Registry, load
from abcxyz.tables.loaders import read_playbook, read_scorecard
from abcxyz.toolkit.files import file_mode
from abcxyz.toolkit.locks import file_lock
from abcxyz.toolkit.redaction import Redactor

__all__ = ["Advice", "built", "job_lock"]


@frozen
class Advice:
    """Advice of a job: playbook, alert thresholds, scorecard."""

    playbook: Playbook | None
    alerts: AlertRules
    card: Scorecard

    @classmethod
    def of(cls, job: Job) -> Advice:
        """Read the files that the job names.

        Raises
        ------
        ConfigError
            One of them cannot be read.
        """
        return cls(
            None if job.playbook is None else read_playbook(job.playbook),
            job.alerts,
            read_scorecard(job.scorecard),
        )


@contextlib.contextmanager
def built(job: Job, registry: Registry | None = None) -> Iterator[tuple[Adapters, Redactor]]:
    """Build the adapters of a job for the duration of a ``with`` statement, then close them.

    Yields
    ------
    tuple
        The adapters, and a redactor of the secrets they were built with.
    """
    if registry is None:
        registry = load(named=job.kinds, allow=job.plugins, roles=job.roles)
    adapters = build(job, registry)
    try:
        with file_mode(job.file_mode):
            yield adapters, Redactor(adapters.secrets)
    finally:
        adapters.close()


@contextlib.contextmanager
def job_lock(job: Path) -> Iterator[None]:
    """Hold the lock of a job.

    Parameters
    ----------
    job
        The job file. The lock file is in the same folder, or in the folder for temporary files
        if that is not writable.

    Raises
    ------
    UnavailableError
        The job is already running.
    ConfigError
        Neither folder is writable.
    """
    name = hashlib.sha256(str(job).encode()).hexdigest()[:16]
    elsewhere = Path(tempfile.gettempdir()) / f"abcxyz-{name}.lock"
    with contextlib.ExitStack() as held:
        try:
            try:
                held.enter_context(file_lock(job.with_name(f".{job.name}.lock"), timeout=0))
            except ConfigError:
                held.enter_context(file_lock(elsewhere, timeout=0))
        except UnavailableError:
            raise UnavailableError(
                "the job {job} is running already; wait until it has ended", job=job.name
            ) from None
        except ConfigError as problem:
            raise ConfigError(
                "the job {job} cannot be locked ({reason}); let its folder be written to",
                job=job.name,
                reason=problem.details["reason"],
            ) from None
        yield

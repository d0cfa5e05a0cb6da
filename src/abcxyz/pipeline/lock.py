"""Lock of a job against concurrent runs."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from abcxyz.errors import ConfigError, UnavailableError
from abcxyz.toolkit.locks import file_lock

__all__ = ["job_lock"]


@contextmanager
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
    with ExitStack() as held:
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

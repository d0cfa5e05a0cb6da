"""One run of a job at a time."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from abcxyz.errors import ConfigError, UnavailableError

__all__ = ["locked"]


@contextlib.contextmanager
def locked(job: Path) -> Iterator[None]:
    """Hold the lock of a job; the system lets go of it however the process ends.

    Parameters
    ----------
    job
        The job file. The lock lies beside it, or in the folder for temporary files where that
        of the job may not be written to.

    Raises
    ------
    UnavailableError
        The job is running already.
    """
    handle = _open(job)
    try:
        if not _take(handle):
            raise UnavailableError(
                "the job {job} is running already; wait until it has ended", job=job.name
            )
        yield
    finally:
        os.close(handle)


def _open(job: Path) -> int:
    name = hashlib.sha256(str(job).encode()).hexdigest()[:16]
    elsewhere = Path(tempfile.gettempdir()) / f"abcxyz-{name}.lock"
    # A symbolic link that somebody put into the shared folder must not be followed.
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    problem: OSError | None = None
    for place in (job.with_name(f".{job.name}.lock"), elsewhere):
        try:
            return os.open(place, flags, 0o600)
        except OSError as failed:
            problem = failed
    raise ConfigError(
        "the job {job} cannot be locked ({reason}); let its folder be written to",
        job=job.name,
        reason=problem.strerror if problem else "",
    )


if os.name == "nt":  # pragma: no cover - another system

    def _take(handle: int) -> bool:
        import msvcrt

        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True

else:

    def _take(handle: int) -> bool:
        import fcntl

        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

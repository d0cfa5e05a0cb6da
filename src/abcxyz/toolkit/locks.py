"""Locks between processes, by a lock file."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from abcxyz.errors import ConfigError, UnavailableError

__all__ = ["file_lock"]


@contextmanager
def file_lock(path: Path, *, timeout: float | None = None) -> Iterator[None]:
    """Hold a lock that excludes all other threads and processes.

    Parameters
    ----------
    path
        The lock file. It is created, with mode 0600, where it is absent, and stays empty; its
        folder must exist.
    timeout
        Seconds to wait for the lock; 0 tries once, None waits until it is free.

    Raises
    ------
    UnavailableError
        The lock was still taken when the timeout ended.
    ConfigError
        The lock file cannot be opened: no permission, no folder, a symbolic link, another user's
        file in a shared folder. The field ``reason`` says why.

    Notes
    -----
    It is a lock of the operating system (``flock``, ``LockFileEx``), so it is released when the
    process ends, even by a crash. Symbolic links are not followed. Locking is done by
    ``filelock``.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with file_lock(Path(folder) / "tokens.lock", timeout=5.0):
    ...         print("locked")
    locked
    """
    from filelock import FileLock, Timeout

    # Without flock the lock would be a marker file, which outlives a killed process.
    lock = FileLock(path, mode=0o600, fallback_to_soft=False)
    try:
        if not path.parent.is_dir():  # filelock would create it
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        lock.acquire(-1 if timeout is None else timeout)
    except Timeout:
        raise UnavailableError(
            "{path} is locked by another process; wait until it has ended", path=str(path)
        ) from None
    except OSError as problem:
        raise ConfigError(
            "{path} cannot be locked ({reason}); check the rights of its folder",
            path=str(path),
            reason=problem.strerror or type(problem).__name__,
        ) from None
    try:
        yield
    finally:
        lock.release()

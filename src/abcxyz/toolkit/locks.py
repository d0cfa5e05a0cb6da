"""Locks between processes, held on a lock file."""

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
    """Hold a lock that one thread of one process at a time can have.

    Parameters
    ----------
    path
        The lock file. It is made, with mode 0600, where it is absent, and stays empty; its folder
        must be there.
    timeout
        Seconds to wait for the lock; 0 tries once, None waits until it is free.

    Raises
    ------
    UnavailableError
        Somebody else still had the lock when the time was over.
    ConfigError
        The lock file cannot be opened: no right to write, no folder, a symbolic link, another
        user's file in a shared folder. The field ``reason`` says why.

    Notes
    -----
    The lock is one of the operating system (``flock``, ``LockFileEx``), so it ends with the
    process, however that ends. A symbolic link put into a shared folder is not followed. Locking
    is done by ``filelock``.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with file_lock(Path(folder) / "tokens.lock", timeout=5.0):
    ...         print("nobody else is here")
    nobody else is here
    """
    from filelock import FileLock, Timeout

    # Without flock a mere marker file would outlive a process that was killed.
    lock = FileLock(path, mode=0o600, fallback_to_soft=False)
    try:
        if not path.parent.is_dir():  # filelock would make it
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

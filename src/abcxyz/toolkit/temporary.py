"""Temporary folders that a later run removes if a process was killed."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from abcxyz.errors import AbcxyzError, InputError
from abcxyz.toolkit.locks import file_lock

__all__ = ["TemporaryFolder", "spill_directory", "temporary_folder"]

_PREFIX = "abcxyz-run-"
_LOCK = "running.lock"
_FRESH = 60.0  # seconds in which a folder may not be locked yet


class TemporaryFolder:
    """Temporary folder, locked while its process lives.

    Parameters
    ----------
    parent
        Folder in which it is made; None for the one of the system.

    Attributes
    ----------
    path
        The folder.

    Notes
    -----
    A folder whose lock is free is left from a process that was killed; it is removed when the
    next one is made beside it.
    """

    def __init__(self, parent: str | os.PathLike[str] | None = None) -> None:
        place = Path(tempfile.gettempdir() if parent is None else parent)
        _sweep(place)
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
        self._lock = ExitStack()
        with suppress(AbcxyzError):  # without locks nothing is swept either
            self._lock.enter_context(file_lock(self.path / _LOCK, timeout=0))

    def remove(self) -> None:
        """Remove the folder and what is in it."""
        self._lock.close()
        shutil.rmtree(self.path, ignore_errors=True)


@contextmanager
def temporary_folder(parent: str | os.PathLike[str] | None = None) -> Iterator[Path]:
    """Make a temporary folder and remove it at the end; see `TemporaryFolder`.

    Examples
    --------
    >>> with temporary_folder() as folder:
    ...     _ = (folder / "table").write_text("customer;amount")
    >>> folder.exists()
    False
    """
    folder = TemporaryFolder(parent)
    try:
        yield folder.path
    finally:
        folder.remove()


def spill_directory(spill: str | os.PathLike[str] | None) -> str | None:
    """Return the directory for temporary files; None for the system's.

    Raises
    ------
    InputError
        It does not exist.
    """
    if spill is None:
        return None
    folder = Path(spill)
    if not folder.is_dir():
        raise InputError(
            "the spill directory {path} does not exist; make it, or name another one",
            path=str(folder),
        )
    return str(folder)


def _sweep(parent: Path) -> None:
    """Remove the folders that processes left which were killed."""
    for folder in parent.glob(f"{_PREFIX}*"):
        with suppress(AbcxyzError, OSError):
            if time.time() - (folder / _LOCK).stat().st_mtime < _FRESH:
                continue
            with file_lock(folder / _LOCK, timeout=0):
                pass
            shutil.rmtree(folder, ignore_errors=True)

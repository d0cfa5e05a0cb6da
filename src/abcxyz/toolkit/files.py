"""Write a file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from abcxyz.errors import AdapterError

__all__ = ["check_writable", "write_whole"]


def write_whole(path: Path, content: bytes, *, dry_run: bool = False) -> bool:
    """Put *content* into *path* through a temporary file beside it.

    Parameters
    ----------
    path
        The file; its folder is made where it is absent.
    content
        All of it.
    dry_run
        Only say whether the file would change.

    Returns
    -------
    bool
        False where the file already holds exactly this.

    Raises
    ------
    AdapterError
        The file cannot be written.

    Notes
    -----
    A reader never sees half a file, and a failure leaves the old one as it was.
    """
    try:
        if path.is_file() and path.read_bytes() == content:
            return False
        if dry_run:
            return True
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            # mkstemp makes it readable by its owner alone; a report is an ordinary file.
            mask = os.umask(0)
            os.umask(mask)
            Path(temporary).chmod(0o666 & ~mask)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as problem:
        raise AdapterError(
            "the file {path} cannot be written ({reason}); close it in other programs and check "
            "the rights of its folder",
            path=str(path),
            reason=problem.strerror or str(problem),
        ) from problem
    return True


def check_writable(path: Path) -> str:
    """See whether `write_whole` could write *path*, and write nothing.

    Returns
    -------
    str
        The path.

    Raises
    ------
    AdapterError
        The file, or the nearest folder that exists, may not be written to.
    """
    folder = next(one for one in path.absolute().parents if one.exists())
    if path.is_dir():
        reason = "it is a folder"
    elif not folder.is_dir():
        reason = f"{folder} is no folder"
    elif not os.access(folder, os.W_OK | os.X_OK):
        reason = f"no right to write to {folder}"
    else:
        return str(path)
    raise AdapterError(
        "the file {path} cannot be written ({reason}); close it in other programs and check "
        "the rights of its folder",
        path=str(path),
        reason=reason,
    )

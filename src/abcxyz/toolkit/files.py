"""Atomic writes and private files."""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from abcxyz.errors import AdapterError, ConfigError

__all__ = [
    "check_writable",
    "create_private",
    "read_private",
    "relative_name",
    "short_hash",
    "write_atomic",
]


def write_atomic(
    path: Path,
    content: bytes | Callable[[BinaryIO], object],
    *,
    private: bool = False,
    dry_run: bool = False,
) -> bool:
    """Replace the content of a file atomically, through a temporary file beside it.

    Parameters
    ----------
    path
        Path of the file; its folder is created where it is absent.
    content
        The whole content, or a function that writes it into a binary stream.
    private
        Make the file readable by its owner alone (mode 0600), for secrets and personal data.
    dry_run
        Write nothing and only return whether the file would change.

    Returns
    -------
    bool
        False where the file already holds exactly these bytes; always True for a function.

    Raises
    ------
    AdapterError
        The file cannot be written; the field ``reason`` says why.

    Notes
    -----
    A reader never sees a partial file, and a failure leaves the old one unchanged. The bytes are
    flushed to the disk (``fsync``) before the file is renamed.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "report.txt"
    ...     print(write_atomic(file, b"10 customers"), write_atomic(file, b"10 customers"))
    True False
    """
    try:
        if isinstance(content, bytes) and path.is_file() and path.read_bytes() == content:
            return False
        if dry_run:
            return True
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, content, 0o600 if private else 0o666)
    except OSError as problem:
        raise AdapterError(
            "the file {path} cannot be written ({reason}); close it in other programs and check "
            "the rights of its folder",
            path=str(path),
            reason=problem.strerror or str(problem),
        ) from problem
    return True


def _replace(path: Path, content: bytes | Callable[[BinaryIO], object], mode: int) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        # "x" refuses an existing file or link; the umask applies to the mode.
        with open(temporary, "xb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
            if isinstance(content, bytes):
                file.write(content)
            else:
                content(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def create_private(path: Path) -> bool:
    """Create an empty file that only its owner may read, before another library opens it.

    Parameters
    ----------
    path
        The file; one that exists stays as it is, with its mode.

    Returns
    -------
    bool
        Whether it was created.

    Raises
    ------
    OSError
        It cannot be created.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "ledger.sqlite"
    ...     create_private(file), create_private(file)
    (True, False)
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return False
    return True


def check_writable(path: Path) -> str:
    """Check that `write_atomic` could write *path*, without writing.

    Returns
    -------
    str
        The path.

    Raises
    ------
    AdapterError
        The file, or the nearest folder that exists, may not be written to.

    Examples
    --------
    >>> from tempfile import gettempdir
    >>> check_writable(Path(gettempdir(), "report.txt")).endswith("report.txt")
    True
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


def relative_name(path: Path, folder: Path) -> str:
    """Return a path from a folder on, with slashes on every system.

    Examples
    --------
    >>> relative_name(Path("shop/north/job.toml"), Path("shop"))
    'north/job.toml'
    """
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # another drive of Windows
        return path.as_posix()


def short_hash(text: str) -> str:
    """Return the first eight digits of a SHA-256.

    Examples
    --------
    >>> short_hash("north")
    'dc365e79'
    """
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def read_private(path: Path, where: str = "") -> str:
    """Read a text file that only its owner may read.

    Parameters
    ----------
    path
        The file, in UTF-8.
    where
        Prefix of error messages, such as the line of a job.

    Returns
    -------
    str
        The text, unchanged.

    Raises
    ------
    ConfigError
        It cannot be read, or other users may read it. The message names the path, never the
        content.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "token"
    ...     _ = write_atomic(file, b"s3cr3t", private=True)
    ...     read_private(file)
    's3cr3t'
    """
    try:
        mode = path.stat().st_mode
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigError(
                "{where}others may read the secret in {path} (its rights are {mode}); run: "
                "chmod 600 {path}",
                where=where,
                path=str(path),
                mode=f"{stat.S_IMODE(mode):03o}",
            )
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        reason = getattr(problem, "strerror", None) or "it is not text in UTF-8"
    # Outside `except`: a decoding error holds the bytes that it could not decode.
    raise ConfigError(
        "{where}the secret in {path} cannot be read ({reason}); check the path",
        where=where,
        path=str(path),
        reason=reason,
    )

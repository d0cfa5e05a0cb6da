"""Atomic writes and private files."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from abcxyz.errors import AdapterError, ConfigError

__all__ = [
    "MODE_VARIABLE",
    "check_writable",
    "create_private",
    "file_mode",
    "move_atomic",
    "new_file_mode",
    "parse_mode",
    "read_private",
    "relative_name",
    "short_hash",
    "write_atomic",
]

MODE_VARIABLE = "ABCXYZ_FILE_MODE"
"""Environment variable with the mode of new files, for folders that several people share."""

_PRIVATE = 0o600
_ABANDONED = 3600.0  # seconds after which a temporary file is no longer written to


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
        Make the file readable by its owner alone (mode 0600), whatever mode it has: for secrets.
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
    flushed to the disk (``fsync``) before the file is renamed, and the folder after it. A file
    keeps its mode; a new one gets that of `new_file_mode`. Temporary files that a killed process
    left beside it are deleted after an hour.

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
        _sweep(path)
        _replace(path, content, _PRIVATE if private else _mode_of(path))
    except OSError as problem:
        raise _not_written(path, problem.strerror or str(problem)) from problem
    return True


def move_atomic(source: Path, target: Path) -> None:
    """Put a finished file in the place of another, atomically.

    Parameters
    ----------
    source, target
        The file, on the same disk as the path that it replaces and whose mode it takes.

    Raises
    ------
    AdapterError
        It cannot be moved; the field ``reason`` says why.

    Notes
    -----
    For a file that another library writes, such as a database; see `write_atomic` for others.
    """
    try:
        with source.open("rb+") as file:
            if os.name == "posix":
                os.fchmod(file.fileno(), _mode_of(target))
            os.fsync(file.fileno())
        source.replace(target)
    except OSError as problem:
        raise _not_written(target, problem.strerror or str(problem)) from problem
    _flush_folder(target.parent)


def _not_written(path: Path, reason: str) -> AdapterError:
    return AdapterError(
        "the file {path} cannot be written ({reason}); close it in other programs and check "
        "the rights of its folder",
        path=str(path),
        reason=reason,
    )


def _replace(path: Path, content: bytes | Callable[[BinaryIO], object], mode: int) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        # "x" refuses an existing file or link.
        with open(
            temporary, "xb", opener=lambda name, flags: os.open(name, flags, _PRIVATE)
        ) as file:
            if isinstance(content, bytes):
                file.write(content)
            else:
                content(file)
            file.flush()
            if mode != _PRIVATE and os.name == "posix":
                os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _flush_folder(path.parent)


def _mode_of(path: Path) -> int:
    """Return the mode of a file that exists, or that of a new one."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return new_file_mode()


def _flush_folder(folder: Path) -> None:
    """Write the entries of a folder to the disk, so that a power failure undoes no rename."""
    if os.name != "posix":
        return
    # Some network drives cannot.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _sweep(path: Path) -> None:
    """Delete the temporary files of *path* that a killed process left long ago."""
    pattern = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{16}}")
    with contextlib.suppress(OSError), os.scandir(path.parent) as entries:
        for entry in entries:
            if pattern.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                age = time.time() - entry.stat(follow_symlinks=False).st_mtime
                if age > _ABANDONED:
                    Path(entry.path).unlink(missing_ok=True)


_mode: int | None = None


def new_file_mode() -> int:
    """Return the mode of new files: 0600, or what `file_mode` or ``ABCXYZ_FILE_MODE`` sets.

    Raises
    ------
    ConfigError
        The variable is no mode.

    Examples
    --------
    >>> oct(new_file_mode())
    '0o600'
    """
    if _mode is not None:
        return _mode
    written = os.environ.get(MODE_VARIABLE)
    return _PRIVATE if written is None else parse_mode(written, MODE_VARIABLE)


def parse_mode(written: str, name: str, where: str = "") -> int:
    """Read a mode in octal digits; *name* and *where* say in an error what was written where.

    Raises
    ------
    ConfigError
        It is none, or not one for files that their owner reads and writes.

    Examples
    --------
    >>> oct(parse_mode("640", "mode"))
    '0o640'
    """
    if re.fullmatch("0?6[0246][0246]", written):
        return int(written, 8)
    raise ConfigError(
        "{where}{name} is {value!r}; give the mode of a file in octal digits, such as 600 for its "
        "owner alone or 640 for its group too",
        where=where,
        name=name,
        value=written,
    )


@contextlib.contextmanager
def file_mode(mode: int | None) -> Iterator[None]:
    """Give new files this mode for the duration of a ``with`` statement; None changes nothing.

    Examples
    --------
    >>> with file_mode(0o640):
    ...     oct(new_file_mode())
    '0o640'
    """
    global _mode
    before = _mode
    _mode = before if mode is None else mode
    try:
        yield
    finally:
        _mode = before


def create_private(path: Path) -> bool:
    """Create an empty file with the mode of new files, before another library opens it.

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
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _PRIVATE)
    except FileExistsError:
        return False
    try:
        if os.name == "posix":
            os.fchmod(handle, new_file_mode())
    finally:
        os.close(handle)
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
    raise _not_written(path, reason)


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
        if not stat.S_ISREG(mode):
            # A pipe would wait for its other end.
            raise OSError(errno.EINVAL, "it is no regular file")
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

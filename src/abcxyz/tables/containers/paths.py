"""Files of a call: a path, several, a folder, or a pattern such as ``sales-*.csv``."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from os import PathLike, fspath
from pathlib import Path

from abcxyz.errors import InputError

__all__ = ["FilePath", "Files", "files_of"]

FilePath = str | PathLike[str]
"""A path."""

Files = FilePath | Iterable[FilePath]
"""One or several files, folders or patterns."""


def files_of(files: Files) -> list[Path]:
    """Return the files that paths, folders and patterns name, each once.

    Parameters
    ----------
    files
        A path, or several. A folder stands for the files in it, without hidden ones and without
        folders inside; a pattern with ``*``, ``?`` or ``[...]`` for the files it matches, unless
        a file has that name. The files of a folder or a pattern are in order of their names.

    Raises
    ------
    InputError
        No file is named, or a folder or a pattern has none.

    Examples
    --------
    >>> [str(path) for path in files_of(["2024.csv", "2025.csv"])]
    ['2024.csv', '2025.csv']
    """
    paths = [files] if isinstance(files, (str, PathLike)) else list(files)
    if not paths:
        raise InputError("no file is named; name a file, a folder or a pattern")
    named: dict[Path, None] = {}
    for path in paths:
        named.update(dict.fromkeys(_expand(Path(fspath(path)))))
    return list(named)


def _expand(path: Path) -> list[Path]:
    try:
        if path.is_dir():
            listed = [one for one in path.iterdir() if one.is_file() and _is_visible(one)]
        elif glob.has_magic(str(path)) and not path.exists():
            listed = [Path(one) for one in glob.iglob(str(path)) if Path(one).is_file()]  # noqa: PTH207 - absolute patterns too
        else:
            return [path]
    except (OSError, ValueError) as problem:
        raise InputError(
            "the file {path} cannot be read ({reason}); check that it is whole and may be read",
            path=str(path),
            reason=str(problem),
        ) from problem
    if not listed:
        raise InputError("{path} names no file; check the path or the pattern", path=str(path))
    return sorted(listed)


def _is_visible(path: Path) -> bool:
    """Return whether a file is no hidden one and no lock of an office program."""
    return not path.name.startswith((".", "~$", "_"))

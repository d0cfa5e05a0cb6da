"""Parquet files larger than memory, through the one engine seen to keep a memory limit: DuckDB."""

from __future__ import annotations

import re
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from abcxyz.errors import InputError
from abcxyz.frames.segmentation import segmented

__all__ = ["MEMORY", "Progress", "parquet_sales", "write_segments"]

MEMORY = "1GB"
"""Memory of the whole process unless told otherwise; the rest goes to the spill directory."""

_ENGINE = 0.8  # the part of it that DuckDB may fill; the libraries themselves take the rest

Progress = Callable[[float], None]
"""Is called with the share of the running query that is done, of one."""

_TICK = 0.5
_LEAST = 100


@contextmanager
def parquet_sales(
    path: str | PathLike[str],
    *,
    memory: str = MEMORY,
    spill: str | PathLike[str] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Iterator[Any]:
    """Open Parquet files as a DuckDB relation that keeps a memory limit.

    Parameters
    ----------
    path
        A file, or a pattern such as ``sales/*.parquet``.
    memory
        What the process is to stay below, such as ``500MB``; DuckDB gets four fifths.
    spill
        A directory for what does not fit; a temporary one when not given. It is emptied of what
        was put there.
    threads
        How many to use; every one costs memory. As many as there are cores when not given.
    progress
        What to tell how far a query is.

    Yields
    ------
    duckdb.DuckDBPyRelation
        Give it to `segment` or `panel_from_frame` before the block ends.

    Raises
    ------
    InputError
        DuckDB is absent, the file cannot be read, or the limit or directory is wrong.

    Examples
    --------
    >>> import pandas as pd
    >>> file = Path(tempfile.mkdtemp()) / "sales.parquet"
    >>> pd.DataFrame({"who": [7, 8]}).to_parquet(file)
    >>> with parquet_sales(file, memory="200MB") as sales:
    ...     sales.aggregate("max(who)").fetchall()
    [(8,)]
    """
    try:
        import duckdb
    except ImportError:
        raise InputError(
            "reading {kind} needs {package}; install it with: pip install {package}",
            kind="large Parquet files",
            package="duckdb",
        ) from None
    with tempfile.TemporaryDirectory(prefix="abcxyz-", dir=_directory(spill)) as folder:
        connection = duckdb.connect()
        try:
            connection.execute(f"set memory_limit = '{_limit(memory)}MB'")
            connection.execute("set temp_directory = $folder", {"folder": folder})
            if threads is not None:
                connection.execute(f"set threads = {int(threads)}")
            # Order costs memory, and no sum needs it.
            connection.execute("set preserve_insertion_order = false")
            # It would write to standard output, among the results.
            connection.execute("set enable_progress_bar_print = false")
            try:
                sales = connection.read_parquet(fspath(path))
            except duckdb.Error as problem:
                raise InputError(
                    "the file {path} cannot be read ({reason}); check that it is whole and may "
                    "be read",
                    path=fspath(path),
                    reason=str(problem).partition("\n")[0],
                ) from problem
            with _watched(connection, progress):
                yield sales
        finally:
            connection.close()


def _directory(spill: str | PathLike[str] | None) -> str | None:
    if spill is None:
        return None
    folder = Path(spill)
    if not folder.is_dir():
        raise InputError(
            "the spill directory {path} does not exist; make it, or name another one",
            path=str(folder),
        )
    return str(folder)


def _limit(memory: str) -> int:
    """Return DuckDB's part in megabytes."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([MGT])B?\s*", memory.upper())
    megabytes = float(found[1]) * {"M": 1, "G": 1e3, "T": 1e6}[found[2]] if found else 0
    if megabytes < _LEAST:
        raise InputError(
            "the memory {memory!r} cannot be used; write it as 500MB or 1GB, at least {least}MB",
            memory=memory,
            least=_LEAST,
        )
    return int(megabytes * _ENGINE)


@contextmanager
def _watched(connection: Any, progress: Progress | None) -> Iterator[None]:
    """Ask DuckDB from another thread how far it is; asking is all that this thread does."""
    if progress is None:
        yield
        return
    connection.execute("set enable_progress_bar = true")
    done = threading.Event()

    def ask() -> None:
        while not done.wait(_TICK):
            share = connection.query_progress() / 100
            if 0 <= share <= 1:
                progress(share)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    try:
        yield
    finally:
        done.set()
        asking.join()


def write_segments(
    path: str | PathLike[str],
    target: str | PathLike[str],
    *,
    memory: str = MEMORY,
    spill: str | PathLike[str] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> dict[str, int]:
    """Segment Parquet files into another one, however many customers there are.

    Parameters
    ----------
    path, memory, spill, threads, progress
        As in `parquet_sales`.
    target
        The file to write, in the columns of `segment`; it appears when it is whole.
    **options
        Those of `segment`.

    Returns
    -------
    dict
        How many customers are in each segment; under an empty name those in none.

    Raises
    ------
    InputError
        As in `parquet_sales` and `segment`.
    """
    goal = Path(target)
    part = goal.with_name(goal.name + ".part")
    with (
        parquet_sales(
            path, memory=memory, spill=spill, threads=threads, progress=progress
        ) as sales,
        segmented(sales, **options) as answer,
    ):
        found = answer.aggregate("coalesce(segment, '') as segment, count(*) as n", "segment")
        counts = {str(name): int(n) for name, n in found.fetchall()}
        try:
            answer.write_parquet(str(part))
            part.replace(goal)
        finally:
            part.unlink(missing_ok=True)
    return dict(sorted(counts.items()))

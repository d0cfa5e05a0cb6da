"""Segmentation of Parquet files larger than memory with DuckDB, under a memory limit."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from abcxyz.errors import InputError
from abcxyz.frames.segmentation import segmented
from abcxyz.toolkit.parsing import parse_megabytes
from abcxyz.toolkit.temporary import spill_directory, temporary_folder

__all__ = [
    "MEMORY",
    "Progress",
    "parquet_sales",
    "write_segments",
]

MEMORY = "1GB"
"""Default memory limit of the whole process; larger data go to the spill directory."""

_ENGINE = 0.8  # share of the limit for DuckDB; the rest is for the loaded libraries

Progress = Callable[[float], None]
"""Callback with the progress of the running query, 0..1."""

_TICK = 0.5


@contextmanager
def parquet_sales(
    path: str | PathLike[str],
    *,
    memory: str = MEMORY,
    spill: str | PathLike[str] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Iterator[Any]:
    """Open Parquet files as a DuckDB relation with a memory limit.

    Parameters
    ----------
    path
        A file, or a pattern such as ``sales/*.parquet``.
    memory
        Memory limit of the process, such as ``500MB``; DuckDB gets four fifths.
    spill
        Directory for temporary files, which are removed at the end; None for the system's
        temporary directory.
    threads
        Number of threads, each of which needs memory; None for the number of cores.
    progress
        Callback with the progress of a query; None for no callback.

    Yields
    ------
    duckdb.DuckDBPyRelation
        Pass it to `segment` or `panel_from_frame` before the block ends.

    Raises
    ------
    InputError
        DuckDB is not installed, the file cannot be read, or the limit or directory is invalid.

    Examples
    --------
    >>> import tempfile
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
    with temporary_folder(spill_directory(spill)) as folder:
        connection = duckdb.connect()
        try:
            connection.execute(f"set memory_limit = '{int(parse_megabytes(memory) * _ENGINE)}MB'")
            connection.execute("set temp_directory = $folder", {"folder": str(folder)})
            if threads is not None:
                connection.execute(f"set threads = {int(threads)}")
            # Preserving the order needs memory, and aggregation does not depend on it.
            connection.execute("set preserve_insertion_order = false")
            # The bar would be written to standard output, among the results.
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
            with _progress_polled(connection, progress):
                yield sales
        finally:
            connection.close()


@contextmanager
def _progress_polled(connection: Any, progress: Progress | None) -> Iterator[None]:
    """Poll the progress of DuckDB in another thread, which does nothing else."""
    if progress is None:
        yield
        return
    connection.execute("set enable_progress_bar = true")
    done = threading.Event()

    def poll() -> None:
        while not done.wait(_TICK):
            share = connection.query_progress() / 100
            if 0 <= share <= 1:
                progress(share)

    polling = threading.Thread(target=poll, daemon=True)
    polling.start()
    try:
        yield
    finally:
        done.set()
        polling.join()


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
    """Segment Parquet files of any size, and write the result to a Parquet file.

    Parameters
    ----------
    path, memory, spill, threads, progress
        As in `parquet_sales`.
    target
        The file to write, with the columns of `segment`; replaced only when complete.
    **options
        Options of `segment`.

    Returns
    -------
    dict
        Number of customers by segment; the empty name is for those not classified.

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
        segmented(sales, **options) as result,
    ):
        totals = result.aggregate("coalesce(segment, '') as segment, count(*) as n", "segment")
        counts = {str(name): int(n) for name, n in totals.fetchall()}
        try:
            result.write_parquet(str(part))
            part.replace(goal)
        finally:
            part.unlink(missing_ok=True)
    return dict(sorted(counts.items()))

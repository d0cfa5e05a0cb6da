"""Threads for loops that release the GIL: numpy's over large blocks, and compiled ones."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

__all__ = ["run_blocks", "run_parts", "thread_count", "threads_for"]

T = TypeVar("T")

_PART = 1 << 19  # values per thread from which a thread saves time


def thread_count() -> int:
    """Return the number of cores that this process may use."""
    try:
        return max(1, len(os.sched_getaffinity(0)))
    except AttributeError:  # not Linux
        return os.cpu_count() or 1


def threads_for(length: int) -> int:
    """Return the number of threads that `run_blocks` shares a column of so many values among."""
    return max(1, min(thread_count(), length // _PART))


def run_parts(work: Callable[[int], T], parts: int) -> list[T]:
    """Call ``work(part)`` for every part, each in a thread, and return the results in order.

    Parameters
    ----------
    work
        Function that spends its time without the GIL, and shares no state with other parts.
    parts
        Number of parts; one part runs in the calling thread.

    Examples
    --------
    >>> run_parts(lambda part: part * 10, 3)
    [0, 10, 20]
    """
    if parts <= 1:
        return [work(part) for part in range(parts)]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(parts - 1, thread_name_prefix="abcxyz") as pool:
        rest = [pool.submit(work, part) for part in range(1, parts)]
        return [work(0), *(one.result() for one in rest)]


def run_blocks(length: int, block: int, work: Callable[[slice], T]) -> list[T]:
    """Call *work* for parts of a column of whole blocks, each in a thread; results in order.

    Parameters
    ----------
    length, block
        Values of the column, and of a block.
    work
        As of `run_parts`, for a slice of the column.

    Examples
    --------
    >>> run_blocks(5, 2, lambda rows: (rows.start, rows.stop))
    [(0, 5)]
    """
    parts = threads_for(length)
    blocks = -(-length // block)
    edges = [*(blocks * part // parts * block for part in range(parts)), length]
    return run_parts(lambda part: work(slice(edges[part], edges[part + 1])), parts)

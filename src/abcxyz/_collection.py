"""Suspension of the search for cycles among objects, and return of free memory."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["free_arrays_at_once", "free_memory", "keep_freed_arrays", "without_collection"]

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h
_LARGE, _KEPT, _MOST = 4 << 20, 256 << 20, 32 << 20


@contextmanager
def without_collection(*, lasting: bool = False) -> Iterator[None]:
    """Suspend the search for cycles, which visits millions of new objects again and again.

    With *lasting*, what was made meanwhile is not searched later either, as for modules.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if lasting:
            gc.freeze()
        if enabled:
            gc.enable()


def free_memory() -> None:
    """Give memory that nothing is in any more back to the system, where it can be told to.

    Arrow keeps that of its batches for further ones, and the allocator of glibc that of arrays
    below 32 MB: together some 400 MB after ten million rows.
    """
    arrow = sys.modules.get("pyarrow")
    if arrow is not None:
        arrow.default_memory_pool().release_unused()
    _tell_allocator("malloc_trim", 0)


def free_arrays_at_once() -> None:
    """Have arrays of more than a few megabytes given back to the system as soon as they are freed.

    Else the allocator of glibc keeps those below 32 MB, and so each temporary column of three
    million customers; pages that are given back cost a little time when they are taken again.
    """
    _return_arrays_of(_LARGE)


def keep_freed_arrays() -> None:
    """Have the memory of freed arrays kept for the next ones, some hundred megabytes of it.

    For the process of a command, which makes arrays of some megabytes one after the other: the
    system clears every page that is given back before it is taken again, which took a tenth of the
    time of reading a large file.
    """
    _return_arrays_of(_KEPT)


def _return_arrays_of(size: int) -> None:
    """Have freed memory given back from so many bytes on, and kept below."""
    if not _tell_allocator("mallopt", _MMAP_THRESHOLD, size):
        # Older versions of glibc refuse more; with the other threshold alone they would keep less.
        _tell_allocator("mallopt", _MMAP_THRESHOLD, min(size, _MOST))
    _tell_allocator("mallopt", _TRIM_THRESHOLD, size)


def _tell_allocator(function: str, *arguments: int) -> int:
    """Call a function of the C library; return its result, 0 where there is no such function."""
    if sys.platform == "linux":
        import ctypes

        tell = getattr(ctypes.CDLL(None), function, None)  # musl has none
        if tell is not None:
            return int(tell(*arguments))
    return 0

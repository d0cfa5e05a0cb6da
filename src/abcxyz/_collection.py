"""Suspension of the search for cycles among objects, and return of free memory."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["free_arrays_at_once", "free_memory", "without_collection"]

_MMAP_THRESHOLD = -3  # M_MMAP_THRESHOLD of malloc.h
_LARGE = 4 << 20


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
    _tell_allocator("mallopt", _MMAP_THRESHOLD, _LARGE)


def _tell_allocator(function: str, *arguments: int) -> None:
    if sys.platform == "linux":
        import ctypes

        tell = getattr(ctypes.CDLL(None), function, None)  # musl has none
        if tell is not None:
            tell(*arguments)

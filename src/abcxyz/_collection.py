"""Suspension of the search for cycles among objects, and return of free memory."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["free_memory", "without_collection"]


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
    if sys.platform == "linux":
        import ctypes

        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)

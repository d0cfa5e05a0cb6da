"""Suspension of the search for cycles among objects."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["without_collection"]


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

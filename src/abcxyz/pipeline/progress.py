"""Who watches a run: nobody, unless asked."""

from __future__ import annotations

__all__ = ["Watch"]


class Watch:
    """Be told how far a run is; this one says nothing. Override what is of interest."""

    def begin(self, stage: str, what: str) -> None:
        """Hear that a *stage* begins: ``read``, ``classify``, ``enrich``, ``write``, ``look``."""

    def advance(self, lines: int) -> None:
        """Hear that so many more lines of sales were read."""

    def progress(self, done: int, total: int) -> None:
        """Hear how much of a write is done; only sinks that tell it call this."""

    def end(self) -> None:
        """Hear that the stage is over."""

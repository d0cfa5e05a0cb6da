"""Progress callbacks of a run; the default does nothing."""

from __future__ import annotations

__all__ = ["RunProgress"]


class RunProgress:
    """Callbacks that a run calls as it goes on; override those of interest."""

    def begin(self, stage: str, what: str) -> None:
        """Begin a *stage*: ``read``, ``classify``, ``enrich``, ``write`` or ``look``."""

    def advance(self, lines: int) -> None:
        """Count that many more lines of sales as read."""

    def wrote(self, done: int, total: int) -> None:
        """Say how much of a write is done; only sinks that report progress call this."""

    def end(self) -> None:
        """End the stage."""

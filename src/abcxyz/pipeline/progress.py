"""Progress callbacks of a run; the default does nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

__all__ = ["RunProgress"]


class RunProgress:
    """Progress callbacks of a run, to be overridden."""

    def begin(self, stage: str, what: str) -> None:
        """Begin a *stage*: ``read``, ``classify``, ``enrich``, ``write`` or ``look``."""

    def advance(self, lines: int) -> None:
        """Report that *lines* more lines of sales were read."""

    def counted(self, lines: int) -> None:
        """Report that *lines* lines of sales were read so far."""

    def wrote(self, done: int, total: int) -> None:
        """Report the progress of a write; only sinks that report progress call it."""

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Show nothing for the duration of a ``with`` statement, while a question is asked."""
        yield

    def end(self) -> None:
        """End the stage."""

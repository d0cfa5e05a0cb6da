"""Progress callbacks of a run, and what was done when it was stopped."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from abcxyz.i18n import text

__all__ = ["RunInterrupted", "RunProgress", "TrackedProgress", "stage_text"]


def stage_text(stage: str, what: str, lang: str) -> str:
    """Describe a stage of `RunProgress.begin` in words."""
    texts = {
        "": text("preparing", lang),
        "read": text("reading {what}", lang, what=what),
        "classify": text("classifying", lang),
        "enrich": text("asking {what}", lang, what=what),
        "report": text("making the report {what}", lang, what=what),
        "look": text("looking at {what}", lang, what=what),
        "write": text("writing {what}", lang, what=what),
    }
    return texts[stage]


class RunProgress:
    """Progress callbacks of a run, to be overridden."""

    def begin(self, stage: str, what: str) -> None:
        """Begin a *stage*: ``read``, ``classify``, ``enrich``, ``report``, ``look``, ``write``."""

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


class TrackedProgress(RunProgress):
    """Pass the progress on, and remember how far the run has come.

    Parameters
    ----------
    inner
        The callbacks of the caller.
    """

    def __init__(self, inner: RunProgress) -> None:
        self._inner = inner
        self.stage, self.what, self.saved = "", "", False
        self.written: list[str] = []

    def begin(self, stage: str, what: str) -> None:
        """Remember a stage."""
        self.stage, self.what = stage, what
        self._inner.begin(stage, what)

    def advance(self, lines: int) -> None:
        """Pass it on."""
        self._inner.advance(lines)

    def wrote(self, done: int, total: int) -> None:
        """Pass it on."""
        self._inner.wrote(done, total)

    def end(self) -> None:
        """Remember what was written."""
        if self.stage == "write":
            self.written.append(self.what)
        self._inner.end()


class RunInterrupted(KeyboardInterrupt):
    """A run was stopped by a signal.

    Parameters
    ----------
    progress
        How far it had come.
    sinks
        Names of all sinks of the job.
    """

    def __init__(self, progress: TrackedProgress, sinks: Sequence[str]) -> None:
        super().__init__("stopped")
        self.stage, self.what, self.saved = progress.stage, progress.what, progress.saved
        self.written = tuple(progress.written)
        self.unwritten = tuple(one for one in sinks if one not in self.written)

    def explain(self, lang: str = "en") -> str:
        """Say in one line what was done and what was not."""
        stage = stage_text(self.stage, self.what, lang)
        if not (self.saved or self.written or self.stage == "write"):
            return text("stopped: {stage}; nothing was saved or written", lang, stage=stage)
        return text(
            "stopped: {stage}; sinks done: {done}; not done, or in part: {left}; the next run "
            "makes up for it",
            lang,
            stage=stage,
            done=", ".join(self.written) or "-",
            left=", ".join(self.unwritten) or "-",
        )

"""Progress of a run or a query: a moving line on a terminal, log lines elsewhere."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TextIO

from abcxyz.cli.output.terminal import one_line, printable, raw
from abcxyz.i18n import number, text
from abcxyz.progress import RunProgress, stage_text
from abcxyz.toolkit.catalogue import Figure

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["LineProgress", "LogProgress", "RichProgress", "stages", "watching"]

_EVERY = 10.0  # seconds between two lines about one stage


def _of(done: int, total: int, lang: str) -> str:
    return f"{number(done, lang)} / {number(total, lang)}"


@contextlib.contextmanager
def stages(lang: str = "en") -> Iterator[RunProgress]:
    """Show what is being done on a line of the terminal's stderr; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield RunProgress()
        return
    progress = LineProgress(sys.stderr, lang)
    try:
        yield progress
    finally:
        progress.end()


class LineProgress(RunProgress):
    """Show the current stage, with its count, on one line that disappears at the end.

    Parameters
    ----------
    stream
        Terminal.
    lang
        Language of the line.
    """

    def __init__(self, stream: TextIO, lang: str = "en") -> None:
        self._stream, self._lang = stream, lang
        self._stage, self._lines = "", 0

    def begin(self, stage: str, what: str) -> None:
        """Show the stage."""
        self._stage, self._lines = stage_text(stage, one_line(what), self._lang), 0
        self._show("")

    def advance(self, lines: int) -> None:
        """Show the number of lines."""
        self.counted(self._lines + lines)

    def counted(self, lines: int) -> None:
        """Show the number of lines."""
        self._lines = lines
        self._show(text("{count} {count:line|lines}", self._lang, count=Figure(self._lines)))

    def wrote(self, done: int, total: int) -> None:
        """Show the progress of a write."""
        self._show(_of(done, total, self._lang))

    def end(self) -> None:
        """Clear the line."""
        self._put("")

    def _show(self, count: str) -> None:
        self._put(f"{self._stage}: {count}" if count else f"{self._stage} …")

    def _put(self, line: str) -> None:
        print(f"\r\033[K{line}", end="", file=raw(self._stream), flush=True)


class LogProgress(RunProgress):
    """Log the beginning and the end of every stage, and regularly in between.

    Parameters
    ----------
    log
        Logger.
    lang
        Language of the messages.
    clock
        Function that returns monotonic seconds.
    """

    def __init__(
        self,
        log: Callable[[str], object],
        lang: str = "en",
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log, self._lang, self._clock = log, lang, clock
        self._stage, self._lines, self._due = "", 0, 0.0

    def begin(self, stage: str, what: str) -> None:
        """Log the beginning of a stage."""
        self._stage = stage_text(stage, printable(what), self._lang)
        self._lines, self._due = 0, self._clock() + _EVERY
        self._log(self._stage)

    def advance(self, lines: int) -> None:
        """Log the number of lines, at most once per interval."""
        self._lines += lines
        if self._clock() >= self._due:
            self._due = self._clock() + _EVERY
            self._count()

    def wrote(self, done: int, total: int) -> None:
        """Log the progress of a write, at most once per interval."""
        if self._clock() >= self._due:
            self._due = self._clock() + _EVERY
            self._log(f"{self._stage}: {_of(done, total, self._lang)}")

    def end(self) -> None:
        """Log the number of lines of the stage."""
        if self._lines:
            self._count()

    def _count(self) -> None:
        count = text("{count} {count:line|lines}", self._lang, count=Figure(self._lines))
        self._log(f"{self._stage}: {count}")


class RichProgress(RunProgress):
    """Show one animated line per stage.

    Parameters
    ----------
    progress
        Progress display of ``rich``, already started.
    lang
        Language of the lines.
    """

    def __init__(self, progress: Progress, lang: str = "en") -> None:
        self._progress, self._lang = progress, lang
        self._task: TaskID | None = None

    def begin(self, stage: str, what: str) -> None:
        """Add a line."""
        self._task = self._progress.add_task(
            stage_text(stage, printable(what), self._lang), total=None, count=""
        )
        self._lines = 0

    def advance(self, lines: int) -> None:
        """Show the number of lines."""
        self._lines += lines
        if self._task is not None:
            count = text("{count} {count:line|lines}", self._lang, count=Figure(self._lines))
            self._progress.update(self._task, count=count)

    def wrote(self, done: int, total: int) -> None:
        """Fill the bar."""
        if self._task is not None:
            count = _of(done, total, self._lang)
            self._progress.update(self._task, completed=done, total=total, count=count)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Remove the lines from the terminal for the duration of a ``with`` statement."""
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()

    def end(self) -> None:
        """Stop the line."""
        if self._task is not None:
            self._progress.update(self._task, total=1, completed=1)


class watching:  # noqa: N801 - used as a function is
    """Show progress by lines or by the log, for the duration of a ``with`` statement.

    Parameters
    ----------
    lang
        Language of the lines.
    quiet
        Show nothing.
    stream
        Output stream; stderr by default.
    """

    def __init__(self, lang: str, *, quiet: bool = False, stream: TextIO | None = None) -> None:
        self._lang, self._quiet = lang, quiet
        self._stream = sys.stderr if stream is None else stream
        self._progress: Progress | None = None

    def __enter__(self) -> RunProgress:
        if self._quiet:
            return RunProgress()
        if self._stream.isatty():
            try:
                from rich.console import Console
                from rich.progress import (
                    BarColumn,
                    Progress,
                    SpinnerColumn,
                    TextColumn,
                    TimeElapsedColumn,
                )
            except ImportError:
                pass
            else:
                self._progress = Progress(
                    SpinnerColumn(finished_text="✓"),
                    TextColumn("{task.description}", markup=False),
                    BarColumn(bar_width=20),
                    TextColumn("{task.fields[count]}", markup=False),
                    TimeElapsedColumn(),
                    console=Console(file=raw(self._stream)),
                )
                self._progress.start()
                return RichProgress(self._progress, self._lang)
        handler = logging.StreamHandler(self._stream)
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        record = logging.Logger("abcxyz.run")
        record.addHandler(handler)
        return LogProgress(record.info, self._lang)

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

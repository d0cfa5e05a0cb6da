"""Outermost guard of every command: redaction, signals, and failures that nobody expected."""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, TextIO, cast

from attrs import define, field

from abcxyz.cli.output.terminal import GuardedStream
from abcxyz.errors import AbcxyzError
from abcxyz.toolkit.files import write_atomic
from abcxyz.toolkit.redaction import LINE_ENDS, Redactor, collecting_secrets, escaped

__all__ = ["CrashError", "Guard", "guarded"]

_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


class CrashError(AbcxyzError):
    """A failure that nobody expected: an error of this program or of a plugin."""

    exit_code = 1


@define
class Guard:
    """State of the guard during one command.

    Parameters
    ----------
    redactor
        Knows every secret that the command has read.
    stopped_by
        The signal that ended the command; 0 without one.
    """

    redactor: Redactor = field(repr=False)
    stopped_by: int = 0

    @property
    def exit_code(self) -> int:
        """Exit code of a command that was stopped: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + (self.stopped_by or signal.SIGINT)

    def crash(self, problem: BaseException) -> CrashError:
        """Return a failure as an error in one line, without secrets."""
        return CrashError(
            "this should not have happened ({kind}: {reason}); repeat with --debug, and send the "
            "file that it names to the author",
            kind=type(problem).__name__,
            reason=self.redactor.text(str(problem))[:500],
        )

    def write_traceback(self, problem: BaseException) -> Path:
        """Write the traceback of a failure, redacted, to a new file for its owner alone."""
        import platform
        import secrets
        import tempfile
        import traceback
        from importlib.metadata import version

        lines = [
            f"abcxyz {version('abcxyz')}, Python {platform.python_version()}, {sys.platform}\n",
            *traceback.format_exception(problem),
        ]
        path = Path(tempfile.gettempdir()) / f"abcxyz-debug-{secrets.token_hex(8)}.txt"
        content = escaped(self.redactor.text("".join(lines)), keep=LINE_ENDS)
        write_atomic(path, content.encode("utf-8", "replace"), private=True)
        return path

    def stop(self, number: int, _frame: FrameType | None) -> None:
        """Handle a signal: end the command in good order, and a second time at once."""
        self.stopped_by = number
        for one in _SIGNALS:
            signal.signal(one, signal.SIG_DFL)
        raise KeyboardInterrupt


@contextlib.contextmanager
def guarded() -> Iterator[Guard]:
    """Guard what a command writes, and the signals that end it.

    While it lasts, standard output and standard error escape hidden characters and redact the
    secrets that the process has read; log records of libraries go through standard error.
    """
    with collecting_secrets() as redactor, contextlib.ExitStack() as stack:
        guard = Guard(redactor)
        out, err = sys.stdout, sys.stderr
        sys.stdout = cast("TextIO", GuardedStream(out, redactor.data))
        sys.stderr = cast("TextIO", GuardedStream(err, redactor.message))
        stack.callback(_restore, out, err)
        stack.enter_context(_logging())
        stack.enter_context(_signals(guard))
        yield guard


def _restore(out: TextIO, err: TextIO) -> None:
    sys.stdout, sys.stderr = out, err


@contextlib.contextmanager
def _logging() -> Iterator[None]:
    """Let warnings of libraries without a handler go to the guarded standard error, in a line."""
    last, logging.lastResort = logging.lastResort, _LineHandler()
    try:
        yield
    finally:
        logging.lastResort = last


class _LineHandler(logging.StreamHandler[Any]):
    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self.setLevel(logging.WARNING)

    def format(self, record: logging.LogRecord) -> str:
        """Return the message alone, in one line, without a traceback."""
        return f"{record.name}: {escaped(record.getMessage())}"


@contextlib.contextmanager
def _signals(guard: Guard) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: signal.getsignal(one) for one in _SIGNALS}
    for one, handler in before.items():
        if handler is not signal.SIG_IGN:  # as nohup sets it
            signal.signal(one, guard.stop)
    try:
        yield
    finally:
        for one, handler in before.items():
            if handler is not None:
                signal.signal(one, handler)

"""Option ``--timeout``: the longest that a command may take."""

from __future__ import annotations

import _thread
import argparse
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import NoReturn

from abcxyz.errors import AbcxyzError
from abcxyz.toolkit.clock import parse_duration

__all__ = ["TIMEOUT_EXIT_CODE", "TimeLimitError", "add_timeout", "time_limit"]

TIMEOUT_EXIT_CODE = 124
"""Exit code of a command that was stopped, as that of ``timeout`` of GNU."""

_GRACE = 30.0  # seconds that the command has for its end before the process is ended


class TimeLimitError(AbcxyzError):
    """The command was stopped because it took too long."""

    exit_code = TIMEOUT_EXIT_CODE


class _TimeIsUp(BaseException):
    """Raised in the main thread; not an `Exception`, which adapters may catch."""


def add_timeout(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--timeout``."""
    parser.add_argument("--timeout", metavar="2h", help="stop after this time; 2h, 90m or 1h30m")


@contextlib.contextmanager
def time_limit(
    limit: str | None,
    *,
    last_words: Callable[[TimeLimitError], object] = lambda _: None,
    grace: float = _GRACE,
) -> Iterator[None]:
    """Stop what runs inside a ``with`` statement when its time is up.

    Parameters
    ----------
    limit
        Duration such as ``2h``; None does nothing.
    last_words
        Called before the process is ended, because it has not reacted for *grace* seconds, as
        in a call of the operating system that does not return.

    Raises
    ------
    TimeLimitError
        The time is up. Files are written whole or not at all, and transactions rolled back.
    ConfigError
        The duration cannot be read.
    """
    if limit is None:
        yield
        return
    seconds = parse_duration(limit, "--timeout")
    error = TimeLimitError(
        "stopped after {limit}, the limit of --timeout; no file is partially written, and the "
        "next run makes up for what is missing: allow more time, or see what was slow",
        limit=limit,
    )

    def end() -> None:
        last_words(error)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(TIMEOUT_EXIT_CODE)

    watchdog = threading.Timer(seconds + grace, end)
    watchdog.daemon = True
    watchdog.start()
    try:
        with _alarm(seconds):
            yield
    except _TimeIsUp:
        raise error from None
    finally:
        watchdog.cancel()


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Raise `_TimeIsUp` in the main thread after some seconds."""
    if not hasattr(signal, "setitimer"):  # Windows
        with _interrupt(seconds):
            yield
        return

    def expire(_signal: int, _frame: FrameType | None) -> NoReturn:
        raise _TimeIsUp

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def _interrupt(seconds: float) -> Iterator[None]:
    """Raise `_TimeIsUp` by an interrupt like that of Ctrl-C, for systems without an alarm."""
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        _thread.interrupt_main()

    timer = threading.Timer(seconds, expire)
    timer.daemon = True
    timer.start()
    try:
        yield
    except KeyboardInterrupt:
        if not expired.is_set():
            raise
        raise _TimeIsUp from None
    finally:
        timer.cancel()

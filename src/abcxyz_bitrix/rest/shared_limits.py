"""Token bucket in a file: one rate limit for all processes of a machine."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import TextIO

from abcxyz.errors import ConfigError
from abcxyz.http import TokenBucket
from abcxyz.toolkit import Clock, file_lock
from abcxyz.toolkit.parsing import parse_json

__all__ = ["SharedTokenBucket"]

_MOST_WAITING = 1000.0  # calls that wait for a token at a time
_CLOCK_SKEW = 60.0  # seconds by which the clock may have gone back


class SharedTokenBucket(TokenBucket):
    """Token bucket whose level is stored in a locked file.

    The portal counts requests per source address, so every program of this machine has to pass
    through the same file.

    Parameters
    ----------
    path
        The file with the level and its time. Its lock file lies beside it.
    """

    def __init__(self, path: Path, rate: float, burst: float, clock: Clock) -> None:
        super().__init__(rate, burst, clock=clock)
        self._path = path
        self._lock_file = path.with_name(path.name + ".lock")

    def take(self) -> None:
        """Take a token that all programs share, waiting until there is one."""
        wait = -self._change(cost=1.0) / self._rate
        if wait > 0:
            self._clock.sleep(wait)

    def drain(self) -> None:
        """Empty the bucket for all programs."""
        self._change(empty=True)

    def _change(self, *, cost: float = 0.0, empty: bool = False) -> float:
        try:
            with file_lock(self._lock_file):
                return self._updated(cost, empty)
        except OSError as problem:
            reason: object = problem.strerror or type(problem).__name__
        except ConfigError as problem:
            reason = problem.details["reason"]
        raise ConfigError(
            "pace_file = {path} cannot be used ({reason}); name a file of its own",
            path=str(self._path),
            reason=reason,
        )

    def _updated(self, cost: float, empty: bool) -> float:
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(handle, "r+") as file:
            now = self._clock.now()
            tokens, seen = self._level(file, now)
            tokens = min(self._burst, tokens + max(0.0, now - seen) * self._rate)
            tokens = min(tokens, 0.0) if empty else tokens - cost
            file.seek(0)
            file.truncate()
            json.dump([tokens, now], file)
        return tokens

    def _level(self, file: TextIO, now: float) -> tuple[float, float]:
        """Return the level and its time; a full bucket if the file does not hold them."""
        with contextlib.suppress(ValueError, TypeError, OverflowError):
            tokens, seen = map(float, parse_json(file.read()))
            # Otherwise a damaged file would stop every program.
            if -_MOST_WAITING <= tokens <= self._burst and 0 <= seen <= now + _CLOCK_SKEW:
                return tokens, seen
        return self._burst, now

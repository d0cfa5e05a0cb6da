"""Renewal of the data of a running server."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from attrs import frozen

from abcxyz.questions import QuestionData

__all__ = ["Refresh"]

_LOG = logging.getLogger("abcxyz.mcp")


@frozen
class Refresh:
    """How often the data are read again, and how.

    Parameters
    ----------
    seconds
        Time between the end of one reading and the next.
    read
        Function that reads them.
    """

    seconds: float
    read: Callable[[], QuestionData]

    def start(self, replace: Callable[[QuestionData], None]) -> threading.Event:
        """Read again in a thread and pass the data on, until the returned event is set.

        What cannot be read is noted in the log by the kind of the error, since its text may hold
        data; the answers are from the earlier data then.
        """
        stop = threading.Event()

        def run() -> None:
            while not stop.wait(self.seconds):
                try:
                    data = self.read()
                    data.prepare()
                except Exception as problem:  # noqa: BLE001 - a source may raise anything
                    _LOG.warning(
                        "the data could not be read again (%s); answers are from earlier data",
                        type(problem).__name__,
                    )
                else:
                    replace(data)

        threading.Thread(target=run, daemon=True).start()
        return stop

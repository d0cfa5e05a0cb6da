"""Options of the commands that read a history of snapshots."""

from __future__ import annotations

import argparse
from typing import Any, Protocol

__all__ = ["HISTORY", "add_history", "add_history_job"]


class _Options(Protocol):
    """A parser, or a group of its options."""

    def add_argument(self, *flags: str, **settings: Any) -> argparse.Action: ...


HISTORY = "history.db"
"""Default file of snapshots."""


def add_history(parser: argparse.ArgumentParser) -> None:
    """Add the options for the file of snapshots and for the output format."""
    parser.add_argument(
        "--history",
        metavar="DB",
        default=HISTORY,
        help="file of snapshots",
    )
    add_history_job(parser)
    parser.add_argument("--json", action="store_true", help="print one object instead of text")


def add_history_job(parser: _Options) -> None:
    """Add the option that selects one of the jobs that share a history."""
    parser.add_argument(
        "--job",
        dest="history_job",
        metavar="NAME",
        help="name of a job in the history, where several share it",
    )

"""Options of the commands that read a history of snapshots."""

from __future__ import annotations

import argparse

__all__ = ["HISTORY", "add_history"]

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
    parser.add_argument("--json", action="store_true", help="print one object instead of text")

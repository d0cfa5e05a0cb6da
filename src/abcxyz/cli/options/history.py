"""Options of the commands that read a history of snapshots."""

from __future__ import annotations

import argparse

from abcxyz.i18n import LANGUAGES

__all__ = ["HISTORY", "add_history"]

HISTORY = "history.db"
"""The file of snapshots, unless another one is named."""


def add_history(parser: argparse.ArgumentParser) -> None:
    """Add the file of snapshots, and how to print what is in it."""
    parser.add_argument(
        "--history",
        metavar="DB",
        default=HISTORY,
        help="file of snapshots; %(default)s by default",
    )
    parser.add_argument("--json", action="store_true", help="print one object instead of text")
    parser.add_argument("--lang", choices=LANGUAGES, default="en", help="language of the output")

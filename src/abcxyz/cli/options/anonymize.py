"""``--anonymize``: results without names."""

from __future__ import annotations

import argparse
import os
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from abcxyz.core.analysis.record import Analysis

__all__ = ["KEY", "add_anonymize", "hidden"]

KEY = "ABCXYZ_ANONYMIZE_KEY"


def add_anonymize(parser: argparse._ActionsContainer) -> None:
    """Add the option."""
    parser.add_argument(
        "--anonymize",
        action="store_true",
        help="replace customers by keyed hashes and drop names, everywhere; the key is taken from "
        f"{KEY}, and is another one in every run without it",
    )


def hidden(analysis: Analysis, *, wanted: bool) -> Analysis:
    """Take the names out where it is wanted.

    Raises
    ------
    InputError
        The key is too short.
    """
    if not wanted:
        return analysis
    from abcxyz.report.anonymize import anonymize

    written = os.environ.get(KEY, "")
    return anonymize(analysis, written.encode() if written else secrets.token_bytes(32))

"""Option ``--anonymize``: anonymised results."""

from __future__ import annotations

import argparse
import os
import secrets
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from abcxyz.core.analysis.record import Analysis

__all__ = ["KEY", "add_anonymize", "anonymized"]

KEY = "ABCXYZ_ANONYMIZE_KEY"


class _Options(Protocol):
    """A parser, or a group of its options."""

    def add_argument(self, *flags: str, **settings: Any) -> argparse.Action: ...


def add_anonymize(parser: _Options) -> None:
    """Add the option to a parser or to a group of options."""
    parser.add_argument(
        "--anonymize",
        action="store_const",
        const=KEY,
        help="replace customers by keyed hashes and drop names, everywhere; the key is read from "
        "the variable %(const)s, and is another one in every run without it",
    )


def anonymized(analysis: Analysis, *, enabled: bool) -> Analysis:
    """Return the analysis, anonymised if *enabled*.

    Raises
    ------
    InputError
        The key is too short.
    """
    if not enabled:
        return analysis
    from abcxyz.report.anonymization import anonymize

    written = os.environ.get(KEY, "")
    return anonymize(analysis, written.encode() if written else secrets.token_bytes(32))

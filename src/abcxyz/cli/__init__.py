"""The command line: one command, one call of the library."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version

from abcxyz.errors import AbcxyzError, AdapterError
from abcxyz.i18n import translate

__all__ = ["COMMANDS", "build_parser", "main"]

COMMANDS = ("classify", "demo", "fit", "model", "score")
"""Modules of this package that add a command each."""


def build_parser() -> argparse.ArgumentParser:
    """Gather the commands."""
    parser = argparse.ArgumentParser(
        prog="abcxyz", description="ABC/XYZ segmentation of customers by their sales."
    )
    parser.add_argument("--version", action="version", version=f"abcxyz {version('abcxyz')}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in COMMANDS:
        import_module(f"abcxyz.cli.{name}").add_parser(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Carry a command out.

    Returns
    -------
    int
        0 done, 2 wrong input or configuration, 3 an outside system failed.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # Names may hold what the terminal's encoding cannot say.
            stream.reconfigure(errors="replace")
    args = build_parser().parse_args(argv)
    try:
        return int(args.run(args))
    except AbcxyzError as problem:
        print(f"abcxyz: {translate(problem, getattr(args, 'lang', 'en'))}", file=sys.stderr)
        return 3 if isinstance(problem, AdapterError) else 2
    except KeyboardInterrupt:
        print("abcxyz: stopped", file=sys.stderr)
        return 130

"""The command line: one command, one call of the library."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import version
from types import MappingProxyType
from typing import TYPE_CHECKING

from abcxyz.errors import AbcxyzError, AdapterError
from abcxyz.i18n import translate

if TYPE_CHECKING:
    from abcxyz.plugins import CliCommand

__all__ = ["COMMANDS", "build_parser", "main"]

COMMANDS = (
    "classify",
    "demo",
    "init",
    "check",
    "run",
    "plugins",
    "score",
    "fit",
    "model",
    "history",
    "compare",
    "alerts",
    "backfill",
    "forecast",
)
"""Modules of this package that add a command each."""


def build_parser(
    commands: Mapping[str, CliCommand] = MappingProxyType({}),
) -> argparse.ArgumentParser:
    """Gather the commands, and those that plugins offer."""
    parser = argparse.ArgumentParser(
        prog="abcxyz", description="ABC/XYZ segmentation of customers by their sales."
    )
    parser.add_argument("--version", action="version", version=f"abcxyz {version('abcxyz')}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in COMMANDS:
        import_module(f"abcxyz.cli.commands.{name}").add_parser(subparsers)
    for command in commands.values():
        command.add_parser(subparsers)
    return parser


def _offered(argv: Sequence[str]) -> Mapping[str, CliCommand]:
    """Look for commands of plugins, but only where the word is none of ours: it takes time."""
    word = next((one for one in argv if not one.startswith("-")), None)
    if word in COMMANDS or (word is None and not {"-h", "--help"} & set(argv)):
        return {}
    from abcxyz.registry import load

    return load().commands


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
    argv = sys.argv[1:] if argv is None else argv
    args = argparse.Namespace()
    try:
        args = build_parser(_offered(argv)).parse_args(argv)
        code = int(args.run(args))
        sys.stdout.flush()
        return code
    except AbcxyzError as problem:
        print(
            f"abcxyz: {translate(problem, getattr(args, 'lang', None) or 'en')}", file=sys.stderr
        )
        return 3 if isinstance(problem, AdapterError) else 2
    except BrokenPipeError:
        # Whoever read the output, such as `head`, has seen enough; the rest goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        print("abcxyz: stopped", file=sys.stderr)
        return 130

"""Command-line interface: each command is one call of the library."""

from __future__ import annotations

import argparse
import ast
import io
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from abcxyz.cli.options.language import (
    requested_language,
    requests_unknown_language,
    system_language,
)
from abcxyz.cli.output.terminal import complain
from abcxyz.cli.parser import parser_in
from abcxyz.errors import AbcxyzError, AdapterError
from abcxyz.i18n import text

if TYPE_CHECKING:
    from abcxyz.plugins import CliCommand

__all__ = ["COMMANDS", "build_parser", "main"]

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "classify": "classify",
        "inspect": "inspect",
        "demo": "demo",
        "init": "init",
        "check": "check",
        "run": "run",
        "pilot": "pilot",
        "plugins": "plugins",
        "schema": "documents.schema",
        "score": "leads.score",
        "fit": "leads.fit",
        "model": "leads.model",
        "history": "history",
        "compare": "compare",
        "alerts": "alerts",
        "backfill": "backfill",
        "forecast": "forecast",
    }
)
"""Command -> its module in `abcxyz.cli.commands`, in the order of the help."""


def build_parser(
    commands: Mapping[str, CliCommand] = MappingProxyType({}),
    *,
    lang: str = "en",
    only: str | None = None,
) -> argparse.ArgumentParser:
    """Build the parser of the command line.

    Parameters
    ----------
    commands
        Commands of plugins by name, in addition to those of the library.
    lang
        Language of the help and of errors.
    only
        Name of the command whose options are added: the other commands are only listed, because
        their options need modules that take time to load. All commands by default.

    Examples
    --------
    >>> build_parser().parse_args(["check", "job.toml"]).job
    'job.toml'
    """
    parser = parser_in(lang)(
        prog="abcxyz", description="ABC/XYZ segmentation of customers by their sales."
    )
    parser.add_argument("--version", action="version", version=f"abcxyz {version('abcxyz')}")
    parser.set_defaults(lang=None)
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
        if only is None or name == only:
            _add(subparsers, name, cast("CliCommand", import_module(_MODULE.format(module))))
        else:
            subparsers.add_parser(name, help=_help_of(module))
    for name, command in commands.items():
        _add(subparsers, name, command, options=only is None or name == only)
    return parser


_MODULE = "abcxyz.cli.commands.{}"


def _add(subparsers: Any, name: str, command: CliCommand, *, options: bool = True) -> None:
    subparser = subparsers.add_parser(name, help=command.HELP)
    subparser.set_defaults(run=command.run)
    if options:
        command.add_arguments(subparser)


def _help_of(module: str) -> str:
    """Read the constant ``HELP`` of a command's module without importing what it imports."""
    spec = find_spec(_MODULE.format(module))
    assert spec is not None
    assert spec.origin is not None
    for statement in ast.parse(Path(spec.origin).read_text("utf-8")).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "HELP":
            return str(ast.literal_eval(statement.value))
    raise AssertionError(f"the module of {module} has no constant HELP")


def _command(argv: Sequence[str]) -> str | None:
    words = iter(argv)
    for word in words:
        if word == "--lang":
            next(words, None)
        elif not word.startswith("-"):
            return word
    return None


def _offered(argv: Sequence[str]) -> Mapping[str, CliCommand]:
    """Load the commands of plugins, only if the command is not built in, because it takes time."""
    word = _command(argv)
    if word in COMMANDS or (word is None and not {"-h", "--help"} & set(argv)):
        return {}
    from abcxyz.registry import load_commands

    return load_commands()


def _load_languages() -> None:
    """Load the plugins, one of which may register the language that is asked for."""
    from abcxyz.registry import load

    load()


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv
        Arguments after the program's name; those of the process by default.

    Returns
    -------
    int
        0 success, 2 wrong input or configuration, 3 another system failed, 10 alerts with
        ``--alerts-exit-code``.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Names may hold characters that the terminal's encoding lacks.
            stream.reconfigure(errors="replace")
    argv = sys.argv[1:] if argv is None else argv
    if requests_unknown_language(argv):
        _load_languages()
    lang = requested_language(argv) or system_language()
    args = argparse.Namespace(lang=None)
    try:
        args = build_parser(_offered(argv), lang=lang, only=_command(argv) or "").parse_args(argv)
        code = int(args.run(args))
        sys.stdout.flush()
        return code
    except AbcxyzError as problem:
        complain(problem, args.lang or lang)
        return 3 if isinstance(problem, AdapterError) else 2
    except BrokenPipeError:
        # The reader of the output, such as `head`, has closed the pipe; discard the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        print(f"abcxyz: {text('stopped', args.lang or lang)}", file=sys.stderr)
        return 130

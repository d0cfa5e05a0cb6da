"""Command-line interface: each command is one call of the library."""

from __future__ import annotations

import argparse
import ast
import contextlib
import functools
import gc
import io
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn, cast

from abcxyz._collection import keep_freed_arrays
from abcxyz.cli.options.language import (
    data_language,
    requested_language,
    requests_unknown_language,
    system_language,
)
from abcxyz.cli.output.guard import Guard, guarded
from abcxyz.cli.output.terminal import show_warnings
from abcxyz.cli.parser import parser_in
from abcxyz.errors import AbcxyzError
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
        "schema": "schema",
        "score": "leads.score",
        "fit": "leads.fit",
        "model": "leads.model",
        "history": "dynamics.history",
        "compare": "dynamics.compare",
        "alerts": "alerts",
        "lapse": "lapse",
        "backfill": "dynamics.backfill",
        "forecast": "dynamics.forecast",
        "why": "dynamics.why",
        "forget": "forget",
        "crm": "crm",
        "ask": "questions.ask",
        "mcp": "questions.mcp",
        "confirm": "questions.confirm",
        "serve": "dashboard.serve",
        "companies": "companies.command",
    }
)
"""Command -> its module in `abcxyz.cli.commands`, in the order of the help."""


def build_parser(
    commands: Mapping[str, CliCommand] = MappingProxyType({}),
    *,
    lang: str = "en",
    only: str | None = None,
    on_error: Callable[[str], object] | None = None,
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
    on_error
        Called with the message of a wrong command line, before the process exits.

    Examples
    --------
    >>> build_parser().parse_args(["check", "job.toml"]).job
    'job.toml'
    """
    parser = parser_in(lang, on_error)(
        prog="abcxyz", description="ABC/XYZ segmentation of customers by their sales."
    )
    parser.add_argument(
        "--version",
        action=_ShowVersion,
        nargs=0,
        default=argparse.SUPPRESS,
        help="show program's version number and exit",
    )
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
#: The constant of a command's module: on a line, or on several in parentheses.
_HELP = re.compile(r"^HELP = (\(.*?^\)|.+?)$", re.MULTILINE | re.DOTALL)
#: What is said when a command is stopped, unless its module has a constant ``STOPPED``.
_UNCHANGED = "stopped; nothing was changed"
_RECORDS = 200_000  # new ones between two searches for garbage


class _ShowVersion(argparse.Action):
    """Print the version, which is looked up only then, and exit."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import version

        print(f"abcxyz {version('abcxyz')}")
        parser.exit()


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
    written = _HELP.search(Path(spec.origin).read_text("utf-8"))
    if written is not None:
        return str(ast.literal_eval(written[1]))
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

    return load_commands(word)


def _load_languages(argv: Sequence[str]) -> None:
    """Load the plugins whose names are words of the command: one may register the language."""
    from abcxyz.registry import load

    load(named={word.removeprefix("--lang=") for word in argv})


def _requests_json(argv: Sequence[str]) -> bool:
    return "--json" in list(argv)[: list(argv).index("--")] if "--" in argv else "--json" in argv


def _print_failure(kind: str, message: str, code: int) -> None:
    from abcxyz.cli.output.failure import print_failure

    print_failure(kind, message, code=code)


@contextlib.contextmanager
def _rare_collections() -> Iterator[None]:
    """Search for garbage in cycles rarely: a command makes hundreds of thousands of records.

    Each search looks at those that are in use, which took up to a seventh of a command's time.
    """
    usual = gc.get_threshold()
    gc.set_threshold(_RECORDS, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


#: Read by libraries of linear algebra when numpy loads them. The matrices of a command are small:
#: a second thread would spend more time waiting for them than it saves.
_MATRIX_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main(argv: Sequence[str] | None = None, *, arrived: Sequence[int] = ()) -> int:
    """Run a command.

    Parameters
    ----------
    argv
        Arguments after the program's name; those of the process by default.
    arrived
        Signals that came while this module was loading: the first one stops the command.

    Returns
    -------
    int
        0 success, 2 wrong input or configuration, 3 another system failed or a lock is held,
        10 alerts with ``--alerts-exit-code``, 124 stopped by ``--timeout``, 130 by Ctrl-C,
        143 by SIGTERM; 1 a failure that nobody expected.

    Notes
    -----
    With ``--json`` a failed command prints one object, too.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # Names may hold characters that the terminal's encoding lacks.
            stream.reconfigure(errors="replace")
    argv = sys.argv[1:] if argv is None else argv
    for name in _MATRIX_THREADS:
        os.environ.setdefault(name, "1")
    try:
        with _rare_collections(), guarded() as guard:
            try:
                code = _main(argv, guard, arrived)
                sys.stdout.flush()
            except KeyboardInterrupt:  # while the end of the command was being reported
                code = guard.exit_code
        return code
    except BrokenPipeError:
        # The reader of the output, such as `head`, has closed the pipe; discard the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _main(argv: Sequence[str], guard: Guard, arrived: Sequence[int]) -> int:
    lang = "en"
    as_json = _requests_json(argv)
    refused = functools.partial(_print_failure, "UsageError", code=2) if as_json else None
    args = argparse.Namespace(lang=None)
    try:
        if requests_unknown_language(argv):
            _load_languages(argv)
        lang = requested_language(argv) or system_language()
        for number in arrived[:1]:
            signal.raise_signal(number)
        with show_warnings(lambda: args.lang or lang):
            args = build_parser(
                _offered(argv), lang=lang, only=_command(argv) or "", on_error=refused
            ).parse_args(argv)
            keep_freed_arrays()
            return int(args.run(args))
    except BrokenPipeError:
        raise
    except (Exception, KeyboardInterrupt) as problem:  # noqa: BLE001 - whatever a plugin raises
        if "--debug" in argv:
            written = guard.write_traceback(problem)
            line = text("the traceback is in {path}", args.lang or lang, path=str(written))
            print(f"abcxyz: {line}", file=sys.stderr)
        # A library may have made another error of the interrupt.
        if guard.stopped_by or isinstance(problem, KeyboardInterrupt):
            return _stopped(problem, guard, args, lang, as_json=as_json)
        from abcxyz.cli.output.failure import report_error

        json_lang = data_language(args) if as_json else None
        known = problem if isinstance(problem, AbcxyzError) else guard.crash(problem)
        return report_error(known, args.lang or lang, json_lang=json_lang)


def _stopped(
    problem: BaseException, guard: Guard, args: argparse.Namespace, lang: str, *, as_json: bool
) -> int:
    """Say what a stopped command has done and what not, and return its exit code."""
    command = getattr(args, "run", None)
    usual = getattr(sys.modules.get(getattr(command, "__module__", "")), "STOPPED", _UNCHANGED)
    explain = getattr(problem, "explain", functools.partial(text, usual))
    print(f"abcxyz: {explain(args.lang or lang)}", file=sys.stderr)
    if as_json:
        _print_failure("Interrupted", explain(data_language(args)), guard.exit_code)
    return guard.exit_code

"""``abcxyz mcp``: answer an assistant over the Model Context Protocol."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import threading
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

from abcxyz._collection import without_collection
from abcxyz.cli.inputs.question_input import add_question_data, open_desk, open_question_data
from abcxyz.cli.options.language import data_language
from abcxyz.cli.parser import HelpText
from abcxyz.errors import ConfigError, PluginError

__all__ = ["HELP", "add_arguments", "run"]

HELP = "answer the questions of an assistant"

_PORT = 8931
_LONGEST = 10_080


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    from abcxyz.questions.catalogue import GROUPS
    from abcxyz.questions.desk import CONFIRMATIONS
    from abcxyz.questions.parameters import MOST_ROWS

    parser.description = (
        "Serve the questions over the Model Context Protocol: to one client over standard input "
        "and output, or over HTTP on this machine with a token. Questions without data are not "
        "listed. Nothing is written, except tasks with --allow-write."
    )
    add_question_data(parser, names="companies")
    parser.add_argument(
        "--tools",
        metavar="GROUPS",
        help=HelpText(
            "groups of questions, comma-separated; all by default: {groups}",
            groups=", ".join(GROUPS),
        ),
    )
    parser.add_argument(
        "--refresh",
        type=float,
        metavar="MINUTES",
        help="read the job and the CRM again so often; by default only at the start",
    )
    parser.add_argument("--max-rows", type=int, default=MOST_ROWS, help="most rows of a page")
    parser.add_argument(
        "--transport", choices=["stdio", "http"], default="stdio", help="how the client connects"
    )
    parser.add_argument(
        "--allow-write",
        action="store_true",
        help="let tasks be drafted, each written after a person has confirmed it",
    )
    parser.add_argument(
        "--confirm",
        choices=CONFIRMATIONS,
        default=CONFIRMATIONS[0],
        help="how the person confirms: asked by the client, by abcxyz confirm, or by its host",
    )
    parser.add_argument("--port", type=int, default=_PORT, help="port of HTTP")
    parser.add_argument(
        "--token-file", metavar="FILE", help="private file with the token for HTTP"
    )


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    if importlib.util.find_spec("mcp") is None:
        raise _missing("mcp")
    from abcxyz.questions.catalogue import GROUPS
    from abcxyz.questions.parameters import MOST_ROWS
    from abcxyz.toolkit.files import read_private
    from abcxyz.toolkit.known_names import check_known

    groups = None
    if args.tools:
        groups = frozenset(one.strip() for one in args.tools.split(","))
        check_known(
            "there are no tools {key!r}; known are {known}", key=sorted(groups), known=GROUPS
        )
    if not 1 <= args.max_rows <= MOST_ROWS:
        raise ConfigError(
            "--max-rows {rows} is outside of 1 to {most}; give a number in between",
            rows=args.max_rows,
            most=MOST_ROWS,
        )
    if args.refresh is not None and not 0 < args.refresh <= _LONGEST:
        raise ConfigError(
            "--refresh {minutes} is no number of minutes up to {most}; give one such as 60",
            minutes=args.refresh,
            most=_LONGEST,
        )
    if args.refresh is not None and args.job is None and args.crm is None:
        raise ConfigError(
            "--refresh reads a job or a CRM again; name one as --job or --crm (a history is "
            "always read as it stands)"
        )
    if args.transport == "http" and args.token_file is None:
        raise ConfigError(
            "HTTP needs a token; write a random one into a private file and name it as "
            "--token-file"
        )
    options: dict[str, Any] = {
        "version": version("abcxyz"),
        "groups": groups,
        "lang": data_language(args),
        "most_rows": args.max_rows,
        "confirmation": args.confirm,
    }
    with contextlib.ExitStack() as opened:
        # Of modules hardly anything becomes garbage.
        with without_collection(lasting=True):
            desk = opened.enter_context(open_desk(args.crm)) if args.allow_write else None
            data = open_question_data(args, desk)
            # The client waits for the first answer: the data are read while the SDK is loading.
            threading.Thread(target=data.prepare, daemon=True).start()
            transport = _transport()
        if args.refresh is not None:
            from abcxyz.mcp.refreshing import Refresh

            options["refresh"] = Refresh(args.refresh * 60, lambda: open_question_data(args, desk))
        if args.transport == "stdio":
            transport.serve_stdio(data, **options)
        else:
            token = read_private(Path(args.token_file)).strip()
            transport.serve_http(data, token=token, host="127.0.0.1", port=args.port, **options)
    return 0


def _missing(name: str | None) -> PluginError:
    return PluginError(
        "the command mcp needs the extra {extra!r}; install it ({reason} is missing)",
        extra="mcp",
        reason=name,
    )


def _transport() -> ModuleType:
    try:
        from abcxyz.mcp import transport
    except ImportError as problem:
        raise _missing(problem.name) from None
    return transport

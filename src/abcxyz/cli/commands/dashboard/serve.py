"""``abcxyz serve``: the live page on this machine."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abcxyz.cli.options.dates import today
from abcxyz.cli.options.history import HISTORY
from abcxyz.cli.options.language import data_language, text_language
from abcxyz.errors import PluginError
from abcxyz.i18n import text

if TYPE_CHECKING:
    from abcxyz.dashboard.data import LiveData

__all__ = ["HELP", "add_arguments", "run"]

HELP = "show the live page of a history and a job on this machine"

STOPPED = "the live page is closed; what was logged stays"

_PORT = 8930


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Show the report of a job and of its history in a browser on this machine, with the "
        "results of past dates, alerts, and what became of them. Nothing is written but outcomes "
        "and snoozes in the history."
    )
    parser.add_argument(
        "job", metavar="JOB", nargs="?", help="a job whose sales are read and analyzed"
    )
    parser.add_argument(
        "--history", metavar="DB", help="file of snapshots; that of the job, or history.db"
    )
    parser.add_argument(
        "--history-job",
        metavar="NAME",
        help="name of a job in the history, where several share it",
    )
    parser.add_argument(
        "--port", type=int, default=_PORT, help="port of HTTP; 0 for any that is free"
    )
    parser.add_argument(
        "--token-file", metavar="FILE", help="private file with the token; a new one by default"
    )


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    try:
        import uvicorn  # noqa: F401

        from abcxyz.dashboard.app import live_app
    except ImportError as problem:
        raise PluginError(
            "the command serve needs the extra {extra!r}; install it ({reason} is missing)",
            extra="serve",
            reason=problem.name,
        ) from None
    import secrets

    from abcxyz.dashboard.pages import Look, Pages
    from abcxyz.toolkit.files import read_private
    from abcxyz.toolkit.loopback import listen, serve_loopback

    token = (
        secrets.token_urlsafe(32)
        if args.token_file is None
        else read_private(Path(args.token_file)).strip()
    )
    with listen("127.0.0.1", args.port) as listening:
        port = listening.getsockname()[1]
        data, report = _open(args)
        args.lang = args.lang or report.get("lang")
        lang = data_language(args)
        look = Look(currency=report.get("currency") or "", title=report.get("title") or "")
        pages = Pages(data, look)
        app = live_app(pages, token=token, port=port, lang=lang)
        # Rendered before the address is printed, so that the first page opens at once; the
        # customers are packed when that page asks for them.
        pages.report(lang)
        print(_invitation(args, port, token), flush=True)
        serve_loopback(app, listening)
    return 0


def _open(args: argparse.Namespace) -> tuple[LiveData, Mapping[str, Any]]:
    """Read the job, if there is one, and open the history."""
    from abcxyz.cli.inputs.job_analysis import analyze_job
    from abcxyz.dashboard.archive import Archive
    from abcxyz.dashboard.data import LiveData
    from abcxyz.history import History
    from abcxyz.report.customers import Facts

    if args.job is None:
        # Opened once for writing, which brings an older file up.
        with History(args.history or HISTORY, create=False):
            archive = Archive(Path(args.history or HISTORY), job=args.history_job)
        return LiveData(archive, today=today), {}
    made = analyze_job(args.job, lang=args.lang, history=args.history)
    if made.history.is_file():
        with History(made.history):
            pass
    job = args.history_job or made.job
    archive = Archive(
        made.history,
        job=job,
        fingerprint=made.analysis.settings.fingerprint,
        names=made.analysis.names,
    )
    data = LiveData(archive, facts=Facts(made.analysis), job=job, today=today)
    return data, made.report


def _invitation(args: argparse.Namespace, port: int, token: str) -> str:
    """Return where the page is; a token from a file is named by the file."""
    address, lang = f"http://127.0.0.1:{port}/?token=", text_language(args)
    if args.token_file is None:
        return text("Open {address}; stop with Ctrl-C", lang, address=address + token)
    return text(
        "Open {address} with the token of {file} at its end; stop with Ctrl-C",
        lang,
        address=address,
        file=args.token_file,
    )

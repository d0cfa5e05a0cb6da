"""``abcxyz serve``: the live page on this machine."""

from __future__ import annotations

import argparse
from pathlib import Path

from abcxyz.cli.options.dates import today
from abcxyz.cli.options.language import data_language, text_language
from abcxyz.errors import PluginError
from abcxyz.i18n import text

__all__ = ["HELP", "add_arguments", "run"]

HELP = "show the live page of a job on this machine"

_PORT = 8930


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Read the sales of a job and show its report in a browser on this machine, with alerts "
        "and what became of them. Nothing is written but outcomes and snoozes in the history."
    )
    parser.add_argument("job", metavar="JOB", help="a job whose sales are read and analyzed")
    parser.add_argument("--history", metavar="DB", help="file of snapshots; that of the job")
    parser.add_argument("--port", type=int, default=_PORT, help="port of HTTP")
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

    from abcxyz.cli.inputs.job_analysis import analyze_job
    from abcxyz.dashboard.data import LiveData
    from abcxyz.dashboard.pages import Look, Pages
    from abcxyz.report.customers import Facts
    from abcxyz.toolkit.files import read_private
    from abcxyz.toolkit.loopback import serve_loopback

    token = (
        secrets.token_urlsafe(32)
        if args.token_file is None
        else read_private(Path(args.token_file)).strip()
    )
    made = analyze_job(args.job, lang=args.lang, history=args.history)
    args.lang = args.lang or made.report.get("lang")
    lang = data_language(args)
    data = LiveData(history=made.history, job=made.job, facts=Facts(made.analysis), today=today)
    look = Look(currency=made.report.get("currency") or "", title=made.report.get("title") or "")
    pages = Pages(data, look)
    app = live_app(pages, token=token, port=args.port, lang=lang)
    # Rendered before the address is printed, so that the first page opens at once.
    pages.report(lang)
    _ = pages.customers
    print(_invitation(args, token), flush=True)
    serve_loopback(app, host="127.0.0.1", port=args.port)
    return 0


def _invitation(args: argparse.Namespace, token: str) -> str:
    """Return where the page is; a token from a file is named by the file."""
    address, lang = f"http://127.0.0.1:{args.port}/?token=", text_language(args)
    if args.token_file is None:
        return text("Open {address}; stop with Ctrl-C", lang, address=address + token)
    return text(
        "Open {address} with the token of {file} at its end; stop with Ctrl-C",
        lang,
        address=address,
        file=args.token_file,
    )

"""``abcxyz forget``: erase a customer from everything that is kept between runs."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from abcxyz.cli.options.history import HISTORY
from abcxyz.cli.options.language import text_language
from abcxyz.i18n import number, text

__all__ = ["HELP", "STOPPED", "add_arguments", "run"]

HELP = "erase a customer from history, alerts, ledgers and checkpoints"
STOPPED = "stopped; repeat the command, what it had not erased yet is still there"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Erase a customer from the history, the alerts in it, and the files that the adapters of "
        "a job keep. Without --apply nothing is erased, and the entries are counted. Erase the "
        "customer in the source first, or the next run saves it again."
    )
    parser.add_argument("customer", metavar="CUSTOMER", help="an identifier")
    parser.add_argument(
        "job", metavar="JOB", nargs="?", help="a TOML file, for the files of its adapters, too"
    )
    parser.add_argument(
        "--history", metavar="DB", help="file of snapshots; by default that of the job, or one in "
        "this folder",
    )  # fmt: skip
    parser.add_argument("--apply", action="store_true", help="erase; without it only count")
    parser.add_argument("--json", action="store_true", help="print one object instead of text")


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    from abcxyz.config import read_job
    from abcxyz.pipeline.forget import forget
    from abcxyz.toolkit.files import check_writable

    job = None if args.job is None else read_job(args.job)
    if job is not None:
        args.lang = args.lang or job.report.get("lang")
    history = Path(args.history) if args.history else None
    if history is None:
        history = Path(HISTORY) if job is None else job.history
    if history is not None and args.apply and history.exists():
        check_writable(history)
    erased = forget(args.customer, history=history, job=job, dry_run=not args.apply)
    if args.json:
        answer = {
            "applied": args.apply,
            "erased": {name: dict(one) for name, one in erased.items()},
        }
        print(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        print("\n".join(_lines(erased, text_language(args), applied=args.apply)))
    return 0


def _lines(erased: Mapping[str, Mapping[str, int]], lang: str, *, applied: bool) -> list[str]:
    names = {
        "snapshots": text("snapshots with the customer", lang),
        "alerts": text("alerts about the customer", lang),
        "snoozes": text("snoozed alerts", lang),
        "outcomes": text("outcomes of alerts", lang),
        "deals": text("states of deals of the customer", lang),
        "entries": text("entries", lang),
    }
    lines = [
        f"{place}: {names[kind]}: {number(count, lang)}"
        for place, counts in erased.items()
        for kind, count in counts.items()
        if count
    ]
    if not lines:
        return [text("nothing is kept about this customer", lang)]
    end = "erased" if applied else "nothing was erased; add --apply to erase"
    return [*lines, text(end, lang)]

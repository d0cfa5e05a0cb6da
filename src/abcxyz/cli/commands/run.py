"""``abcxyz run``: run a job."""

from __future__ import annotations

import argparse
import functools
from typing import TYPE_CHECKING

from abcxyz.cli.options.anonymize import add_anonymize, anonymized
from abcxyz.cli.options.dates import parse_day
from abcxyz.cli.options.language import data_language, text_language
from abcxyz.cli.options.time_limit import add_timeout, time_limit
from abcxyz.errors import AbcxyzError, InputError
from abcxyz.i18n import text

if TYPE_CHECKING:
    from abcxyz.plugins import WritePlan
    from abcxyz.progress import RunProgress

__all__ = ["HELP", "add_arguments", "run"]

HELP = "run a job"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Read the sales a job names, classify the customers, and write the result "
        "to every sink. Sinks of other systems change nothing without --apply."
    )
    from abcxyz.core.advice.alerts import ALERTS_EXIT_CODE

    parser.add_argument("job", metavar="JOB", help="a TOML file; abcxyz init writes one")
    parser.add_argument("--as-of", metavar="DATE", help="YYYY-MM-DD; today by default")
    parser.add_argument("--apply", action="store_true", help="write to other systems, too")
    parser.add_argument(
        "--yes",
        action="store_true",
        help="write without asking if over half of the classes change",
    )
    add_anonymize(parser)
    parser.add_argument(
        "--budget", metavar="6h", help="time for sinks that write to slow systems; 6h or 90m"
    )
    add_timeout(parser)
    parser.add_argument("--json", action="store_true", help="print one object instead of text")
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    parser.add_argument(
        "--alerts-exit-code",
        action="store_const",
        const=ALERTS_EXIT_CODE,
        help="exit with %(const)s where alerts were raised",
    )


def _confirm(sink: str, plan: WritePlan, *, lang: str, progress: RunProgress, data: bool) -> bool:
    """Ask before over half of the classes on the cards of a sink change."""
    from abcxyz.cli.output.outcome_text import plan_text
    from abcxyz.cli.output.terminal import ask

    with progress.paused():
        return ask(f"{sink}: {plan_text(plan, lang)}. {text('Write? Type yes:', lang)}", data=data)


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    with time_limit(args.timeout, last_words=functools.partial(_report, args)):
        return _run(args)


def _report(args: argparse.Namespace, problem: AbcxyzError) -> None:
    from abcxyz.cli.output.failure import report_error

    report_error(
        problem, text_language(args), json_lang=data_language(args) if args.json else None
    )


def _run(args: argparse.Namespace) -> int:
    from abcxyz.cli.output.outcome_text import outcome_object, render_outcome
    from abcxyz.cli.output.progress import watching
    from abcxyz.config import read_job
    from abcxyz.core.documents import json_text
    from abcxyz.pipeline import run as carry_out

    as_of = parse_day(args.as_of)
    if args.anonymize and args.apply:
        raise InputError(
            "--anonymize hides who the customers are, so other systems cannot be written to; "
            "drop --apply"
        )
    job = read_job(args.job)
    if args.lang is not None:
        job = job.in_language(args.lang)
    # Errors are also in the language of the job.
    args.lang = job.report.get("lang")
    lang = text_language(args)
    if args.budget is not None:
        job = job.within(args.budget)
    with watching(lang, quiet=args.quiet) as progress:
        outcome = carry_out(
            job,
            as_of=as_of,
            apply=args.apply,
            progress=progress,
            change=functools.partial(anonymized, enabled=True) if args.anonymize else None,
            confirm=None
            if args.yes
            else functools.partial(_confirm, lang=lang, progress=progress, data=args.json),
        )
    code = outcome.exit_code(alerts=args.alerts_exit_code is not None)
    if args.json:
        described = outcome_object(outcome, data_language(args), code=code)
        print(json_text(described))
    else:
        print(render_outcome(outcome, lang))
    return code

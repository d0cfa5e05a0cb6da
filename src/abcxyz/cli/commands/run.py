"""``abcxyz run``: carry a job out."""

from __future__ import annotations

import argparse
import functools
import json

from abcxyz.cli.options.anonymize import add_anonymize, hidden
from abcxyz.cli.options.dates import parse_day
from abcxyz.errors import InputError
from abcxyz.i18n import LANGUAGES

__all__ = ["add_parser", "run"]


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "run",
        help="carry a job out",
        description="Read the sales a job names, classify the customers, and write the result "
        "to every sink. Sinks that reach other systems only look unless --apply is given.",
    )
    parser.add_argument("job", metavar="JOB", help="a TOML file; abcxyz init writes one")
    parser.add_argument("--as-of", metavar="DATE", help="YYYY-MM-DD; today by default")
    parser.add_argument("--apply", action="store_true", help="write to other systems, too")
    add_anonymize(parser)
    parser.add_argument(
        "--budget", metavar="6h", help="time for sinks that write to slow systems; 6h or 90m"
    )
    parser.add_argument("--json", action="store_true", help="print one object instead of text")
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    parser.add_argument(
        "--alerts-exit-code", action="store_true", help="exit with 10 where alerts were raised"
    )
    parser.add_argument("--lang", choices=LANGUAGES, help="that of the job by default")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Carry the command out; return the exit code."""
    from abcxyz.cli.output.outcome_text import outcome_object, render_outcome
    from abcxyz.cli.output.progress import watching
    from abcxyz.cli.output.terminal import show_warnings
    from abcxyz.config import read_job
    from abcxyz.pipeline import run as carry_out

    as_of = parse_day(args.as_of)
    if args.anonymize and args.apply:
        raise InputError(
            "--anonymize hides who the customers are, so other systems cannot be written to; "
            "drop --apply"
        )
    job = read_job(args.job)
    # Errors, too, are said in the language of the job.
    args.lang = lang = args.lang or job.lang
    if args.lang != job.lang:
        job = job.in_language(lang)
    if args.budget is not None:
        job = job.within(args.budget)
    with show_warnings(lang), watching(lang, quiet=args.quiet) as progress:
        outcome = carry_out(
            job,
            as_of=as_of,
            apply=args.apply,
            progress=progress,
            change=functools.partial(hidden, wanted=True) if args.anonymize else None,
        )
    code = outcome.exit_code(alerts=args.alerts_exit_code)
    if args.json:
        told = outcome_object(outcome, lang, code=code)
        print(json.dumps(told, ensure_ascii=False, indent=2, allow_nan=False, default=str))
    else:
        print(render_outcome(outcome, lang))
    return code

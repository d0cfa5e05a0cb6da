"""``abcxyz check``: check whether a job can run, without changing anything."""

from __future__ import annotations

import argparse
import json

from abcxyz.cli.options.language import data_language, text_language
from abcxyz.i18n import text, translate

__all__ = ["HELP", "add_arguments", "run"]

HELP = "check that a job can run; change nothing"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Read a job, build its adapters, and check that each reaches its system, has the rights "
        "and finds its fields. Changes nothing."
    )
    parser.add_argument("job", metavar="JOB", help="a TOML file")
    parser.add_argument("--json", action="store_true", help="print one object instead of text")


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    from abcxyz.cli.output.terminal import printable
    from abcxyz.config import read_job
    from abcxyz.errors import AdapterError
    from abcxyz.pipeline import check

    job = read_job(args.job)
    args.lang = args.lang or job.report.get("lang")
    lang = text_language(args)
    checks = check(job)
    problems = [one.problem for one in checks if one.problem is not None]
    outside = any(isinstance(problem, AdapterError) for problem in problems)
    code = 3 if outside else 2 if problems else 0
    if args.json:
        adapters = [
            {
                "role": one.role,
                "kind": one.kind,
                "ok": one.problem is None,
                "notes": [translate(note, data_language(args)) for note in one.notes],
                "problem": (
                    None if one.problem is None else translate(one.problem, data_language(args))
                ),
            }
            for one in checks
        ]
        answer = {"exit_code": code, "adapters": adapters}
        print(json.dumps(answer, ensure_ascii=False, indent=2))
        return code
    for one in checks:
        state = text("ready", lang) if one.problem is None else translate(one.problem, lang)
        # Not truncated: the end of a problem is its cure.
        print(printable(f"{one.role} {one.kind}: {state}"))
        for note in one.notes:
            print(f"  {printable(translate(note, lang))}")
    return code

"""``abcxyz check``: see whether a job can be carried out, and change nothing."""

from __future__ import annotations

import argparse
import json

from abcxyz.i18n import LANGUAGES, text, translate

__all__ = ["add_parser", "run"]


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "check",
        help="see whether a job can be carried out, and change nothing",
        description="Read a job, build its adapters, and ask each whether it is reachable, has "
        "the rights and finds its fields. Changes nothing.",
    )
    parser.add_argument("job", metavar="JOB", help="a TOML file")
    parser.add_argument("--json", action="store_true", help="print one object instead of text")
    parser.add_argument("--lang", choices=LANGUAGES, help="that of the job by default")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Carry the command out; return the exit code."""
    from abcxyz.cli.output.terminal import one_line, show_warnings
    from abcxyz.config import read_job
    from abcxyz.errors import AdapterError
    from abcxyz.pipeline import check

    job = read_job(args.job)
    args.lang = lang = args.lang or job.lang
    with show_warnings(lang):
        found = check(job)
    problems = [one.problem for one in found if one.problem is not None]
    outside = any(isinstance(problem, AdapterError) for problem in problems)
    code = 3 if outside else 2 if problems else 0
    if args.json:
        told = [
            {
                "role": one.role,
                "kind": one.kind,
                "ok": one.problem is None,
                "notes": list(one.notes),
                "problem": None if one.problem is None else translate(one.problem, lang),
            }
            for one in found
        ]
        answer = {"exit_code": code, "adapters": told}
        print(json.dumps(answer, ensure_ascii=False, indent=2))
        return code
    for one in found:
        said = text("ready", lang) if one.problem is None else translate(one.problem, lang)
        print(one_line(f"{one.role} {one.kind}: {said}"))
        for note in one.notes:
            print(f"  {one_line(note)}")
    return code

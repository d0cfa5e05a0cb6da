"""``abcxyz confirm``: write a drafted task after a person has agreed."""

from __future__ import annotations

import argparse

from abcxyz.cli.inputs.question_input import open_desk
from abcxyz.cli.options.dates import today
from abcxyz.cli.options.language import text_language
from abcxyz.cli.output.terminal import printable
from abcxyz.errors import InputError
from abcxyz.i18n import text

__all__ = ["HELP", "add_arguments", "run"]

HELP = "write a task that an assistant has drafted"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Show a task that an assistant has drafted, ask, and write it to the CRM once; called "
        "again it finds what was written. Exit code 1: not agreed, nothing was written."
    )
    parser.add_argument("token", metavar="TOKEN", help="token of the draft")
    parser.add_argument("--crm", metavar="JOB", required=True, help="a job with [crm]")


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    from abcxyz.questions import QuestionError
    from abcxyz.questions.answers.tasks import confirmed, declined, task_lines, unconfirmed

    lang = text_language(args)
    with open_desk(args.crm) as desk:
        try:
            answer = unconfirmed(desk, args.token, today(), lang)
            if answer.status == "refused":
                for line in task_lines(desk.find(args.token), lang):
                    print(printable(line))
                agreed = _agreed(lang)
                answer = (confirmed if agreed else declined)(desk, args.token, today(), lang)
        except QuestionError as problem:
            raise InputError("{problem}; {fix}", problem=problem, fix=problem.fix) from problem
    print(printable(answer.sentence))
    return 0 if answer.status == "ok" else 1


def _agreed(lang: str) -> bool:
    """Ask on the terminal; the end of the input is no agreement."""
    try:
        answer = input(f"{text('Write it? [y/N]', lang)} ").strip().lower()
    except EOFError:
        print()
        return False
    return answer in text("y yes", lang).split()

"""``abcxyz ask``: answer a question in words, without a model."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from abcxyz.cli.inputs.question_input import add_question_data, open_question_data
from abcxyz.cli.options.language import text_language
from abcxyz.cli.output.terminal import printable
from abcxyz.errors import InputError
from abcxyz.i18n import text

if TYPE_CHECKING:
    from abcxyz.questions import Answer, QuestionData
    from abcxyz.questions.phrases.reading import Reading

__all__ = ["HELP", "add_arguments", "run"]

HELP = "answer a question in words"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Answer a question about customers and deals in Russian or English. Every word of it has "
        "to be understood; similar words and names are only proposed. Exit code 1: not "
        "understood, or several things are meant."
    )
    parser.add_argument("question", metavar="QUESTION", nargs="+", help="the question in words")
    add_question_data(parser, names="all")
    parser.add_argument("--explain", action="store_true", help="print how it was understood")
    parser.add_argument("--yes", type=int, metavar="N", help="run the proposal of this number")
    parser.add_argument("--json", action="store_true", help="print one object instead of text")


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    from abcxyz.questions import QuestionError
    from abcxyz.questions.phrases.reading import known_names, question_language, understand

    question = " ".join(args.question)
    lang = args.lang or question_language(question) or text_language(args)
    data = open_question_data(args)
    reading = understand(question, known_names(data), data.today())
    calls = [(reading.tool, reading.args)] if reading.outcome == "call" else [*reading.calls]
    if reading.outcome == "choices":
        calls = [(reading.tool, {**reading.args, reading.argument: one}) for one in reading.ids]
    if args.explain:
        for name, arguments in calls:
            print(printable(_call(name, arguments)), file=sys.stderr if args.json else None)
    chosen = calls[0] if reading.outcome == "call" else None
    if chosen is None and args.yes is not None:
        if not 1 <= args.yes <= len(calls):
            raise InputError(
                "there is no proposal {number}; there {count:is|are} {count}",
                number=args.yes,
                count=len(calls),
            )
        chosen = calls[args.yes - 1]
    if chosen is None:
        _propose(reading, calls, data, lang, as_json=args.json)
        return 1
    try:
        answer = _answered(data, *chosen, lang)
    except QuestionError as problem:
        raise InputError("{problem}; {fix}", problem=problem, fix=problem.fix) from problem
    if args.json:
        print(json.dumps(answer.to_dict(), ensure_ascii=False, indent=2, allow_nan=False))
    else:
        print("\n".join(printable(line) for line in answer.text().splitlines()))
    return 0 if answer.status == "ok" else 1


def _call(name: str, arguments: Mapping[str, Any]) -> str:
    written = ", ".join(
        f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in arguments.items()
    )
    return f"{name}({written})"


def _answered(data: QuestionData, name: str, arguments: Mapping[str, Any], lang: str) -> Answer:
    from abcxyz.questions import answer_question

    return answer_question(name, data, {**arguments, "lang": lang})


def _propose(
    reading: Reading,
    calls: list[tuple[str, Mapping[str, Any]]],
    data: QuestionData,
    lang: str,
    *,
    as_json: bool,
) -> None:
    """Print what the question may mean, or what can be asked."""
    from abcxyz.questions import available

    if as_json:
        listed = [{"tool": name, "args": dict(arguments)} for name, arguments in calls]
        kept = {"outcome": reading.outcome, "argument": reading.argument, "said": reading.said}
        print(json.dumps({**kept, "calls": listed}, ensure_ascii=False, indent=2))
        return
    if calls:
        print(text("The question may mean (run one with --yes NUMBER):", lang))
        for number, (name, arguments) in enumerate(calls, 1):
            print(printable(f"{number}. {_call(name, arguments)}"))
        return
    if reading.said:
        print(printable(text("«{said}» is not known.", lang, said=reading.said)))
    print(text("The question was not understood. What can be asked:", lang))
    for one in available(data):
        print(f"  {text(one.help, lang)}")

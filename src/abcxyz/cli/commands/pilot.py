"""``abcxyz pilot``: try a job on a live system with a few test cards."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from abcxyz.cli.options.dates import parse_day
from abcxyz.cli.options.language import text_language
from abcxyz.i18n import number, text, translate

if TYPE_CHECKING:
    from abcxyz.pipeline import PilotStep

__all__ = ["HELP", "STOPPED", "add_arguments", "run"]

HELP = "try a job on a live system: a few test cards are written and restored"
STOPPED = "stopped; the test cards may not be restored yet: repeat with --undo"

_REPORT = "pilot-report.json"
_UNDO = "pilot-undo.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Check the adapters of a job, read its sales, write to the named test cards, check what "
        "they show, restore them, and make a report without personal data."
    )
    parser.add_argument("job", metavar="JOB", help="a TOML file; abcxyz init writes one")
    parser.add_argument(
        "--card",
        dest="cards",
        action="append",
        default=[],
        metavar="KEY",
        help="a test card by its key in the sink, such as CO_5; up to three",
    )
    parser.add_argument("--as-of", metavar="DATE", help="YYYY-MM-DD; today by default")
    parser.add_argument(
        "--report", type=Path, default=Path(_REPORT), metavar="FILE", help="where the report goes"
    )
    parser.add_argument(
        "--undo", action="store_true", help="restore the cards of an interrupted pilot"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    from abcxyz.config import read_job
    from abcxyz.pipeline import pilot, restore_pilot
    from abcxyz.toolkit.files import write_atomic

    as_of = parse_day(args.as_of)
    job = read_job(args.job)
    args.lang = args.lang or job.report.get("lang")
    lang = text_language(args)
    undo_file = job.path.parent / _UNDO
    shown: list[PilotStep] = []

    def show(steps: Sequence[PilotStep]) -> None:
        for step in steps[len(shown) :]:
            shown.append(step)
            print("\n".join(_lines(step, lang)))

    if args.undo:
        report = restore_pilot(job, undo_file)
    else:
        report = pilot(
            job,
            cards=args.cards,
            as_of=as_of,
            undo_file=undo_file,
            confirm=_confirmation(args.cards, show, lang, sure=args.yes),
        )
    show(report.steps)
    content = json.dumps(report.to_dict(), ensure_ascii=False, indent=2) + "\n"
    write_atomic(args.report, content.encode())
    if not report.passed:
        outcome = text("the pilot did not pass", lang)
    elif any(step.name in ("write", "undo") for step in report.steps):
        outcome = text("the pilot passed", lang)
    else:
        outcome = text("the checks and the reading passed; no card was written", lang)
    print(outcome)
    print(text("report without personal data: {path}", lang, path=str(args.report)))
    return 0 if report.passed else 3


def _confirmation(
    cards: Sequence[str],
    show: Callable[[Sequence[PilotStep]], None],
    lang: str,
    *,
    sure: bool,
) -> Callable[[Sequence[PilotStep]], bool]:
    def confirm(steps: Sequence[PilotStep]) -> bool:
        show(steps)
        if sure:
            return True
        from abcxyz.cli.output.terminal import ask

        question = text(
            "Write to the cards {cards} and restore them? Type yes:",
            lang,
            cards=", ".join(cards),
        )
        return ask(question)

    return confirm


def _lines(step: PilotStep, lang: str) -> list[str]:
    from abcxyz.cli.output.terminal import printable

    names = {
        "check": text("check", lang),
        "read": text("read", lang),
        "write": text("write to the test cards", lang),
        "undo": text("restore the test cards", lang),
    }
    state = text("ok", lang) if step.problem is None else translate(step.problem, lang)
    lines = [printable(f"{names[step.name]}: {step.adapter}: {state}")]
    for name, count in step.counts.items():
        lines.append(printable(f"  {_count_name(name, lang)}: {number(count, lang)}"))
    return lines + [f"  {printable(translate(note, lang))}" for note in step.notes]


def _count_name(name: str, lang: str) -> str:
    kind = name.removeprefix("quality: ")
    if kind != name:
        from abcxyz.core.sales.quality import KINDS

        return translate(KINDS.get(kind, kind), lang)
    names = {
        "sales": text("sales read", lang),
        "customers": text("customers with sales", lang),
        "months": text("months with sales", lang),
        "cards with sales": text("test cards with sales", lang),
        "cards not there": text("cards that are not there", lang),
        "written": text("cards written", lang),
        "unchanged": text("cards unchanged", lang),
        "cards that differ from before": text("cards that changed", lang),
        "written again": text("cards that a second write changed", lang),
        "restored": text("cards restored", lang),
    }
    return names[name]

"""``abcxyz score``: grades for the leads of a file."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from abcxyz.cli.options.dates import parse_day
from abcxyz.cli.options.language import text_language
from abcxyz.i18n import number, text, translate
from abcxyz.toolkit.catalogue import SOURCE

if TYPE_CHECKING:
    from abcxyz.core.prospects.scores import ProspectScores

__all__ = ["HELP", "add_arguments", "run"]

HELP = "grade the leads of a file"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Grade leads P-A, P-B, P-C or not scored, with reasons. The score is the "
        "potential if the lead buys, not the probability that it does."
    )
    parser.add_argument("file", metavar="FILE", help="CSV, Parquet or Excel, one line per lead")
    parser.add_argument("--scorecard", metavar="CARD", help="TOML or JSON; else the default one")
    parser.add_argument("--json", action="store_true", help="one JSON object per lead and line")
    parser.add_argument(
        "--like", metavar="FILE", help="customers of class A, to name those that a lead resembles"
    )
    parser.add_argument(
        "--companies",
        metavar="FILE",
        help="index of public data: fills in what is unknown of a lead with an INN",
    )
    parser.add_argument("--as-of", metavar="DATE", help="day that counts as today (--companies)")
    parser.add_argument(
        "--lenient",
        action="store_true",
        help="take text in a number's place for unknown, with a warning, instead of stopping",
    )


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    from abcxyz.cli.inputs.companies import fill_leads
    from abcxyz.cli.inputs.leads import read_leads
    from abcxyz.cli.output.terminal import printable
    from abcxyz.pipeline.enrich import score_leads
    from abcxyz.tables.loaders import read_scorecard

    card = read_scorecard(args.scorecard)
    leads = read_leads(args.file, card)
    lang = text_language(args)
    if args.companies:
        leads, notes = fill_leads(leads, args.companies, parse_day(args.as_of))
        for note in notes:
            print(printable(translate(note, lang)), file=sys.stderr)
    scores = score_leads(leads, card, strict=not args.lenient)
    near = _nearest(args.like, leads, scores) if args.like else None
    for one in scores.unreadable:
        message = text(
            "line {line}: {name} holds {value!r}, which is no number, and counts as unknown",
            lang,
            line=one.position + 2,
            name=one.attribute,
            value=one.value,
        )
        print(printable(message), file=sys.stderr)
    for i, record in enumerate(scores.to_records()):
        if near is not None:
            record["resembles"] = near[i]
        print(_json(record) if args.json else _line(record, lang))
    return 0


def _json(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False, default=str)


def _line(record: dict[str, Any], lang: str) -> str:
    from abcxyz.cli.output.terminal import printable

    sentence = record["sentence" if lang == SOURCE else f"sentence_{lang}"]
    if record.get("resembles"):
        names = ", ".join(record["resembles"])
        sentence += " " + text("Resembles: {names}.", lang, names=names)
    score = number(record["score"], lang, 1)
    fields = (str(record["lead"]), record["grade"] or "–", score, sentence)
    return "\t".join(printable(field) for field in fields)


def _nearest(path: str, leads: Any, scores: ProspectScores) -> list[list[str]]:
    from abcxyz.cli.inputs.leads import read_leads
    from abcxyz.core.prospects.lead_table import Words, as_figures, as_words
    from abcxyz.core.prospects.similar import nearest_customers

    card = scores.scorecard
    table = read_leads(path, card)
    customers: dict[str, Any] = {name: table[name] for name in table.columns if name == "lead"}
    for one in card.attributes:  # read once, not once per lead
        if one.name in table.columns:
            column = table[one.name]
            figures = one.kind == "number"
            customers[one.name] = (
                as_figures(column, one.name)[0] if figures else Words(*as_words(column))
            )
    names = [one.name for one in card.attributes if one.name in leads.columns]
    rows = leads[names].to_dict("records")
    bad = {(one.position, one.attribute) for one in scores.unreadable}
    return [
        [
            str(near.customer)
            for near in nearest_customers(
                {name: value for name, value in row.items() if (i, name) not in bad},
                customers,
                scorecard=card,
            )
        ]
        for i, row in enumerate(rows)
    ]

"""``abcxyz model info``: description of a scorecard: basis, quality, drift."""

from __future__ import annotations

import argparse
import json

from abcxyz.cli.options.language import text_language
from abcxyz.errors import InputError

__all__ = ["HELP", "add_arguments", "run"]

HELP = "describe a scorecard"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    info = actions.add_parser(
        "info",
        help="date, number of leads, metrics and points",
        description="Show date, number of leads, metrics and points of a scorecard; with "
        "--leads, whether today's leads are still of the kind it was fitted on.",
    )
    info.add_argument("card", metavar="CARD", help="JSON or TOML")
    info.add_argument("--leads", metavar="FILE", help="new leads, for the drift check")
    info.add_argument("--json", action="store_true", help="print one object instead of text")


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    from abcxyz.cli.inputs.leads import read_leads
    from abcxyz.cli.output.terminal import printable
    from abcxyz.core.prospects.scores import score_prospects
    from abcxyz.scoring.evaluate import profile_of, stability
    from abcxyz.scoring.vocabulary import describe, describe_drift, drift_of
    from abcxyz.tables.loaders import read_scorecard

    card = read_scorecard(args.card)
    drift = None
    if args.leads:
        expected = profile_of(card)
        if expected is None:
            raise InputError(
                "{card} does not say which leads it was fitted on, so there is nothing to compare "
                "new leads with; fit a scorecard first",
                card=args.card,
            )
        drift = stability(expected, score_prospects(read_leads(args.leads, card), card,
                                                    strict=False))  # fmt: skip
    if args.json:
        described = {"basis": card.basis, "cuts": list(card.cuts), "report": dict(card.report)}
        if drift is not None:
            described["drift"] = drift | {"verdict": drift_of(drift)}
        print(json.dumps(described, ensure_ascii=False))
        return 0
    lang = text_language(args)
    lines = describe(card, lang)
    if drift is not None:
        lines += describe_drift(drift, lang)
    print("\n".join(map(printable, lines)))
    return 0

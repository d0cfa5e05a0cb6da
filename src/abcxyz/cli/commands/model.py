"""``abcxyz model info``: what a scorecard is, how good, and whether it still fits."""

from __future__ import annotations

import argparse
import json

from abcxyz.errors import InputError
from abcxyz.i18n import LANGUAGES

__all__ = ["add_parser", "run"]


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser("model", help="tell what a scorecard is, and how good")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    info = actions.add_parser(
        "info",
        help="date, number of leads, metrics and points",
        description="Tell date, number of leads, metrics and points of a scorecard; with "
        "--leads, whether today's leads are still of the kind it was fitted on.",
    )
    info.add_argument("card", metavar="CARD", help="JSON or TOML")
    info.add_argument("--leads", metavar="FILE", help="new leads, for the drift check")
    info.add_argument("--json", action="store_true", help="print one object instead of text")
    info.add_argument("--lang", choices=LANGUAGES, default="en", help="language of the output")
    info.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Carry the command out; return the exit code."""
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
        told = {"basis": card.basis, "cuts": list(card.cuts), "report": dict(card.report)}
        if drift is not None:
            told["drift"] = drift | {"verdict": drift_of(drift)}
        print(json.dumps(told, ensure_ascii=False))
        return 0
    lines = describe(card, args.lang)
    if drift is not None:
        lines += describe_drift(drift, args.lang)
    print("\n".join(map(printable, lines)))
    return 0

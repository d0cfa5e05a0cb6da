"""``abcxyz demo``: a made-up sales history, classified."""

from __future__ import annotations

import argparse

from abcxyz.cli.options.anonymize import add_anonymize, hidden
from abcxyz.i18n import LANGUAGES

__all__ = ["add_parser", "run"]


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "demo",
        help="classify a made-up sales history",
        description="Make up two years of sales of a wholesaler, classify its customers, "
        "and write CSV, Excel, JSON and HTML.",
    )
    parser.add_argument("--out", metavar="DIR", default="out", help="folder; out by default")
    parser.add_argument("--seed", type=int, default=2026, help="another seed, another history")
    parser.add_argument("--customers", type=int, default=240, help="how many customers")
    add_anonymize(parser)
    parser.add_argument("--json", action="store_true", help="print one object instead of text")
    parser.add_argument("--lang", choices=LANGUAGES, default="en", help="language of the output")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Carry the command out; return the exit code."""
    from abcxyz.cli.output.result import show_result
    from abcxyz.core.analysis.analyze import analyze
    from abcxyz.core.prospects.scores import score_prospects
    from abcxyz.core.sales.calendar import period_start, shift_period
    from abcxyz.demo import DEMO_AS_OF, demo_crm, demo_sales

    demo = demo_sales(seed=args.seed, customers=args.customers)
    crm = demo_crm(demo)
    # The report is about what changed, so there is a result of a month before.
    before = shift_period(period_start(DEMO_AS_OF, "month"), "month", -1)
    analysis = analyze(
        demo.transactions,
        as_of=DEMO_AS_OF,
        previous=analyze(demo.transactions, as_of=before).snapshot,
        names=demo.names,
        attributes=crm.attributes,
        facts=crm.facts,
        prospects=score_prospects(crm.leads),
    )
    analysis = hidden(analysis, wanted=args.anonymize)
    return show_result(analysis, out=args.out, as_json=args.json, lang=args.lang, currency="₽")

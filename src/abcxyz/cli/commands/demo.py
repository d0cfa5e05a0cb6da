"""``abcxyz demo``: classification of a synthetic sales history."""

from __future__ import annotations

import argparse

from abcxyz.cli.options.anonymize import add_anonymize, anonymized
from abcxyz.cli.options.defaults import default_of
from abcxyz.cli.options.language import data_language, text_language

__all__ = ["HELP", "add_arguments", "run"]

HELP = "classify a made-up sales history"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Make up two years of sales of a wholesaler, classify its customers, "
        "and write CSV, Excel, JSON and HTML."
    )
    from abcxyz.demo import demo_sales

    seed, customers = default_of(demo_sales, "seed"), default_of(demo_sales, "customers")
    parser.add_argument("--out", metavar="DIR", default="out", help="folder")
    parser.add_argument("--seed", type=int, default=seed, help="another seed, another history")
    parser.add_argument(
        "--customers",
        type=int,
        default=customers,
        help="how many customers",
    )
    add_anonymize(parser)
    parser.add_argument("--json", action="store_true", help="print one object instead of text")


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    from abcxyz.cli.output.result import show_result
    from abcxyz.core.analysis.analyze import analyze
    from abcxyz.core.prospects.scores import score_prospects
    from abcxyz.core.sales.calendar import period_start, shift_period
    from abcxyz.demo import DEMO_AS_OF, demo_crm, demo_sales
    from abcxyz.tables.currencies import CURRENCY_SIGNS

    demo = demo_sales(seed=args.seed, customers=args.customers)
    crm = demo_crm(demo)
    # The report shows transitions, so a result of the previous month is needed.
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
    analysis = anonymized(analysis, enabled=args.anonymize is not None)
    return show_result(
        analysis,
        out=args.out,
        as_json=args.json,
        lang=text_language(args),
        file_lang=data_language(args),
        currency=CURRENCY_SIGNS["RUB"],
    )

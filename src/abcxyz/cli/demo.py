"""``abcxyz demo``: a made-up sales history, classified."""

from __future__ import annotations

import argparse

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
    parser.add_argument("--json", action="store_true", help="print one object instead of text")
    parser.add_argument("--lang", choices=LANGUAGES, default="en", help="language of the output")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Carry the command out; return the exit code."""
    from abcxyz.cli.classify import show
    from abcxyz.core.analysis import analyze
    from abcxyz.demo import DEMO_AS_OF, demo_sales

    demo = demo_sales(seed=args.seed, customers=args.customers)
    analysis = analyze(demo.transactions, as_of=DEMO_AS_OF, names=demo.names)
    return show(analysis, out=args.out, as_json=args.json, lang=args.lang)

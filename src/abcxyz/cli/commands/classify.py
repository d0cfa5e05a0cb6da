"""``abcxyz classify``: from a file of sales to nine segments."""

from __future__ import annotations

import argparse

from abcxyz.cli.options.anonymize import add_anonymize, hidden
from abcxyz.cli.options.dates import parse_day
from abcxyz.cli.options.sales import (
    add_large_options,
    add_sales_options,
    large_options,
    reading_options,
    settings_of,
)
from abcxyz.i18n import LANGUAGES

__all__ = ["add_parser", "run"]


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "classify",
        help="classify the customers of a file of sales",
        description="Classify the customers of a CSV (also .gz), Parquet or Excel file of sales.",
    )
    parser.add_argument("file", metavar="FILE", help="one line per sale")
    add_sales_options(parser)
    add_large_options(parser)
    output = parser.add_argument_group("output")
    output.add_argument("--out", metavar="DIR", help="write CSV, Excel, JSON and HTML there")
    add_anonymize(output)
    output.add_argument("--json", action="store_true", help="print one object instead of text")
    output.add_argument("--lang", choices=LANGUAGES, default="en", help="language of the output")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Carry the command out; return the exit code."""
    from abcxyz.cli.output.progress import percent_line
    from abcxyz.cli.output.result import show_result
    from abcxyz.cli.output.terminal import show_warnings
    from abcxyz.tables.analyze_file import analyze_file
    from abcxyz.tables.currencies import CURRENCY_SIGNS

    with show_warnings(args.lang), percent_line() as progress:
        analysis = analyze_file(
            args.file,
            as_of=parse_day(args.as_of),
            settings=settings_of(args),
            progress=progress,
            **large_options(args),
            **reading_options(args),
        )
    analysis = hidden(analysis, wanted=args.anonymize)
    code = (args.currency or "").strip().upper()
    return show_result(
        analysis,
        out=args.out,
        as_json=args.json,
        lang=args.lang,
        currency=CURRENCY_SIGNS.get(code, code),
    )

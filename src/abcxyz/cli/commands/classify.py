"""``abcxyz classify``: nine segments from a file of sales."""

from __future__ import annotations

import argparse

from abcxyz.cli.options.anonymize import add_anonymize, anonymized
from abcxyz.cli.options.dates import parse_day
from abcxyz.cli.options.language import data_language, text_language
from abcxyz.cli.options.sales import (
    add_large_options,
    add_sales_options,
    large_options,
    reading_options,
    settings_of,
)

__all__ = ["HELP", "STOPPED", "add_arguments", "run"]

HELP = "classify the customers of a file of sales"
STOPPED = "stopped; files already written are whole, the others are not written"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Classify the customers of a file of sales: CSV, Parquet, JSON lines or a workbook, also "
        "packed."
    )
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="+",
        help="file of sales, or several; a folder or a pattern stands for its files",
    )
    add_sales_options(parser)
    add_large_options(parser)
    output = parser.add_argument_group("output")
    output.add_argument("--out", metavar="DIR", help="write CSV, Excel, JSON and HTML there")
    output.add_argument(
        "--backtest",
        action="store_true",
        help="try the call list on past days, and show on the page who came back",
    )
    add_anonymize(output)
    output.add_argument("--json", action="store_true", help="print one object instead of text")


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    from abcxyz.cli.output.progress import stages
    from abcxyz.cli.output.result import show_result
    from abcxyz.core.advice.backtest import MOST_DAYS
    from abcxyz.tables.analyze_file import analyze_file
    from abcxyz.tables.currencies import CURRENCY_SIGNS

    lang = text_language(args)
    with stages(lang) as progress:
        progress.begin("read", ", ".join(args.file))
        analysis = analyze_file(
            args.file[0] if len(args.file) == 1 else args.file,
            as_of=parse_day(args.as_of),
            settings=settings_of(args),
            backtest=MOST_DAYS if args.backtest else 0,
            progress=progress.counted,
            after_reading=lambda: progress.begin("classify", ""),
            **large_options(args),
            **reading_options(args),
        )
    analysis = anonymized(analysis, enabled=args.anonymize is not None)
    code = (args.currency or "").strip().upper()
    return show_result(
        analysis,
        out=args.out,
        as_json=args.json,
        lang=lang,
        file_lang=data_language(args),
        currency=CURRENCY_SIGNS.get(code, code),
    )

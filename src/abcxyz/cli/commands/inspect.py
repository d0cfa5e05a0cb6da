"""``abcxyz inspect``: what is understood of a file of sales, without classifying."""

from __future__ import annotations

import argparse
import json

from abcxyz.cli.options.language import text_language
from abcxyz.cli.options.sales import add_reading_options, reading_options

__all__ = ["HELP", "add_arguments", "run"]

HELP = "show what is understood of a file of sales"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Show the format, encoding, columns with alternatives, forms of dates and numbers, first "
        "lines and quality of a file of sales, and suggest a command. Classifies nothing."
    )
    parser.add_argument(
        "file",
        metavar="FILE",
        help="file of sales, or several; a folder or a pattern stands for its files",
    )
    add_reading_options(parser)
    parser.add_argument("--json", action="store_true", help="print one object instead of text")


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit code: 2 for a file that cannot be classified."""
    from abcxyz.tables import inspect

    lang = text_language(args)
    inspection = inspect(args.file, **reading_options(args))
    if args.json:
        print(json.dumps(inspection.to_dict(), ensure_ascii=False, indent=2))
    else:
        print(inspection.explain(lang))
    return 0 if inspection.problem is None else 2

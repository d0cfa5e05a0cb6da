"""``abcxyz why``: why the revenue changed between two windows."""

from __future__ import annotations

import argparse

from abcxyz.cli.inputs import priced_lines
from abcxyz.cli.options.dates import parse_window
from abcxyz.cli.options.language import text_language
from abcxyz.cli.options.sales import add_sales_input

__all__ = ["HELP", "add_arguments", "run"]

HELP = "split the change of the revenue by customers, segments and orders"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Say where the change of the revenue between two windows comes from: customers gone, new, "
        "grown and shrunk; number of customers and mix of the segments; number of orders and "
        "average order; price and quantity with --product and --quantity. Each of them adds up to "
        "the change, to the kopeck."
    )
    add_sales_input(parser)
    group = parser.add_argument_group("windows")
    for name, meaning in (("before", "first window"), ("after", "second window")):
        group.add_argument(f"--{name}", metavar="A..B", required=True, help=meaning)
    priced_lines.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one object instead of text")


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    from abcxyz.cli.inputs.sales_input import open_sales_input
    from abcxyz.cli.output.terminal import one_line, printable
    from abcxyz.core.decomposition.why_sales import why_sales
    from abcxyz.core.display import plain_number
    from abcxyz.core.documents import json_text
    from abcxyz.core.sales.calendar import Window
    from abcxyz.core.sales.transactions import concat

    priced_lines.check_options(args)
    before = parse_window(args.before, "--before")
    after = parse_window(args.after, "--after")
    lang = text_language(args)
    with open_sales_input(args) as sales:
        span = Window(min(before.since, after.since), max(before.until, after.until))
        priced = priced_lines.read_priced_lines(args, span)
        lines = concat(sales.reading.transactions(span))
        change = why_sales(lines, before, after, rule=sales.settings.abc, lines=priced)
        names = sales.reading.names
    if args.json:
        print(json_text(change.to_dict()))
        return 0
    for line in change.explain(lang).splitlines():
        print(printable(line))
    print()
    for one in change.customers:
        name = one_line(str(names.get(one.customer, one.customer)))
        figures = (plain_number(value, lang) for value in (one.before, one.after, one.difference))
        print("  ".join([name, *figures]))
    return 0

"""Lines of a file with products and quantities, for the split into price and quantity."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from abcxyz.cli.options.dates import parse_day
from abcxyz.cli.options.sales import reading_options
from abcxyz.errors import InputError

if TYPE_CHECKING:
    from abcxyz.core.decomposition.sales_change import PricedLines
    from abcxyz.core.sales.calendar import Window

__all__ = ["add_arguments", "check_options", "read_priced_lines"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the columns of the product and of the quantity."""
    group = parser.add_argument_group("price and quantity")
    group.add_argument("--product", metavar="COL", help="the product, for price and quantity")
    group.add_argument("--quantity", metavar="COL", help="how many, for price and quantity")


def check_options(args: argparse.Namespace) -> None:
    """Check the options before anything is read.

    Raises
    ------
    InputError
        One option without the other, a job, or converted money.
    """
    if args.product is None and args.quantity is None:
        return
    if args.product is None or args.quantity is None:
        raise InputError(
            "price and quantity need both columns; name the product with --product and the "
            "quantity with --quantity"
        )
    if Path(args.file[0]).suffix.lower() == ".toml":
        raise InputError(
            "the sources of a job hold no quantities; give the file itself, or leave --product "
            "and --quantity out"
        )
    if args.rate:
        raise InputError(
            "price and quantity cannot be split in converted money; keep one currency with "
            "--currency instead of --rate"
        )


def read_priced_lines(args: argparse.Namespace, window: Window) -> PricedLines | None:
    """Read the products and quantities of the files; None without the options.

    Raises
    ------
    InputError
        A column is not there.

    Notes
    -----
    The files are read again by the same reader, with the product for the customer and the quantity
    for the cost, so that every form of a file is understood as in the first reading.
    """
    if args.product is None:
        return None
    from abcxyz.core.decomposition.sales_change import PricedLines
    from abcxyz.core.sales.transactions import concat
    from abcxyz.tables.file_reading import FileReading

    columns = {"customer": args.product, "cost": args.quantity}
    reading = FileReading(
        args.file, as_of=parse_day(args.as_of), **(reading_options(args) | columns)
    )
    try:
        lines = concat(reading.transactions(window))
    except InputError as problem:
        # The reader names its own options; here they are the product and the quantity.
        named = {"customer": "product", "cost": "quantity"}.get(str(problem.details.get("role")))
        if named is None:
            raise
        raise InputError(problem.template, **{**problem.details, "role": named}) from None
    assert lines.cost is not None
    return PricedLines(lines.identifiers, lines.day, lines.cost, lines.amount)

"""Options for reading a file of sales and classifying its customers."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import attrs

from abcxyz.cli.options.defaults import default_of
from abcxyz.cli.options.history import add_history_job
from abcxyz.cli.options.rules import ABC_RULES, XYZ_RULES, parse_abc, parse_xyz
from abcxyz.cli.parser import HelpText
from abcxyz.core.classes.rule_dicts import rule_to_dict
from abcxyz.core.sales.units import LETTERS
from abcxyz.errors import InputError

if TYPE_CHECKING:
    from abcxyz.core.snapshots.settings import Settings

__all__ = [
    "add_large_options",
    "add_reading_options",
    "add_sales_input",
    "add_sales_options",
    "large_options",
    "reading_options",
    "settings_of",
]

_COLUMNS = MappingProxyType(
    {
        "customer": "who bought",
        "date": "the day of the sale",
        "amount": "the money",
        "document": "the sales document, for counting orders",
        "cost": "the cost, for gross profit",
        "name": "the customer's name",
        "currency_column": "the currency of the money",
    }
)
#: Options that are passed to `abcxyz.tables.sales.read_sales` unchanged.
_READING = (
    *(*_COLUMNS, "currency", "date_format", "decimal", "delimiter", "encoding", "sheet"),
    *("skip_rows", "header_rows", "fill_down", "melt", "unpack_limit"),
)
#: Options of the series of XYZ, fields of `Settings`.
_SERIES = ("ddof", "since_first")


def add_reading_options(parser: argparse.ArgumentParser) -> None:
    """Add the options for reading a file of sales."""
    columns = parser.add_argument_group("columns (recognised by their usual names)")
    for role, meaning in _COLUMNS.items():
        columns.add_argument(f"--{role.replace('_', '-')}", metavar="COL", help=meaning)
    reading = parser.add_argument_group("reading")
    reading.add_argument("--currency", metavar="CODE", help="keep this currency only")
    reading.add_argument(
        "--rate",
        metavar="CODE=PRICE",
        action="append",
        default=[],
        help="convert a currency by its price; may be repeated",
    )
    reading.add_argument("--date-format", metavar="FORMAT", help="such as %%d/%%m/%%Y")
    reading.add_argument("--decimal", choices=(".", ","), help="the decimal mark")
    reading.add_argument("--delimiter", metavar="CHAR", help="of a CSV")
    reading.add_argument("--encoding", metavar="NAME", help="of a CSV, such as cp1251")
    reading.add_argument(
        "--sheet", metavar="NAME", help="of a workbook; all reads all of them; found by default"
    )
    reading.add_argument(
        "--unpack-limit", metavar="GB", type=float, help="how much a packed file may unpack to"
    )
    shape = parser.add_argument_group("shape of the table (recognised)")
    shape.add_argument(
        "--skip-rows", metavar="N", type=int, help="lines above the heading that are skipped"
    )
    shape.add_argument("--header-rows", metavar="N", type=int, help="rows of the heading")
    shape.add_argument(
        "--fill-down",
        metavar="COL",
        action="append",
        help="blank cells of the column hold the value above; may be repeated; no fills none",
    )
    shape.add_argument(
        "--melt",
        metavar="COL",
        action="append",
        help="column of one period, or FIRST:LAST; may be repeated; no leaves them",
    )


def add_sales_options(parser: argparse.ArgumentParser) -> None:
    """Add the options for reading a file of sales and classifying."""
    add_reading_options(parser)
    _add_classification(parser)


def _add_classification(parser: argparse.ArgumentParser) -> None:
    from abcxyz.core.snapshots.settings import Settings

    group = parser.add_argument_group("classification")
    group.add_argument("--as-of", metavar="DATE", help="YYYY-MM-DD; today by default")
    metavars = {"period": "12M", "bucket": "|".join(LETTERS), "lookback": "24M"}
    for one in attrs.fields(Settings):
        if one.metadata.get("table") == "window" or one.name in _SERIES:
            details = one.metadata.get("details", {})
            option = f"--{one.name.replace('_', '-')}"
            if one.default is False:
                group.add_argument(option, action="store_true", help=one.metadata["help"])
                continue
            group.add_argument(
                option,
                metavar=metavars.get(one.name),
                choices=one.metadata.get("choices"),
                type=int if isinstance(one.default, int) else str,
                default=one.default,
                help=HelpText(one.metadata["help"], **details),
            )
    for axis, rules in (("abc", ABC_RULES), ("xyz", XYZ_RULES)):
        default = rule_to_dict(getattr(Settings(), axis))["rule"].replace("_", "-")
        group.add_argument(f"--{axis}", metavar="RULE", default=default, help=", ".join(rules))


def add_sales_input(parser: argparse.ArgumentParser) -> None:
    """Add the argument for a file or a job, and the options of a file."""
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="+",
        help="files of sales, read with the options below; or a job (.toml), which has its own",
    )
    parser.add_argument(
        "--history",
        metavar="DB",
        help="file of snapshots; by default that of the job, or one in this folder",
    )
    add_history_job(parser)
    add_sales_options(parser)


def add_large_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of large files."""
    from abcxyz.tables.analyze_file import analyze_file

    group = parser.add_argument_group("large files")
    group.add_argument(
        "--memory",
        metavar="SIZE",
        default=default_of(analyze_file, "memory"),
        help="what the process is to stay below",
    )
    group.add_argument("--spill", metavar="DIR", help="folder for what does not fit")


def reading_options(args: argparse.Namespace) -> dict[str, Any]:
    """Return the options for reading the file, for `abcxyz.tables.sales.read_sales`.

    Raises
    ------
    InputError
        A rate cannot be read.
    """
    options = {name: getattr(args, name) for name in _READING}
    return {**options, "rates": _rates(args.rate)}


def large_options(args: argparse.Namespace) -> dict[str, Any]:
    """Return the options of large files, for `abcxyz.tables.analyze_file.analyze_file`."""
    return {"memory": args.memory, "spill": args.spill}


def settings_of(args: argparse.Namespace) -> Settings:
    """Return the settings of the classification.

    Raises
    ------
    InputError
        A rule, the metric or the period is wrong.
    """
    from abcxyz.core.snapshots.settings import Settings

    return Settings(
        period=args.period,
        bucket=args.bucket,
        metric=args.metric,
        lookback=args.lookback,
        document_spans_days=args.document_spans_days,
        abc=parse_abc(args.abc),
        xyz=parse_xyz(args.xyz),
        **{name: getattr(args, name) for name in _SERIES},
    )


def _rates(written: Sequence[str]) -> dict[str, float]:
    rates: dict[str, float] = {}
    for item in written:
        code, _, price = item.partition("=")
        try:
            rates[code.strip().upper()] = float(price.replace(",", "."))
        except ValueError:
            raise InputError(
                "--rate {item!r} cannot be read; write it as USD=92.5", item=item
            ) from None
    return rates

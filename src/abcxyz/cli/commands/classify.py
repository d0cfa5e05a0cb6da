"""``abcxyz classify``: from a file of sales to nine segments."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from abcxyz.cli.options.anonymize import add_anonymize, hidden
from abcxyz.errors import AbcxyzError, AbcxyzWarning, InputError
from abcxyz.i18n import LANGUAGES, text, translate
from abcxyz.tables.large_parquet import add_options as add_large_options
from abcxyz.tables.large_parquet import classify_large, is_large

if TYPE_CHECKING:
    from abcxyz.core.analysis.record import Analysis
    from abcxyz.core.sales.calendar import Periods
    from abcxyz.core.snapshots.settings import Settings
    from abcxyz.tables.sales import Sales

__all__ = ["add_parser", "run", "write_all"]

#: A file whose sales end this long before the window does is probably an old one.
_STALE = timedelta(days=62)
_SIGNS = {"RUB": "₽", "USD": "$", "EUR": "€", "GBP": "£", "CNY": "¥", "KZT": "₸", "BYN": "Br"}


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


def add_sales_options(parser: argparse.ArgumentParser) -> None:
    """Add what tells how to read a file of sales, and how to classify."""
    columns = parser.add_argument_group("columns (recognised by their usual names)")
    for role, what in (
        ("customer", "who bought"),
        ("date", "the day of the sale"),
        ("amount", "the money"),
        ("document", "the sales document, for counting orders"),
        ("cost", "the cost, for gross profit"),
        ("name", "the customer's name"),
    ):
        columns.add_argument(f"--{role}", metavar="COL", help=what)
    columns.add_argument("--currency-column", metavar="COL", help="the currency of the money")
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
    reading.add_argument("--sheet", metavar="NAME", help="of a workbook; the first by default")
    rules = parser.add_argument_group("classification")
    rules.add_argument("--as-of", metavar="DATE", help="YYYY-MM-DD; today by default")
    rules.add_argument("--period", metavar="12M", default="12M", help="complete periods to take")
    rules.add_argument("--bucket", metavar="M|W|Q", help="sub-period of the XYZ series")
    rules.add_argument("--metric", choices=("revenue", "profit", "count"), default="revenue")
    rules.add_argument(
        "--abc",
        metavar="RULE",
        default="tangent",
        help="tangent, cumulative-mean, shares:0.80,0.95, count-shares:0.20,0.50, limits:…",
    )
    rules.add_argument(
        "--xyz",
        metavar="RULE",
        default="tangent",
        help="tangent, cumulative-mean, limits:0.10,0.25",
    )


def run(args: argparse.Namespace) -> int:
    """Carry the command out; return the exit code."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", AbcxyzWarning)
        analysis = _classify(args)
    for warning in caught:
        if isinstance(warning.message, AbcxyzWarning):
            print(translate(warning.message, args.lang), file=sys.stderr)
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    analysis = hidden(analysis, wanted=args.anonymize)
    code = (args.currency or "").strip().upper()
    return show(
        analysis,
        out=args.out,
        as_json=args.json,
        lang=args.lang,
        currency=_SIGNS.get(code, code),
    )


def show(
    analysis: Analysis, *, out: str | None, as_json: bool, lang: str, currency: str = ""
) -> int:
    """Print the result and write its files; 3 where a file could not be written."""
    failed = [] if out is None else write_all(analysis, Path(out), lang, currency)
    if as_json:
        from abcxyz.builtin.json_sink import summary_text

        print(summary_text(analysis))
    else:
        from abcxyz.cli.output.analysis_text import render

        print(render(analysis, lang))
        if out is not None:
            print()
            print(text("Written to {folder}", lang, folder=out))
    for problem in failed:
        print(translate(problem, lang), file=sys.stderr)
    return 3 if failed else 0


def write_all(
    analysis: Analysis, folder: Path, lang: str, currency: str = ""
) -> list[AbcxyzError]:
    """Write the four files; one that fails does not stop the others."""
    from abcxyz.builtin.csv_sink import CsvSink
    from abcxyz.builtin.excel_sink import ExcelSink
    from abcxyz.builtin.html_sink import HtmlSink
    from abcxyz.builtin.json_sink import JsonSink

    failed: list[AbcxyzError] = []
    for sink in (
        CsvSink(folder / "segments.csv", lang=lang),
        ExcelSink(folder / "segments.xlsx", lang=lang, currency=currency),
        JsonSink(folder / "summary.json"),
        HtmlSink(folder / "report.html", lang=lang, currency=currency),
    ):
        try:
            sink.write(analysis, dry_run=False)
        except AbcxyzError as problem:
            failed.append(problem)
    return failed


def _classify(args: argparse.Namespace) -> Analysis:
    from abcxyz.core.analysis.analyze import analyze
    from abcxyz.fast import fast_aggregate

    as_of = parse_day(args.as_of)
    settings = settings_of(args)
    if is_large(args):
        return classify_large(args, as_of, settings)
    sales = read_file(args, as_of)
    periods = settings.periods(as_of)
    check_window(sales, periods, args.file)
    return analyze(
        fast_aggregate(sales.transactions, periods, metric=settings.metric),
        as_of=as_of,
        settings=settings,
        quality=sales.account(periods.window),
        names=sales.names,
    )


def read_file(args: argparse.Namespace, as_of: date) -> Sales:
    """Read the file of sales as the options say.

    Raises
    ------
    InputError
        It cannot be read, or lacks what the metric needs.
    """
    from abcxyz.tables.sales import read_sales

    sales = read_sales(
        args.file,
        customer=args.customer,
        date=args.date,
        amount=args.amount,
        document=args.document,
        cost=args.cost,
        name=args.name,
        currency_column=args.currency_column,
        currency=args.currency,
        rates=_rates(args.rate),
        as_of=as_of,
        date_format=args.date_format,
        decimal=args.decimal,
        delimiter=args.delimiter,
        encoding=args.encoding,
        sheet=args.sheet if args.sheet is not None else 0,
    )
    if args.metric == "profit" and "cost" not in sales.columns:
        raise InputError(
            "the metric profit needs the cost of each sale; name its column with --cost"
        )
    return sales


def settings_of(args: argparse.Namespace) -> Settings:
    """Gather the options of the classification."""
    from abcxyz.cli.options.rules import parse_abc, parse_xyz
    from abcxyz.core.snapshots.settings import Settings

    return Settings(
        period=args.period,
        bucket=args.bucket,
        metric=args.metric,
        abc=parse_abc(args.abc),
        xyz=parse_xyz(args.xyz),
    )


def parse_day(written: str | None) -> date:
    """Read a date; without one, ask the clock.

    Raises
    ------
    InputError
        It is no date.
    """
    if written is None:
        return datetime.now().astimezone().date()
    for pattern in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            return datetime.strptime(written.strip(), pattern).date()  # noqa: DTZ007 - a day
        except ValueError:
            continue
    raise InputError("--as-of {written!r} is not a date; write it as 2026-11-01", written=written)


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


def check_window(sales: Sales, periods: Periods, file: str) -> None:
    """Tell the user of an old file which date to give.

    Raises
    ------
    InputError
        No sale lies in the window.
    """
    from abcxyz.core.sales.calendar import period_start, shift_period

    first, last = sales.first_day, sales.last_day
    if first is None or last is None:
        return
    suggested = shift_period(period_start(last, "month"), "month", 1)
    window = periods.window
    if not window.holds(sales.transactions.day).any():
        raise InputError(
            "{file} has no sale in the window from {since} to {window_last}; its sales are from "
            "{first} to {last}. Date the result with --as-of {suggested}",
            file=file,
            since=window.since,
            window_last=window.last,
            first=first,
            last=last,
            suggested=suggested,
        )
    if last < window.until - _STALE:
        warnings.warn(
            AbcxyzWarning(
                "the last sale in {file} is of {last}, long before the end of the window on "
                "{window_last}; if the file is an old one, date the result with "
                "--as-of {suggested}",
                file=file,
                last=last,
                window_last=window.last,
                suggested=suggested,
            ),
            stacklevel=2,
        )

"""``abcxyz classify`` on a Parquet file too large to be read at once: DuckDB adds it up."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from abcxyz.core.sales.quality import Quality, QualityIssue
from abcxyz.errors import InputError

if TYPE_CHECKING:
    from abcxyz.core.analysis.record import Analysis
    from abcxyz.core.sales.calendar import Periods
    from abcxyz.core.snapshots.settings import Settings

__all__ = ["LARGE", "add_options", "classify_large", "is_large"]

LARGE = 200
"""Megabytes from which a Parquet file is added up outside of Python's memory."""

_MB = 1_000_000
_TROUBLES = ("no_customer", "no_date", "no_amount", "future_date")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of large files."""
    group = parser.add_argument_group("large Parquet files")
    group.add_argument(
        "--large-from",
        metavar="MB",
        type=float,
        default=LARGE,
        help="from this size on the file is added up by DuckDB, outside of Python's memory",
    )
    group.add_argument(
        "--memory", metavar="SIZE", default="1GB", help="what the process is to stay below"
    )
    group.add_argument("--spill", metavar="DIR", help="where to put what does not fit")


def is_large(args: argparse.Namespace) -> bool:
    """Say whether the file is to be added up by DuckDB."""
    file = Path(args.file)
    if not file.is_file() or file.stat().st_size < args.large_from * _MB:
        return False
    with file.open("rb") as stream:
        if stream.read(4) != b"PAR1":
            return False
    return find_spec("duckdb") is not None


def classify_large(args: argparse.Namespace, as_of: date, settings: Settings) -> Analysis:
    """Add the file up in DuckDB, and classify what comes out.

    Raises
    ------
    InputError
        A column cannot be used as it is, currencies are mixed, or nothing lies in the window.
    """
    from abcxyz.core.analysis.analyze import analyze
    from abcxyz.frames import panel_from_frame
    from abcxyz.frames.parquet import parquet_sales

    periods = settings.periods(as_of)
    with parquet_sales(
        args.file, memory=args.memory, spill=args.spill, progress=_progress()
    ) as found:
        columns = _columns(found.columns, args)
        sales = _chosen(found, columns, args)
        quality, days = _account(sales, as_of, periods, args)
        used = sales.filter(" and ".join([*_present(sales), f"date <= date '{as_of}'"]))
        _check_window(days, periods, args)
        panel = panel_from_frame(
            used,
            customer="customer",
            date="date",
            amount="amount",
            cost="cost" if "cost" in columns else None,
            document="document" if "document" in columns else None,
            as_of=as_of,
            period=args.period,
            bucket=args.bucket,
            metric=args.metric,
        )
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    # The same customer has the same name whichever way the file was read.
    names = np.array([str(one) for one in panel.customers.tolist()], dtype=object)
    return analyze(
        attrs.evolve(panel, customers=names), as_of=as_of, settings=settings, quality=quality
    )


def _progress() -> Callable[[float], None] | None:
    if not sys.stderr.isatty():
        return None

    def show(share: float) -> None:
        print(f"\r{share:4.0%}", end="", file=sys.stderr, flush=True)

    return show


def _columns(names: list[str], args: argparse.Namespace) -> dict[str, str]:
    from abcxyz.tables.roles import choose_columns

    named = {
        role: getattr(args, role) for role in ("customer", "date", "amount", "document", "cost")
    }
    named["currency"] = args.currency_column
    return choose_columns(names, named, Path(args.file).name)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _chosen(found: Any, columns: dict[str, str], args: argparse.Namespace) -> Any:
    """Give the columns the names of their roles, and leave one currency."""
    kinds = dict(zip(found.columns, map(str, found.types), strict=True))
    wanted = []
    for role in ("customer", "date", "amount", "document", "cost"):
        if role not in columns or (role == "cost" and args.metric != "profit"):
            continue
        cell, kind = _quoted(columns[role]), kinds[columns[role]]
        if role in ("customer", "document"):
            if kind == "VARCHAR":
                cell = f"nullif(trim({cell}), '')"
            elif kind in ("DOUBLE", "FLOAT"):
                cell = f"cast({cell} as bigint)"
        elif role == "date" and kind != "DATE":
            if not kind.startswith("TIMESTAMP"):
                raise _unfit(columns[role], role, kind, args)
            cell = f"cast({cell} as date)"
        elif role in ("amount", "cost") and kind == "VARCHAR":
            raise _unfit(columns[role], role, kind, args)
        if role == "cost":
            cell = f"coalesce({cell}, 0)"
        wanted.append(f"{cell} as {role}")
    if args.metric == "profit" and "cost" not in columns:
        raise InputError(
            "the metric profit needs the cost of each sale; name its column with --cost"
        )
    if args.rate:
        raise InputError(
            "currencies of a file of this size cannot be converted; convert the file first, or "
            "read it whole with --large-from {size}",
            size=10**9,
        )
    if "currency" not in columns:
        if args.currency:
            raise InputError(
                "{where} has no column of currencies, so {currency} cannot be chosen; name the "
                "column with --currency-column, or drop the option",
                where=Path(args.file).name,
                currency=args.currency,
            )
        return found.project(", ".join(wanted))
    code = f"upper(trim(cast({_quoted(columns['currency'])} as varchar)))"
    counts = found.aggregate(f"{code} as code, count(*) as n").fetchall()
    shown = ", ".join(f"{one or '(none)'} {n}" for one, n in sorted(counts, key=lambda c: -c[1]))
    if args.currency:
        choice = args.currency.strip().upper()
        if choice not in {one for one, _ in counts}:
            raise InputError(
                "{where} has no line in {currency}; its currencies are {counts}",
                where=Path(args.file).name,
                currency=choice,
                counts=shown,
            )
        return found.filter(f"{code} = '{choice.replace(chr(39), chr(39) * 2)}'").project(
            ", ".join(wanted)
        )
    if len(counts) > 1:
        raise InputError(
            "{where} mixes {number} currencies ({counts}), which cannot be added; choose one with "
            "--currency {first}, or convert with --rate CODE=PRICE for each",
            where=Path(args.file).name,
            number=len(counts),
            counts=shown,
            first=max(counts, key=lambda c: c[1])[0] or "CODE",
        )
    return found.project(", ".join(wanted))


def _unfit(column: str, role: str, kind: str, args: argparse.Namespace) -> InputError:
    return InputError(
        "the column {column!r} for {role} is {type} in a file of this size; store it as a date or "
        "a number, or read the file whole with --large-from {size}",
        column=column,
        role=role,
        type=kind,
        size=int(args.large_from * 1000),
    )


def _present(sales: Any) -> list[str]:
    kinds = dict(zip(sales.columns, map(str, sales.types), strict=True))
    there = ["customer is not null", "date is not null", "amount is not null"]
    if kinds["amount"] in ("DOUBLE", "FLOAT"):
        there.append("not isnan(amount)")
    return there


def _account(
    sales: Any, as_of: date, periods: Periods, args: argparse.Namespace
) -> tuple[Quality, tuple[date, date, int]]:
    """Count what is doubtful, in one pass; equal lines are not looked for."""
    customer, day, amount, *number = _present(sales)
    there = " and ".join([amount, *number])
    window = periods.window
    outside = f"date < date '{window.since}' or date >= date '{window.until}'"
    used = f"{customer} and {day} and {there} and date <= date '{as_of}'"
    tests = {
        "no_customer": f"not ({customer})",
        "no_date": f"{customer} and not ({day})",
        "no_amount": f"{customer} and {day} and not ({there})",
        "future_date": f"{customer} and {day} and {there} and date > date '{as_of}'",
        "zero": f"{used} and amount = 0",
        "negative": f"{used} and amount < 0",
        "outside_window": f"{used} and ({outside})",
    }
    asked = ["count(*)", f"count(*) filter ({used})"]
    asked += [f"min(date) filter ({used})", f"max(date) filter ({used})"]
    for test in tests.values():
        asked += [f"count(*) filter ({test})", f"sum(amount) filter (({test}) and {there})"]
    rows, kept, first, last, *counts = sales.aggregate(", ".join(asked)).fetchall()[0]
    if not kept:
        raise InputError(
            "{where} has no usable line among {rows}: {reasons}; check the columns {columns}",
            where=Path(args.file).name,
            rows=rows,
            reasons=", ".join(
                f"{kind} {counts[2 * i]}" for i, kind in enumerate(tests) if counts[2 * i]
            )
            or "empty",
            columns=", ".join(sales.columns),
        )
    issues = [
        QualityIssue(
            kind=kind,
            count=int(count),
            amount=None if total is None or kind == "no_amount" else float(total),
            treatment=(
                "left_out"
                if kind in _TROUBLES
                else "not_counted"
                if kind == "outside_window"
                else "kept"
            ),
        )
        for kind, count, total in zip(tests, counts[::2], counts[1::2], strict=True)
        if count
    ]
    inside = int(kept) - int(counts[-2])
    return Quality(int(rows), int(kept), tuple(issues)), (first, last, inside)


def _check_window(
    days: tuple[date, date, int], periods: Periods, args: argparse.Namespace
) -> None:
    from abcxyz.core.sales.calendar import period_start, shift_period

    first, last, inside = days
    if inside:
        return
    raise InputError(
        "{file} has no sale in the window from {since} to {window_last}; its sales are from "
        "{first} to {last}. Date the result with --as-of {suggested}",
        file=args.file,
        since=periods.window.since,
        window_last=periods.window.last,
        first=first,
        last=last,
        suggested=shift_period(period_start(last, "month"), "month", 1),
    )

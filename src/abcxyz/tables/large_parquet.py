"""Analysis of a Parquet file larger than memory, aggregated by DuckDB."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from importlib.util import find_spec
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pandas as pd

from abcxyz.core.sales.quality import TREATMENT_OF, Quality
from abcxyz.errors import InputError
from abcxyz.frames.parquet import MEMORY, Progress
from abcxyz.tables.account import issue_of, nothing_usable
from abcxyz.tables.currencies import choose_currency, read_currency, refuse_choice
from abcxyz.tables.roles import ROLES, choose_columns

if TYPE_CHECKING:
    from abcxyz.core.analysis.record import Analysis
    from abcxyz.core.sales.calendar import Window
    from abcxyz.core.snapshots.settings import Settings

__all__ = ["LARGE", "analyze_large_parquet", "is_large_parquet"]

LARGE = 200.0
"""Size in megabytes from which a Parquet file is aggregated by DuckDB."""

_MB = 1_000_000
_ROLES = tuple(role for role in ROLES if role not in ("currency", "name"))
#: Kinds of doubtful lines without a sum of money: unreadable, or of several currencies.
_WITHOUT_AMOUNT = ("no_amount", "other_currency")


def is_large_parquet(path: str | PathLike[str], megabytes: float = LARGE) -> bool:
    """Return whether a file is Parquet of at least *megabytes*, and DuckDB is installed."""
    file = Path(path)
    if not file.is_file() or file.stat().st_size < megabytes * _MB:
        return False
    with file.open("rb") as stream:
        if stream.read(4) != b"PAR1":
            return False
    return find_spec("duckdb") is not None


def analyze_large_parquet(
    path: str | PathLike[str],
    *,
    as_of: date,
    settings: Settings,
    customer: str | None = None,
    date: str | None = None,
    amount: str | None = None,
    document: str | None = None,
    cost: str | None = None,
    currency_column: str | None = None,
    currency: str | None = None,
    rates: Mapping[str, float] | None = None,
    memory: str = MEMORY,
    spill: str | PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Analysis:
    """Aggregate a Parquet file in DuckDB, and classify the customers.

    Parameters
    ----------
    path
        The file.
    as_of
        Date of the result.
    settings
        Settings of the classification.
    customer, date, amount, document, cost, currency_column, currency, rates
        As in `abcxyz.tables.sales.read_sales`; rates cannot be applied to such a file.
    memory, spill, progress
        As in `abcxyz.frames.parquet.parquet_sales`.

    Returns
    -------
    Analysis
        Analysis equal to that of the same file in memory, but its account does not count
        duplicate lines.

    Raises
    ------
    InputError
        A column has an unsuitable type, currencies are mixed, or no sale lies in the window.
    """
    from abcxyz.core.analysis.analyze import analyze
    from abcxyz.frames import panel_from_frame
    from abcxyz.frames.parquet import parquet_sales

    file = Path(path)
    window = settings.periods(as_of).window
    named = {
        "customer": customer,
        "date": date,
        "amount": amount,
        "document": document,
        "cost": cost,
        "currency": currency_column,
    }
    with parquet_sales(file, memory=memory, spill=spill, progress=progress) as relation:
        columns = choose_columns(relation.columns, named, file.name)
        if settings.metric == "profit" and "cost" not in columns:
            raise InputError(
                "the metric profit needs the cost of each sale; name its column with --cost"
            )
        if rates:
            raise InputError(
                "currencies of a file of this size cannot be converted; convert the file first, "
                "or read it whole with --large-from {size}",
                size=10**9,
            )
        sales = _by_role(relation, columns, settings.metric)
        usable = _usable(sales, as_of)
        in_currency = _currency_condition(sales, columns, currency, file.name)
        quality = _account(sales, usable, in_currency, as_of, window)
        if not quality.used:
            raise nothing_usable(file.name, quality, columns)
        panel = panel_from_frame(
            sales.filter(f"{usable} and {in_currency}"),
            customer="customer",
            date="date",
            amount="amount",
            cost="cost" if "cost" in sales.columns else None,
            document="document" if "document" in sales.columns else None,
            as_of=as_of,
            period=settings.period,
            bucket=settings.bucket,
            metric=settings.metric,
            lookback=settings.lookback,
            document_spans_days=settings.document_spans_days,
        )
    # Customers have the same names in memory and by DuckDB.
    names = np.array([str(one) for one in panel.customers.tolist()], dtype=object)
    return analyze(
        attrs.evolve(panel, customers=names), as_of=as_of, settings=settings, quality=quality
    )


def _quoted(name: str, mark: str = '"') -> str:
    return mark + name.replace(mark, mark * 2) + mark


def _by_role(relation: Any, columns: Mapping[str, str], metric: str) -> Any:
    """Rename the columns to their roles, and clean their cells."""
    kinds = dict(zip(relation.columns, map(str, relation.types), strict=True))
    cells = []
    for role in _ROLES:
        if role not in columns or (role == "cost" and metric != "profit"):
            continue
        cell, kind = _quoted(columns[role]), kinds[columns[role]]
        if role in ("customer", "document"):
            if kind == "VARCHAR":
                cell = f"nullif(trim({cell}), '')"
            elif kind in ("DOUBLE", "FLOAT"):
                cell = f"cast({cell} as bigint)"
        elif role == "date" and kind != "DATE":
            if not kind.startswith("TIMESTAMP"):
                raise _unfit(columns[role], role, kind)
            cell = f"cast({cell} as date)"
        elif role in ("amount", "cost") and kind == "VARCHAR":
            raise _unfit(columns[role], role, kind)
        if role == "cost":
            cell = f"coalesce({cell}, 0)"
        cells.append(f"{cell} as {role}")
    if "currency" in columns:
        cells.append(f"cast({_quoted(columns['currency'])} as varchar) as currency")
    return relation.project(", ".join(cells))


def _unfit(column: str, role: str, kind: str) -> InputError:
    return InputError(
        "the column {column!r} for {role} is {type} in a file of this size; store it as a date or "
        "a number, or read the file whole with --large-from {size}",
        column=column,
        role=role,
        type=kind,
        size=10**9,
    )


def _present(sales: Any) -> tuple[str, str, str]:
    """Return the SQL conditions for lines with a customer, a date, an amount."""
    kinds = dict(zip(sales.columns, map(str, sales.types), strict=True))
    amount = "amount is not null"
    if kinds["amount"] in ("DOUBLE", "FLOAT"):
        amount += " and not isnan(amount)"
    return "customer is not null", "date is not null", amount


def _usable(sales: Any, as_of: date) -> str:
    return " and ".join([*_present(sales), f"date < date '{as_of}'"])


def _currency_condition(
    sales: Any, columns: Mapping[str, str], target: str | None, where: str
) -> str:
    """Return the SQL condition for lines in the currency of the result."""
    if "currency" not in columns:
        refuse_choice(where, target)
        return "true"
    lines = sales.aggregate("currency, count(*)").order("currency").fetchall()
    codes = read_currency(pd.Series([written for written, _ in lines], dtype=object)).tolist()
    counts = dict.fromkeys(codes, 0)
    for code, (_, count) in zip(codes, lines, strict=True):
        counts[code] += count
    factor = choose_currency(counts, target=target, where=where)
    if factor is None:
        return "true"
    in_currency = [
        _quoted(written, "'")
        for code, (written, _) in zip(codes, lines, strict=True)
        if code in factor
    ]
    return f"coalesce(currency in ({', '.join(in_currency)}), false)"


def _account(sales: Any, usable: str, in_currency: str, as_of: date, window: Window) -> Quality:
    """Count doubtful lines in one pass."""
    customer, day, amount = _present(sales)
    used = f"{usable} and {in_currency}"
    conditions = {
        "no_customer": f"not ({customer})",
        "no_date": f"{customer} and not ({day})",
        "no_amount": f"{customer} and {day} and not ({amount})",
        "future_date": f"{customer} and {day} and {amount} and date >= date '{as_of}'",
        "other_currency": f"{usable} and not {in_currency}",
        "zero": f"{used} and amount = 0",
        "negative": f"{used} and amount < 0",
        "outside_window": (
            f"{used} and (date < date '{window.since}' or date >= date '{window.until}')"
        ),
    }
    sums = ["count(*)"]
    for condition in conditions.values():
        sums += [
            f"count(*) filter ({condition})",
            f"sum(amount) filter (({condition}) and {amount})",
        ]
    rows, *counts = sales.aggregate(", ".join(sums)).fetchall()[0]
    issues = [
        issue_of(kind, count, None if kind in _WITHOUT_AMOUNT or total is None else float(total))
        for kind, count, total in zip(conditions, counts[::2], counts[1::2], strict=True)
        if count
    ]
    left_out = sum(one.count for one in issues if TREATMENT_OF[one.kind] == "left_out")
    return Quality(rows, rows - left_out, issues)

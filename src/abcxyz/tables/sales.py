"""Sales from a file, with an account of what was found wrong in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from attrs import evolve, field, frozen

from abcxyz._arrays import frozen_map
from abcxyz.core.sales.calendar import Window
from abcxyz.core.sales.quality import Quality, QualityIssue
from abcxyz.core.sales.transactions import Transactions
from abcxyz.errors import InputError
from abcxyz.tables.account import Ledger
from abcxyz.tables.cells import (
    distinct,
    has_currency_signs,
    read_amounts,
    read_currency,
    read_days,
    read_ids,
)
from abcxyz.tables.read import read_table
from abcxyz.tables.roles import choose_columns

__all__ = ["FileSource", "Sales", "read_sales"]

_BATCH = 1_000_000


@frozen(eq=False)
class Sales:
    """What a file of sales holds.

    Parameters
    ----------
    transactions
        The usable lines.
    quality
        What was found wrong, and what was done with it.
    columns
        Role to the column it was read from.
    names
        Customer to the name, where the file has both.
    """

    transactions: Transactions
    quality: Quality
    columns: Mapping[str, str] = field(converter=frozen_map)
    names: Mapping[str, str] = field(factory=dict, converter=frozen_map)

    def account(self, window: Window) -> Quality:
        """Add the lines outside a window to the account: they are neither lost nor counted."""
        outside = ~window.holds(self.transactions.day)
        count = int(np.count_nonzero(outside))
        if not count:
            return self.quality
        issue = QualityIssue(
            kind="outside_window",
            count=count,
            amount=float(np.sum(self.transactions.amount[outside])),
            treatment="not_counted",
        )
        return evolve(self.quality, issues=(*self.quality.issues, issue))

    @property
    def first_day(self) -> date | None:
        """Day of the earliest usable line."""
        return self.transactions.day.min().item() if len(self.transactions) else None

    @property
    def last_day(self) -> date | None:
        """Day of the latest usable line."""
        return self.transactions.day.max().item() if len(self.transactions) else None


def read_sales(
    path: str | PathLike[str],
    *,
    customer: str | None = None,
    date: str | None = None,
    amount: str | None = None,
    document: str | None = None,
    cost: str | None = None,
    name: str | None = None,
    currency_column: str | None = None,
    currency: str | None = None,
    rates: Mapping[str, float] | None = None,
    as_of: date | None = None,
    date_format: str | None = None,
    decimal: str | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    sheet: str | int = 0,
) -> Sales:
    """Read sales from CSV (also gzipped), Parquet or Excel.

    Parameters
    ----------
    path
        The file.
    customer, date, amount, document, cost, name, currency_column
        Names of the columns; those not given are recognised by their usual names, English and
        Russian.
    currency
        The currency to keep; with *rates*, the currency to convert to.
    rates
        Currency to its price in the currency of the result.
    as_of
        Lines after this day are left out as future ones; every line is kept when not given.
    date_format
        A format of :func:`time.strptime` for unusual dates.
    decimal
        The decimal mark; found out when not given.
    delimiter, encoding
        Of a CSV; found out when not given.
    sheet
        Name or position of a workbook's sheet.

    Returns
    -------
    Sales

    Raises
    ------
    InputError
        The file cannot be read, a column is not recognised, several currencies are mixed, or no
        line is usable.

    Notes
    -----
    Zero lines, returns and exact duplicates are counted and kept: real ledgers hold identical
    lines, and a return is a fact. Left out are only lines that cannot be placed: without a
    customer, a day or an amount, or dated in the future.
    """
    file = Path(path)
    frame = read_table(file, delimiter=delimiter, encoding=encoding, sheet=sheet)
    named = {
        "customer": customer,
        "date": date,
        "amount": amount,
        "document": document,
        "cost": cost,
        "name": name,
        "currency": currency_column,
    }
    columns = choose_columns(list(frame.columns), named, file.name)
    duplicated = [c for c in columns.values() if list(frame.columns).count(c) > 1]
    if duplicated:
        raise InputError(
            "{where} has several columns named {column!r}; rename all but one",
            where=file.name,
            column=duplicated[0],
        )
    ledger = Ledger(len(frame), first_line=2)
    ids = read_ids(frame[columns["customer"]])
    days, bad_days = read_days(
        frame[columns["date"]], date_format=date_format, name=columns["date"]
    )
    comma = delimiter != "," and not frame.columns.empty and _is_semicolon_like(frame, columns)
    money, bad_money = read_amounts(
        frame[columns["amount"]], decimal=decimal, comma_is_decimal=comma
    )
    ledger.leave_out("no_customer", pd.isna(ids), money)
    ledger.leave_out("unreadable_date", bad_days, money, frame[columns["date"]])
    ledger.leave_out("no_date", np.isnat(days), money)
    ledger.leave_out("unreadable_amount", bad_money, None, frame[columns["amount"]])
    ledger.leave_out("no_amount", np.isnan(money), None)
    if as_of is not None:
        ledger.leave_out("future_date", days > np.datetime64(as_of), money, frame[columns["date"]])
    cost_money: npt.NDArray[np.float64] | None = None
    if "cost" in columns:
        cost_money, bad_cost = read_amounts(
            frame[columns["cost"]], decimal=decimal, comma_is_decimal=comma
        )
        ledger.note("no_cost", np.isnan(cost_money) | bad_cost, money)
        cost_money = np.nan_to_num(cost_money)
    factors = _currency_factors(frame, columns, ledger, money, currency, rates or {}, file.name)
    if factors is not None:
        money = money * factors
        cost_money = None if cost_money is None else cost_money * factors
    ledger.note("zero", money == 0, money)
    ledger.note("negative", money < 0, money)
    ledger.note("duplicate", frame.duplicated(keep="first").to_numpy(), money)
    used = ledger.used
    if not used.any():
        raise InputError(
            "{where} has no usable line among {rows}: {reasons}; check the columns {columns}",
            where=file.name,
            rows=len(frame),
            reasons=", ".join(f"{i.kind} {i.count}" for i in ledger.quality().issues) or "empty",
            columns=", ".join(f"{role}={column}" for role, column in columns.items()),
        )
    transactions = Transactions(
        ids[used],
        days[used],
        money[used],
        None if cost_money is None else cost_money[used],
        _documents(frame, columns, used),
    )
    return Sales(transactions, ledger.quality(), columns, _names(frame, columns, ids, used))


def _is_semicolon_like(frame: pd.DataFrame, columns: Mapping[str, str]) -> bool:
    """Take unquoted ``1,234`` for a decimal where other text of the table is Russian."""
    head = "".join(map(str, frame.columns)) + "".join(
        str(cell) for cell in frame[columns["customer"]].head(20)
    )
    return any("а" <= letter <= "я" for letter in head.casefold())


def _documents(
    frame: pd.DataFrame, columns: Mapping[str, str], used: npt.NDArray[np.bool_]
) -> npt.NDArray[Any] | None:
    if "document" not in columns:
        return None
    found = read_ids(frame[columns["document"]])[used]
    blank = pd.isna(found)
    if blank.any():
        # A line without its document is a document of its own, as where there is no such column.
        found[blank] = [f"\0line {place}" for place in np.flatnonzero(blank)]
    return found


def _names(
    frame: pd.DataFrame,
    columns: Mapping[str, str],
    ids: npt.NDArray[np.object_],
    used: npt.NDArray[np.bool_],
) -> dict[str, str]:
    """Take the last name written for each customer."""
    if "name" not in columns:
        return {}
    written = read_ids(frame[columns["name"]])
    pairs = pd.DataFrame({"id": ids[used], "name": written[used]}, dtype=object).dropna()
    last = pairs.drop_duplicates("id", keep="last")
    return dict(zip(last["id"], last["name"], strict=True))


def _currency_factors(
    frame: pd.DataFrame,
    columns: Mapping[str, str],
    ledger: Ledger,
    money: npt.NDArray[np.float64],
    wanted: str | None,
    rates: Mapping[str, float],
    where: str,
) -> npt.NDArray[np.float64] | None:
    """Leave one currency: by choice, by conversion, or because there is no other."""
    if "currency" in columns:
        written = read_currency(frame[columns["currency"]])
    elif has_currency_signs(frame[columns["amount"]]):
        written = read_currency(frame[columns["amount"]])
    elif wanted is not None or rates:
        raise InputError(
            "{where} has no column of currencies, so {currency} cannot be chosen; name the column "
            "with --currency-column, or drop the option",
            where=where,
            currency=wanted or ", ".join(rates),
        )
    else:
        return None
    codes, found = distinct(pd.Series(written[ledger.used]))
    counts = dict(zip(found, np.bincount(codes, minlength=len(found)).tolist(), strict=True))
    shown = ", ".join(
        f"{code or '(none)'} {count}"
        for code, count in sorted(counts.items(), key=lambda p: -p[1])
    )
    wanted = wanted.strip().upper() if wanted else None
    prices = {code.strip().upper(): float(price) for code, price in rates.items()}
    for code, price in prices.items():
        if not (np.isfinite(price) and price > 0):
            raise InputError(
                "the rate of {currency} is {rate}; give its price, a number above zero",
                currency=code,
                rate=price,
            )
    if prices:
        if wanted:
            prices.setdefault(wanted, 1.0)
        lacking = [code or "(none)" for code in counts if code not in prices]
        if lacking:
            raise InputError(
                "there is no rate for {lacking} in {where} ({counts}); give one with "
                "--rate CODE=PRICE",
                lacking=", ".join(lacking),
                where=where,
                counts=shown,
            )
        factors = np.ones(len(frame))
        for code, price in prices.items():
            factors[written == code] = price
        ledger.note("converted", factors != 1.0, money)
        return factors
    if wanted:
        if wanted not in counts:
            raise InputError(
                "{where} has no line in {currency}; its currencies are {counts}",
                where=where,
                currency=wanted,
                counts=shown,
            )
        # Sums of several currencies mean nothing, so this issue carries no amount.
        ledger.leave_out("other_currency", written != wanted, None, pd.Series(written))
        return None
    if len(counts) > 1:
        raise InputError(
            "{where} mixes {number} currencies ({counts}), which cannot be added; choose one with "
            "--currency {first}, or convert with --rate CODE=PRICE for each",
            where=where,
            number=len(counts),
            counts=shown,
            first=max(counts, key=lambda code: counts[code]) or "CODE",
        )
    return None


class FileSource:
    """Sales of a file, as a source of transactions.

    Parameters
    ----------
    path
        The file: CSV (also gzipped), Parquet or Excel.
    customer, date, amount, document, cost, name, currency_column
        Names of the columns; recognised by their usual names when not given.
    currency, rates, date_format, decimal, delimiter, encoding, sheet
        As in `read_sales`.

    Notes
    -----
    The file is read at the first call, and read again by every further one: a source reports
    what is there now.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        customer: str | None = None,
        date: str | None = None,
        amount: str | None = None,
        document: str | None = None,
        cost: str | None = None,
        name: str | None = None,
        currency_column: str | None = None,
        currency: str | None = None,
        rates: Mapping[str, float] | None = None,
        date_format: str | None = None,
        decimal: str | None = None,
        delimiter: str | None = None,
        encoding: str | None = None,
        sheet: str | int = 0,
    ) -> None:
        self._path = path
        self._options: dict[str, Any] = {
            "customer": customer,
            "date": date,
            "amount": amount,
            "document": document,
            "cost": cost,
            "name": name,
            "currency_column": currency_column,
            "currency": currency,
            "rates": rates,
            "date_format": date_format,
            "decimal": decimal,
            "delimiter": delimiter,
            "encoding": encoding,
            "sheet": sheet,
        }
        self._quality: Quality | None = None
        self._names: Mapping[str, str] = MappingProxyType({})

    def transactions(self, window: Window) -> Iterator[Transactions]:
        """Yield every sale of the half-open *window*, each exactly once, in batches."""
        sales = read_sales(self._path, **self._options)
        self._quality, self._names = sales.account(window), sales.names
        inside = sales.transactions.within(window)
        for start in range(0, len(inside), _BATCH):
            yield inside.take(np.arange(start, min(start + _BATCH, len(inside))))

    def preflight(self) -> Sequence[str]:
        """Read the file, and say what is in it."""
        sales = read_sales(self._path, **self._options)
        quality = sales.quality
        columns = ", ".join(f"{role} = {column}" for role, column in sales.columns.items())
        return [
            f"{self._path}: {quality.used} / {quality.rows}, {sales.first_day} - {sales.last_day}",
            columns,
        ]

    def data_quality(self) -> Quality | None:
        """Return the account of the whole file; None before it was read."""
        return self._quality

    def customer_names(self) -> Mapping[str, str]:
        """Return customer to name; empty before the file was read."""
        return self._names

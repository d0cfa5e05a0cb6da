"""Currency codes and signs, and the choice of the one currency that a result is in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from abcxyz.errors import InputError
from abcxyz.tables.cells import MONEY_MARKS, distinct, is_blank, spread

__all__ = [
    "CURRENCY_SIGNS",
    "choose_currency",
    "has_currency_signs",
    "read_currency",
    "refuse_choice",
]

CURRENCY_SIGNS: Mapping[str, str] = MappingProxyType(
    {"RUB": "₽", "USD": "$", "EUR": "€", "GBP": "£", "CNY": "¥", "KZT": "₸", "BYN": "Br"}
)
"""Code of a currency -> its sign."""

_CODE_OF = MappingProxyType({sign: code for code, sign in CURRENCY_SIGNS.items()} | {"RUR": "RUB"})


def read_currency(column: pd.Series[Any]) -> npt.NDArray[np.object_]:
    """Read currency codes, or the currency sign that stands in a cell of money.

    Parameters
    ----------
    column
        (n,) codes such as ``RUB``, or amounts such as ``100 ₽``.

    Returns
    -------
    numpy.ndarray
        (n,) of ``str``; empty text where no currency is written.
    """
    codes, cells = distinct(column)
    names = np.empty(len(cells), dtype=object)
    names[:] = [_code(cell) for cell in cells]
    currencies: npt.NDArray[np.object_] = spread(codes, names, "")
    return currencies


def _code(cell: object) -> str:
    if is_blank(cell):
        return ""
    sign = MONEY_MARKS.search(str(cell))
    if sign is None:
        code = str(cell).strip().upper()
        return "" if re.search(r"\d", code) and not re.fullmatch(r"\d{3}", code) else code
    mark = sign[0].upper()
    return "RUB" if mark.startswith("Р") else _CODE_OF.get(mark, mark)


def has_currency_signs(column: pd.Series[Any]) -> bool:
    """Whether any cell of money carries the sign of a currency."""
    if column.dtype.kind in "iufM":
        return False
    return any(isinstance(cell, str) and MONEY_MARKS.search(cell) for cell in distinct(column)[1])


def refuse_choice(
    where: str, wanted: str | None, rates: Mapping[str, float] = MappingProxyType({})
) -> None:
    """Refuse a choice of currency where no currency is written.

    Raises
    ------
    InputError
        A currency is wanted, or rates are given.
    """
    if wanted is not None or rates:
        raise InputError(
            "{where} has no column of currencies, so {currency} cannot be chosen; name the column "
            "with --currency-column, or drop the option",
            where=where,
            currency=wanted or ", ".join(rates),
        )


def choose_currency(
    counts: Mapping[str, int],
    *,
    wanted: str | None,
    rates: Mapping[str, float] = MappingProxyType({}),
    where: str,
) -> Mapping[str, float] | None:
    """Leave one currency: by choice, by conversion, or because there is no other.

    Parameters
    ----------
    counts
        Currency code -> number of lines; the empty code is no currency.
    wanted
        The currency to keep; with *rates*, the currency to convert to.
    rates
        Currency code -> its price in the currency of the result.
    where
        Name of the file, for errors.

    Returns
    -------
    Mapping or None
        Currency code -> factor of its amounts; lines of other currencies are to be left out.
        None where every line stays as it is.

    Raises
    ------
    InputError
        A rate is no price or is missing, no line is in the wanted currency, or several
        currencies are mixed.

    Examples
    --------
    >>> choose_currency({"EUR": 2, "USD": 9}, wanted="usd", where="sales.csv")
    {'USD': 1.0}
    >>> choose_currency({"EUR": 2}, wanted="USD", rates={"EUR": 1.1}, where="sales.csv")
    {'EUR': 1.1, 'USD': 1.0}
    """
    shown = ", ".join(
        f"{code or '(none)'} {count}" for code, count in sorted(counts.items(), key=_most_first)
    )
    wanted = wanted.strip().upper() if wanted else None
    if rates:
        return _prices(counts, wanted, rates, where, shown)
    if wanted:
        if wanted not in counts:
            raise InputError(
                "{where} has no line in {currency}; its currencies are {counts}",
                where=where,
                currency=wanted,
                counts=shown,
            )
        return {wanted: 1.0}
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


def _most_first(pair: tuple[str, int]) -> int:
    return -pair[1]


def _prices(
    counts: Mapping[str, int],
    wanted: str | None,
    rates: Mapping[str, float],
    where: str,
    shown: str,
) -> Mapping[str, float]:
    prices = {code.strip().upper(): float(price) for code, price in rates.items()}
    for code, price in prices.items():
        if not (np.isfinite(price) and price > 0):
            raise InputError(
                "the rate of {currency} is {rate}; give its price, a number above zero",
                currency=code,
                rate=price,
            )
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
    return prices

"""Currency codes and signs, and the choice of the single currency of a result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz.errors import InputError
from abcxyz.tables.values.columns import cells_of, distinct, spread
from abcxyz.tables.values.currency_marks import currency_code, currency_in_amount

__all__ = [
    "CURRENCY_SIGNS",
    "choose_currency",
    "has_currency_signs",
    "read_currency",
    "refuse_choice",
    "with_zeros",
]

CURRENCY_SIGNS: Mapping[str, str] = MappingProxyType(
    {"RUB": "₽", "USD": "$", "EUR": "€", "GBP": "£", "CNY": "¥", "KZT": "₸", "BYN": "Br"}
    | {"UAH": "₴", "INR": "₹", "PLN": "zł", "TRY": "₺"}
)
"""Code of a currency -> its sign."""


def read_currency(column: Any, *, in_amounts: bool = False) -> npt.NDArray[np.object_]:
    """Parse currency codes, or the currency signs in amount cells.

    Parameters
    ----------
    column
        (n,) codes such as ``RUB``, or amounts such as ``100 ₽``.
    in_amounts
        Whether the cells are amounts.

    Returns
    -------
    numpy.ndarray
        (n,) of ``str``; empty text where a cell has no currency.
    """
    codes, cells = distinct(cells_of(column))
    names = np.empty(len(cells), dtype=object)
    names[:] = [currency_in_amount(cell) if in_amounts else currency_code(cell) for cell in cells]
    currencies: npt.NDArray[np.object_] = spread(codes, names, "")
    return currencies


def has_currency_signs(column: Iterable[Any]) -> bool:
    """Return whether any of distinct amount cells has a currency sign."""
    return any(currency_in_amount(cell) for cell in column)


def with_zeros(
    counts: Mapping[str, int], zeros: int, target: str | None
) -> tuple[dict[str, int], str]:
    """Count zeros without a currency as lines of the currency of the result.

    Parameters
    ----------
    counts
        Currency code -> number of lines; the empty code stands for no currency.
    zeros
        Number of lines without a currency whose amount is zero.
    target
        Currency of the result, if chosen; None takes the most frequent one.

    Returns
    -------
    counts : dict
        The numbers of lines then.
    currency : str
        Currency of the zeros; empty if no line has a currency.

    Examples
    --------
    >>> with_zeros({"RUB": 1, "": 2}, 1, None)
    ({'RUB': 2, '': 1}, 'RUB')
    """
    named = {code: count for code, count in counts.items() if code}
    if not zeros or not named:
        return dict(counts), ""
    chosen = target.strip().upper() if target else ""
    code = chosen if chosen in named else max(sorted(named), key=lambda one: named[one])
    shifted = {**counts, code: counts[code] + zeros, "": counts[""] - zeros}
    return {one: count for one, count in shifted.items() if count}, code


def refuse_choice(
    where: str, target: str | None, rates: Mapping[str, float] = MappingProxyType({})
) -> None:
    """Raise an error if a currency is chosen for a table without currencies.

    Raises
    ------
    InputError
        *target* or *rates* is set.
    """
    if target is not None or rates:
        raise InputError(
            "{where} has no column of currencies, so {currency} cannot be chosen; name the column "
            "with --currency-column, or drop the option",
            where=where,
            currency=target or ", ".join(rates),
        )


def choose_currency(
    counts: Mapping[str, int],
    *,
    target: str | None,
    rates: Mapping[str, float] = MappingProxyType({}),
    where: str,
) -> Mapping[str, float] | None:
    """Reduce amounts to one currency: by selection, by conversion, or because there is only one.

    Parameters
    ----------
    counts
        Currency code -> number of lines; the empty code stands for no currency.
    target
        Currency to select; with *rates*, the currency to convert to.
    rates
        Currency code -> its price in the currency of the result.
    where
        Name of the file, for errors.

    Returns
    -------
    Mapping or None
        Currency code -> factor for its amounts; lines of other currencies must be left out.
        None where no line changes.

    Raises
    ------
    InputError
        A rate is missing or not positive, no line is in the target currency, or several
        currencies are mixed.

    Examples
    --------
    >>> choose_currency({"EUR": 2, "USD": 9}, target="usd", where="sales.csv")
    {'USD': 1.0}
    >>> choose_currency({"EUR": 2}, target="USD", rates={"EUR": 1.1}, where="sales.csv")
    {'EUR': 1.1, 'USD': 1.0}
    """
    shown = ", ".join(
        f"{code or '(none)'} {count}" for code, count in sorted(counts.items(), key=_most_first)
    )
    target = target.strip().upper() if target else None
    if rates:
        return _prices(counts, target, rates, where, shown)
    if target:
        if target not in counts:
            raise InputError(
                "{where} has no line in {currency}; its currencies are {counts}",
                where=where,
                currency=target,
                counts=shown,
            )
        return {target: 1.0}
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
    target: str | None,
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
    if target:
        prices.setdefault(target, 1.0)
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

"""Amounts as a product: quantity times price."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from abcxyz._arrays import is_missing
from abcxyz.tables.shapes.derived import DerivedTable
from abcxyz.tables.table import Batch, Table
from abcxyz.tables.values.amounts import AmountForm, amount_form, parse_amounts
from abcxyz.tables.values.columns import Cells, distinct, numbers, spread
from abcxyz.toolkit.catalogue import Catalogue

__all__ = ["quantity_times_price"]

_SAY = Catalogue()
_QUANTITY = ("quantity", "qty", "количество", "колво", "units", "pieces", "кол", "штук", "шт")
_PRICE = ("unitprice", "price", "priceperunit", "itemprice", "salesprice", "цена")
_PRICES = (*_PRICE, "ценазаединицу", "ценазашт", "ценаруб", "ценапродажи", "ценасндс")
_DECIMALS = 6


def quantity_times_price(table: Table, *, decimal: str | None = None) -> Table | None:
    """Return a table with an amount, if it has a quantity and a price; else None.

    Parameters
    ----------
    table
        The table, without a column of amounts.
    decimal
        Decimal mark; None decides it from each column.

    Notes
    -----
    Products are rounded to six decimals, so that a price with decimals gives the same sum as on
    paper.
    """
    quantity = _find(table.columns, _QUANTITY)
    price = _find(table.columns, _PRICES)
    if quantity is None or price is None:
        return None
    parts = [quantity, price]
    name = f"{quantity} × {price}"

    def begin() -> Any:
        forms = _forms(table, parts, decimal)

        def multiplied(batch: Batch) -> Batch:
            factors, bad = zip(
                *(_numbers(batch[part], forms[part]) for part in parts), strict=True
            )
            amounts = np.round(factors[0] * factors[1], _DECIMALS)
            unreadable = bad[0] | bad[1]
            if not unreadable.any():
                return batch.with_columns({name: amounts})
            cells = amounts.astype(object)
            lines = batch.rows(unreadable)
            cells[unreadable] = [
                None if is_missing(one) or is_missing(other) else f"{one} × {other}"
                for one, other in zip(*map(lines.listed, parts), strict=True)
            ]
            return batch.with_columns({name: cells})

        return multiplied

    remark = _SAY.message(
        "there is no column of amounts: {quantity!r} times {price!r} is read as the amount",
        quantity=quantity,
        price=price,
    )
    return DerivedTable(
        table,
        [*table.columns, name],
        begin,
        parts,
        [remark, *table.remarks],
        {**table.roles, "amount": name},
    )


def _find(columns: Sequence[str], names: Sequence[str]) -> str | None:
    plain = {
        re.sub(r"[\W_]+", "", str(column).casefold().partition(",")[0]): column
        for column in columns
    }
    return next((plain[name] for name in names if name in plain), None)


def _forms(table: Table, parts: Sequence[str], decimal: str | None) -> dict[str, AmountForm]:
    """Decide from all cells of both columns how they write numbers."""
    cells: dict[str, dict[Any, None]] = {part: {} for part in parts}
    for batch in table.batches(parts):
        for part in parts:
            if numbers(batch[part]) is None:
                cells[part].update(dict.fromkeys(distinct(batch[part])[1]))
    return {
        part: amount_form(list(distinct), decimal=decimal, name=part)
        for part, distinct in cells.items()
    }


def _numbers(column: Cells, form: AmountForm) -> tuple[Any, Any]:
    known = numbers(column)
    if known is not None:
        return known, np.zeros(len(known), dtype=bool)
    codes, cells = distinct(column)
    values, bad = parse_amounts(cells, form)
    return spread(codes, values, np.nan), spread(codes, bad, False)

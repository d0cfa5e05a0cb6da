"""Fields of deals as their history of values shows them at a moment."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz._arrays import Ints
from abcxyz.crm.records.columns import TextColumn, blank_column, text_column
from abcxyz.crm.records.keys import rows_of
from abcxyz.crm.records.tables import Deals, Values
from abcxyz.errors import InputError

__all__ = ["joined", "placed", "text_at", "values_in_currency", "with_values"]

#: Fields of deals that a history of values may replace, those of text.
_TEXTS = ("stage", "funnel", "owner", "source", "currency", "campaign", "lost_reason")
#: The others: type of their values, and the unknown one.
_FORMS: Mapping[str, tuple[str, Any]] = MappingProxyType(
    {
        "amount": ("f8", np.nan),
        "planned": ("M8[D]", np.datetime64("NaT", "D")),
        "closed": ("M8[s]", np.datetime64("NaT", "s")),
    }
)


def with_values(deals: Deals, values: Values) -> Deals:
    """Replace fields of deals by their latest recorded values.

    Parameters
    ----------
    deals
        The deals.
    values
        Values recorded before the moment of interest. An empty value is one too: the field was
        empty then.
    """
    changed: dict[str, Any] = {}
    for name in (*_TEXTS, *_FORMS):
        rows = _rows_of_field(values, name)
        rows = rows[np.argsort(values.at[rows], kind="stable")]
        place = rows_of(values.id[rows], deals.deal)
        rows, place = rows[place >= 0], place[place >= 0]
        if not len(rows):
            continue
        # Of several rows of a deal the last one, which is the latest, stays.
        latest = np.full(len(deals), -1, dtype=np.int64)
        latest[place] = rows
        where = np.flatnonzero(latest >= 0)
        texts = _written(values)[latest[where]]
        column = getattr(deals, name)
        if name in _TEXTS:
            changed[name] = placed(column or blank_column(len(deals)), texts, where)
            continue
        values_then = _converted(name, texts)
        if column is None:
            kind, nothing = _FORMS[name]
            column = np.full(len(deals), nothing, dtype=kind)
        changed[name] = column.copy()
        changed[name][where] = values_then
    return deals.with_columns(**changed) if changed else deals


def text_at(
    values: Values | None, deals: Deals, name: str, moments: npt.NDArray[np.datetime64]
) -> TextColumn:
    """Return a text field of every deal as it was at a moment of its own.

    Parameters
    ----------
    values
        The history of values; None where nobody keeps one.
    deals
        The deals, with the values of today.
    name
        Name of the field.
    moments
        (n,) moment for every deal; NaT leaves the value of today.

    Notes
    -----
    A moment before the first record has the value of that record, which is the nearest known.
    """
    today: TextColumn = getattr(deals, name) or blank_column(len(deals))
    rows = np.empty(0, dtype=np.int64) if values is None else _rows_of_field(values, name)
    if values is None or not len(rows):
        return today
    place = rows_of(values.id[rows], deals.deal)
    rows, place = rows[place >= 0], place[place >= 0]
    order = np.lexsort((values.at[rows].astype(np.int64), place))
    rows, place = rows[order], place[order]
    first, count = (
        np.searchsorted(place, np.arange(len(deals))),
        np.bincount(place, minlength=len(deals)),
    )
    before = np.bincount(
        place, weights=values.at[rows] <= moments[place], minlength=len(deals)
    ).astype(np.int64)
    known = np.flatnonzero((count > 0) & ~np.isnat(moments))
    chosen = rows[first[known] + np.maximum(before[known] - 1, 0)]
    return placed(today, _written(values)[chosen], known)


def placed(column: TextColumn, texts: TextColumn, rows: Any) -> TextColumn:
    """Return *column* with *texts* in some rows."""
    names = tuple(dict.fromkeys((*column.categories, *texts.categories)))
    codes = column.codes_in(names)
    codes[rows] = texts.codes_in(names)
    return TextColumn(names, codes)


def joined(first: Values | None, second: Values) -> Values:
    """Return two histories as one; of a field of deals that both have, the first one counts."""
    if first is None or not len(first):
        return second
    twice = np.zeros(len(second), dtype=bool)
    for name in (*_TEXTS, *_FORMS):
        if len(_rows_of_field(first, name)):
            twice[_rows_of_field(second, name)] = True
    second = second.take(~twice)
    ids: npt.NDArray[Any] = np.concatenate([first.id.astype(object), second.id.astype(object)])
    return Values(
        kind=_one_after_another(first.kind, second.kind),
        id=ids if first.id.dtype.kind == "O" or second.id.dtype.kind == "O" else ids.astype(int),
        field=_one_after_another(first.field, second.field),
        at=np.concatenate([first.at, second.at]),
        value=_one_after_another(_written(first), _written(second)),
    )


def values_in_currency(
    values: Values, deals: Deals, factors: Mapping[str, float], currency: str
) -> Values:
    """Return a history in which the amounts of deals are in one currency.

    Parameters
    ----------
    values
        The history; a deal's amount is in its currency of that moment, or else of today.
    deals
        The deals, with their currencies of today.
    factors
        Currency -> amount of *currency* for one unit; amounts in others become unknown.
    currency
        The currency; amounts without one are in it.
    """
    amounts = _rows_of_field(values, "amount")
    currencies = _rows_of_field(values, "currency")
    if not len(amounts) and not len(currencies):
        return values
    today = deals.currency or blank_column(len(deals))
    rows = np.concatenate([currencies, amounts])
    place = rows_of(values.id[rows], deals.deal)
    # A currency that was recorded together with an amount counts for it, so it stands before.
    order = np.lexsort((np.arange(len(rows)), values.at[rows].astype(np.int64), place))
    is_currency = (np.arange(len(rows)) < len(currencies))[order]
    latest = np.maximum.accumulate(np.where(is_currency, np.arange(len(rows)), -1))
    same_deal = (latest >= 0) & (place[order][latest] == place[order])
    names = text_column([*today.categories, *_written(values).categories, ""])
    codes = (
        np.where(place[order] >= 0, today.codes_in(names.categories)[place[order]], names.code(""))
        if len(deals)
        else np.full(len(rows), names.code(""))
    )
    then = _written(values).codes_in(names.categories)[rows[order][latest]]
    codes = np.where(same_deal, then, codes)
    listed = np.array(
        [1.0 if one in ("", currency) else factors.get(one, np.nan) for one in names.categories]
    )
    factor = np.empty(len(rows))
    factor[order] = listed[codes]
    money = _converted("amount", _written(values)[amounts]) * factor[len(currencies) :]
    written = text_column(["" if np.isnan(one) else repr(one) for one in money.tolist()])
    value = placed(_written(values), written, amounts)
    kept = np.ones(len(values), dtype=bool)
    kept[currencies] = False
    return values.with_columns(value=value).take(kept)


def _rows_of_field(values: Values, name: str) -> Ints:
    of_deals = values.kind.codes == values.kind.code("deal")
    return np.flatnonzero(of_deals & (values.field.codes == values.field.code(name)))


def _written(values: Values) -> TextColumn:
    written: TextColumn | None = values.value
    return blank_column(len(values)) if written is None else written


def _converted(name: str, texts: TextColumn) -> npt.NDArray[Any]:
    """Return written values as numbers or moments; the empty text is an unknown one.

    Raises
    ------
    InputError
        A text that is none.
    """
    kind, nothing = _FORMS[name]
    listed = np.full(len(texts.categories), nothing, dtype=kind)
    for code in np.unique(texts.codes).tolist():
        text = texts.categories[code]
        if not text:
            continue
        try:
            listed[code] = np.array(text, dtype=kind)
        except ValueError:
            raise InputError(
                "the values of deals hold {value!r} for {field}, which cannot be read; write "
                "amounts as 1200.5 and days as 2026-05-31",
                value=text,
                field=name,
            ) from None
    return listed[texts.codes]


def _one_after_another(first: TextColumn, second: TextColumn) -> TextColumn:
    names = tuple(dict.fromkeys((*first.categories, *second.categories)))
    return TextColumn(names, np.concatenate([first.codes_in(names), second.codes_in(names)]))

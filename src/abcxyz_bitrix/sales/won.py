"""Won deals and invoices as sales, dated by their stage history."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, tzinfo
from typing import Any

from abcxyz_bitrix.crm.customers import Party, chooser
from abcxyz_bitrix.crm.entities import Fields, code_of
from abcxyz_bitrix.crm.stages import won_moments
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import as_bool, as_day, as_decimal, as_id, as_moment
from abcxyz_bitrix.rest.lists import Row
from abcxyz_bitrix.rest.row_checks import check_fields
from abcxyz_bitrix.sales.sale import CODES, Sale, SaleFilter, Tally, day_of, getter

__all__ = ["won_sales"]


def won_sales(
    client: Client,
    entity: int,
    rows: Iterable[Row],
    names: Fields,
    choice: SaleFilter,
    tally: Tally,
) -> list[Sale]:
    """Convert rows to sales dated by the real moment of closing.

    Parameters
    ----------
    rows
        Rows of ``crm.item.list``; every filter is checked again.

    Notes
    -----
    The day comes from the last winning row of the stage history, else from the last move,
    else from the closing date, which the portal shows as midnight UTC. A deal won on a day of
    an import has its closing date, if that is earlier. An option names another field.
    """
    get = getter(names)
    choose = chooser(choice.customer, {code: names.find(code) for code in CODES}, choice.out)
    accepted: list[tuple[int, Row, Party]] = []
    money = [name for code in ("OPPORTUNITY", "STAGE_ID") if (name := names.find(code))]
    for row in rows:
        check_fields([row], money, "crm.item.list")
        reason = _left_out(row, get, choice)
        if reason:
            tally.add(reason)
            continue
        party = choose(row)
        if party is None:
            tally.add("no_customer")
            continue
        accepted.append((as_id(row["id"]), row, party))
    moments: Mapping[int, datetime] = {}
    if choice.dated_by is None:
        found = won_moments(client, entity, [number for number, _, _ in accepted])
        moments = found or {}
        tally.add("no_history", len(accepted) if found is None else 0)
    sales = []
    for number, row, party in accepted:
        if choice.dated_by is None:
            day = _closed(number, row, moments, get, choice, tally)
        else:
            day = _day_in(row.get(choice.dated_by), choice.zone)
        if day is None:
            tally.add("no_date")
            continue
        sales.append(
            Sale(
                party,
                day,
                as_decimal(get(row, "OPPORTUNITY"), code_of(entity, number)),
                str(get(row, "CURRENCY_ID") or "?"),
                code_of(entity, number),
            )
        )
    return sales


def _left_out(row: Row, get: Callable[[Row, str], Any], choice: SaleFilter) -> str:
    """Return the reason why a row is no sale; empty if it is one."""
    stage = choice.stages.by_id.get(str(get(row, "STAGE_ID")))
    if stage is None:
        return "deleted_stage"
    if (get(row, "STAGE_SEMANTIC_ID") or stage.semantics) != "S":
        return "not_won"
    if as_id(get(row, "CATEGORY_ID")) not in choice.funnels:
        return "other_funnel"
    if stage.id in choice.without:
        return "excluded_stage"
    if as_bool(get(row, "IS_RECURRING")):
        return "template"
    return ""


def _closed(
    number: int,
    row: Row,
    moments: Mapping[int, datetime],
    get: Callable[[Row, str], Any],
    choice: SaleFilter,
    tally: Tally,
) -> date | None:
    closed = as_day(get(row, "CLOSEDATE"))
    moved = as_moment(get(row, "MOVED_TIME"))
    moment = moments.get(number, moved)
    if moment is not None:
        day = day_of(moment, choice.zone)
        if day in choice.imported and closed is not None and closed < day:
            tally.add("imported")
            return closed
        tally.add("day_from_history" if number in moments else "day_from_moved_time")
        return day
    if closed is not None:
        tally.add("day_from_closedate")
    return closed


def _day_in(value: object, zone: tzinfo | None) -> date | None:
    """Return the day in a field: midnight UTC is a date, any other time a moment."""
    moment = as_moment(value)
    if moment is None or moment.tzinfo is None or _is_midnight(moment):
        return as_day(value)
    return day_of(moment, zone)


def _is_midnight(moment: datetime) -> bool:
    return moment.astimezone(UTC).time() == time() or moment.time() == time()

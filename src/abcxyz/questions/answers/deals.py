"""Questions about deals and contacts: how many, which, when the last one was."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np

from abcxyz.core.display import plain_number
from abcxyz.core.sales.calendar import Window
from abcxyz.crm.records.data import CrmData, as_local
from abcxyz.questions.answer import Answer, Remark
from abcxyz.questions.answers.selection import (
    OUTCOME_CODES,
    DealFilter,
    deal_columns,
    filter_deals,
    same_id,
    window_of,
)
from abcxyz.questions.answers.snapshots import money_or_none
from abcxyz.questions.cleaning import clean_name, plain_id, quoted
from abcxyz.questions.data import QuestionData
from abcxyz.questions.parameters import (
    CONTACTS,
    MOMENTS,
    OUTCOMES,
    AsOf,
    Contact,
    CursorText,
    Customer,
    Funnel,
    Language,
    Limit,
    Moment,
    OneCustomer,
    Outcome,
    Owner,
    Since,
    SourceName,
    Stage,
    Until,
)
from abcxyz.questions.problems import QuestionError, message
from abcxyz.questions.resolving import (
    definition_of,
    first_ids,
    page_of,
    resolved,
    shared_fields,
    start_of,
)
from abcxyz.toolkit.catalogue import plural, text, translate
from abcxyz.toolkit.numbers import date_text

__all__ = ["count_deals", "crm_fields", "last_activity", "list_deals", "money_warnings"]


def crm_fields(
    data: QuestionData, crm: CrmData, window: Window | None, lang: str
) -> dict[str, Any]:
    """Return the fields of an answer that every question about the CRM has."""
    day = data.crm_day(crm)
    warnings = []
    late = (data.today() - day).days
    if crm is data.crm and late > 1:
        warnings.append(
            Remark(
                "stale_data",
                text("The records of the CRM end on {day}.", lang, day=date_text(day, lang)),
            )
        )
    if crm.stages.guessed:
        warnings.append(
            Remark(
                "stages_guessed",
                text("The order of the stages and which are final were guessed.", lang),
            )
        )
    return shared_fields(day, day - timedelta(days=1), window, warnings, lang)


def _entered(crm: CrmData) -> Any:
    """Return the moment at which every deal entered its present stage; NaT if not known."""
    if crm.changes is None:
        raise QuestionError(
            "the moments at which deals entered their stage are not known",
            code="unavailable",
            fix=message("ask again with by = created or closed"),
        )
    entered = np.full(len(crm.deals), np.datetime64("NaT", "s"))
    visits = crm.visits
    last = visits.last
    entered[visits.row[last]] = visits.entered[last]
    return entered


def _selected(
    data: QuestionData, crm: CrmData, names: dict[str, Any], outcome: str, by: str, window: Any
) -> tuple[DealFilter, Any]:
    """Return the filter, and the rows of the deals that fit it, the outcome and the window."""
    chosen = filter_deals(data, crm, **names)
    mask = chosen.mask.copy()
    if outcome != "any":
        mask &= crm.outcomes.kind == OUTCOME_CODES[outcome]
    if window is not None:
        if by == "stage":
            moments = _entered(crm)
        else:
            moments = crm.outcomes.closed if by == "closed" else crm.deals.created
        mask &= crm.inside(moments, window)
    return chosen, np.flatnonzero(mask)


def _definition(used: Any, outcome: str, by: str, window: Any, lang: str) -> str:
    what = translate(OUTCOMES[outcome], lang)
    if window is not None:
        what += " " + translate(MOMENTS[by], lang)
    return definition_of(what, used, lang)


def _counted(chosen: DealFilter, count: int, money: float | None, lang: str) -> str:
    """Return how many deals there are, and their money, named by the filters."""
    if money is None:
        counted = plural("{n} deal|{n} deals", count, lang)
    else:
        counted = plural(
            "{n} deal, worth {money}|{n} deals, worth {money}",
            count,
            lang,
            money=plain_number(round(money), lang),
        )
    return f"{', '.join(chosen.words)}: {counted}." if chosen.words else f"{counted}."


def _amount(crm: CrmData, rows: Any) -> tuple[float | None, int, str | None]:
    """Return money, number of deals without an amount, and the currency of some deals."""
    amounts = crm.amounts[rows]
    column = crm.category("currency")[rows]
    known = ~np.isnan(amounts)
    currencies = {column.categories[code] for code in np.unique(column.codes[known]).tolist()}
    missing = int((~known).sum())
    if len(currencies) > 1:
        return None, missing, None
    return float(amounts[known].sum()), missing, next(iter(currencies), None) or None


def money_warnings(money: float | None, missing: int, lang: str) -> tuple[Remark, ...]:
    """Return what a sum of amounts lacks; *money* is None with several currencies."""
    found = []
    if money is None:
        found.append(
            Remark(
                "several_currencies",
                text("The amounts are in several currencies and do not add up.", lang),
            )
        )
    if missing:
        found.append(
            Remark(
                "without_amount",
                plural(
                    "{n} deal has no amount and is not in the money.|"
                    "{n} deals have no amount and are not in the money.",
                    missing,
                    lang,
                ),
            )
        )
    return tuple(found)


def count_deals(
    data: QuestionData,
    *,
    stage: Stage = None,
    funnel: Funnel = None,
    owner: Owner = None,
    source: SourceName = None,
    customer: OneCustomer = None,
    outcome: Outcome = "open",
    by: Moment = "created",
    since: Since = None,
    until: Until = None,
    as_of: AsOf = None,
    lang: Language = "en",
) -> Answer:
    """Return how many deals there are, and their money."""
    crm = data.records(as_of)
    window = window_of(since, until, data.crm_day(crm))
    names = _names(stage, funnel, owner, source, customer)
    chosen, rows = _selected(data, crm, names, outcome, by, window)
    money, missing, currency = _amount(crm, rows)
    fields = crm_fields(data, crm, window, lang)
    fields["warnings"] += money_warnings(money, missing, lang)
    return Answer(
        value={
            "deals": len(rows),
            "amount": None if money is None else money_or_none(money),
            "currency": currency,
            "without_amount": missing,
            "filters": {name: plain_id(one) for name, one in chosen.used.items()},
        },
        sentence=_counted(chosen, len(rows), money, lang),
        definition=_definition(chosen.used, outcome, by, window, lang),
        rows=len(rows),
        first_ids=tuple(plain_id(one) for one in crm.deals.deal[rows[:10]].tolist()),
        **fields,
    )


def _names(
    stage: str | None,
    funnel: str | None,
    owner: str | None,
    source: str | None,
    customer: str | None,
) -> dict[str, Any]:
    return {
        "stage": stage,
        "funnel": funnel,
        "owner": owner,
        "source": source,
        "customer": customer,
    }


def list_deals(
    data: QuestionData,
    *,
    stage: Stage = None,
    funnel: Funnel = None,
    owner: Owner = None,
    source: SourceName = None,
    customer: OneCustomer = None,
    outcome: Outcome = "open",
    by: Moment = "created",
    since: Since = None,
    until: Until = None,
    as_of: AsOf = None,
    limit: Limit = 20,
    cursor: CursorText = None,
    lang: Language = "en",
) -> Answer:
    """Return the deals themselves, the largest amount first."""
    crm = data.records(as_of)
    window = window_of(since, until, data.crm_day(crm))
    names = _names(stage, funnel, owner, source, customer)
    chosen, rows = _selected(data, crm, names, outcome, by, window)
    amounts = crm.amounts[rows]
    rows = rows[np.argsort(np.where(np.isnan(amounts), np.inf, -amounts), kind="stable")]
    arguments = {**names, "outcome": outcome, "by": by, "since": since, "until": until}
    start = start_of(data, "list_deals", arguments, cursor, data.crm_day(crm))
    page = page_of(data, start, len(rows), limit, lambda i: _deal(data, crm, int(rows[i])))
    money, missing, _ = _amount(crm, rows)
    fields = crm_fields(data, crm, window, lang)
    fields["warnings"] += money_warnings(money, missing, lang)
    return Answer(
        value=page.rows,
        sentence=_counted(chosen, len(rows), money, lang),
        definition=_definition(chosen.used, outcome, by, window, lang),
        rows=len(rows),
        first_ids=first_ids(page.rows, "deal"),
        next_cursor=page.next_cursor,
        **fields,
    )


def _at(column: Any, row: int) -> str:
    return str(column.categories[column.codes[row]])


def _deal(data: QuestionData, crm: CrmData, row: int) -> dict[str, Any]:
    deals = crm.deals
    funnel, stage = _at(deals.funnel, row), _at(deals.stage, row)
    titles = {one.id: one.title for one in crm.stages.funnels.get(funnel, ())}
    owner = _at(crm.category("owner"), row)
    customer = None if deals.customer is None else deals.customer.tolist()[row]
    kind = next(name for name, code in OUTCOME_CODES.items() if code == crm.outcomes.kind[row])
    closed = crm.outcomes.closed[row]
    return {
        **deal_columns(
            data,
            deals.deal[row].item() if deals.deal.dtype.kind == "i" else deals.deal[row],
            funnel=funnel,
            stage=titles.get(stage, stage),
            owner=owner,
            customer=customer,
        ),
        "amount": money_or_none(crm.amounts[row]),
        "created": as_local(deals.created[row], crm.zone).date().isoformat(),
        "outcome": kind,
        "closed": None if np.isnat(closed) else as_local(closed, crm.zone).date().isoformat(),
    }


def last_activity(
    data: QuestionData,
    *,
    customer: Customer,
    kind: Contact = "any",
    as_of: AsOf = None,
    lang: Language = "en",
) -> Answer:
    """Return when, how and by whom a customer was last contacted."""
    crm = data.records(as_of)
    who = resolved(
        "customer",
        customer,
        data.customers,
        shown=lambda one: data.shown(one.id)["name"] or plain_id(one.id),
    )
    table = crm.need("activities")
    fits = table.by_people & (table.started < crm.until)
    of_customer = np.zeros(len(table), dtype=bool)
    if table.customer is not None:
        of_customer |= same_id(table.customer, who)
    if crm.deals.customer is not None:
        row = crm.deal_of_activity
        theirs = same_id(crm.deals.customer, who)
        of_customer |= (row >= 0) & theirs[np.maximum(row, 0)]
    if kind != "any":
        fits &= table.kind.codes == table.kind.code(kind)
    rows = np.flatnonzero(fits & of_customer)
    fields = crm_fields(data, crm, None, lang)
    definition = definition_of(
        text("Activities that took place and were done by people, also of the deals.", lang),
        {"customer": who, "kind": None if kind == "any" else kind},
        lang,
    )
    if not len(rows):
        begins = as_local(table.started.min(), crm.zone).date() if len(table) else None
        return Answer(
            status="unknown",
            sentence=text("No activity is known.", lang)
            if begins is None
            else text(
                "No such activity is known since {day}, when the records begin.",
                lang,
                day=date_text(begins, lang),
            ),
            definition=definition,
            **fields,
        )
    last = int(rows[np.argmax(table.started[rows])])
    moment = as_local(table.started[last], crm.zone)
    user = None if table.user is None else _at(table.user, last) or None
    known = _at(table.kind, last)
    what = translate(CONTACTS.get(known, CONTACTS["any"]), lang)
    return Answer(
        value={
            **data.shown(who),
            "kind": clean_name(known),
            "at": moment.isoformat(),
            "days_ago": (data.crm_day(crm) - moment.date()).days,
            "user": None if user is None else plain_id(user),
            "user_name": None if user is None else data.owner_name(user),
            "direction": None
            if table.direction is None
            else clean_name(_at(table.direction, last)) or None,
        },
        sentence=text(
            "The last contact with {name} was on {day}: {kind}.",
            lang,
            name=quoted(data.label(who)),
            day=date_text(moment.date(), lang),
            kind=what,
        ),
        definition=definition,
        rows=len(rows),
        first_ids=(plain_id(table.activity[last]),),
        **fields,
    )

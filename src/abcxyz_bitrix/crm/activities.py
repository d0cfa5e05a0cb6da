"""Activities of people: time spent on customers, first contact with leads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

from abcxyz import Window
from abcxyz_bitrix.crm.customers import Party, chooser
from abcxyz_bitrix.crm.entities import COMPANY, CONTACT, DEAL, LEAD, fields_of
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import as_bool, as_id, as_moment, rows_at
from abcxyz_bitrix.rest.lists import PAGE, Listing, Row, by_ids, cursor, scan

__all__ = ["contacted_leads", "hours_spent"]

_METHOD = "crm.activity.list"
_MEETING, _CALL, _LETTER, _OTHER = 1, 2, 4, 6  # TYPE_ID
_INCOMING = 1  # DIRECTION
_AUTOMATIC = 3  # STATUS: done by a robot
_LONGEST = {_MEETING: timedelta(hours=12), _CALL: timedelta(hours=1)}
_ASSUMED = {_MEETING: timedelta(hours=1), _CALL: timedelta(minutes=5)}
# No texts and no addresses, which hold personal data.
_SELECT = (
    "ID", "OWNER_ID", "OWNER_TYPE_ID", "TYPE_ID", "PROVIDER_ID", "DIRECTION", "STATUS",
    "COMPLETED", "CREATED", "START_TIME", "END_TIME", "BINDINGS",
)  # fmt: skip


def hours_spent(
    client: Client, window: Window, *, customer: str, zone: tzinfo | None = None
) -> dict[Party, float]:
    """Add up the hours of meetings and calls with each customer.

    Parameters
    ----------
    window
        Half-open; the day of an activity is that of its beginning.
    customer
        Choice of the customer, as in `BitrixSource`.
    zone
        Time zone of the business; None is that of the portal.

    Returns
    -------
    dict
        Hours by the customer's object.

    Notes
    -----
    Only completed activities count. A meeting lasts from its beginning to its end, and so does a
    call of up to an hour. The end of a longer call is no talk time (it may lie hours later), so
    five minutes are assumed; for a meeting without an end, an hour.
    """
    where = {
        "TYPE_ID": [_MEETING, _CALL],
        "COMPLETED": "Y",
        # A day more on either side: the portal may read the day in its own time zone.
        ">=START_TIME": (window.since - timedelta(days=1)).isoformat(),
        "<START_TIME": (window.until + timedelta(days=1)).isoformat(),
    }
    listing = Listing(0, _SELECT, where, method=_METHOD, at="", id_name="ID")
    rows = [
        row
        for piece in scan(client, listing)
        for row in piece.rows
        if as_id(row.get("TYPE_ID")) in _LONGEST
        and as_bool(row.get("COMPLETED"))
        and (begin := _begin(row, zone)) is not None
        and begin.date() in window
    ]
    parties = _customers(client, rows, customer)
    hours: defaultdict[Party, float] = defaultdict(float)
    for row in rows:
        party = parties.get(as_id(row.get("ID")))
        if party is not None:
            hours[party] += _duration(row) / timedelta(hours=1)
    return dict(hours)


def contacted_leads(
    client: Client, leads: Sequence[int], *, zone: tzinfo | None = None
) -> dict[int, datetime]:
    """Find the first contact with each lead; leads without one are left out.

    Parameters
    ----------
    leads
        Ids of the leads.
    zone
        Time zone of the business; None is that of the portal.

    Notes
    -----
    A contact is a meeting, a call, a letter or message that went out, or a to-do: done, by a
    person and not by a robot.
    """
    first_contacts: dict[int, datetime] = {}
    for start in range(0, len(leads), PAGE):
        some = list(leads[start : start + PAGE])
        params = {
            "filter": {"OWNER_TYPE_ID": LEAD, "OWNER_ID": some},
            "select": list(_SELECT),
        }
        for row in cursor(client, _METHOD, params, at=""):
            lead, begin = as_id(row.get("OWNER_ID")), _begin(row, zone)
            matches = as_id(row.get("OWNER_TYPE_ID")) == LEAD and lead in some
            if matches and begin is not None and _is_contact(row):
                first_contacts[lead] = min(first_contacts.get(lead, begin), begin)
    return first_contacts


def _is_contact(row: Row) -> bool:
    kind, status = as_id(row.get("TYPE_ID")), as_id(row.get("STATUS"))
    if not as_bool(row.get("COMPLETED")) or status == _AUTOMATIC:
        return False
    if kind in (_MEETING, _CALL):
        return True
    return kind in (_LETTER, _OTHER) and as_id(row.get("DIRECTION")) != _INCOMING


def _begin(row: Row, zone: tzinfo | None) -> datetime | None:
    moment = as_moment(row.get("START_TIME")) or as_moment(row.get("CREATED"))
    return moment if moment is None or zone is None else moment.astimezone(zone)


def _duration(row: Row) -> timedelta:
    kind = as_id(row.get("TYPE_ID"))
    begin, end = as_moment(row.get("START_TIME")), as_moment(row.get("END_TIME"))
    if begin is not None and end is not None and timedelta() < end - begin <= _LONGEST[kind]:
        return end - begin
    return _ASSUMED[kind]


def _customers(client: Client, rows: Iterable[Row], customer: str) -> dict[int, Party]:
    """Find the customer of each activity: bound to it, or to its deal."""
    bound = {as_id(row.get("ID")): dict(_bindings(row)) for row in rows}
    deals = sorted({one[DEAL] for one in bound.values() if DEAL in one})
    by_deal = _of_deals(client, deals, customer)
    parties: dict[int, Party] = {}
    for number, one in bound.items():
        if COMPANY in one and customer != "contact":
            parties[number] = COMPANY, one[COMPANY]
        elif DEAL in one and one[DEAL] in by_deal:
            parties[number] = by_deal[one[DEAL]]
        elif CONTACT in one and customer != "company":
            parties[number] = CONTACT, one[CONTACT]
    return parties


def _bindings(row: Row) -> Iterator[tuple[int, int]]:
    for one in rows_at(row.get("BINDINGS") or [], "", _METHOD):
        yield as_id(one.get("OWNER_TYPE_ID")), as_id(one.get("OWNER_ID"))
    yield as_id(row.get("OWNER_TYPE_ID")), as_id(row.get("OWNER_ID"))


def _of_deals(client: Client, deals: Sequence[int], customer: str) -> Mapping[int, Party]:
    if not deals:
        return {}
    names = fields_of(client, DEAL)
    codes = ("COMPANY_ID", "CONTACT_ID", "CONTACT_IDS")
    choose = chooser(customer, {code: names.find(code) for code in codes}, set())
    rows: Iterable[Any] = by_ids(client, Listing(DEAL, tuple(names.select(codes))), deals)
    chosen = ((as_id(row["id"]), choose(row)) for row in rows)
    return {number: party for number, party in chosen if party is not None}

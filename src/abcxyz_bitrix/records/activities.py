"""Activities, calls, employees and working hours of a portal."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time

import numpy as np

from abcxyz import Window
from abcxyz.crm import Activities, BusinessCalendar, Users
from abcxyz_bitrix.crm.entities import COMPANY, CONTACT, DEAL, LEAD, code_of
from abcxyz_bitrix.crm.tasks import tasks_of_alerts
from abcxyz_bitrix.records.values import moments, users
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import as_bool, as_id, as_map, rows_at
from abcxyz_bitrix.rest.lists import PAGE, Listing, Row, scan

__all__ = ["calls", "read_activities", "read_calendar", "read_users"]

# No texts and no addresses, which hold personal data.
_SELECT = (
    "ID", "OWNER_ID", "OWNER_TYPE_ID", "TYPE_ID", "PROVIDER_ID", "DIRECTION", "STATUS",
    "COMPLETED", "CREATED", "START_TIME", "END_TIME", "DEADLINE", "RESPONSIBLE_ID", "BINDINGS",
    "ASSOCIATED_ENTITY_ID",
)  # fmt: skip
_KINDS = {1: "meeting", 2: "call", 3: "task", 4: "letter", 5: "meeting"}
_TASK = "CRM_TASKS_TASK"
_PROVIDERS = {
    "CRM_TODO": "task", "VOXIMPLANT_CALL": "call", "CRM_SMS": "message", "CRM_EMAIL": "letter",
    "IMOPENLINES_SESSION": "message", _TASK: "task",
}  # fmt: skip
_DIRECTIONS = {1: "in", 2: "out"}
_AUTOMATIC = 3  # STATUS: done by a robot
_STATISTICS = "voximplant.statistic.get"
_INFORMATION = 5  # CALL_TYPE: a robot speaks
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def read_activities(
    client: Client, talks: Mapping[int, tuple[float, bool]]
) -> tuple[Activities, Counter[str]]:
    """Read every activity.

    Parameters
    ----------
    talks
        Id of an activity -> seconds of its call, and whether it was answered, of telephony.

    Returns
    -------
    activities
        The end of a call is not its talk time, so calls have seconds of telephony alone.
    unknown
        Providers whose kind is not known, and the number of their activities.
    """
    listing = Listing(0, _SELECT, method="crm.activity.list", at="", id_name="ID")
    rows = [row for piece in scan(client, listing) for row in piece.rows]
    kinds = [_kind(row) for row in rows]
    unknown = Counter(
        str(row.get("PROVIDER_ID") or row.get("TYPE_ID"))
        for row, kind in zip(rows, kinds, strict=True)
        if kind == "other"
    )
    started = moments(row.get("START_TIME") or row.get("CREATED") for row in rows)
    ended = moments(
        row.get("END_TIME") if kind == "meeting" else None
        for row, kind in zip(rows, kinds, strict=True)
    )
    bound = [_bound(row) for row in rows]
    talk = [talks.get(as_id(row.get("ID"))) for row in rows]
    dated = ~np.isnat(started)
    reminders = _reminders(client, rows)
    made = Activities(
        activity=np.array([as_id(row.get("ID")) for row in rows], dtype=np.int64),
        kind=kinds,
        started=np.where(dated, started, np.datetime64(0, "s")),
        ended=ended,
        seconds=[np.nan if one is None else one[0] for one in talk],
        direction=[_DIRECTIONS.get(as_id(row.get("DIRECTION")), "") for row in rows],
        done=[as_bool(row.get("COMPLETED")) for row in rows],
        user=users(row.get("RESPONSIBLE_ID") for row in rows),
        deal=np.array([one.get(DEAL, "") for one in bound], dtype=object),
        lead=np.array([one.get(LEAD, "") for one in bound], dtype=object),
        customer=np.array([one.get(COMPANY, one.get(CONTACT, "")) for one in bound], object),
        due=moments(row.get("DEADLINE") for row in rows),
        answered=[one is not None and one[1] for one in talk],
        automatic=[
            as_id(row.get("STATUS")) == _AUTOMATIC or number in reminders
            for number, row in enumerate(rows)
        ],
        basis=["" if one is None else "measured" for one in talk],
    )
    return made.take(dated), unknown


def _reminders(client: Client, rows: Sequence[Row]) -> set[int]:
    """Return the places of the tasks that wait and that the adapter made for alerts.

    One that is done was done by a person.
    """
    waiting = {
        place: as_id(row.get("ASSOCIATED_ENTITY_ID"))
        for place, row in enumerate(rows)
        if str(row.get("PROVIDER_ID") or "") == _TASK and not as_bool(row.get("COMPLETED"))
    }
    ours = tasks_of_alerts(client, sorted({*waiting.values()} - {0}))
    return {place for place, number in waiting.items() if number in ours}


def _kind(row: Row) -> str:
    kind = _KINDS.get(as_id(row.get("TYPE_ID")))
    return kind or _PROVIDERS.get(str(row.get("PROVIDER_ID") or ""), "other")


def _bound(row: Row) -> dict[int, str]:
    """Return type -> code of the objects that an activity belongs to; one row has several."""
    pairs = [(row.get("OWNER_TYPE_ID"), row.get("OWNER_ID"))]
    for one in as_map(row.get("BINDINGS")).values():
        binding = as_map(one)
        pairs.append((binding.get("OWNER_TYPE_ID"), binding.get("OWNER_ID")))
    found: dict[int, str] = {}
    for kind, number in pairs:
        if as_id(kind) and as_id(number):
            found.setdefault(as_id(kind), code_of(as_id(kind), as_id(number)))
    return found


def calls(client: Client, window: Window) -> dict[int, tuple[float, bool]]:
    """Read the calls of a window: id of the activity -> seconds, whether it was answered.

    Raises
    ------
    AdapterError
        The statistics may not be read.
    """
    result: dict[int, tuple[float, bool]] = {}
    last = 0
    since = f"{window.since.isoformat()}T00:00:00"
    while True:
        where = {">=CALL_START_DATE": since, ">ID": last}
        params = {"FILTER": where, "SORT": "ID", "ORDER": "ASC"}
        rows = rows_at(client.call(_STATISTICS, params).result, "", _STATISTICS)
        for row in rows:
            activity, seconds = as_id(row.get("CRM_ACTIVITY_ID")), as_id(row.get("CALL_DURATION"))
            robot = as_id(row.get("CALL_TYPE")) == _INFORMATION
            if activity:
                fine = str(row.get("CALL_FAILED_CODE")) == "200" and seconds > 0
                result[activity] = float(seconds), fine and not robot
        numbers = [as_id(row.get("ID")) for row in rows]
        if len(rows) < PAGE or max(numbers) <= last:
            return result
        last = max(numbers)


def read_users(client: Client) -> Users:
    """Read the employees, those who left too; their names and whether they are active."""
    rows: list[Row] = []
    for start in itertools.count(0, PAGE):
        answer = client.call("user.get", {"SORT": "ID", "ORDER": "ASC", "start": start})
        page = rows_at(answer.result, "", "user.get")
        rows += page
        if len(page) < PAGE:
            break
    return Users(
        user=users(row.get("ID") for row in rows),
        name=[f"{row.get('NAME') or ''} {row.get('LAST_NAME') or ''}".strip() for row in rows],
        active=[as_bool(row.get("ACTIVE")) for row in rows],
    )


def read_calendar(client: Client, zone: str, years: Iterable[int]) -> BusinessCalendar:
    """Read the working hours of the company.

    Parameters
    ----------
    zone
        Time zone of the business.
    years
        Years of the holidays, which the portal names without one.

    Raises
    ------
    AdapterError
        The settings may not be read.
    InputError
        They hold no opening hours.
    """
    settings = as_map(client.call("calendar.settings.get").result)
    off = {str(one).upper() for one in as_map(settings.get("week_holidays")).values()}
    span = (_hour(settings.get("work_time_start"), 9), _hour(settings.get("work_time_end"), 18))
    return BusinessCalendar(
        zone,
        hours={day: (span,) for day, name in enumerate(_WEEKDAYS) if name not in off},
        holidays=_days(settings.get("year_holidays"), years),
        extra_days=_days(settings.get("year_workdays"), years),
    )


def _hour(value: object, default: int) -> time:
    match = re.fullmatch(r"(\d{1,2})(?:[.:](\d{1,2}))?", str(value or "").strip())
    if match is None:
        return time(default)
    return time(int(match[1]) % 24, int((match[2] or "0").ljust(2, "0")))


def _days(value: object, years: Iterable[int]) -> list[date]:
    """Return days written as ``1.01,2.01`` in each of the years."""
    pairs = re.findall(r"(\d{1,2})\.(\d{1,2})", str(value or ""))
    days = []
    for year, (day, month) in itertools.product(list(years), pairs):
        try:
            days.append(date(year, int(month), int(day)))
        except ValueError:  # 29 February
            continue
    return days

"""Statistics of calls, and the settings of the calendar."""

from __future__ import annotations

from typing import Any

from tests.emulators.bitrix24.lists import columns
from tests.emulators.bitrix24.methods import Answer, Call, method
from tests.emulators.bitrix24.schema import Field
from tests.emulators.bitrix24.table import compile_filter, order_of, page_start

__all__: list[str] = []

_CALL = {"ID": Field("id", "integer")} | columns(
    "PORTAL_USER_ID:integer CALL_TYPE:integer CALL_DURATION:integer CALL_START_DATE:datetime "
    "CALL_FAILED_CODE CRM_ENTITY_TYPE CRM_ENTITY_ID:integer CRM_ACTIVITY_ID:integer PHONE_NUMBER "
    "CALL_RECORD_URL COMMENT COST_CURRENCY"
)


@method("voximplant.statistic.get", "telephony")
def statistic(call: Call) -> Answer:
    where = compile_filter(call.array("filter"), _CALL.get, call.state.zone, strict=False)
    direction = str(call.get("order", "DESC"))
    order = order_of({str(call.get("sort", "ID")): direction}, _CALL.get, strict=False)
    page = call.state.stores["calls"].select(where, order, page_start(call.get("start", 0)), None)
    shown = [
        {name: call.state.zone.legacy(known, row.get(known.name)) for name, known in _CALL.items()}
        for row in page.rows
    ]
    return Answer(shown, page.total, page.next)


@method("calendar.settings.get", "calendar")
def calendar_settings(call: Call) -> Answer:
    settings: dict[str, Any] = {
        "work_time_start": "9", "work_time_end": "18.30", "week_holidays": ["SA", "SU"],
        "year_holidays": "1.01,2.01,7.01,23.02,8.03,1.05,9.05,12.06,4.11",
        "year_workdays": "31.12", "week_start": "MO",
    }  # fmt: skip
    return Answer(settings)

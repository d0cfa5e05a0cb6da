"""Source of CRM records from a Bitrix24 portal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time
from typing import TypeVar
from zoneinfo import ZoneInfo

from abcxyz import Window
from abcxyz.crm import Activities, BusinessCalendar, CrmData, Leads
from abcxyz.plugins import Flat, Task
from abcxyz.toolkit.catalogue import Message
from abcxyz_bitrix.connection import NO_CONNECTION, Connection
from abcxyz_bitrix.crm.customers import check_customer, party_of
from abcxyz_bitrix.crm.entities import DEAL, code_of, fields_of
from abcxyz_bitrix.crm.leads import leads_on
from abcxyz_bitrix.crm.stages import load_stages
from abcxyz_bitrix.crm.tasks import CLOCKS_DIFFER, NewTask, TaskWriter
from abcxyz_bitrix.crm.traces import CONFIRMED, plain
from abcxyz_bitrix.records.activities import calls, read_activities, read_calendar, read_users
from abcxyz_bitrix.records.deals import DealReader, stage_map
from abcxyz_bitrix.rest.auth_errors import (
    AccessDeniedError,
    InsufficientScopeError,
    InvalidCredentialsError,
)
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import as_id
from abcxyz_bitrix.rest.errors import MethodNotFoundError, UnnamedError
from abcxyz_bitrix.words import message

__all__ = ["BitrixCrm"]

_T = TypeVar("_T")
# The older methods refuse a lacking right without a code. A webhook that is not valid any more
# is no lacking right.
_NOT_SHOWN = (
    AccessDeniedError,
    InsufficientScopeError,
    InvalidCredentialsError,
    MethodNotFoundError,
    UnnamedError,
)
# What is off without one of these scopes.
_SCOPES = (
    (("user_brief", "user_basic", "user"), message("employees")),
    (("telephony",), message("calls")),
    (("calendar",), message("working calendar")),
)


_END_OF_DAY = time(18)


def _task_mark(mark: str) -> str:
    return f"{CONFIRMED}{mark[:16]}]"


class BitrixCrm:
    """Read the records of a portal's CRM for the reports.

    Parameters
    ----------
    connection
        Webhook or application, as in `BitrixSource`.
    zone
        Time zone of the business, such as ``Europe/Moscow``.
    customer, customer_id
        As in `BitrixSource`, so that deals and sales have the same customers.
    lost_reason
        Code of the field with the reason of a loss, such as ``UF_CRM_REASON``; without one the
        stage of the loss is the reason.
    client
        A ready client instead of a connection.

    Notes
    -----
    The portal returns the stage history of each deal's current funnel alone, and no history of
    amounts and owners. A part that the owner of the webhook may not read is off, and `remarks`
    names it; a report that needs it refuses. Calls have a duration from the first day of the
    window on.
    """

    def __init__(
        self,
        connection: Flat[Connection] = NO_CONNECTION,
        *,
        zone: str,
        customer: str = "company-or-contact",
        customer_id: str = "id",
        lost_reason: str = "",
        client: Client | None = None,
    ) -> None:
        self._customer, self._customer_id = check_customer(customer), customer_id
        self._zone, self._lost_reason = zone, lost_reason
        self.client = client or connection.client()
        self._remarks: list[str] = []
        self._calendar: BusinessCalendar | None = None
        self._tasks = TaskWriter(self.client)

    def __repr__(self) -> str:
        return f"BitrixCrm({self.client.credentials.host!r})"

    def close(self) -> None:
        """Close the connections."""
        self.client.transport.close()

    def remarks(self) -> Sequence[str]:
        """Return what the portal does not show or does not hold, of the last reading."""
        return self._remarks

    def working_calendar(self) -> BusinessCalendar | None:
        """Return the working hours of the portal, of the last reading."""
        return self._calendar

    def preflight(self) -> Sequence[str]:
        """Check that the fields of the deals can be read; name the parts without a scope."""
        fields_of(self.client, DEAL)
        answer = self.client.call("scope").result
        granted = {str(one) for one in answer} if isinstance(answer, list) else set()
        return [
            self.client.credentials.host,
            *(
                message("no scope {scope}: {part} will be off", scope=names[0], part=part)
                for names, part in _SCOPES
                if granted.isdisjoint(names)
            ),
        ]

    def crm(self, window: Window, *, tables: frozenset[str] | None = None) -> CrmData:
        """Return everything alive in the half-open *window*, as known at its end."""
        self._remarks, self._calendar = [], None

        def wanted(table: str) -> bool:
            return tables is None or table in tables

        stages = load_stages(self.client, DEAL)
        reader = DealReader(
            self.client, stages, self._customer, self._customer_id, self._lost_reason
        )
        deals = reader.deals()
        history = (
            self._part(message("stage history"), reader.changes)
            if wanted("stage_changes")
            else None
        )
        changes, gone = history or (None, {})
        if gone:
            self._remarks.append(
                message(
                    "the history holds stages that the portal does not list any more: {stages}",
                    stages=", ".join(sorted(gone)),
                )
            )
        crm = CrmData(
            deals=deals,
            changes=changes,
            activities=self._activities(window) if wanted("activities") else None,
            leads=self._leads(reader) if wanted("leads") else None,
            lines=(
                self._part(message("product rows"), lambda: reader.lines(deals))
                if wanted("product_lines")
                else None
            ),
            users=(
                self._part(message("employees"), lambda: read_users(self.client))
                if wanted("users")
                else None
            ),
            stages=stage_map(stages, gone),
            zone=self._zone,
        )
        if wanted("activities"):
            years = range(window.since.year - 1, window.until.year + 2)
            self._calendar = self._part(
                message("working calendar"), lambda: read_calendar(self.client, self._zone, years)
            )
        return crm.alive_in(window)

    # -- tasks -------------------------------------------------------------------------------

    def task_system(self) -> str:
        """Return system and portal."""
        return f"bitrix24 {self.client.credentials.host}"

    def create_task(self, task: Task, mark: str) -> str:
        """Create a task of an employee, bound to the deal and to the customer; return its id."""
        due = None
        if task.due is not None:
            due = datetime.combine(task.due, _END_OF_DAY, ZoneInfo(self._zone)).isoformat()
        party = party_of(task.customer or "")
        bindings = [task.deal] if task.deal else []
        bindings += [code_of(*party)] if party else []
        number = self._tasks.create(
            NewTask(
                title=plain(task.title),
                body=f"{plain(task.text)}\n{_task_mark(mark)}".lstrip(),
                receiver=as_id(task.owner),
                bindings=bindings,
                deadline=due,
                key=f"abcxyz-{mark}",
            )
        )
        return str(number) if number else self.find_task(task, mark, 0.0) or ""

    def find_task(self, task: Task, mark: str, since: float) -> str | None:
        """Return the id of the task with a mark that its owner has got since a moment."""
        first = datetime.fromtimestamp(max(since - CLOCKS_DIFFER, 0.0), UTC).isoformat(
            "T", "seconds"
        )
        where = {"RESPONSIBLE_ID": as_id(task.owner), ">=CREATED_DATE": first}
        number = self._tasks.find(_task_mark(mark), where)
        return None if number is None else str(number)

    def _leads(self, reader: DealReader) -> Leads | None:
        if leads_on(self.client):
            return self._part(message("leads"), reader.leads)
        self._remarks.append(message("leads are switched off on the portal"))
        return None

    def _activities(self, window: Window) -> Activities | None:
        talks = self._part(message("calls"), lambda: calls(self.client, window))
        read = self._part(message("activities"), lambda: read_activities(self.client, talks or {}))
        if read is None:
            return None
        activities, unknown = read
        if unknown:
            self._remarks.append(
                message(
                    "activities of unknown kinds are counted as other: {kinds}",
                    kinds=", ".join(f"{name} {count}" for name, count in unknown.most_common()),
                )
            )
        return activities

    def _part(self, name: Message, read: Callable[[], _T]) -> _T | None:
        """Read a part of the records; None and a remark where the portal does not show it."""
        try:
            return read()
        except _NOT_SHOWN as problem:
            self._remarks.append(
                message(
                    "{part}: the portal does not show it, so that part is off ({problem})",
                    part=name,
                    problem=problem,
                )
            )
            return None

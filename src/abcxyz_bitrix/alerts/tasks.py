"""Tasks about alerts: created by REST 3.0 where there is one, and found again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import define, field

from abcxyz.errors import AdapterError, AuthenticationError
from abcxyz_bitrix.alerts.ledger import marker
from abcxyz_bitrix.alerts.message import Message
from abcxyz_bitrix.crm.traces import is_task
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import as_id, as_map, as_moment, rows_at
from abcxyz_bitrix.rest.errors import BitrixError, MethodNotFoundError, NotJsonError
from abcxyz_bitrix.rest.lists import cursor

__all__ = ["ADD", "Tasks"]

ADD = "tasks.task.add"
_CLOCKS_DIFFER = 600.0  # seconds by which the clocks of portal and machine may differ


@define
class Tasks:
    """Creator of tasks, each once."""

    client: Client = field(repr=False)
    _rest_3: bool = field(default=True, init=False)

    def create(self, message: Message) -> int:
        """Create a task and return its id; 0 if the portal created it before."""
        author = as_id(as_map(self.client.call("profile").result).get("ID"))
        deadline = self._deadline()
        if not self._rest_3:
            return self._create_by_rest_2(message, author, deadline)
        try:
            answer = self.client.idempotent(
                ADD,
                {
                    "fields": {
                        "title": message.title,
                        "description": message.body,
                        "creatorId": author,
                        "responsibleId": message.receiver,
                        "deadline": deadline,
                        "crmItemIds": message.bindings,
                    }
                },
                f"abcxyz-{message.digest}",
            )
        except (BitrixError, NotJsonError) as problem:
            if _key_reused(problem):
                return 0  # created within the last day, with another text
            if not _no_rest_3(problem):
                raise
            self._rest_3 = False
            return self._create_by_rest_2(message, author, deadline)
        return as_id(as_map(as_map(answer.result).get("item")).get("id"))

    def _create_by_rest_2(self, message: Message, author: int, deadline: str) -> int:
        fields = {
            "TITLE": message.title,
            "DESCRIPTION": message.body,
            "CREATED_BY": author,
            "RESPONSIBLE_ID": message.receiver,
            "DEADLINE": deadline,
            "UF_CRM_TASK": message.bindings,
        }
        answer = self.client.call(ADD, {"fields": fields})
        return as_id(as_map(as_map(answer.result).get("task")).get("id"))

    def find(self, message: Message, since: float | None) -> int | None:
        """Search the portal for the task of a message.

        Parameters
        ----------
        since
            POSIX time at which it was to be sent: a later task of its title counts too. None
            recognises it by the marker in its text alone.
        """
        number = self._in_tasks(message)
        if not message.entity:
            return number
        return self._in_timeline(message, since) if number is None else number

    def _in_tasks(self, message: Message) -> int | None:
        mark = marker(message.key)
        where = {"%DESCRIPTION": mark}
        if message.bindings:
            where["UF_CRM_TASK"] = message.bindings[0]
        params = {"filter": where, "select": ["ID", "DESCRIPTION"], "order": {"ID": "desc"}}
        try:
            answer = self.client.call("tasks.task.list", params)
        except (MethodNotFoundError, AuthenticationError):
            return None
        for row in rows_at(answer.result, "tasks", "tasks.task.list"):
            if mark in str(row.get("description") or row.get("DESCRIPTION") or ""):
                return as_id(row.get("id") or row.get("ID"))
        return None

    def moved_by_ours(self, message: Message, day: str, ours: Collection[int]) -> bool:
        """Whether tasks of the adapter alone made the movement of a deal on a day.

        Parameters
        ----------
        day
            Day of the movement, as in the key of the alert.
        ours
            Ids of the tasks that the adapter created.
        """
        made = other = False
        for row in self._timeline(message):
            if str(row.get("CREATED") or "")[:10] == day:
                own = is_task(row) and as_id(row.get("ASSOCIATED_ENTITY_ID")) in ours
                made, other = made or own, other or not own
        return made and not other

    def _timeline(self, message: Message) -> Iterator[Mapping[str, Any]]:
        owner = {"OWNER_TYPE_ID": message.entity, "OWNER_ID": message.number}
        select = ["ID", "DESCRIPTION", "SUBJECT", "CREATED", "PROVIDER_ID", "ASSOCIATED_ENTITY_ID"]
        params = {"filter": {"BINDINGS": [owner]}, "select": select}
        return cursor(self.client, "crm.activity.list", params, at="")

    def _in_timeline(self, message: Message, since: float | None) -> int | None:
        for row in self._timeline(message):
            if marker(message.key) in str(row.get("DESCRIPTION") or "") or _is_later_task(
                row, message, since
            ):
                return as_id(row.get("ASSOCIATED_ENTITY_ID")) or as_id(row["ID"])
        return None

    def _deadline(self) -> str:
        """Return the end of the working day tomorrow; an idempotency key needs equal values."""
        day = datetime.fromtimestamp(self.client.clock.now(), UTC).date() + timedelta(days=1)
        return f"{day.isoformat()}T15:00:00+00:00"


def _is_later_task(row: Mapping[str, Any], message: Message, since: float | None) -> bool:
    created = as_moment(row.get("CREATED"), UTC)
    return (
        since is not None
        and created is not None
        and created.timestamp() >= since - _CLOCKS_DIFFER
        and is_task(row)
        and message.title in str(row.get("SUBJECT") or "")
    )


def _key_reused(problem: AdapterError) -> bool:
    """Whether the idempotency key was used before, with another body."""
    code = getattr(problem, "code", "").upper()
    return "IDEMPOTENCYKEYREUSED" in code or "IDEMPOTENCYKEYMISMATCH" in code


def _no_rest_3(problem: BitrixError | NotJsonError) -> bool:
    """Whether the portal has no such method or route, so that nothing was executed."""
    if isinstance(problem, NotJsonError):
        return problem.details.get("status") in (404, 405)
    code = problem.code.upper()
    # The credentials are good for REST 2; below an unknown route an older portal finds none.
    return (
        problem.status in (401, 404)
        or "METHODNOTFOUND" in code
        or code in ("ERROR_METHOD_NOT_FOUND", "NO_AUTH_FOUND")
    )

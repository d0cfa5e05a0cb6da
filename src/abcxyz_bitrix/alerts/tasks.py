"""Tasks about alerts: created, and found again by their mark or in the timeline."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import define, field

from abcxyz_bitrix.alerts.ledger import marker
from abcxyz_bitrix.alerts.message import Message
from abcxyz_bitrix.crm.tasks import CLOCKS_DIFFER, NewTask, TaskWriter
from abcxyz_bitrix.crm.traces import is_task
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import as_id, as_moment
from abcxyz_bitrix.rest.lists import cursor

__all__ = ["Tasks"]


@define
class Tasks:
    """Creator of tasks, each once."""

    client: Client = field(repr=False)
    _writer: TaskWriter = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._writer = TaskWriter(self.client)

    def create(self, message: Message) -> int:
        """Create a task and return its id; 0 if the portal created it before."""
        return self._writer.create(
            NewTask(
                title=message.title,
                body=message.body,
                receiver=message.receiver,
                bindings=message.bindings,
                deadline=self._deadline(),
                key=f"abcxyz-{message.digest}",
            )
        )

    def find(self, message: Message, since: float | None) -> int | None:
        """Search the portal for the task of a message.

        Parameters
        ----------
        since
            POSIX time at which it was to be sent: a later task of its title counts too. None
            recognises it by the marker in its text alone.
        """
        where = {"UF_CRM_TASK": message.bindings[0]} if message.bindings else {}
        number = self._writer.find_if_shown(marker(message.key), where)
        if not message.entity:
            return number
        return self._in_timeline(message, since) if number is None else number

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
        and created.timestamp() >= since - CLOCKS_DIFFER
        and is_task(row)
        and message.title in str(row.get("SUBJECT") or "")
    )

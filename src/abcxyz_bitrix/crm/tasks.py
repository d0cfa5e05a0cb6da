"""Tasks of a portal: created by REST 3.0 where there is one, and found again by their mark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, field, frozen

from abcxyz.errors import AdapterError, AuthenticationError
from abcxyz_bitrix.crm.traces import CONFIRMED, MARK
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.dialect import as_id, as_map, rows_at
from abcxyz_bitrix.rest.errors import BitrixError, MethodNotFoundError, NotJsonError
from abcxyz_bitrix.rest.lists import PAGE

__all__ = ["ADD", "CLOCKS_DIFFER", "NewTask", "TaskWriter", "tasks_of_alerts"]

ADD = "tasks.task.add"
LIST = "tasks.task.list"
CLOCKS_DIFFER = 600.0
"""Seconds by which the clocks of portal and machine may differ."""


@frozen(kw_only=True)
class NewTask:
    """A task to create.

    Parameters
    ----------
    title, body
        Texts; the body holds the mark by which the task is found again.
    receiver
        Id of the responsible employee.
    bindings
        What it is about, such as ``CO_7``.
    deadline
        Moment with its offset; None for no deadline.
    key
        Idempotency key, the same for every try.
    """

    title: str = field(repr=False)
    body: str = field(repr=False)
    receiver: int
    bindings: Sequence[str]
    deadline: str | None
    key: str


@define
class TaskWriter:
    """Creator of tasks, each once."""

    client: Client = field(repr=False)
    _rest_3: bool = field(default=True, init=False)

    def create(self, task: NewTask) -> int:
        """Create a task and return its id; 0 if the portal created it before."""
        author = as_id(as_map(self.client.call("profile").result).get("ID"))
        if not self._rest_3:
            return self._create_by_rest_2(task, author)
        fields = {
            "title": task.title,
            "description": task.body,
            "creatorId": author,
            "responsibleId": task.receiver,
            "crmItemIds": list(task.bindings),
        }
        if task.deadline is not None:
            fields["deadline"] = task.deadline
        try:
            answer = self.client.idempotent(ADD, {"fields": fields}, task.key)
        except (BitrixError, NotJsonError) as problem:
            if _key_reused(problem):
                return 0  # created within the last day, with another text
            if not _no_rest_3(problem):
                raise
            self._rest_3 = False
            return self._create_by_rest_2(task, author)
        return as_id(as_map(as_map(answer.result).get("item")).get("id"))

    def _create_by_rest_2(self, task: NewTask, author: int) -> int:
        fields = {
            "TITLE": task.title,
            "DESCRIPTION": task.body,
            "CREATED_BY": author,
            "RESPONSIBLE_ID": task.receiver,
            "UF_CRM_TASK": list(task.bindings),
        }
        if task.deadline is not None:
            fields["DEADLINE"] = task.deadline
        answer = self.client.call(ADD, {"fields": fields})
        return as_id(as_map(as_map(answer.result).get("task")).get("id"))

    def find(self, mark: str, where: Mapping[str, Any]) -> int | None:
        """Return the id of the newest task with a mark in its text; None if there is none.

        Parameters
        ----------
        where
            Filter of the list of tasks.

        Raises
        ------
        AdapterError
            The list of tasks cannot be read.
        """
        params = {
            "filter": {**where, "%DESCRIPTION": mark},
            "select": ["ID", "DESCRIPTION"],
            "order": {"ID": "desc"},
        }
        answer = self.client.call(LIST, params)
        for row in rows_at(answer.result, "tasks", LIST):
            if mark in str(row.get("description") or row.get("DESCRIPTION") or ""):
                return as_id(row.get("id") or row.get("ID"))
        return None

    def find_if_shown(self, mark: str, where: Mapping[str, Any]) -> int | None:
        """Return as `find`; None also where the list of tasks is not shown."""
        try:
            return self.find(mark, where)
        except (MethodNotFoundError, AuthenticationError):
            return None


def tasks_of_alerts(client: Client, numbers: Sequence[int]) -> frozenset[int]:
    """Return which tasks the adapter created for an alert.

    Parameters
    ----------
    numbers
        Ids of tasks.

    Notes
    -----
    Tasks that a person confirmed have another mark. Where the list of tasks may not be read, the
    adapter could create none.
    """
    found: set[int] = set()
    for start in range(0, len(numbers), PAGE):
        chosen = numbers[start : start + PAGE]
        where = {"ID": list(chosen), "%DESCRIPTION": MARK}
        params = {"filter": where, "select": ["ID", "DESCRIPTION"]}
        try:
            answer = client.call(LIST, params)
        except (MethodNotFoundError, AuthenticationError):
            return frozenset()
        for row in rows_at(answer.result, "tasks", LIST):
            text = str(row.get("description") or row.get("DESCRIPTION") or "")
            if MARK in text and CONFIRMED not in text:
                found.add(as_id(row.get("id") or row.get("ID")))
    return frozenset(found)


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

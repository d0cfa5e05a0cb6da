"""Desk where tasks are drafted, and written once after a person has confirmed them."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

from abcxyz.errors import AdapterError, UnavailableError
from abcxyz.plugins import Task, TaskTarget
from abcxyz.questions.drafts import Draft, Drafts
from abcxyz.questions.problems import QuestionError, message
from abcxyz.toolkit.clock import Clock, SystemClock
from abcxyz.toolkit.locks import file_lock

__all__ = ["CONFIRMATIONS", "TaskDesk", "Written"]

CONFIRMATIONS = ("elicit", "cli", "host")
"""How a person confirms: asked by the client, in a terminal, or by the dialog of the host."""

_WAIT = 60.0


@frozen
class Written:
    """A task of the CRM: its draft, and whether this call created it."""

    draft: Draft
    created: bool


class TaskDesk:
    """Desk where tasks are drafted, and written once after a person has confirmed them.

    Parameters
    ----------
    target
        The CRM that the tasks are for.
    drafts
        File of the drafts; its folder must exist.
    clock
        Clock of their expiry.

    Notes
    -----
    ``writing`` is committed before the request. Whatever happens then, also a kill, the next
    `write` looks for the task by its mark and creates it only where it is not found. A lock lets
    one process at a time write.
    """

    def __init__(self, target: TaskTarget, drafts: Path, *, clock: Clock | None = None) -> None:
        self._target = target
        self._drafts = Drafts(Path(drafts))
        self._clock = clock or SystemClock()

    def draft(self, task: Task, names: Mapping[str, str]) -> Draft:
        """Store a draft of a task and return it; nothing is written to the CRM.

        *names* are those of ``owner`` and ``customer``, for the person who decides.
        """
        system = self._target.task_system()
        return self._drafts.save(system, _principal(), task, names, self._clock.now())

    def find(self, token: str) -> Draft:
        """Return the draft of a token.

        Raises
        ------
        QuestionError
            There is none, it has expired, or it belongs to another system.
        """
        known = self._drafts.find(token, self._clock.now())
        if known is None or known.system != self._target.task_system():
            raise QuestionError(
                "there is no draft of this token; a draft lives for 24 hours",
                code="bad_argument",
                fix=message("call draft_task again and confirm its token"),
            )
        return known

    def write(self, token: str) -> Written:
        """Write the task of a token, which a person has confirmed, or find it where it is written.

        Raises
        ------
        QuestionError
            There is no such draft, or it cannot be said whether the task was written: code
            ``unavailable``. The next call looks for it.
        """
        self.find(token)
        try:
            with file_lock(self._drafts.lock, timeout=_WAIT):
                return self._write(self.find(token))
        except AdapterError as problem:
            unknown = self.find(token).state == "writing"
            fix = (
                message("confirm the token again: the task is looked for, and not written twice")
                if unknown and not isinstance(problem, UnavailableError)
                else message("wait a little and confirm the token again; nothing is written twice")
            )
            raise QuestionError(
                "the task may not have been written: {problem}",
                code="unavailable",
                fix=fix,
                problem=problem,
            ) from problem

    def _write(self, draft: Draft) -> Written:
        if draft.state == "done":
            return Written(draft, False)
        task, token = draft.task, draft.token
        if draft.state == "writing":
            number = self._target.find_task(task, token, draft.drafted)
            if number is not None:
                return self._done(token, number, created=False)
        self._drafts.begin(token)
        try:
            number = self._target.create_task(task, token)
        except AdapterError:
            found = self._target.find_task(task, token, draft.drafted)
            if found is None:
                raise
            number = found
        return self._done(token, number, created=True)

    def _done(self, token: str, number: str, *, created: bool) -> Written:
        self._drafts.done(token, number)
        return Written(self.find(token), created)


def _principal() -> str:
    """Return the login name of the user whom the drafts belong to."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return ""

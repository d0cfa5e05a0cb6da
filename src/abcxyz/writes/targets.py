"""Optional targets of writes: cards that a pilot restores, tasks for employees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from attrs import field, frozen

from abcxyz.writes.report import WriteReport

if TYPE_CHECKING:
    from abcxyz.core.analysis.record import Analysis

__all__ = ["PilotTarget", "Task", "TaskTarget"]


@runtime_checkable
class PilotTarget(Protocol):
    """Optional, a sink: a trial on a few cards that is undone, for ``abcxyz pilot``.

    A card is what the target shows about one customer. The command reads the cards, writes to
    them, reads them again, restores them, and compares.
    """

    def read_cards(self, customers: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """Return what the sink's fields show on the cards of *customers*, changing nothing.

        Returns
        -------
        Mapping
            Customer -> field -> value that JSON can hold, None where the field is empty. A
            customer without a card is left out.
        """
        ...

    def write_cards(self, analysis: Analysis, customers: Sequence[str]) -> WriteReport:
        """Write *analysis* to the cards of *customers* alone, and raise no alert.

        All *customers* are in the analysis. Fields that the target lacks may be created.
        """
        ...

    def restore_cards(self, before: Mapping[str, Mapping[str, Any]]) -> WriteReport:
        """Restore the cards to what `read_cards` returned, also in a later process.

        A field that `read_cards` did not return, because it was created since, is cleared.
        """
        ...


@frozen(kw_only=True)
class Task:
    """Task for an employee, as a person has confirmed it.

    Parameters
    ----------
    title
        Title, one line.
    owner
        Identifier of the employee, as in the records of the CRM.
    text
        Description; may be empty.
    customer, deal
        Identifiers of what the task is about, as in the records; None for none.
    due
        Last day; None for no deadline.

    Examples
    --------
    >>> Task(title="Call Acme", owner="21", due=date(2026, 12, 2)).due
    datetime.date(2026, 12, 2)
    """

    title: str = field(repr=False)
    owner: str
    text: str = field(default="", repr=False)
    customer: str | None = None
    deal: str | None = None
    due: date | None = None


@runtime_checkable
class TaskTarget(Protocol):
    """Optional, a CRM source: creates a task that a person has confirmed, each once.

    ``abcxyz mcp --allow-write`` drafts tasks, and creates one after a person's confirmation. After
    a failure it calls `find_task` before it calls `create_task` again.
    """

    def task_system(self) -> str:
        """Return system and account, without secrets: ``bitrix24 example.bitrix24.ru``."""
        ...

    def create_task(self, task: Task, mark: str) -> str:
        """Create a task and return its identifier.

        *mark* identifies the task: it is to be written where `find_task` finds it, and may serve
        as an idempotency key. Any error may leave open whether the task was created.
        """
        ...

    def find_task(self, task: Task, mark: str, since: float) -> str | None:
        """Return the identifier of the task with this mark and owner; None if there is none.

        *since* is the POSIX time at which it was to be created; older tasks do not count.
        """
        ...

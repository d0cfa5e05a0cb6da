"""Data of the live page: a current analysis, and the history with its alerts and outcomes."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from abcxyz.core.advice.alerts import Alert
from abcxyz.core.advice.calls import CallOutcome, call_list
from abcxyz.errors import InputError
from abcxyz.history import CustomerState, History
from abcxyz.report.customers import Facts
from abcxyz.report.page.formatter import plain

__all__ = ["SNOOZES", "LiveData", "ShownAlert"]

SNOOZES = (7, 30)
"""Days of a snooze that the page offers."""


@frozen(kw_only=True)
class ShownAlert:
    """An alert with what became of it.

    Parameters
    ----------
    alert
        The alert.
    since
        Day on which a run raised it first; None before the first run.
    snoozed
        Whether it is silenced today.
    outcome
        Latest outcome of a call to its customer; None without one.
    """

    alert: Alert
    since: date | None
    snoozed: bool
    outcome: CallOutcome | None


class LiveData:
    """Data of the live page, safe to use from several threads.

    Parameters
    ----------
    history
        File of snapshots; what the page changes are outcomes and snoozes in it.
    job
        Name of the job in the history.
    facts
        Facts of the current analysis.
    today
        Function that returns the current day.
    """

    def __init__(
        self, *, history: Path, job: str, facts: Facts, today: Callable[[], date]
    ) -> None:
        self._history, self._job, self._today = history, job, today
        self._lock = threading.Lock()
        self._newest = facts
        #: Number of changes since the start, by which rendered pages are known to be old.
        self.version = 0

    @property
    def newest(self) -> Facts:
        """Facts of the current analysis; customers whose call was logged are not to be called."""
        return self._newest

    @functools.cached_property
    def customers(self) -> Mapping[str, Any]:
        """Identifier as the page writes it -> customer."""
        return {plain(str(one)): one for one in self._newest.analysis.snapshot.customers.tolist()}

    def customer(self, written: str) -> Any:
        """Return the customer of an identifier as the page writes it.

        Raises
        ------
        InputError
            There is none.
        """
        if written not in self.customers:
            raise InputError("there is no customer {customer!r} here", customer=written)
        return self.customers[written]

    def alerts(self) -> list[ShownAlert]:
        """List the alerts that hold today, the most money first, snoozed ones last."""
        since: dict[str, date] = {}
        snoozed: frozenset[str] = frozenset()
        latest: dict[str, CallOutcome] = {}
        if self._history.is_file():
            with History(self._history, read_only=True) as history:
                standing = history.standing_alerts(
                    job=self._job, fingerprint=self._newest.analysis.settings.fingerprint
                )
                since = {one.key: one.since for one in standing}
                snoozed = history.snoozed(self._today())
                latest = {str(one.customer): one for one in history.outcomes(job=self._job)}
        shown = [
            ShownAlert(
                alert=one,
                since=since.get(one.key),
                snoozed=one.key in snoozed,
                outcome=latest.get(str(one.customer)),
            )
            for one in self._newest.analysis.alerts
        ]
        return sorted(shown, key=lambda one: one.snoozed)

    def states(self, customer: Any) -> tuple[CustomerState, ...]:
        """Return the classes of a customer in the snapshots of the job, the oldest first."""
        if not self._history.is_file():
            return ()
        with History(self._history, read_only=True) as history:
            return tuple(one for one in history.customer(customer) if one.is_of(self._job))

    def outcomes(self, customer: Any) -> tuple[CallOutcome, ...]:
        """Return the logged outcomes of a customer, the oldest first."""
        if not self._history.is_file():
            return ()
        with History(self._history, read_only=True) as history:
            return history.outcomes(customer, job=self._job)

    def log(self, customer: str, outcome: str) -> None:
        """Log what became of a call, and leave the customer out of the call list.

        Parameters
        ----------
        customer
            Identifier as the page writes it.
        outcome
            One of `OUTCOMES`.

        Raises
        ------
        InputError
            There is no such customer or outcome.
        HistoryError
            The history does not know the customer, or cannot be written.
        """
        who = self.customer(customer)
        logged = CallOutcome(customer=str(who), day=self._today(), outcome=outcome)
        with self._lock:
            with History(self._history, create=False) as history:
                history.add_outcome(logged, job=self._job)
                outcomes = history.outcomes(job=self._job)
            self._newest = _without_logged(self._newest, outcomes)
            self.version += 1

    def snooze(self, key: str, days: int) -> None:
        """Silence an alert for some days; 0 ends the silence.

        Raises
        ------
        InputError
            There is no such alert, or the page offers no such number of days.
        HistoryError
            The history cannot be written.
        """
        if key not in {one.key for one in self._newest.analysis.alerts} or days not in (
            0,
            *SNOOZES,
        ):
            raise InputError("there is no alert {key!r} here", key=key)
        with self._lock, History(self._history, create=False) as history:
            history.snooze(key, self._today() + timedelta(days=days))


def _without_logged(facts: Facts, outcomes: tuple[CallOutcome, ...]) -> Facts:
    """Return the facts with the calls that are still due."""
    calls = facts.analysis.calls
    if calls is None:
        return facts
    due = call_list(
        calls,
        as_of=calls.as_of,
        horizon_days=calls.horizon_days,
        basis=calls.basis,
        why=calls.why,
        outcomes=outcomes,
    )
    # Those beyond the number of calls of their owners were never in the list.
    due = evolve(due, held_back=calls.held_back, waiting=calls.waiting + due.waiting)
    return facts.with_calls(due)

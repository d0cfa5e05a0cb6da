"""Data of the live page: results by date, alerts, and what became of calls."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from attrs import evolve, frozen

from abcxyz.core.advice.alerts import Alert
from abcxyz.core.advice.calls import CallOutcome, call_list
from abcxyz.dashboard.archive import Archive, with_previous
from abcxyz.errors import HistoryError, InputError
from abcxyz.history import CustomerState, History
from abcxyz.report.customers import Facts
from abcxyz.report.page.formatter import plain

__all__ = ["SNOOZES", "Held", "LiveData", "ShownAlert", "held"]

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
    question
        Money of the missing orders, where the alert is about a call of the list; None elsewhere.
    """

    alert: Alert
    since: date | None
    snoozed: bool
    outcome: CallOutcome | None
    question: float | None = None

    @property
    def money(self) -> float | None:
        """Money that is shown: that in question, or that of the alert."""
        return self.alert.money if self.question is None else self.question


@frozen
class Held:
    """Newest segment of a customer, date of the first result with it, and segment before."""

    segment: str
    since: date
    before: str | None


def held(states: Sequence[CustomerState]) -> Held | None:
    """Return since when the newest of the states, the oldest first, holds; None without any."""
    if not states:
        return None
    newest, since = states[-1].segment, states[-1].dated
    for one in reversed(states):
        if one.segment != newest:
            return Held(newest, since, one.segment)
        since = one.dated
    return Held(newest, since, None)


class LiveData:
    """Data of the live page, safe to use from several threads.

    Parameters
    ----------
    archive
        Past results; what the page changes are outcomes and snoozes in its history.
    facts
        Facts of the current analysis; None where only the history is known.
    job
        Name of the job whose alerts and outcomes are shown; that of the newest snapshot without
        *facts*.
    today
        Function that returns the current day.

    Raises
    ------
    HistoryError
        There is neither an analysis nor a snapshot.
    """

    def __init__(
        self,
        archive: Archive,
        *,
        facts: Facts | None = None,
        job: str | None = None,
        today: Callable[[], date],
    ) -> None:
        self._archive, self._current, self._today = archive, facts, today
        self._lock = threading.Lock()
        stored = archive.infos()
        if facts is None and not stored:
            raise HistoryError(
                "{file} holds no snapshot; fill it with abcxyz run or abcxyz backfill, or name a "
                "job",
                file=str(archive.history),
            )
        self._job = stored[-1].job if facts is None else job
        # Of all calls of the run: one whose outcome is logged leaves the list, not its alert.
        calls = None if facts is None else facts.analysis.calls
        self._questions = {one.customer: one.money for one in calls or ()}
        self._changes = 0
        self._known: tuple[Facts, Mapping[str, Any]] | None = None

    @property
    def results(self) -> tuple[int, ...]:
        """Numbers of the snapshots in the history: others where a job has run since."""
        return tuple(one.number for one in self._archive.infos())

    @property
    def version(self) -> tuple[int, ...]:
        """State of results and outcomes, by which rendered pages are known to be old."""
        return (self._changes, *self.results)

    @property
    def newest(self) -> Facts:
        """Facts of the newest result; customers whose call was logged are not to be called."""
        return self.at(None)

    @property
    def dates(self) -> list[date]:
        """Dates of all results, the oldest first."""
        dated = {one.dated for one in self._archive.infos()}
        if self._current is not None:
            dated.add(self._current.analysis.snapshot.dated)
        return sorted(dated)

    def at(self, dated: date | None) -> Facts:
        """Return the result of a date, or the newest one; errors as in `Archive.facts`."""
        current = self._current
        if current is not None and dated in (None, current.analysis.snapshot.dated):
            return current
        return self._archive.facts(self.dates[-1] if dated is None else dated)

    def compared(self, before: date, after: date) -> Facts:
        """Return the result of a date compared with that of another; errors as in `at`.

        Raises
        ------
        InputError
            Both dates are the same, or the first is the later one.
        """
        if before >= after:
            raise InputError(
                "{before} is not before {after}; choose an earlier date to compare with",
                before=before,
                after=after,
            )
        return with_previous(self.at(after), self._archive.snapshot(before))

    @property
    def customers(self) -> Mapping[str, Any]:
        """Identifier as the page writes it -> customer."""
        newest, known = self.newest, self._known
        if known is None or known[0] is not newest:
            customers = newest.analysis.snapshot.customers.tolist()
            known = newest, {plain(str(one)): one for one in customers}
            self._known = known
        return known[1]

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
        """List the alerts that hold today, the most money shown first, snoozed ones last."""
        since: dict[str, date] = {}
        snoozed: frozenset[str] = frozenset()
        latest: dict[str, CallOutcome] = {}
        alerts: list[Alert] = []
        newest = self.newest.analysis
        if self._archive.history.is_file():
            with History(self._archive.history, read_only=True) as history:
                standing = history.standing_alerts(
                    job=self._job or "", fingerprint=newest.settings.fingerprint
                )
                since = {one.key: one.since for one in standing}
                alerts = [one.alert for one in standing if one.alert is not None]
                snoozed = history.snoozed(self._today())
                latest = {str(one.customer): one for one in history.outcomes(job=self._job)}
        shown = [
            ShownAlert(
                alert=one,
                since=since.get(one.key),
                snoozed=one.key in snoozed,
                outcome=latest.get(str(one.customer)),
                question=self._question(one),
            )
            for one in (alerts if self._current is None else newest.alerts)
        ]
        return sorted(shown, key=lambda one: (one.snoozed, -(one.money or 0)))

    def _question(self, one: Alert) -> float | None:
        """Return the money of the missing orders, where the alert is about them."""
        known = self._questions.get(one.customer) if one.kind == "lapsed_a" else None
        return one.money if known is None and one.in_question else known

    def states(self, customer: Any) -> tuple[CustomerState, ...]:
        """Return the classes of a customer in the snapshots of the job, the oldest first."""
        if not self._archive.history.is_file():
            return ()
        with History(self._archive.history, read_only=True) as history:
            known = history.customer(customer)
        wanted = {(one.job, one.fingerprint) for one in self._archive.infos()}
        return tuple(one for one in known if (one.job, one.fingerprint) in wanted)

    def outcomes(self, customer: Any) -> tuple[CallOutcome, ...]:
        """Return the logged outcomes of a customer, the oldest first."""
        if not self._archive.history.is_file():
            return ()
        with History(self._archive.history, read_only=True) as history:
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
            with History(self._archive.history, create=False) as history:
                history.add_outcome(logged, job=self._job or "")
                outcomes = history.outcomes(job=self._job)
            if self._current is not None:
                self._current = _without_logged(self._current, outcomes)
            self._changes += 1

    def snooze(self, key: str, days: int) -> None:
        """Silence an alert for some days; 0 ends the silence.

        Raises
        ------
        InputError
            There is no such alert, or the page offers no such number of days.
        HistoryError
            The history cannot be written.
        """
        if key not in {one.alert.key for one in self.alerts()} or days not in (0, *SNOOZES):
            raise InputError("there is no alert {key!r} here", key=key)
        with self._lock, History(self._archive.history, create=False) as history:
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

"""Data that questions are answered from: a history, an analysis, the records of a CRM."""

from __future__ import annotations

import contextlib
import functools
import secrets
import threading
from collections.abc import Callable, Mapping
from datetime import date, datetime
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from abcxyz.core.advice.alerts import Alert
from abcxyz.core.advice.playbook import default_playbook
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.prospects.scorecard import Scorecard
from abcxyz.core.snapshots.snapshot import Snapshot
from abcxyz.errors import AbcxyzError, ConfigError
from abcxyz.history import History, SnapshotInfo
from abcxyz.questions.cleaning import clean_name, plain_id
from abcxyz.questions.desk import TaskDesk
from abcxyz.questions.names import Directory, Named, is_organisation
from abcxyz.questions.problems import QuestionError, message

if TYPE_CHECKING:
    from abcxyz.core.forecasts.sales_table import SalesTable
    from abcxyz.crm.records.data import CrmData

__all__ = ["NAMES", "QuestionData"]

NAMES = ("ids", "companies", "all")
"""Whose names are shown: nobody's, those of organisations and employees, everybody's."""

_SNAPSHOTS = 4


def _today() -> date:
    return datetime.now().astimezone().date()


class QuestionData:
    """Data that questions are answered from; for several threads at once.

    Parameters
    ----------
    history
        File of snapshots, opened for reading only.
    job
        Name of the job in the history; by default that of the newest snapshot.
    analysis
        A current analysis, which the answers prefer to the history.
    crm
        Records of a CRM.
    names
        One of `NAMES`.
    today
        Function that returns the current day.
    scorecard
        Scorecard that grades leads; by default that of the analysis, if it has one.
    tasks
        Desk where tasks are drafted and written; without one nothing can be written.

    Raises
    ------
    ConfigError
        There is no data, or *names* is unknown.
    HistoryError
        The history cannot be read.

    Examples
    --------
    >>> from abcxyz.crm import CrmData, Deals
    >>> deals = Deals(deal=[1], funnel=["sales"], stage=["NEW"],
    ...               created=["2026-05-01T09:00:00+03:00"])
    >>> data = QuestionData(crm=CrmData(deals=deals), today=lambda: date(2026, 6, 1))
    >>> sorted(data.offers)
    ['crm']
    """

    def __init__(
        self,
        *,
        history: str | PathLike[str] | None = None,
        job: str | None = None,
        analysis: Analysis | None = None,
        crm: CrmData | None = None,
        names: str = "companies",
        today: Callable[[], date] = _today,
        scorecard: Scorecard | None = None,
        tasks: TaskDesk | None = None,
    ) -> None:
        if history is None and analysis is None and crm is None:
            raise ConfigError(
                "there is nothing to answer from; name a history, a job or the records of a CRM"
            )
        if names not in NAMES:
            raise ConfigError(
                "names cannot be {names!r}; use one of {known}",
                names=names,
                known=", ".join(NAMES),
            )
        self.crm = crm
        self.tasks = tasks
        if scorecard is None and analysis is not None and analysis.prospects is not None:
            scorecard = analysis.prospects.scorecard
        self.scorecard = scorecard
        self.analysis = analysis
        self.names = names
        self.today = today
        self.key = secrets.token_bytes(32)
        self._history = None if history is None else Path(history)
        self._job = job
        self._loaded: dict[tuple[int, str], Snapshot] = {}
        self._views: dict[Any, CrmData] = {}
        self._states: dict[Any, Any] = {}
        self._reports: dict[tuple[str, date | None], Any] = {}
        self._sales: tuple[str, SalesTable | None] | None = None
        self._making = threading.Lock()
        self._lock = threading.RLock()
        if self._history is not None:
            self._infos()

    @functools.cached_property
    def offers(self) -> frozenset[str]:
        """Kinds of data that are there: segments, history, crm, and the tables of the CRM."""
        found = set() if self._history is None else {"segments", "history"}
        if self.analysis is not None:
            found.add("segments")
        if self.crm is not None:
            found |= {"crm", *self.crm.tables()} - {"deals"}
        if self.tasks is not None:
            found.add("tasks")
        if self.scorecard is not None:
            found.add("scorecard")
        return frozenset(found)

    def _open(self) -> History:
        if self._history is None:
            raise QuestionError(
                "there is no history of snapshots",
                code="unavailable",
                fix=message("start with --history, or ask something else"),
            )
        return History(self._history, read_only=True)

    def _stamp(self) -> str:
        """Return the state of the history's files: it changes when another process writes."""
        if self._history is None:
            return ""
        beside = self._history.with_name(f"{self._history.name}-wal")
        states = [one.stat() for one in (self._history, beside) if one.exists()]
        return ":".join(f"{one.st_mtime_ns}-{one.st_size}" for one in states)

    def _infos(self) -> tuple[SnapshotInfo, ...]:
        """Return the snapshots of one job and one setting, the oldest first."""
        with self._open() as history:
            chosen = history.snapshots_of(self._job)
        if not chosen:
            raise QuestionError(
                "the history holds no snapshot",
                code="unavailable",
                fix=message("fill the history with abcxyz run or abcxyz backfill, then ask again"),
            )
        last = chosen[-1]
        return tuple(
            one for one in chosen if (one.job, one.fingerprint) == (last.job, last.fingerprint)
        )

    def has_other_jobs(self) -> bool:
        """Return whether the history also holds snapshots of other jobs or settings."""
        if self._history is None:
            return False
        with self._open() as history:
            return len({(one.job, one.fingerprint) for one in history.snapshots()}) > 1

    def snapshot(self, as_of: date | None) -> Snapshot | None:
        """Return the newest snapshot that was known on a day; None if the history begins later."""
        if self.analysis is not None:
            newest = self.analysis.snapshot
            if as_of is None or as_of >= newest.as_of:
                return newest
        known = [one for one in self.snapshots() if as_of is None or one.as_of <= as_of]
        return self.load(known[-1]) if known else None

    def prepare(self) -> None:
        """Read the newest snapshot and the playbook, so that the first answer need not.

        What cannot be read is reported by the question that needs it.
        """
        with contextlib.suppress(AbcxyzError):
            default_playbook()
            if "segments" in self.offers:
                self.snapshot(None)

    def snapshots(self) -> tuple[SnapshotInfo, ...]:
        """Return what the history holds of one job and setting, the oldest first."""
        return self._infos() if self._history is not None else ()

    def load(self, info: SnapshotInfo) -> Snapshot:
        """Read a snapshot of the history, or return it where it was read before."""
        with self._lock:
            key = (info.number, self._stamp())
            if key not in self._loaded:
                with self._open() as history:
                    snapshot = history.load(info)
                self._loaded = {
                    one: kept for one, kept in self._loaded.items() if one[1] == key[1]
                }
                while len(self._loaded) >= _SNAPSHOTS:
                    del self._loaded[next(iter(self._loaded))]
                self._loaded[key] = snapshot
            return self._loaded[key]

    def sales(self) -> SalesTable | None:
        """Return the sales by period of all windows that are known; None where there are none."""
        from abcxyz.history.period_sales import sales_table

        with self._making:
            stamp = self._stamp()
            if self._sales is None or self._sales[0] != stamp:
                with self._open() if self._history else contextlib.nullcontext() as history:
                    self._sales = stamp, sales_table(history, self.snapshots(), self.analysis)
            return self._sales[1]

    def state(self, customer: Any, info: SnapshotInfo) -> str | None:
        """Return the segment of a customer in a stored snapshot; None where it is not in it."""
        wanted = customer.item() if isinstance(customer, np.generic) else customer
        with self._lock:
            stamp = self._stamp()
            if self._states.get("") != (wanted, stamp):
                with self._open() as history:
                    self._states = {
                        (one.job, one.dated, one.fingerprint): one.segment
                        for one in history.customer(wanted)
                    }
                self._states[""] = (wanted, stamp)
            return self._states.get((info.job, info.dated, info.fingerprint))

    def alerts(self) -> tuple[tuple[Alert, date | None], ...]:
        """Return the alerts that hold and the day each was raised, the largest money first."""
        found: list[tuple[Alert, date | None]] = []
        if self.analysis is not None:
            found = [(one, None) for one in self.analysis.alerts]
        elif self._history is not None:
            info = self._infos()[-1]
            with self._open() as history:
                raised = history.standing_alerts(job=info.job, fingerprint=info.fingerprint)
            found = [(one.alert, one.since) for one in raised if one.alert is not None]
        return tuple(sorted(found, key=lambda pair: -(pair[0].money or 0.0)))

    def version(self, as_of: date) -> str:
        """Return the state of the data that a cursor is bound to."""
        crm = "" if self.crm is None else str(self.crm.until)
        return f"{as_of}|{self._stamp()}|{crm}"

    def records(self, as_of: date | None) -> CrmData:
        """Return the records of the CRM as known when a day began; the newest by default.

        Raises
        ------
        QuestionError
            There is no CRM.
        """
        if self.crm is None:
            raise QuestionError(
                "there is no CRM to ask",
                code="unavailable",
                fix=message("start with --crm, or ask about segments"),
            )
        if as_of is None:
            return self.crm
        with self._lock:
            if as_of not in self._views:
                if len(self._views) >= _SNAPSHOTS:
                    del self._views[next(iter(self._views))]
                self._views[as_of] = self.crm.as_of(as_of)
            return self._views[as_of]

    def report(self, name: str, as_of: date | None, make: Callable[[CrmData], Any]) -> Any:
        """Return a costly report on the records of a day, made when it is first asked for."""
        with self._making:
            key = (name, as_of)
            if key not in self._reports:
                if len(self._reports) >= _SNAPSHOTS:
                    del self._reports[next(iter(self._reports))]
                self._reports[key] = make(self.records(as_of))
            return self._reports[key]

    def crm_day(self, crm: CrmData) -> date:
        """Return the day that records hold for: nothing of it or later is known."""
        from abcxyz.crm.records.data import as_local

        moment = as_local(crm.until - np.timedelta64(1, "s"), crm.zone).date()
        return date.fromordinal(moment.toordinal() + 1)

    @functools.cached_property
    def customer_names(self) -> Mapping[Any, str]:
        """Customer -> name, as far as known."""
        return {} if self.analysis is None else self.analysis.names

    def shown(self, customer: Any) -> dict[str, str | None]:
        """Return identifier and name of a customer; the name None where it is not to be shown."""
        name = self.customer_names.get(customer)
        return {"customer": plain_id(customer), "name": self._allowed(name)}

    def _allowed(self, name: str | None) -> str | None:
        if not name or self.names == "ids":
            return None
        if self.names == "companies" and not is_organisation(name):
            return None
        return clean_name(name)

    def label(self, customer: Any) -> str:
        """Return how a sentence calls a customer: by its name, or else its identifier."""
        shown = self.shown(customer)
        return shown["name"] or clean_name(str(shown["customer"]))

    @functools.cached_property
    def customers(self) -> Directory:
        """Customers with a name, and those of the CRM."""
        known: dict[Any, str] = {who: str(name) for who, name in self.customer_names.items()}
        if self.crm is not None and self.crm.deals.customer is not None:
            for who in dict.fromkeys(self.crm.deals.customer.tolist()):
                if who not in ("", -1):
                    known.setdefault(who, str(who))
        return Directory(Named(who, name) for who, name in known.items())

    @functools.cached_property
    def all_customers(self) -> Directory:
        """Customers of the newest snapshot as well, also those without a name."""
        known = {one.id: one for one in self.customers.things}
        if "segments" in self.offers:
            snapshot = self.snapshot(None)
            for who in [] if snapshot is None else snapshot.customers.tolist():
                known.setdefault(who, Named(who, str(who)))
        return Directory(known.values())

    @functools.cached_property
    def owners(self) -> Directory:
        """Employees who own deals, and those of the table of users."""
        if self.crm is None:
            return Directory(())
        names = {one: one for one in self.crm.category("owner").categories if one}
        users = self.crm.users
        if users is not None and users.name is not None:
            names.update(
                (who, name)
                for who, name in zip(users.user.tolist(), users.name.tolist(), strict=True)
                if name
            )
        return Directory(Named(who, name) for who, name in names.items())

    def shown_owner(self, owner: Named) -> str:
        """Return how an employee is named in a choice: by the identifier where no names are."""
        return plain_id(owner.id) if self.names == "ids" else owner.name

    def owner_name(self, owner: str) -> str | None:
        """Return the name of an employee; None where no names are shown."""
        if self.names == "ids":
            return None
        known = self.owners.exact(owner)
        return clean_name(known[0].name) if known else None

    @functools.cached_property
    def leads(self) -> Directory:
        """Leads of the CRM, and those that the job graded."""
        known: dict[str, Any] = {}
        if self.analysis is not None and self.analysis.prospects is not None:
            known.update((str(one), one) for one in self.analysis.prospects.ids.tolist())
        if self.crm is not None and self.crm.leads is not None:
            for one in self.crm.leads.lead.tolist():
                known.setdefault(str(one), one)
        return Directory(Named(one, name) for name, one in known.items())

    @functools.cached_property
    def sources(self) -> Directory:
        """Sources of deals."""
        column = () if self.crm is None else self.crm.category("source").categories
        return Directory(Named(one, one) for one in column if one)

    @functools.cached_property
    def funnels(self) -> Directory:
        """Funnels."""
        return Directory(
            Named(one, one) for one in ({} if self.crm is None else self.crm.stages.funnels)
        )

    @functools.cached_property
    def stages(self) -> Directory:
        """Stages of all funnels; *where* is the funnel."""
        funnels = {} if self.crm is None else self.crm.stages.funnels
        return Directory(
            Named(one.id, one.title, where=name) for name, each in funnels.items() for one in each
        )

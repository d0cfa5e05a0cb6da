"""History: store, list and read snapshots."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from os import PathLike
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any, Self

import numpy as np
from attrs import evolve

from abcxyz.core.sales.calendar import Periods, Window
from abcxyz.core.sales.panel import Panel
from abcxyz.core.snapshots.settings import Settings
from abcxyz.core.snapshots.snapshot import Snapshot
from abcxyz.errors import HistoryError, InputError
from abcxyz.history.database import Database
from abcxyz.history.details import details_of
from abcxyz.history.export import Export
from abcxyz.history.outbox import Outbox
from abcxyz.history.outcomes import Outcomes
from abcxyz.history.packed.columns import (
    drop_unused,
    numbers_in,
    read_state,
    write_columns,
    write_details,
)
from abcxyz.history.packed.older_rows import pack_rows
from abcxyz.history.records import CustomerState, SnapshotInfo
from abcxyz.history.results import Results, hours_text, totals_text
from abcxyz.history.rows import delete_snapshot, digest, segment_of
from abcxyz.toolkit.parsing import parse_json

__all__ = ["History"]

_COLUMNS = (
    "job, dated, fingerprint, as_of, since, until, bucket, settings, customers, whole_ids, "
    "whole_values, digest, details, totals, hours"
)
_FIND = "SELECT as_of, since, until, bucket, settings FROM snapshot WHERE number = ?"


class History(Outbox, Outcomes, Results, Export):
    """A file of snapshots, opened and closed by a ``with`` statement.

    Parameters
    ----------
    path
        The SQLite file. It must be on a local disk: its write-ahead log needs shared memory,
        which network drives lack.
    create
        Create the file where it is absent.
    timeout
        Seconds to wait for another process's write.
    read_only
        Open the file so that nothing can change it; it has to exist.

    Raises
    ------
    HistoryError
        The file is absent, damaged, of another program, or of a newer version; opened for
        reading only also of an older one.

    Notes
    -----
    Every change is one transaction: a killed process leaves the file unchanged. Readers see a
    consistent file while another process writes.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from abcxyz import Transactions, analyze
    >>> sales = Transactions(["a", "b"], [date(2026, 1, 5), date(2026, 2, 9)], [50, 10])
    >>> january = analyze(sales, as_of=date(2026, 3, 1), settings=Settings(period="2M")).snapshot
    >>> with TemporaryDirectory() as folder, History(f"{folder}/history.db") as history:
    ...     history.save(january), history.save(january), len(history.latest(date(2026, 3, 31)))
    (True, False, 2)
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        create: bool = True,
        timeout: float = 30.0,
        read_only: bool = False,
    ) -> None:
        self._path = Path(path)
        if (read_only or not create) and not self._path.is_file():
            raise HistoryError(
                "there is no history at {file}; save a snapshot first, or check the path",
                file=str(self._path),
            )
        self._db = Database(self._path, timeout=timeout, pack_rows=pack_rows, read_only=read_only)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @property
    def version(self) -> int:
        """Version of the file's schema."""
        return self._db.version

    def transaction(self) -> contextlib.AbstractContextManager[None]:
        """Make several changes one transaction, for the duration of a ``with`` statement.

        A process that is killed inside it, or an error, leaves the file as it was before.
        """
        return self._db.writing()

    def save(
        self,
        snapshot: Snapshot,
        *,
        job: str = "",
        panel: Panel | None = None,
        owners: Mapping[Any, str] | None = None,
        hours: Sequence[float] | None = None,
    ) -> bool:
        """Store a snapshot; the one of the same job, date and settings is replaced.

        Parameters
        ----------
        snapshot
            Snapshot to store; its customers are whole numbers or text.
        job
            Name of the job, so that several jobs may share the file; see `Job.identity`.
        panel
            Panel that the snapshot was made of, whose sales by bucket are stored beside it; None
            to store none, and to leave those that the same snapshot has already.
        owners
            Customer -> responsible employee, stored with the panel.
        hours
            (3,) hours spent on the customers of each class; None where no time is recorded.

        Returns
        -------
        bool
            False where the file already holds the same.

        Raises
        ------
        InputError
            A customer appears twice, or is neither a whole number nor text; the panel is another.
        HistoryError
            The file cannot be written.
        """
        content = digest(snapshot)
        details = None if panel is None else details_of(snapshot, panel, owners)
        extra = None if details is None else details.digest
        key = (job, snapshot.dated.isoformat(), snapshot.settings.fingerprint)
        with self._db.writing():
            stored = self._db.execute(
                "SELECT number, digest, details, hours FROM snapshot "
                "WHERE job = ? AND dated = ? AND fingerprint = ?",
                key,
            ).fetchone()
            if stored is not None:
                if stored[1] == content and extra in (None, stored[2]):
                    if hours is not None and hours_text(hours) != stored[3]:
                        self._db.execute(
                            "UPDATE snapshot SET hours = ? WHERE number = ?",
                            (hours_text(hours), stored[0]),
                        )
                    return False
                delete_snapshot(self._db, stored[0])
            number = self._db.execute(
                f"INSERT INTO snapshot ({_COLUMNS}) "  # noqa: S608
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *key,
                    snapshot.as_of.isoformat(),
                    snapshot.periods.window.since.isoformat(),
                    snapshot.periods.window.until.isoformat(),
                    snapshot.periods.bucket,
                    json.dumps(snapshot.settings.to_dict(), sort_keys=True),
                    len(snapshot),
                    snapshot.customers.dtype.kind in "iu",
                    snapshot.value.dtype.kind == "i",
                    content,
                    extra,
                    totals_text(snapshot),
                    hours_text(hours),
                ),
            ).lastrowid
            assert number is not None  # after an insertion
            customers = write_columns(self._db, number, snapshot)
            if details is not None:
                write_details(self._db, number, customers, details.sales, details.owners)
            if stored is not None:
                drop_unused(self._db)
        return True

    def latest(
        self, before: date, settings: Settings | None = None, *, job: str | None = None
    ) -> Snapshot | None:
        """Return the newest snapshot dated before a day.

        Parameters
        ----------
        before
            Date of the result to compare with, ``periods.dated``, not the day of the
            classification: a second run of the same month would return its own snapshot.
        settings
            Only snapshots made with these settings; any by default.
        job
            Only snapshots of this job, or without one those saved without a job; any by default.

        Returns
        -------
        Snapshot or None
            None where there is no such snapshot.
        """
        fitting = [one for one in self.snapshots(settings, job=job) if one.dated < before]
        return self.load(fitting[-1], settings) if fitting else None

    def at(self, dated: date, settings: Settings, *, job: str | None = None) -> Snapshot | None:
        """Return the snapshot of exactly this date, or None; parameters as in `latest`."""
        fitting = [one for one in self.snapshots(settings, job=job) if one.dated == dated]
        return self.load(fitting[-1], settings) if fitting else None

    def get(
        self,
        dated: date,
        settings: Settings | None = None,
        *,
        fingerprint: str | None = None,
        job: str | None = None,
    ) -> Snapshot:
        """Read the snapshot of a date.

        Parameters
        ----------
        dated
            The date of the result.
        settings, fingerprint, job
            Selects one, where several jobs or settings made one. Of the name of a job the part
            before ``@`` is enough.

        Raises
        ------
        HistoryError
            There is none, or there are several and none is selected.
        """
        chosen = fingerprint if settings is None else settings.fingerprint
        stored = self.snapshots_of(job)
        known = [one for one in stored if one.dated == dated and chosen in (None, one.fingerprint)]
        if not known:
            raise HistoryError(
                "{file} holds no snapshot of {dated}; it holds {known}",
                file=str(self._path),
                dated=dated,
                known=", ".join(sorted({str(one.dated) for one in stored})) or "-",
            )
        if len(known) > 1:
            raise HistoryError(
                "{file} holds {count} snapshots of {dated}, of several jobs or settings; name "
                "one of {known}",
                file=str(self._path),
                count=len(known),
                dated=dated,
                known=", ".join(f"{one.job} {one.fingerprint}".strip() for one in known),
            )
        return self.load(known[0], settings)

    def snapshots(
        self, settings: Settings | None = None, *, job: str | None = None
    ) -> tuple[SnapshotInfo, ...]:
        """List the stored snapshots, the oldest first; parameters as in `latest`."""
        with self._db.mapped():
            rows = self._db.execute(
                "SELECT number, job, dated, as_of, since, until, fingerprint, snapshot.customers, "
                "settings, coalesce(sum(forgotten.customers), 0) "
                "FROM snapshot LEFT JOIN forgotten ON forgotten.snapshot = number "
                "GROUP BY number ORDER BY dated, number"
            ).fetchall()
        with self._db.decoding():
            infos = tuple(
                SnapshotInfo(
                    number=row[0],
                    job=row[1],
                    dated=date.fromisoformat(row[2]),
                    as_of=date.fromisoformat(row[3]),
                    window=Window(date.fromisoformat(row[4]), date.fromisoformat(row[5])),
                    fingerprint=row[6],
                    customers=int(row[7]),
                    settings=parse_json(row[8]),
                    forgotten=int(row[9]),
                )
                for row in rows
                if settings is None or row[6] == settings.fingerprint
            )
        if job is None:
            return infos
        own = tuple(one for one in infos if one.job == job)
        return own or tuple(one for one in infos if not one.job)

    def customer(self, customer: str | int) -> tuple[CustomerState, ...]:
        """Return the states of one customer in all snapshots, the oldest first."""
        with self._db.decoding(), self._db.reading():
            number = numbers_in(self._db, [customer]).get(customer)
            if number is None:
                return ()
            stored = self._db.execute(
                "SELECT number, job, dated, fingerprint FROM snapshot ORDER BY dated, number"
            ).fetchall()
            states, near = [], 0
            for snapshot, job, dated, fingerprint in stored:
                state = read_state(self._db, snapshot, number, near)
                if state is not None:
                    # The next snapshot has the customer at about the same place.
                    near = state.place
                    states.append(_customer_state(job, dated, fingerprint, state))
            return tuple(states)

    def snapshots_of(self, job: str | None) -> tuple[SnapshotInfo, ...]:
        """List the snapshots of a job, by its name or the part before ``@``; of all for None."""
        return tuple(one for one in self.snapshots() if job is None or one.is_of(job))

    def customers(self) -> frozenset[str | int]:
        """Return the identifiers of the customers of all snapshots, of every job."""
        with self._db.mapped():
            rows = self._db.execute("SELECT id FROM customer").fetchall()
        return frozenset(row[0] for row in rows)

    def load(self, info: SnapshotInfo, settings: Settings | None = None) -> Snapshot:
        """Read a snapshot of the list, with the settings that made it if they cannot be read.

        Raises
        ------
        HistoryError
            It is there no more, or is not what was saved.
        """
        with self._db.decoding():
            return self._load(info, settings)

    def _load(self, info: SnapshotInfo, settings: Settings | None) -> Snapshot:
        with self._db.reading():
            row = self._db.execute(_FIND, (info.number,)).fetchone()
            if row is None:
                raise self._db.damaged()
            columns = self._verified(info.number)
        as_of, since, until, bucket, written = row
        window = Window(date.fromisoformat(since), date.fromisoformat(until))
        known = self._settings(written) if settings is None else settings
        day = date.fromisoformat(as_of)
        return Snapshot(
            as_of=day,
            periods=evolve(Periods.over(window, bucket), lookback=known.periods(day).lookback),
            settings=known,
            **vars(columns),
        )

    def _settings(self, written: str) -> Settings:
        try:
            return Settings.from_dict(parse_json(written))
        except InputError:
            raise HistoryError(
                "a snapshot in {file} was made by a rule of your own; pass the settings that "
                "made it",
                file=str(self._path),
            ) from None


def _customer_state(
    job: str, dated: str, fingerprint: str, state: SimpleNamespace
) -> CustomerState:
    day, cv, value = (
        None if one != one else one for one in (state.last_day, state.cv, state.value)
    )
    return CustomerState(
        job=job,
        dated=date.fromisoformat(dated),
        fingerprint=fingerprint,
        segment=segment_of(state.abc, state.xyz),
        steady_segment=segment_of(state.steady_abc, state.steady_xyz),
        value=value,
        cv=cv,
        orders=state.orders,
        last_day=None if day is None else np.datetime64(int(day), "D").item(),
    )

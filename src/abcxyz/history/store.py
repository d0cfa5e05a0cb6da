"""History: store, list and read snapshots."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections import Counter
from datetime import date
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from attrs import evolve, frozen

from abcxyz.core.sales.calendar import Periods, Window
from abcxyz.core.snapshots.settings import Settings
from abcxyz.core.snapshots.snapshot import Snapshot
from abcxyz.errors import HistoryError, InputError
from abcxyz.history.alert_log import AlertLog
from abcxyz.history.database import Database
from abcxyz.history.rows import (
    CHUNK,
    COLUMNS,
    arrays_of,
    digest,
    dtype_of,
    rows_of,
    segment_of,
    sorted_places,
)

__all__ = ["CustomerState", "History", "SnapshotInfo"]

_INSERT = (
    f"INSERT INTO customer_state (snapshot, {', '.join(COLUMNS)}) "  # noqa: S608 - constants
    f"VALUES ({', '.join('?' * (len(COLUMNS) + 1))})"
)
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM customer_state WHERE snapshot = ?"  # noqa: S608
_FIND = (
    "SELECT number, as_of, since, until, bucket, settings, customers, whole_ids, whole_values "
    "FROM snapshot WHERE dated = ? AND fingerprint = ?"
)


@frozen(kw_only=True)
class SnapshotInfo:
    """Metadata of a stored snapshot."""

    dated: date
    as_of: date
    window: Window
    fingerprint: str
    customers: int
    settings: dict[str, Any]


@frozen(kw_only=True)
class CustomerState:
    """State of one customer on one date."""

    dated: date
    fingerprint: str
    segment: str
    steady_segment: str
    value: float | int | None
    cv: float | None
    orders: int
    last_day: date | None


class History(AlertLog):
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

    Raises
    ------
    HistoryError
        The file is absent, damaged, of another program, or of a newer version.

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
        self, path: str | PathLike[str], *, create: bool = True, timeout: float = 30.0
    ) -> None:
        self._path = Path(path)
        if not create and not self._path.is_file():
            raise HistoryError(
                "there is no history at {file}; save a snapshot first, or check the path",
                file=str(self._path),
            )
        self._db = Database(self._path, timeout=timeout)

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

    def save(self, snapshot: Snapshot) -> bool:
        """Store a snapshot; the one of the same date and settings is replaced.

        Parameters
        ----------
        snapshot
            Snapshot to store; its customers are whole numbers or text.

        Returns
        -------
        bool
            False where the file already holds the same snapshot.

        Raises
        ------
        InputError
            A customer appears twice, or is neither a whole number nor text.
        HistoryError
            The file cannot be written.
        """
        content = digest(snapshot)
        key = (snapshot.dated.isoformat(), snapshot.settings.fingerprint)
        with self._db.writing():
            stored = self._db.execute(
                "SELECT number, digest FROM snapshot WHERE dated = ? AND fingerprint = ?", key
            ).fetchone()
            if stored is not None:
                if stored[1] == content:
                    return False
                self._db.execute("DELETE FROM customer_state WHERE snapshot = ?", stored[:1])
                self._db.execute("DELETE FROM snapshot WHERE number = ?", stored[:1])
            number = self._db.execute(
                "INSERT INTO snapshot (dated, fingerprint, as_of, since, until, bucket, settings, "
                "customers, whole_ids, whole_values, digest) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
                ),
            ).lastrowid
            self._insert(snapshot, number)
        return True

    def _insert(self, snapshot: Snapshot, number: int | None) -> None:
        order = sorted_places(snapshot.customers)
        try:
            for start in range(0, len(order), CHUNK):
                columns = rows_of(snapshot, order[start : start + CHUNK])
                self._db.executemany(_INSERT, zip(itertools.repeat(number), *columns))
        except sqlite3.IntegrityError:
            raise InputError(
                "the snapshot holds the customer {customer!r} twice; add its sales up first",
                customer=_twice(snapshot.customers.tolist()),
            ) from None
        except (UnicodeEncodeError, OverflowError) as problem:
            raise InputError(
                "a customer cannot be kept in the history ({reason}); identifiers are text of "
                "valid characters or whole numbers of 64 bits",
                reason=str(problem),
            ) from problem

    def latest(self, before: date, settings: Settings | None = None) -> Snapshot | None:
        """Return the newest snapshot dated before a day.

        Parameters
        ----------
        before
            Date of the result to compare with, ``periods.dated``, not the day of the
            classification: a second run of the same month would return its own snapshot.
        settings
            Only snapshots made with these settings; any by default.

        Returns
        -------
        Snapshot or None
            None where there is no such snapshot.
        """
        for one in reversed(self.snapshots()):
            fits = settings is None or one.fingerprint == settings.fingerprint
            if fits and one.dated < before:
                return self._load(one.dated, one.fingerprint, settings)
        return None

    def get(
        self, dated: date, settings: Settings | None = None, *, fingerprint: str | None = None
    ) -> Snapshot:
        """Read the snapshot of a date.

        Parameters
        ----------
        dated
            The date of the result.
        settings, fingerprint
            Selects one, where several were made with different settings.

        Raises
        ------
        HistoryError
            There is none, or there are several and none is selected.
        """
        chosen = fingerprint if settings is None else settings.fingerprint
        stored = self.snapshots()
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
                "{file} holds {count} snapshots of {dated} made with different settings; name "
                "one of {known}",
                file=str(self._path),
                count=len(known),
                dated=dated,
                known=", ".join(one.fingerprint for one in known),
            )
        return self._load(dated, known[0].fingerprint, settings)

    def snapshots(self) -> tuple[SnapshotInfo, ...]:
        """List the stored snapshots, the oldest first."""
        with self._db.mapped():
            rows = self._db.execute(
                "SELECT dated, as_of, since, until, fingerprint, customers, settings "
                "FROM snapshot ORDER BY dated, number"
            ).fetchall()
        return tuple(
            SnapshotInfo(
                dated=date.fromisoformat(dated),
                as_of=date.fromisoformat(as_of),
                window=Window(date.fromisoformat(since), date.fromisoformat(until)),
                fingerprint=fingerprint,
                customers=customers,
                settings=json.loads(settings),
            )
            for dated, as_of, since, until, fingerprint, customers, settings in rows
        )

    def customer(self, customer: str | int) -> tuple[CustomerState, ...]:
        """Return the states of one customer in all snapshots, the oldest first."""
        with self._db.mapped():
            rows = self._db.execute(
                "SELECT dated, fingerprint, abc, xyz, steady_abc, steady_xyz, value, cv, orders, "
                "last_day FROM snapshot CROSS JOIN customer_state "
                "ON snapshot = number AND customer = ? ORDER BY dated, number",
                (customer,),
            ).fetchall()
        return tuple(
            CustomerState(
                dated=date.fromisoformat(row[0]),
                fingerprint=row[1],
                segment=segment_of(*row[2:4]),
                steady_segment=segment_of(*row[4:6]),
                value=row[6],
                cv=row[7],
                orders=row[8],
                last_day=None if row[9] is None else np.datetime64(row[9], "D").item(),
            )
            for row in rows
        )

    def _load(self, dated: date, fingerprint: str, settings: Settings | None) -> Snapshot:
        with self._db.reading():
            row = self._db.execute(_FIND, (dated.isoformat(), fingerprint)).fetchone()
            number, as_of, since, until, bucket, written, count, *whole = row
            rows = self._rows(number, count, dtype_of(whole_ids=whole[0], whole_values=whole[1]))
        window = Window(date.fromisoformat(since), date.fromisoformat(until))
        known = self._settings(written) if settings is None else settings
        day = date.fromisoformat(as_of)
        return Snapshot(
            as_of=day,
            periods=evolve(Periods.over(window, bucket), lookback=known.periods(day).lookback),
            settings=known,
            **arrays_of(rows),
        )

    def _rows(self, number: int, count: int, kind: np.dtype[Any]) -> npt.NDArray[Any]:
        try:
            return np.fromiter(self._db.execute(_SELECT, (number,)), kind, count)
        except (ValueError, TypeError):
            raise HistoryError(
                "{file} is damaged: a snapshot does not hold what was saved; restore it from a "
                "copy, or delete it and fill it again with backfill",
                file=str(self._path),
            ) from None

    def _settings(self, written: str) -> Settings:
        try:
            return Settings.from_dict(json.loads(written))
        except InputError:
            raise HistoryError(
                "a snapshot in {file} was made by a rule of your own; pass the settings that "
                "made it",
                file=str(self._path),
            ) from None


def _twice(customers: list[Any]) -> object:
    return next(customer for customer, count in Counter(customers).items() if count > 1)

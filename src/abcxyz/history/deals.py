"""Daily snapshots of the deals of a CRM in the history: of each deal the days it changed on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from abcxyz.errors import HistoryError, InputError
from abcxyz.history.database import Database

__all__ = ["DEAL_FIELDS", "DealSnapshots"]

DEAL_FIELDS = (
    "stage", "funnel", "amount", "currency", "owner", "planned", "closed", "lost_reason",
)  # fmt: skip
"""Fields of a deal in a snapshot; *planned* is a day since 1970, *closed* a POSIX second."""

_EPOCH = date(1970, 1, 1)
_FIELDS = ", ".join(DEAL_FIELDS)
_ROW = f"(deal, customer, {_FIELDS})"
#: The latest row of every deal of a source: SQLite takes the other columns from the row of max().
_LATEST = "SELECT deal, stage, max(day) FROM deal_state WHERE source = ?1"


class DealSnapshots:
    """Methods of a history for the daily snapshots of deals."""

    _db: Database

    def save_deals(
        self, deals: Iterable[tuple[Any, ...]], *, day: date, at: int, job: str = ""
    ) -> int:
        """Store the state of all deals on a day, as far as it differs from the snapshot before.

        Parameters
        ----------
        deals
            A row per deal: its identifier, its customer or None, and `DEAL_FIELDS`; the stage is
            text, what is not known is None or the empty text.
        day
            Day of the state. The snapshot of the same day is replaced.
        at
            Last POSIX second of the state.
        job
            Name of the job and of its CRM, so that several jobs may share the file.

        Returns
        -------
        int
            Number of deals that are new, changed, or no longer listed.

        Raises
        ------
        InputError
            A deal or a customer is neither a whole number nor text.
        HistoryError
            There is a snapshot of a later day, or the file cannot be written.
        """
        number = (day - _EPOCH).days
        with self._db.writing():
            self._db.execute("INSERT OR IGNORE INTO deal_source (job) VALUES (?)", (job,))
            (source,) = self._db.execute(
                "SELECT number FROM deal_source WHERE job = ?", (job,)
            ).fetchone()
            (latest,) = self._db.execute(
                "SELECT max(day) FROM deal_snapshot WHERE source = ?", (source,)
            ).fetchone()
            if latest is not None and latest > number:
                raise HistoryError(
                    "the history {file} holds deals of {latest}, so those of {day} cannot be "
                    "added; they are saved on their day only",
                    file=str(self._db.path),
                    latest=_EPOCH + timedelta(days=latest),
                    day=day,
                )
            self._db.execute("DROP TABLE IF EXISTS temp.listed")
            self._db.execute(f"CREATE TEMP TABLE listed (deal PRIMARY KEY, customer, {_FIELDS})")
            try:
                marks = ", ".join("?" * (len(DEAL_FIELDS) + 2))
                self._db.executemany(
                    f"INSERT INTO temp.listed VALUES ({marks})",  # noqa: S608 - constants
                    deals,
                )
            except (UnicodeEncodeError, OverflowError) as problem:
                raise InputError(
                    "a deal cannot be kept in the history ({reason}); identifiers are text of "
                    "valid characters or whole numbers of 64 bits",
                    reason=str(problem),
                ) from problem
            if latest == number:
                self._db.execute(
                    "DELETE FROM deal_state WHERE source = ? AND day = ?", (source, number)
                )
            changed = self._insert_changed(source, number)
            self._db.execute(
                "INSERT OR REPLACE INTO deal_snapshot VALUES (?, ?, ?)", (source, number, at)
            )
            self._db.execute("DROP TABLE temp.listed")
        return changed

    def _insert_changed(self, source: int, day: int) -> int:
        """Insert the listed deals that differ from their latest row, and what is gone."""
        same = " AND ".join(f"old.{name} IS new.{name}" for name in ("customer", *DEAL_FIELDS))
        changed = self._db.execute(
            f"INSERT INTO deal_state (source, day, {_ROW[1:]} "  # noqa: S608 - constants
            f"SELECT ?1, ?2, {', '.join(f'new.{one}' for one in _ROW[1:-1].split(', '))} "
            "FROM temp.listed AS new WHERE NOT EXISTS (SELECT 1 FROM deal_state AS old "
            "WHERE old.source = ?1 AND old.deal = new.deal AND old.day = (SELECT max(day) "
            f"FROM deal_state WHERE source = ?1 AND deal = new.deal) AND {same})",
            (source, day),
        ).rowcount
        gone = self._db.execute(
            "INSERT INTO deal_state (source, day, deal) SELECT ?1, ?2, deal "  # noqa: S608
            f"FROM ({_LATEST} GROUP BY deal) WHERE stage IS NOT NULL "
            "AND deal NOT IN (SELECT deal FROM temp.listed)",
            (source, day),
        ).rowcount
        return changed + gone

    def deal_days(self, job: str = "") -> tuple[date, ...]:
        """List the days of a job's snapshots of deals."""
        with self._db.mapped():
            rows = self._db.execute(
                "SELECT day FROM deal_snapshot JOIN deal_source ON number = source "
                "WHERE job = ? ORDER BY day",
                (job,),
            ).fetchall()
        with self._db.decoding():
            return tuple(_EPOCH + timedelta(days=day) for (day,) in rows)

    def deal_states(self, job: str = "") -> list[tuple[Any, ...]]:
        """Read all states of a job's deals, by deal and day.

        Returns
        -------
        list of tuple
            Deal, last POSIX second of the snapshot, and `DEAL_FIELDS`; each state lasts until
            the next one of its deal.
        """
        with self._db.mapped():
            return self._db.execute(
                f"SELECT deal, at, {_FIELDS} FROM deal_source "  # noqa: S608 - constants
                "CROSS JOIN deal_state AS state ON state.source = number "
                "JOIN deal_snapshot AS saved ON saved.source = number AND saved.day = state.day "
                "WHERE job = ? AND stage IS NOT NULL ORDER BY deal, state.day",
                (job,),
            ).fetchall()

    def _erase_deals(self, names: tuple[Any, ...], *, dry_run: bool) -> int:
        """Erase the states of a customer's deals, inside a transaction; return their number."""
        (count,) = self._db.execute(
            "SELECT count(*) FROM deal_state WHERE customer IN (?, ?)", names
        ).fetchone()
        if count and not dry_run:
            self._db.execute("DELETE FROM deal_state WHERE customer IN (?, ?)", names)
            # What is left of such a deal may only say that it was not listed any more.
            self._db.execute(
                "DELETE FROM deal_state AS gone WHERE stage IS NULL AND NOT EXISTS (SELECT 1 "
                "FROM deal_state WHERE source = gone.source AND deal = gone.deal "
                "AND stage IS NOT NULL)"
            )
        return int(count)

    def prune_deals(self, before: date, *, job: str = "") -> None:
        """Delete a job's states of deals that were over before a day.

        The last state before the day is still needed, because it lasts until the next one.
        """
        key = (job, (before - _EPOCH).days)
        source = "source = (SELECT number FROM deal_source WHERE job = ?1)"
        with self._db.writing():
            self._db.execute(
                f"DELETE FROM deal_state AS old WHERE {source} AND day < ?2 AND "  # noqa: S608
                "(stage IS NULL OR EXISTS (SELECT 1 FROM deal_state WHERE source = old.source "
                "AND deal = old.deal AND day > old.day AND day <= ?2))",
                key,
            )
            self._db.execute(
                f"DELETE FROM deal_snapshot AS old WHERE {source} AND day < ?2 AND "  # noqa: S608
                "NOT EXISTS (SELECT 1 FROM deal_state WHERE source = old.source "
                "AND day = old.day)",
                key,
            )

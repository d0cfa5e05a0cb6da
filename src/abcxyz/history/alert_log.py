"""Log of alerts in the history: since when each is raised, and which are snoozed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from abcxyz.history.database import Database

__all__ = ["AlertLog"]


class AlertLog:
    """The part of a history that knows about alerts."""

    _db: Database

    def told(self, keys: Iterable[str], today: date, *, reader: str = "") -> dict[str, date]:
        """Remember what is raised, and say since when each is known.

        Parameters
        ----------
        keys
            Of the alerts raised now. Those known before and not raised any more are forgotten,
            so that they are raised anew should they come back.
        today
            The date of the new ones.
        reader
            Who is told; each is told of everything once.

        Returns
        -------
        dict
            Key to the day it was raised first.
        """
        wanted = set(keys)
        with self._db.writing():
            rows = self._db.execute("SELECT key, since FROM alert WHERE reader = ?", (reader,))
            known = {key: date.fromisoformat(since) for key, since in rows}
            gone = sorted(known.keys() - wanted)
            self._db.executemany(
                "DELETE FROM alert WHERE reader = ? AND key = ?", [(reader, key) for key in gone]
            )
            fresh = sorted(wanted - known.keys())
            self._db.executemany(
                "INSERT INTO alert (reader, key, since) VALUES (?, ?, ?)",
                [(reader, key, today.isoformat()) for key in fresh],
            )
        return {key: known.get(key, today) for key in sorted(wanted)}

    def told_before(self, keys: Iterable[str], today: date, *, reader: str = "") -> frozenset[str]:
        """Name the alerts that were raised on an earlier day; remember nothing.

        Parameters
        ----------
        keys
            Of the alerts found now.
        today
            Alerts raised on this day count as new still, so that a run may be repeated.
        reader
            As of `told`.
        """
        with self._db.mapped():
            rows = self._db.execute(
                "SELECT key FROM alert WHERE reader = ? AND since < ?", (reader, today.isoformat())
            )
            return frozenset(key for (key,) in rows) & frozenset(keys)

    def snooze(self, key: str, until: date) -> None:
        """Keep an alert silent through the day before *until*; an earlier day wakes it."""
        with self._db.writing():
            self._db.execute(
                "INSERT INTO snooze (key, until) VALUES (?, ?) "
                "ON CONFLICT (key) DO UPDATE SET until = excluded.until",
                (key, until.isoformat()),
            )

    def snoozed(self, today: date) -> frozenset[str]:
        """Name the alerts that are silent today."""
        with self._db.mapped():
            rows = self._db.execute("SELECT key FROM snooze WHERE until > ?", (today.isoformat(),))
            return frozenset(key for (key,) in rows)

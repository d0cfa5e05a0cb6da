"""Log of alerts in the history: the day each was first raised, and which are snoozed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from abcxyz.history.database import Database

__all__ = ["AlertLog"]


class AlertLog:
    """Methods of a history for raised and snoozed alerts."""

    _db: Database

    def record_raised(
        self, keys: Iterable[str], today: date, *, reader: str = ""
    ) -> dict[str, date]:
        """Record the raised alerts, and return the day each was raised first.

        Parameters
        ----------
        keys
            Keys of the alerts raised now. Recorded alerts that are not among them are deleted,
            so that they count as new when they come back.
        today
            Date of the new alerts.
        reader
            Name of the reader; the alerts of each reader are recorded separately.

        Returns
        -------
        dict
            Key to the day on which it was raised first.
        """
        keys_now = set(keys)
        with self._db.writing():
            rows = self._db.execute("SELECT key, since FROM alert WHERE reader = ?", (reader,))
            known = {key: date.fromisoformat(since) for key, since in rows}
            gone = sorted(known.keys() - keys_now)
            self._db.executemany(
                "DELETE FROM alert WHERE reader = ? AND key = ?", [(reader, key) for key in gone]
            )
            fresh = sorted(keys_now - known.keys())
            self._db.executemany(
                "INSERT INTO alert (reader, key, since) VALUES (?, ?, ?)",
                [(reader, key, today.isoformat()) for key in fresh],
            )
        return {key: known.get(key, today) for key in sorted(keys_now)}

    def raised_before(
        self, keys: Iterable[str], today: date, *, reader: str = ""
    ) -> frozenset[str]:
        """Return the alerts that were raised on an earlier day, without recording anything.

        Parameters
        ----------
        keys
            Keys of the current alerts.
        today
            Alerts first raised on this day still count as new, so that a run may be repeated.
        reader
            As in `record_raised`.
        """
        with self._db.mapped():
            rows = self._db.execute(
                "SELECT key FROM alert WHERE reader = ? AND since < ?", (reader, today.isoformat())
            )
            return frozenset(key for (key,) in rows) & frozenset(keys)

    def snooze(self, key: str, until: date) -> None:
        """Silence an alert through the day before *until*; a day in the past ends the silence."""
        with self._db.writing():
            self._db.execute(
                "INSERT INTO snooze (key, until) VALUES (?, ?) "
                "ON CONFLICT (key) DO UPDATE SET until = excluded.until",
                (key, until.isoformat()),
            )

    def snoozed(self, today: date) -> frozenset[str]:
        """Return the keys of the alerts that are silenced on *today*."""
        with self._db.mapped():
            rows = self._db.execute("SELECT key FROM snooze WHERE until > ?", (today.isoformat(),))
            return frozenset(key for (key,) in rows)

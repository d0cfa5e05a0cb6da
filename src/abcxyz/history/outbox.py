"""Outbox of alerts in the history: raised, delivered to each sink or failed, and snoozed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from attrs import frozen

from abcxyz.core.advice.alerts import ONCE, Alert
from abcxyz.history.database import Database
from abcxyz.toolkit.parsing import parse_json

__all__ = ["Outbox", "RaisedAlert"]

_READER = ""  # of runs; commands that only list alerts have another
_PENDING, _DELIVERED, _FAILED = "raised", "delivered", "failed"


@frozen(kw_only=True)
class RaisedAlert:
    """An alert of the outbox.

    Parameters
    ----------
    key
        Key of the alert.
    since
        Day on which it was raised first.
    delivered
        Names of the sinks that confirmed it.
    waiting
        Names of the sinks that are still to receive it.
    seen
        Latest day on which it was active.
    alert
        The alert; None for one of an older file, which kept only keys.
    """

    key: str
    since: date
    seen: date
    delivered: frozenset[str] = frozenset()
    waiting: frozenset[str] = frozenset()
    alert: Alert | None = None

    def is_due(self, sink: str) -> bool:
        """Return whether a sink is to receive it.

        A sink that joined the job later receives only what no other has received.
        """
        return sink in self.waiting or not self.delivered


class Outbox:
    """Methods of a history for raised and snoozed alerts."""

    _db: Database

    def raise_alerts(
        self,
        alerts: Iterable[Alert],
        today: date,
        *,
        job: str = "",
        fingerprint: str = "",
        sinks: Sequence[str] = ("",),
    ) -> Mapping[str, RaisedAlert]:
        """Enter the alerts of a run into the outbox, before any sink is called.

        Parameters
        ----------
        alerts
            All alerts that are active now.
        today
            Day of the run. A day before the latest run ends no alert, so that a clock that was
            set back raises nothing twice.
        job, fingerprint
            The job, and the fingerprint of its settings; each pair has an outbox of its own.
        sinks
            Names of the sinks that are to receive the alerts.

        Returns
        -------
        mapping
            Key -> its entry, for every alert given.
        """
        now = {alert.key: alert for alert in alerts}
        with self._db.writing():
            self._enter(now, today, (_READER, job, fingerprint))
            entries = self._entries(job, fingerprint)
            due = {sink: [key for key in now if entries[key].is_due(sink)] for sink in sinks}
            self._set_states(job, fingerprint, due, today)
            entries = self._entries(job, fingerprint)
        return {key: entries[key] for key in now}

    def waiting_alerts(self, *, job: str = "", fingerprint: str = "") -> tuple[RaisedAlert, ...]:
        """Return the alerts of the latest run that some sink has not confirmed yet."""
        with self._db.mapped():
            entries = self._entries(job, fingerprint, also_ended=False)
            return tuple(one for one in entries.values() if one.waiting)

    def standing_alerts(self, *, job: str = "", fingerprint: str = "") -> tuple[RaisedAlert, ...]:
        """Return the alerts of the latest run that hold, delivered or not."""
        with self._db.mapped():
            return tuple(self._entries(job, fingerprint, also_ended=False).values())

    def confirm_alerts(
        self,
        sink: str,
        delivered: Collection[str],
        today: date,
        *,
        failed: Collection[str] = (),
        job: str = "",
        fingerprint: str = "",
    ) -> None:
        """Record which alerts a sink has confirmed; failed ones are due again in the next run.

        Parameters
        ----------
        sink
            Name of the sink.
        delivered, failed
            Keys of the alerts.
        today, job, fingerprint
            As in `raise_alerts`.
        """
        with self._db.writing():
            for state, keys in ((_DELIVERED, delivered), (_FAILED, failed)):
                self._set_states(job, fingerprint, {sink: keys}, today, state)

    def record_raised(
        self,
        keys: Iterable[str],
        today: date,
        *,
        reader: str = "",
        job: str = "",
        fingerprint: str = "",
    ) -> dict[str, date]:
        """Record the alerts that a reader has seen, and return the day each was raised first.

        Parameters
        ----------
        keys
            Keys of the active alerts. Recorded alerts that are not among them have ended, and
            count as new when they come back, but those of `ONCE`.
        today, job, fingerprint
            As in `raise_alerts`.
        reader
            Name of the reader; the alerts of each reader are recorded separately.

        Returns
        -------
        dict
            Key to the day on which it was raised first.
        """
        with self._db.writing():
            return self._enter(dict.fromkeys(keys), today, (reader, job, fingerprint))

    def raised_keys(
        self, *, reader: str = "", job: str = "", fingerprint: str = ""
    ) -> frozenset[str]:
        """Return the keys of all alerts that a reader has seen, also of those that have ended.

        Parameters
        ----------
        reader, job, fingerprint
            As in `record_raised`.
        """
        with self._db.mapped():
            rows = self._db.execute(
                "SELECT key FROM raised WHERE reader = ? AND job = ? AND fingerprint = ?",
                (reader, job, fingerprint),
            )
            return frozenset(key for (key,) in rows)

    def _enter(
        self, alerts: Mapping[str, Alert | None], today: date, scope: tuple[str, str, str]
    ) -> dict[str, date]:
        """Enter active alerts, end the others, and return the first day of each active one."""
        day = today.isoformat()
        rows = self._db.execute(
            "SELECT key, number, since, seen, ended FROM raised "
            "WHERE reader = ? AND job = ? AND fingerprint = ?",
            scope,
        ).fetchall()
        known = {row[0]: row[1:] for row in rows}
        latest = max((row[3] for row in rows), default="")
        earlier = self._of_older_files(scope)
        since: dict[str, date] = {}
        fresh = [key for key in sorted(alerts) if key not in known]
        self._db.executemany(
            "INSERT INTO raised (reader, job, fingerprint, key, since, seen, customer, alert, "
            "ended) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)",
            [(*scope, key, earlier.get(key, day), day, *_written(alerts[key])) for key in fresh],
        )
        self._db.executemany(
            "INSERT INTO delivery SELECT number, '', ?, since, 1 FROM raised "
            "WHERE reader = ? AND job = ? AND fingerprint = ? AND key = ?",
            [(_DELIVERED, *scope, key) for key in fresh if key in earlier],
        )
        seen_again = []
        for key in sorted(alerts):
            first = earlier.get(key, day)
            if key in known:
                number, first, seen, ended = known[key]
                if ended and day > seen and key.partition(":")[0] not in ONCE:
                    # It had ended and is back, which is a new event.
                    first = day
                    self._db.execute("DELETE FROM delivery WHERE alert = ?", (number,))
                if day >= seen:
                    seen_again.append((first, day, *_written(alerts[key]), day, number))
            with self._db.decoding():
                since[key] = date.fromisoformat(first)
        self._db.executemany(
            "UPDATE raised SET since = ?, seen = ?, customer = ?, alert = ?, ended = "
            "ended AND seen = ? WHERE number = ?",
            seen_again,
        )
        if day >= latest:
            gone = [(known[key][0],) for key in sorted(known.keys() - alerts.keys())]
            self._db.executemany("UPDATE raised SET ended = 1 WHERE number = ?", gone)
        return since

    def _of_older_files(self, scope: tuple[str, str, str]) -> dict[str, str]:
        """Return the first days of alerts in a file of the second version, which has no jobs."""
        reader, _, fingerprint = scope
        shared = (reader, "", "" if reader == _READER else fingerprint)
        if scope == shared:
            return {}
        rows = self._db.execute(
            "SELECT key, since FROM raised WHERE reader = ? AND job = ? AND fingerprint = ? "
            "AND ended = 0",
            shared,
        )
        return dict(rows.fetchall())

    def _entries(
        self, job: str, fingerprint: str, *, also_ended: bool = True
    ) -> dict[str, RaisedAlert]:
        rows = self._db.execute(
            "SELECT key, since, seen, raised.alert, sink, state FROM raised "
            "LEFT JOIN delivery ON delivery.alert = number "
            "WHERE reader = ? AND job = ? AND fingerprint = ? AND ended <= ? ORDER BY number",
            (_READER, job, fingerprint, also_ended),
        )
        entries: dict[str, dict[str, Any]] = {}
        with self._db.decoding():
            for key, since, seen, written, sink, state in rows:
                entry = entries.setdefault(
                    key,
                    {
                        "since": date.fromisoformat(since),
                        "seen": date.fromisoformat(seen),
                        "alert": None if written is None else _alert_of(key, written),
                        "delivered": set(),
                        "waiting": set(),
                    },
                )
                if sink is not None:
                    entry["delivered" if state == _DELIVERED else "waiting"].add(sink)
        return {
            key: RaisedAlert(
                key=key,
                since=one["since"],
                seen=one["seen"],
                delivered=frozenset(one["delivered"]),
                waiting=frozenset(one["waiting"]),
                alert=one["alert"],
            )
            for key, one in entries.items()
        }

    def _set_states(
        self,
        job: str,
        fingerprint: str,
        keys_of: Mapping[str, Iterable[str]],
        today: date,
        state: str = _PENDING,
    ) -> None:
        tried = int(state != _PENDING)
        self._db.executemany(
            "INSERT INTO delivery SELECT number, ?, ?, ?, ? FROM raised "
            "WHERE reader = ? AND job = ? AND fingerprint = ? AND key = ? "
            "ON CONFLICT (alert, sink) DO UPDATE SET state = excluded.state, "
            "dated = excluded.dated, tries = tries + excluded.tries "
            "WHERE state <> 'delivered'",
            [
                (sink, state, today.isoformat(), tried, _READER, job, fingerprint, key)
                for sink, keys in keys_of.items()
                for key in sorted(keys)
            ],
        )

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


def _written(alert: Alert | None) -> tuple[str | int | None, str | None]:
    """Return the columns ``customer`` and ``alert`` of an alert."""
    return (None, None) if alert is None else (_customer_of(alert), _text_of(alert))


def _customer_of(alert: Alert) -> str | int:
    customer = alert.to_dict()["customer"]
    return customer if isinstance(customer, (str, int)) else str(customer)


def _text_of(alert: Alert) -> str:
    return json.dumps(alert.to_dict(), sort_keys=True, default=str)


def _alert_of(key: str, written: str) -> Alert | None:
    """Return a stored alert; None for one of another version."""
    try:
        return Alert(**{**parse_json(written), "key": key})
    except (TypeError, ValueError):
        return None

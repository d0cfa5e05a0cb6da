"""Totals over the snapshots and alerts of a job in a history."""

from __future__ import annotations

from datetime import date
from typing import Any

from abcxyz.core.analysis.past import AlertRecord, PastResult
from abcxyz.history.database import Database

__all__ = ["Results"]


class Results:
    """Methods of a history for totals over time."""

    _db: Database

    def past_results(
        self, fingerprint: str, *, job: str = "", until: date | None = None, most: int = 24
    ) -> tuple[PastResult, ...]:
        """Return the totals of the classes in the latest results of a job, the oldest first.

        Parameters
        ----------
        fingerprint
            Of the settings, because results of other settings cannot be compared.
        job
            Name of the job.
        until
            Date of the last result; None for the newest.
        most
            Largest number of results.
        """
        with self._db.mapped():
            rows = self._db.execute(
                "SELECT dated, abc, count(*), total(value) FROM ("
                "SELECT number, dated FROM snapshot WHERE job = ? AND fingerprint = ? "
                "AND dated <= ? ORDER BY dated DESC LIMIT ?) "
                "JOIN customer_state ON snapshot = number WHERE abc >= 0 AND xyz >= 0 "
                "GROUP BY number, abc ORDER BY dated, abc",
                (job, fingerprint, (until or date.max).isoformat(), most),
            ).fetchall()
        parts: dict[str, Any] = {}
        for dated, code, count, value in rows:
            counts, values = parts.setdefault(dated, ([0, 0, 0], [0.0, 0.0, 0.0]))
            counts[code], values[code] = count, value
        with self._db.decoding():
            return tuple(
                PastResult(dated=date.fromisoformat(dated), customers=(*counts,), value=(*values,))
                for dated, (counts, values) in parts.items()
            )

    def alert_record(self, fingerprint: str, *, job: str = "") -> AlertRecord | None:
        """Return what became of the alerts raised by the runs of a job; None without any.

        Parameters
        ----------
        fingerprint
            Of the settings of the runs.
        job
            Name of the job.

        Notes
        -----
        An order after the call is found in the job's newest snapshot, by the last day with one.
        """
        with self._db.mapped():
            row = self._db.execute(
                "WITH alerted AS (SELECT CAST(customer AS TEXT) AS who, min(since) AS since "
                "FROM raised WHERE reader = '' AND job = ?1 AND fingerprint = ?2 "
                "AND customer IS NOT NULL GROUP BY 1), "
                "reached AS (SELECT who, min(dated) AS called, max(outcome = 'ordered') AS said "
                "FROM alerted JOIN outcome ON outcome.customer = who AND dated >= since "
                "AND outcome.job IN ('', ?1) GROUP BY who), "
                "newest AS (SELECT number FROM snapshot WHERE job = ?1 AND fingerprint = ?2 "
                "ORDER BY dated DESC LIMIT 1) "
                "SELECT (SELECT min(since) FROM alerted), (SELECT count(*) FROM alerted), "
                "count(*), "
                "total(said OR coalesce(date(last_day * 86400, 'unixepoch') > called, 0)) "
                "FROM reached LEFT JOIN customer_state ON snapshot = (SELECT number FROM newest) "
                "AND customer_state.customer IN (who, CASE WHEN who GLOB '[0-9]*' "
                "AND who NOT GLOB '*[^0-9]*' THEN CAST(who AS INTEGER) END)",
                (job, fingerprint),
            ).fetchone()
        since, raised, reached, ordered = row
        if not raised:
            return None
        with self._db.decoding():
            return AlertRecord(
                since=date.fromisoformat(since),
                raised=raised,
                reached=reached,
                ordered=int(ordered),
            )

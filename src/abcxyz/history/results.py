"""Totals over the snapshots and alerts of a job in a history."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from abcxyz._arrays import freeze
from abcxyz.core.analysis.past import AlertRecord, PastClasses, PastResult, result_of
from abcxyz.core.dynamics.events import ABSENT
from abcxyz.core.snapshots.snapshot import Snapshot
from abcxyz.history.database import Database
from abcxyz.toolkit.parsing import parse_json

__all__ = ["Results", "hours_text", "totals_text"]


def totals_text(snapshot: Snapshot) -> str:
    """Return the totals of the classes of a snapshot as they are stored."""
    made = result_of(snapshot)
    return json.dumps([made.customers, made.value])


def hours_text(hours: Sequence[float] | None) -> str | None:
    """Return the hours by class as they are stored; None for none."""
    return None if hours is None else json.dumps(list(hours))


def _result(dated: str, totals: str, hours: str | None) -> PastResult:
    customers, value = parse_json(totals)
    a, b, c = (int(one) for one in customers)
    x, y, z = (float(one) for one in value)
    spent = None
    if hours is not None:
        p, q, r = (float(one) for one in parse_json(hours))
        spent = p, q, r
    return PastResult(
        dated=date.fromisoformat(dated), customers=(a, b, c), value=(x, y, z), hours=spent
    )


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
        with self._db.mapped(), self._db.decoding():
            rows = self._latest("dated, totals, hours", fingerprint, job, until, most)
            return tuple(_result(*row) for row in rows)

    def _latest(
        self, columns: str, fingerprint: str, job: str, until: date | None, most: int
    ) -> list[Any]:
        """Return columns of the latest snapshots of a job, the oldest first."""
        rows = self._db.execute(
            f"SELECT {columns} FROM snapshot WHERE job = ? AND fingerprint = ? "  # noqa: S608
            "AND dated <= ? ORDER BY dated DESC LIMIT ?",
            (job, fingerprint, (until or date.max).isoformat(), most),
        ).fetchall()
        return rows[::-1]

    def past_classes(
        self,
        customers: Sequence[Any],
        fingerprint: str,
        *,
        job: str = "",
        until: date,
        most: int = 24,
    ) -> PastClasses | None:
        """Return the segments of customers in the latest results of a job, the oldest first.

        Parameters
        ----------
        customers
            (n,) the customers.
        fingerprint, job, most
            As in `past_results`.
        until
            Date of the last result.

        Returns
        -------
        PastClasses or None
            None where there are fewer than two results.
        """
        place = {one: i for i, one in enumerate(customers)}
        with self._db.mapped(), self._db.decoding():
            found = self._latest("number, dated", fingerprint, job, until, most)
            if len(found) < 2:
                return None
            codes = np.full((len(found), len(place)), ABSENT, dtype=np.int8)
            for row, (number, _) in zip(codes, found, strict=True):
                for who, abc, xyz in self._db.execute(
                    "SELECT customer, abc, xyz FROM customer_state WHERE snapshot = ?", (number,)
                ):
                    at = place.get(who)
                    if at is not None:
                        row[at] = -1 if abc < 0 or xyz < 0 else 3 * abc + xyz
            dates = tuple(date.fromisoformat(dated) for _, dated in found)
            return PastClasses(dates=dates, codes=freeze(np.ascontiguousarray(codes.T)))

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

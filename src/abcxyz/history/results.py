"""Totals over the snapshots and alerts of a job in a history."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Any

import numpy as np

from abcxyz._arrays import Codes, freeze
from abcxyz.core.analysis.past import AlertRecord, PastClasses, PastResult, money_after, result_of
from abcxyz.core.dynamics.events import ABSENT
from abcxyz.core.sales.panel import Panel
from abcxyz.core.snapshots.snapshot import Snapshot
from abcxyz.history.database import Database
from abcxyz.history.packed.columns import numbers_in, read_arrays
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
        with self._db.mapped(), self._db.decoding():
            found = self._latest("number, dated, customers", fingerprint, job, until, most)
            if len(found) < 2:
                return None
            codes = np.empty((len(customers), len(found)), dtype=np.int8)
            columns = self._codes(found, customers, _segments, ("abc", "xyz"), ABSENT)
            for place, (_, column) in enumerate(columns):
                codes[:, place] = column
            dates = tuple(date.fromisoformat(dated) for _, dated, _ in found)
            return PastClasses(dates=dates, codes=freeze(codes))

    def abc_by_date(
        self,
        customers: Sequence[Any],
        fingerprint: str,
        *,
        job: str = "",
        until: date,
        most: int = 1000,
    ) -> dict[date, Codes]:
        """Return date -> (n,) ABC codes of customers, of the latest results of a job.

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
        dict
            Codes by date, the oldest first; -1 for a customer without a class or not listed.
        """
        with self._db.mapped(), self._db.decoding():
            found = self._latest("number, dated, customers", fingerprint, job, until, most)
            columns = self._codes(found, customers, np.asarray, ("abc",), -1)
            return {dated: freeze(column) for dated, column in columns}

    def _codes(
        self,
        found: Iterable[tuple[int, str, int]],
        customers: Sequence[Any],
        code: Callable[..., Codes],
        names: tuple[str, ...],
        absent: int,
    ) -> Iterator[tuple[date, Codes]]:
        """Yield date and (n,) codes of customers, made from columns of each snapshot found."""
        known = dict(self._db.execute("SELECT id, number FROM customer"))
        numbers = np.array([known.get(one, -1) for one in customers], dtype=np.int64)
        # One more, for the customers that the file does not know.
        states = np.empty(max(known.values(), default=-1) + 2, dtype=np.int8)
        for number, dated, count in found:
            listed, *columns = read_arrays(self._db, number, count, "customer", *names)
            states[:] = absent
            states[listed] = code(*columns)
            yield date.fromisoformat(dated), states[numbers]

    def alert_record(
        self, fingerprint: str, *, job: str = "", panel: Panel | None = None
    ) -> AlertRecord | None:
        """Return what became of the alerts raised by the runs of a job; None without any.

        Parameters
        ----------
        fingerprint
            Of the settings of the runs.
        job
            Name of the job.
        panel
            Sales of the newest result, for the money of the orders that followed; None without it.

        Notes
        -----
        An order after the call is found in the job's newest snapshot, by the last day with one.
        """
        with self._db.mapped(), self._db.decoding():
            rows = self._db.execute(
                "WITH alerted AS (SELECT CAST(customer AS TEXT) AS who, min(since) AS since "
                "FROM raised WHERE reader = '' AND job = ?1 AND fingerprint = ?2 "
                "AND customer IS NOT NULL GROUP BY 1) "
                "SELECT who, since, min(dated), max(outcome.outcome = 'ordered') "
                "FROM alerted LEFT JOIN outcome ON outcome.customer = who AND dated >= since "
                "AND outcome.job IN ('', ?1) GROUP BY who",
                (job, fingerprint),
            ).fetchall()
            if not rows:
                return None
            reached = {who: (called, said) for who, _, called, said in rows if called is not None}
            days = self._last_days(reached, fingerprint, job)
            calls = {who: date.fromisoformat(called) for who, (called, _) in reached.items()}
            followed, money = (0, 0.0) if panel is None else money_after(panel, calls)
            return AlertRecord(
                since=date.fromisoformat(min(since for _, since, _, _ in rows)),
                raised=len(rows),
                reached=len(reached),
                ordered=sum(
                    bool(said or any(one > called for one in days.get(who, ())))
                    for who, (called, said) in reached.items()
                ),
                followed=followed,
                money=money if followed else None,
            )

    def _last_days(
        self, customers: Iterable[str], fingerprint: str, job: str
    ) -> dict[str, list[str]]:
        """Return the day of the last order in a job's newest snapshot, by customer as text."""
        newest = self._latest("number, customers", fingerprint, job, None, 1)
        if not newest:
            return {}
        ids = [
            one
            for who in customers
            for one in (who, *([int(who)] if who.isascii() and who.isdecimal() else []))
        ]
        wanted = {number: str(one) for one, number in numbers_in(self._db, ids).items()}
        listed, last = read_arrays(self._db, *newest[0], "customer", "last_day")
        days: dict[str, list[str]] = {}
        for place in np.flatnonzero(np.isin(listed, [*wanted]) & ~np.isnan(last)).tolist():
            day = np.datetime64(int(last[place]), "D").item()
            days.setdefault(wanted[int(listed[place])], []).append(day.isoformat())
        return days


def _segments(abc: Codes, xyz: Codes) -> Codes:
    """Return the codes of segments, -1 without one."""
    codes: Codes = np.where((abc < 0) | (xyz < 0), -1, 3 * abc + xyz)
    return codes

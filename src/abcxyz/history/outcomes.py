"""Outcomes of calls in the history: add and list what became of them."""

from __future__ import annotations

from datetime import date

from abcxyz.core.advice.calls import CallOutcome
from abcxyz.errors import HistoryError
from abcxyz.history.database import Database

__all__ = ["Outcomes"]


class Outcomes:
    """Methods of a history for the outcomes of calls."""

    _db: Database

    def add_outcome(self, outcome: CallOutcome, *, job: str = "") -> bool:
        """Log what became of a call to a customer.

        Parameters
        ----------
        outcome
            The customer, the day, and one of ``called``, ``ordered`` and ``lost``.
        job
            Name of the job whose customer it is; without one, of every job in the file.

        Returns
        -------
        bool
            False where the same was logged before.

        Raises
        ------
        HistoryError
            The customer is in no snapshot and no alert of the file, or it cannot be written.
        """
        customer = str(outcome.customer)
        number = int(customer) if customer.isascii() and customer.isdecimal() else customer
        row = (job, customer, outcome.day.isoformat(), outcome.outcome)
        with self._db.writing():
            known = self._db.execute(
                "SELECT EXISTS (SELECT 1 FROM customer WHERE id IN (?, ?)) "
                "OR EXISTS (SELECT 1 FROM raised WHERE customer IN (?, ?) "
                "OR instr(key || ':', ':' || ? || ':') > 0)",
                (customer, number, customer, number, customer),
            ).fetchone()[0]
            if not known:
                raise HistoryError(
                    "the customer {customer!r} is in no snapshot and no alert of {file}; check "
                    "the identifier",
                    customer=customer,
                    file=str(self._db.path),
                )
            if self._db.execute(
                "SELECT 1 FROM outcome WHERE job = ? AND customer = ? AND dated = ? "
                "AND outcome = ?",
                row,
            ).fetchone():
                return False
            self._db.execute(
                "INSERT INTO outcome (job, customer, dated, outcome) VALUES (?, ?, ?, ?)", row
            )
        return True

    def outcomes(
        self, customer: str | int | None = None, *, job: str | None = None
    ) -> tuple[CallOutcome, ...]:
        """List the outcomes of calls, the oldest first.

        Parameters
        ----------
        customer
            Of one customer; None for all. Identifiers are text, as they were logged.
        job
            Of one job, by its name or the part of it before ``@``, and those logged without a
            job; None for all.
        """
        with self._db.mapped():
            rows = self._db.execute(
                "SELECT customer, dated, outcome FROM outcome "
                "WHERE (?1 IS NULL OR job IN ('', ?1, ?2)) AND (?3 IS NULL OR customer = ?3) "
                "ORDER BY dated, number",
                (job, job and job.partition("@")[0], None if customer is None else str(customer)),
            ).fetchall()
        with self._db.decoding():
            return tuple(
                CallOutcome(customer=who, day=date.fromisoformat(day), outcome=outcome)
                for who, day, outcome in rows
            )

"""Records that a history returns."""

from __future__ import annotations

from datetime import date
from typing import Any

from attrs import frozen

from abcxyz.core.sales.calendar import Window

__all__ = ["CustomerState", "SnapshotInfo"]


class _OfJob:
    __slots__ = ()
    job: str

    def is_of(self, job: str) -> bool:
        """Return whether a job saved it, by its name or the part of it before ``@``."""
        return job in (self.job, self.job.partition("@")[0])


@frozen(kw_only=True)
class SnapshotInfo(_OfJob):
    """Metadata of a stored snapshot.

    Parameters
    ----------
    number
        Number of the snapshot in the file.
    job
        Name of the job that saved it; empty where it was saved without one, as in Python or by
        an older version.
    dated, as_of, window, settings, fingerprint
        As in the snapshot.
    customers
        Number of its customers.
    forgotten
        How many more it had before they were erased.
    """

    number: int
    job: str
    dated: date
    as_of: date
    window: Window
    fingerprint: str
    customers: int
    settings: dict[str, Any]
    forgotten: int = 0


@frozen(kw_only=True)
class CustomerState(_OfJob):
    """State of one customer on one date."""

    job: str
    dated: date
    fingerprint: str
    segment: str
    steady_segment: str
    value: float | int | None
    cv: float | None
    orders: int
    last_day: date | None

"""Snapshots of a history as plain tables, for SQL and for tools of analysts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date
from os import PathLike
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from abcxyz._arrays import Days
from abcxyz.core.sales.calendar import Periods, Window
from abcxyz.history.database import write_database
from abcxyz.history.details import Details
from abcxyz.history.rows import segment_of
from abcxyz.history.upkeep import Upkeep

__all__ = ["Export"]

_TABLES = """
CREATE TABLE customer_history (
    job TEXT, dated TEXT, fingerprint TEXT, customer, segment TEXT, steady_segment TEXT,
    value NUMERIC, cv REAL, orders INTEGER, first_day TEXT, last_day TEXT
);
CREATE TABLE customer_sales (
    job TEXT, dated TEXT, fingerprint TEXT, customer, owner TEXT, bucket INTEGER, since TEXT,
    amount NUMERIC
);
"""
_INDEXES = """
CREATE INDEX customer_history_customer ON customer_history (customer, dated);
CREATE INDEX customer_sales_customer ON customer_sales (customer, since);
CREATE INDEX customer_sales_dated ON customer_sales (dated);
"""


class Export(Upkeep):
    """Method of a history that writes its snapshots as tables."""

    def export(self, target: str | PathLike[str], *, since: date | None = None) -> Path:
        """Write a SQLite file with a row per customer and snapshot, and per bucket with sales.

        Parameters
        ----------
        target
            The file, which is replaced; it is whole or not there.
        since
            Date of the first snapshot; None for all. All of them together take some ten times as
            much room as in the history.

        Returns
        -------
        pathlib.Path
            The file. Its table ``customer_history`` has classes, value and days of orders, its
            table ``customer_sales`` owners and the value of each bucket.

        Raises
        ------
        HistoryError
            A snapshot is damaged, or the file cannot be written.
        """

        def fill(copy: sqlite3.Connection) -> None:
            copy.execute("PRAGMA journal_mode = OFF")
            copy.executescript(_TABLES)
            for number, *key, begin, until, bucket in stored:
                columns, details = self._verified(number), self._checked_details(number)
                copy.executemany(
                    "INSERT INTO customer_history VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    _states(key, columns),
                )
                window = Window(date.fromisoformat(begin), date.fromisoformat(until))
                if details is not None:
                    copy.executemany(
                        "INSERT INTO customer_sales VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                        _sales(key, columns, details, Periods.over(window, bucket)),
                    )
            copy.executescript(_INDEXES)
            copy.commit()

        with self._db.decoding(), self._db.reading():
            stored = self._db.execute(
                "SELECT number, job, dated, fingerprint, since, until, bucket FROM snapshot "
                "WHERE dated >= ? ORDER BY dated, number",
                ("" if since is None else since.isoformat(),),
            ).fetchall()
            return write_database(target, fill)


def _states(key: list[Any], columns: SimpleNamespace) -> Iterator[tuple[Any, ...]]:
    codes = (columns.abc, columns.xyz, columns.steady_abc, columns.steady_xyz)
    rows = zip(
        columns.customers.tolist(),
        *(one.tolist() for one in codes),
        columns.value.tolist(),
        columns.cv.tolist(),
        columns.orders.tolist(),
        _written(columns.first_day),
        _written(columns.last_day),
        strict=True,
    )
    for who, abc, xyz, steady_abc, steady_xyz, *rest in rows:
        yield (*key, who, segment_of(abc, xyz), segment_of(steady_abc, steady_xyz), *rest)


def _sales(
    key: list[Any], columns: SimpleNamespace, details: Details, periods: Periods
) -> Iterator[tuple[Any, ...]]:
    sales = np.nan_to_num(details.sales) if details.sales.dtype.kind == "f" else details.sales
    customers = columns.customers.tolist()
    begins = [one.isoformat() for one in periods.edges[:-1]]
    rows, buckets = np.nonzero(sales)
    amounts = sales[rows, buckets].tolist()
    for i, k, amount in zip(rows.tolist(), buckets.tolist(), amounts, strict=True):
        yield (*key, customers[i], details.owners[i] or None, k + 1, begins[k], amount)


def _written(days: Days) -> list[str | None]:
    return [None if one is None else one.isoformat() for one in days.astype("M8[D]").tolist()]

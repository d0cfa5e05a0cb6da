"""Read cost: estimated requests and bytes of reading a window."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import attrs
from attrs import frozen

from abcxyz import Window
from abcxyz_onec.odata.client import Client
from abcxyz_onec.odata.paging import (
    FIRST_PAGE,
    FIRST_WINDOW,
    PAGES_IN_WINDOW,
    between,
    count,
    count_by_bisection,
    rows_per_page,
    sample,
    served_count,
    virtual,
)
from abcxyz_onec.odata.query import Query, both
from abcxyz_onec.sales.records import Records
from abcxyz_onec.sales.turnovers import Turnovers

__all__ = [
    "ReadCost",
    "cost_of_records",
    "cost_of_table",
    "cost_of_turnovers",
    "pages_of_window",
]

_SAMPLE = 200  # rows to measure the bytes of a row
_DAYS = 7  # days of each of three periods counted by bisection


@frozen
class ReadCost:
    """Requests, bytes and rows of one way to read."""

    read: str
    requests: int
    bytes: int
    rows: int


def pages_of_window(rows: int, per_page: int) -> int:
    """Return the number of requests for *rows* rows of one window.

    The first page is small, to measure a row; a full last page is followed by an empty one.

    Examples
    --------
    >>> pages_of_window(0, 1000), pages_of_window(19, 1000), pages_of_window(20, 1000)
    (1, 1, 2)
    >>> pages_of_window(1019, 1000), pages_of_window(1020, 1000)
    (2, 3)
    """
    return 1 if rows < FIRST_PAGE else 2 + (rows - FIRST_PAGE) // per_page


def _spread(rows: int, days: int, per_page: int) -> Iterator[tuple[int, int]]:
    """Yield requests and rows of each window, with rows spread evenly over the days."""
    step, done = FIRST_WINDOW, 0
    while done < days:
        length = min(step, days - done)
        inside = rows * (done + length) // days - rows * done // days
        pages = pages_of_window(inside, per_page)
        if pages > PAGES_IN_WINDOW + 1 and length > 1:
            # Reading stops after so many pages, and the window is cut in three.
            yield PAGES_IN_WINDOW + 1, FIRST_PAGE + PAGES_IN_WINDOW * (per_page + 1)
            step = max(1, length // 3)
            continue
        # Each later page repeats one row; the check of a window reads its last one.
        yield pages + 1, inside + pages - 1
        done += length


def cost_of_table(client: Client, query: Query) -> ReadCost:
    """Estimate the cost of reading a whole set."""
    rows = count(client, query)
    sampled, weight = sample(client, query, _SAMPLE) if rows else (1, 0)
    each = weight / sampled
    pages = pages_of_window(rows, rows_per_page(client.page_bytes, max(1.0, each)))
    return ReadCost(query.entity, pages, round((rows + pages - 1) * each), rows)


def cost_of_records(client: Client, reader: Records, window: Window) -> ReadCost:
    """Estimate the cost of flat records from a count of rows and a sample.

    Notes
    -----
    Assumes that rows have the size of the first ones and are spread evenly over the days; where
    the base does not count, their number is extrapolated from three weeks.
    """
    query = attrs.evolve(
        reader.query,
        where=both(between("Period", window.since, window.until), reader.query.where),
    )
    served = served_count(client, query)
    rows = _extrapolated(client, reader, window) if served is None else served
    sampled, weight = sample(client, query, _SAMPLE) if rows else (1, 0)
    each = weight / max(1, sampled)
    per_page = rows_per_page(client.page_bytes, max(1.0, each))
    spread = list(_spread(rows, window.days, per_page))
    requests, moved = (sum(several) for several in zip(*spread, strict=True))
    return ReadCost("records", requests, round(moved * each), rows)


def _extrapolated(client: Client, reader: Records, window: Window) -> int:
    """Count days at the beginning, the middle and the end, and scale up."""
    days = max(1, min(_DAYS, window.days // 3))
    starts = {window.since + timedelta(days=n * (window.days - days) // 2) for n in range(3)}
    rows = 0
    for start in starts:
        where = both(between("Period", start, start + timedelta(days=days)), reader.query.where)
        rows += count_by_bisection(client, attrs.evolve(reader.query, where=where))
    return round(rows * window.days / (days * len(starts)))


def cost_of_turnovers(client: Client, reader: Turnovers, window: Window) -> ReadCost:
    """Estimate the cost of turnovers from one sub-period in the middle.

    Notes
    -----
    The sums of the whole window are read once more, to check those of its sub-periods.
    """
    periods = reader.sub_periods(window.since, window.until)
    start, stop = periods[len(periods) // 2]
    before = client.traffic.bytes
    rows = len(virtual(client, reader.query(start, stop)))
    weight = client.traffic.bytes - before
    requests = len(periods) + (len(periods) > 1)
    moved = weight * requests
    if reader.orders is not None:
        for query, name in reader.orders.dated_queries():
            within = both(between(name, window.since, window.until), query.where)
            documents = cost_of_table(client, attrs.evolve(query, where=within))
            fewest = sum(-((start - stop).days // FIRST_WINDOW) for start, stop in periods)
            requests += max(documents.requests, fewest)
            moved += documents.bytes
    return ReadCost("turnovers", requests, moved, rows * len(periods))

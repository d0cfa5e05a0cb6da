"""Estimated requests and bytes of reading a window."""

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
    count_by_halving,
    rows_per_page,
    sample,
    served_count,
    virtual,
)
from abcxyz_onec.odata.query import Query, both
from abcxyz_onec.sales.records import Records
from abcxyz_onec.sales.turnovers import Turnovers

__all__ = ["Cost", "cost_of_records", "cost_of_table", "cost_of_turnovers", "pages_of_window"]

_SAMPLE = 200  # rows to weigh
_DAYS = 7  # to count by halving, three times


@frozen
class Cost:
    """Requests and bytes of one way to read; *rows* is how many rows come."""

    read: str
    requests: int
    bytes: int
    rows: int


def pages_of_window(rows: int, per_page: int) -> int:
    """Count the requests for so many rows of one window.

    The first page is small and tells the weight; a full last page needs one more to see the end.

    Examples
    --------
    >>> pages_of_window(0, 1000), pages_of_window(19, 1000), pages_of_window(20, 1000)
    (1, 1, 2)
    >>> pages_of_window(1019, 1000), pages_of_window(1020, 1000)
    (2, 3)
    """
    return 1 if rows < FIRST_PAGE else 2 + (rows - FIRST_PAGE) // per_page


def _spread(rows: int, days: int, per_page: int) -> Iterator[tuple[int, int]]:
    """Yield requests and rows of each window, rows being spread evenly over the days."""
    step, done = FIRST_WINDOW, 0
    while done < days:
        length = min(step, days - done)
        inside = rows * (done + length) // days - rows * done // days
        pages = pages_of_window(inside, per_page)
        if pages > PAGES_IN_WINDOW + 1 and length > 1:
            # Too long a window is given up after so many pages, and cut in three.
            yield PAGES_IN_WINDOW + 1, FIRST_PAGE + PAGES_IN_WINDOW * (per_page + 1)
            step = max(1, length // 3)
            continue
        yield pages, inside + pages - 1  # a further page begins with a row seen before
        done += length


def cost_of_table(client: Client, query: Query) -> Cost:
    """Count and weigh a set that is read whole."""
    rows = count(client, query)
    found, weight = sample(client, query, _SAMPLE) if rows else (1, 0)
    each = weight / found
    pages = pages_of_window(rows, rows_per_page(client.page_bytes, max(1.0, each)))
    return Cost(query.entity, pages, round((rows + pages - 1) * each), rows)


def cost_of_records(client: Client, reader: Records, window: Window) -> Cost:
    """Count the rows of the window, weigh some of them, and add up the pages.

    Notes
    -----
    Exact but for this: rows are taken to weigh what the first ones weigh, and to be spread evenly
    over the days; where the base does not count, their number is that of three weeks scaled up.
    """
    asked = attrs.evolve(
        reader.query,
        where=both(between("Period", window.since, window.until), reader.query.where),
    )
    served = served_count(client, asked)
    rows = _extrapolated(client, reader, window) if served is None else served
    found, weight = sample(client, asked, _SAMPLE) if rows else (1, 0)
    each = weight / max(1, found)
    per_page = rows_per_page(client.page_bytes, max(1.0, each))
    spread = list(_spread(rows, window.days, per_page))
    requests, moved = (sum(several) for several in zip(*spread, strict=True))
    return Cost("records", requests, round(moved * each), rows)


def _extrapolated(client: Client, reader: Records, window: Window) -> int:
    """Count some days in the beginning, the middle and the end, where the base does not count."""
    days = max(1, min(_DAYS, window.days // 3))
    starts = {window.since + timedelta(days=n * (window.days - days) // 2) for n in range(3)}
    found = 0
    for start in starts:
        where = both(between("Period", start, start + timedelta(days=days)), reader.query.where)
        found += count_by_halving(client, attrs.evolve(reader.query, where=where))
    return round(found * window.days / (days * len(starts)))


def cost_of_turnovers(client: Client, reader: Turnovers, window: Window) -> Cost:
    """Ask for one sub-period in the middle, and take all others to weigh the same."""
    stretches = reader.stretches(window.since, window.until)
    start, stop = stretches[len(stretches) // 2]
    before = client.traffic.bytes
    rows = len(virtual(client, reader.query(start, stop)))
    weight = client.traffic.bytes - before
    return Cost("turnovers", len(stretches), weight * len(stretches), rows * len(stretches))

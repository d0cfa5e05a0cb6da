"""Pagination of sets and of windows of dates; counting and sampling of rows."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

import attrs
from attrs import frozen

from abcxyz.errors import AbcxyzWarning, UnavailableError
from abcxyz_onec.odata.answers import decode
from abcxyz_onec.odata.client import Client, Row
from abcxyz_onec.odata.errors import HiddenRowsError, ShiftedError
from abcxyz_onec.odata.query import Query, both, moment

__all__ = [
    "FIRST_PAGE",
    "FIRST_WINDOW",
    "PAGES_IN_WINDOW",
    "Reducer",
    "Stretch",
    "between",
    "count",
    "count_by_bisection",
    "hides_rows",
    "is_current",
    "sample",
    "served_count",
    "table",
    "virtual",
    "windows",
]

T = TypeVar("T")
S = TypeVar("S", covariant=True)

FIRST_PAGE = 20  # rows, to measure the bytes of a row
FIRST_WINDOW = 30  # days
MOST_ROWS = 100_000
PAGES_IN_WINDOW = 10
_AGAIN = 3  # attempts to read a set that changes while it is read


class Reducer(Protocol[S]):
    """Reduces the pages of one window to small results."""

    def add(self, rows: list[Row]) -> S:
        """Add a page; return the result of the rows that are complete."""

    def close(self) -> S:
        """Return the result of the remaining rows."""


@frozen(eq=False)
class Stretch(Generic[T]):
    """Results of the rows dated ``since <= day < until``.

    *rows* is their number, and *last* the key of the last one.
    """

    since: date
    until: date
    results: list[T]
    rows: int
    last: str


class _TooManyPagesError(Exception):
    """A window needs more pages than `$skip` can afford."""


def between(name: str, since: date, until: date) -> str:
    """Return the filter of a half-open range of days.

    Examples
    --------
    >>> between("Date", date(2026, 1, 1), date(2026, 2, 1))
    "Date ge datetime'2026-01-01T00:00:00' and Date lt datetime'2026-02-01T00:00:00'"
    """
    midnight = datetime.min.time()
    return both(
        f"{name} ge {moment(datetime.combine(since, midnight))}",
        f"{name} lt {moment(datetime.combine(until, midnight))}",
    )


def rows_of(body: bytes) -> list[Row]:
    """Decode the rows of an answer."""
    rows: list[Row] = decode(body, collection=True)["value"]
    return rows


def table(client: Client, query: Query) -> list[Row]:
    """Read a whole set, ordered by its key, numbers as Decimal.

    Raises
    ------
    ShiftedError
        It changed during each attempt to read it.
    """
    query = client.checked(query)
    return _retry_shifted(lambda: [row for page in _pages(client, query) for row in page])


def windows(
    client: Client,
    query: Query,
    name: str,
    since: date,
    until: date,
    make: Callable[[], Reducer[T]],
) -> Iterator[Stretch[T]]:
    """Read rows dated ``since <= name < until``, in windows short enough for 1C.

    Parameters
    ----------
    client
        Client of the base.
    query
        Query without the dates.
    name
        Name of the date field.
    since, until
        First day, and the day after the last, in the server's time zone.
    make
        Makes a reducer for each window; the pages themselves are not stored.

    Yields
    ------
    Stretch
        The results of the reducer for one window.
    """
    query = client.checked(query)
    step = FIRST_WINDOW
    start = since
    while start < until:
        stop = min(until, start + timedelta(days=step))
        one = attrs.evolve(query, where=both(between(name, start, stop), query.where))
        try:
            pages = _window(client, one, make, longer=(stop - start).days > 1)
        except (_TooManyPagesError, UnavailableError, ShiftedError):
            # A window that is too large, or is being written to, is cut in three; later ones stay
            # that short.
            if (stop - start).days <= 1:
                raise
            step = max(1, (stop - start).days // 3)
            continue
        yield Stretch(start, stop, *pages)
        start = stop


def _window(
    client: Client, query: Query, make: Callable[[], Reducer[T]], *, longer: bool
) -> tuple[list[T], int, str]:
    key = client.metadata().sets[query.entity].key

    def read() -> tuple[list[T], int, str]:
        reducer = make()
        most = PAGES_IN_WINDOW if longer else None
        results, rows, last = [], 0, ""
        for page in _pages(client, query, most):
            results.append(reducer.add(page))
            rows += len(page)
            last = _joined(page[-1], key) if page else last
        return [*results, reducer.close()], rows, last

    return _retry_shifted(read)


def _joined(row: Row, key: tuple[str, ...]) -> str:
    return " ".join(str(row.get(name)) for name in key)


def is_current(client: Client, query: Query, name: str, stretch: Stretch[Any]) -> bool:
    """Return whether the rows of a stretch are as many as were read, with the same last one.

    Notes
    -----
    One request of at most two rows: an object that was added, removed or dated otherwise since
    the read changes the number of rows in its window.
    """
    key = client.metadata().sets[query.entity].key
    where = both(between(name, stretch.since, stretch.until), query.where)
    order = _total_order(query, key)
    small = attrs.evolve(client.checked(query), select=key, where=where, orderby=order)
    expected = [stretch.last] if stretch.rows else []
    rows = _read_page(client, small.page(2, max(0, stretch.rows - 1)))
    return [_joined(row, key) for row in rows] == expected


def _total_order(query: Query, key: tuple[str, ...]) -> tuple[str, ...]:
    return (*query.orderby, *(each for each in key if each not in query.orderby))


def _retry_shifted(read: Callable[[], T]) -> T:
    for left in range(_AGAIN - 1, -1, -1):
        try:
            return read()
        except ShiftedError:
            if not left:
                raise
    raise AssertionError("unreachable")


def _pages(client: Client, query: Query, most: int | None = None) -> Iterator[list[Row]]:
    """Yield pages; each begins with the last row of the previous one.

    `$skip` reads no snapshot: a row added or removed before the offset shifts all later rows. The
    overlapping row and repeated keys detect such a shift.
    """
    key = client.metadata().sets[query.entity].key
    order = _total_order(query, key)
    select = tuple(dict.fromkeys((*query.select, *key))) if query.select else ()
    query = attrs.evolve(query, orderby=order, select=select)
    seen: set[int] = set()
    read = pages = 0
    last: tuple[str, ...] | None = None
    top = FIRST_PAGE
    while True:
        if most is not None and pages > most:
            raise _TooManyPagesError
        again = 1 if last else 0
        before = client.traffic.bytes
        page = _read_page(client, query.page(top + again, read - again))
        keys = [tuple([str(row.get(name)) for name in key]) for row in page]
        weight = max(1, (client.traffic.bytes - before) // max(1, len(page)))
        if last and (not keys or keys[0] != last):
            raise _shifted(query.entity)
        del page[:again], keys[:again]
        read += len(page)
        pages += 1
        seen.update(map(hash, keys))
        if len(seen) != read:
            raise _shifted(query.entity)
        full = len(page) == top
        yield page
        if not full:
            return
        last = keys[-1]
        top = rows_per_page(client.page_bytes, weight)


def _read_page(client: Client, query: Query) -> list[Row]:
    """Read a page; without hidden rows where that is allowed and 1C refuses the full page.

    Only a request without ``allowedOnly`` shows that rows are hidden. All rows of the pages read
    so are visible, so offsets stay right when a later page needs ``allowedOnly``.
    """
    if query.entity not in client.restricted:
        try:
            return client.get(query.path(), query.entity, rows_of)
        except HiddenRowsError:
            if not client.allowed_only:
                raise
        _note_hidden_rows(client, query.entity)
    visible = attrs.evolve(query, allowed_only=True)
    return client.get(visible.path(), query.entity, rows_of)


def _note_hidden_rows(client: Client, entity: str) -> None:
    client.restricted.add(entity)
    warnings.warn(
        AbcxyzWarning(
            "{what} has rows that the user of 1C may not see; they are left out, and the "
            "classes of all others shift: give the user full reading rights",
            what=entity,
        ),
        stacklevel=3,
    )


def hides_rows(client: Client, query: Query) -> bool:
    """Return whether the user may not see some rows of a set, or none of them."""
    query = client.checked(query)
    try:
        client.get(query.page(FIRST_PAGE, 0).path(), query.entity, rows_of)
    except HiddenRowsError:
        return True
    return False


def rows_per_page(page_bytes: int, weight: float) -> int:
    """Return the number of rows in a page of *page_bytes*, at *weight* bytes a row."""
    return int(min(MOST_ROWS, max(FIRST_PAGE, page_bytes // weight)))


def _shifted(entity: str) -> ShiftedError:
    return ShiftedError(
        "{what} changed while it was being read; run again when nobody works in it", what=entity
    )


def count(client: Client, query: Query) -> int:
    """Count rows without reading them: by ``/$count`` where served, else by bisection."""
    served = served_count(client, query)
    return count_by_bisection(client, query) if served is None else served


def served_count(client: Client, query: Query) -> int | None:
    """Return the count of ``/$count``; None where the base does not serve it."""
    query = client.checked(query)
    answer = client.send("GET", query.count())
    text = answer.body.decode("utf-8-sig", errors="replace").strip()
    return int(text) if answer.status == 200 and text.isascii() and text.isdigit() else None


def count_by_bisection(client: Client, query: Query) -> int:
    """Count by bisection: single rows at an offset, some 2 log2(n) requests.

    Notes
    -----
    An offset of millions is slow in 1C: count a part of such a set.
    """
    query = client.checked(query)
    key = client.metadata().sets[query.entity].key
    query = attrs.evolve(query, select=key, orderby=query.orderby or key)

    def exists(offset: int) -> bool:
        return bool(_read_page(client, query.page(1, offset)))

    low, high = 0, 1
    while exists(high - 1):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if exists(middle - 1) else (low, middle)
    return low


def sample(client: Client, query: Query, top: int) -> tuple[int, int]:
    """Read the first *top* rows; return their number and their size in bytes."""
    query = client.checked(query)
    before = client.traffic.bytes
    rows = _read_page(client, query.page(top, 0))
    return len(rows), client.traffic.bytes - before


def virtual(client: Client, query: Query) -> list[Row]:
    """Read a whole virtual table; without hidden rows where that is allowed and served.

    Raises
    ------
    HiddenRowsError
        Some rows are hidden from the user, and are not allowed to be, or the base cannot leave
        them out of a virtual table.
    """
    query = client.checked(query)
    if query.entity not in client.restricted:
        try:
            return client.get(query.path(), query.entity, rows_of, slow=True)
        except HiddenRowsError:
            if not client.allowed_only:
                raise
    visible = attrs.evolve(query, allowed_only=True)
    rows = client.get(visible.path(), query.entity, rows_of, slow=True)
    if query.entity not in client.restricted:
        _note_hidden_rows(client, query.entity)
    return rows

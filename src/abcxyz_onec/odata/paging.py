"""Pagination of whole sets without a snapshot."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Protocol, TypeVar

import attrs

from abcxyz.errors import AbcxyzWarning, UnavailableError
from abcxyz_onec.odata.answers import decode
from abcxyz_onec.odata.client import Client, Row
from abcxyz_onec.odata.errors import HiddenRowsError, ShiftedError
from abcxyz_onec.odata.query import Query, both, moment

__all__ = [
    "FIRST_PAGE",
    "FIRST_WINDOW",
    "PAGES_IN_WINDOW",
    "Folder",
    "between",
    "count",
    "count_by_halving",
    "sample",
    "served_count",
    "table",
    "virtual",
    "windows",
]

T = TypeVar("T")
S = TypeVar("S", covariant=True)

FIRST_PAGE = 20  # rows, which tell how much a row weighs
FIRST_WINDOW = 30  # days
MOST_ROWS = 100_000
PAGES_IN_WINDOW = 10
_AGAIN = 3  # how often a set that changes under our hands is read


class Folder(Protocol[S]):
    """Makes something small of the pages of one window."""

    def add(self, rows: list[Row]) -> S:
        """Take a page."""

    def close(self) -> S:
        """Give what is left."""


class _TooManyPagesError(Exception):
    """A window needs more pages than `$skip` can afford."""


def between(name: str, since: date, until: date) -> str:
    """Write a half-open range of days, whole seconds on both ends.

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
    """Read the rows of an answer."""
    found: list[Row] = decode(body, collection=True)["value"]
    return found


def table(client: Client, query: Query) -> list[Row]:
    """Read a set whole, ordered by its key, numbers as Decimal.

    Raises
    ------
    ShiftedError
        It changed under our hands time and again.
    """
    query = client.checked(query)
    return _steadily(lambda: [row for page in _pages(client, query) for row in page])


def windows(
    client: Client,
    query: Query,
    name: str,
    since: date,
    until: date,
    make: Callable[[], Folder[T]],
) -> Iterator[tuple[date, date, list[T]]]:
    """Read the rows dated ``since <= name < until``, in windows short enough for 1C.

    Parameters
    ----------
    client
        The base.
    query
        Without the dates.
    name
        Field of the date.
    since, until
        Half-open, midnight of the server's clock.
    make
        Makes a folder for each window, which makes something small of its pages; the pages
        themselves are not kept.

    Yields
    ------
    tuple
        First day, day after the last, and what the folder made of the pages of one window.
    """
    query = client.checked(query)
    step = FIRST_WINDOW
    start = since
    while start < until:
        stop = min(until, start + timedelta(days=step))
        one = attrs.evolve(query, where=both(between(name, start, stop), query.where))
        try:
            folded = _window(client, one, make, longer=(stop - start).days > 1)
        except (_TooManyPagesError, UnavailableError, ShiftedError):
            # What 1C cannot manage, or others write into, is cut in three and stays short.
            if (stop - start).days <= 1:
                raise
            step = max(1, (stop - start).days // 3)
            continue
        yield start, stop, folded
        start = stop


def _window(
    client: Client, query: Query, make: Callable[[], Folder[T]], *, longer: bool
) -> list[T]:
    def read() -> list[T]:
        folder = make()
        most = PAGES_IN_WINDOW if longer else None
        return [*(folder.add(page) for page in _pages(client, query, most)), folder.close()]

    return _steadily(read)


def _steadily(read: Callable[[], T]) -> T:
    for left in range(_AGAIN - 1, -1, -1):
        try:
            return read()
        except ShiftedError:
            if not left:
                raise
    raise AssertionError("unreachable")


def _pages(client: Client, query: Query, most: int | None = None) -> Iterator[list[Row]]:
    """Yield pages; every next one begins with the last row of the one before.

    `$skip` is no snapshot: rows that come or go in front of the place move everything behind it.
    The row seen twice tells; so does a key that comes again.
    """
    key = client.metadata().sets[query.entity].key
    order = (*query.orderby, *(name for name in key if name not in query.orderby))
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
        asked = query.page(top + again, read - again)
        page = _ask(client, asked)
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


def _ask(client: Client, query: Query) -> list[Row]:
    """Get a page; leave out hidden rows where that is allowed and 1C does not answer without.

    Asking plainly first is the only way to know that something is hidden. Rows up to a page that
    was answered plainly are all visible, so the places stay right when the veil falls later.
    """
    if query.entity not in client.restricted:
        try:
            return client.get(query.path(), query.entity, rows_of)
        except HiddenRowsError:
            if not client.allowed_only:
                raise
        client.restricted.add(query.entity)
        warnings.warn(
            AbcxyzWarning(
                "{what} has rows that the user of 1C may not see; they are left out, and the "
                "classes of all others shift: give the user full reading rights",
                what=query.entity,
            ),
            stacklevel=2,
        )
    visible = attrs.evolve(query, allowed_only=True)
    return client.get(visible.path(), query.entity, rows_of)


def rows_per_page(page_bytes: int, weight: float) -> int:
    """Say how many rows of so many bytes make a page."""
    return int(min(MOST_ROWS, max(FIRST_PAGE, page_bytes // weight)))


def _shifted(entity: str) -> ShiftedError:
    return ShiftedError(
        "{what} changed while it was being read; run again when nobody works in it", what=entity
    )


def count(client: Client, query: Query) -> int:
    """Count rows without reading them: ``/$count`` where it is served, else by halving."""
    served = served_count(client, query)
    return count_by_halving(client, query) if served is None else served


def served_count(client: Client, query: Query) -> int | None:
    """Ask the base to count; None where it does not."""
    query = client.checked(query)
    answer = client.send("GET", query.count())
    text = answer.body.decode("utf-8-sig", errors="replace").strip()
    return int(text) if answer.status == 200 and text.isascii() and text.isdigit() else None


def count_by_halving(client: Client, query: Query) -> int:
    """Count by asking for one row at a depth, some 2 log2(n) times.

    Notes
    -----
    A depth of millions is slow in 1C: count a part of such a set.
    """
    query = client.checked(query)
    key = client.metadata().sets[query.entity].key
    query = attrs.evolve(query, select=key, orderby=query.orderby or key)

    def there(place: int) -> bool:
        return bool(_ask(client, query.page(1, place)))

    low, high = 0, 1
    while there(high - 1):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if there(middle - 1) else (low, middle)
    return low


def sample(client: Client, query: Query, top: int) -> tuple[int, int]:
    """Read the first rows of a set; answer how many there were, and what they weigh in bytes."""
    query = client.checked(query)
    before = client.traffic.bytes
    found = _ask(client, query.page(top, 0))
    return len(found), client.traffic.bytes - before


def virtual(client: Client, query: Query) -> list[Row]:
    """Ask a virtual table, whole."""
    query = client.checked(query)
    return client.get(query.path(), query.entity, rows_of, slow=True)

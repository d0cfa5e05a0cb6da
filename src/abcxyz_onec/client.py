"""A base of 1C: its description, its pages, its objects."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import attrs
from attrs import define, field

from abcxyz.errors import BadDataError, ConfigError, UnavailableError
from abcxyz_onec import metadata as description
from abcxyz_onec.answers import UnknownNameError, decode, failure
from abcxyz_onec.metadata import Metadata
from abcxyz_onec.query import Query, both, guid, moment
from abcxyz_onec.wire import Answer, Requests, Transport

__all__ = ["Client", "Traffic", "connect"]

Row = dict[str, Any]

_PROBE = 20  # rows of the first page, which tells how much a row weighs
_MAX_ROWS = 100_000
_FIRST_WINDOW = 30  # days
_PAGES_IN_WINDOW = 10
_SLOW = 300.0  # seconds for $metadata and virtual tables
_PATIENCE = (1.0, 3.0, 9.0)  # seconds before the second, third and fourth try


@define
class Traffic:
    """What was asked so far."""

    requests: int = 0
    bytes: int = 0
    writes: int = 0


@define
class Client:
    """Ask one base, one request at a time.

    Parameters
    ----------
    url
        Up to ``…/odata/standard.odata``.
    user
        Only to name the cache.
    transport
        Sends one request.
    cache
        Folder for ``$metadata``; ``None`` keeps nothing.
    allowed_only
        Leave out what the user may not see, in silence.
    timeout
        Seconds to wait for an ordinary answer; the first one after idling may take 40.
    page_bytes
        What a page should weigh.
    sleep
        Waits some seconds.
    """

    url: str
    user: str = field(repr=False)
    transport: Transport = field(repr=False)
    cache: Path | None = None
    allowed_only: bool = False
    timeout: float = 120.0
    page_bytes: int = 32 << 20
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    traffic: Traffic = field(factory=Traffic)
    _metadata: Metadata | None = field(default=None, init=False, repr=False)

    # -- one request -------------------------------------------------------------------------

    def _send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        timeout: float | None = None,
    ) -> Answer:
        self.traffic.requests += 1
        answer = self.transport.send(
            method,
            f"{self.url}/{path}",
            body=body,
            headers=headers,
            timeout=timeout or self.timeout,
        )
        self.traffic.bytes += len(answer.body)
        return answer

    def _get(self, path: str, what: str, *, collection: bool, slow: bool = False) -> Any:
        """GET until it succeeds, or patience ends, or trying again is pointless."""
        for pause in (*_PATIENCE, None):
            try:
                answer = self._send("GET", path, timeout=_SLOW if slow else None)
                if answer.status != 200:
                    raise self._failed(answer, what)
                return decode(answer.body, collection=collection)
            except UnavailableError as problem:
                if pause is None or problem.details.get("status") == 403:
                    raise
                self.sleep(pause)
        raise AssertionError("unreachable")

    def _failed(self, answer: Answer, what: str) -> Exception:
        problem = failure(answer.status, answer.body, what)
        if isinstance(problem, UnknownNameError):
            self.forget()
        return problem

    # -- the description ---------------------------------------------------------------------

    def metadata(self) -> Metadata:
        """Read ``$metadata``, from the cache where it is there.

        Notes
        -----
        14 to 17 MB and some 20 seconds on a real base, hence the cache. It is dropped as soon as
        1C does not know a name that the cache knows.
        """
        if self._metadata is None and self.cache is not None:
            self._metadata = description.cached(self.cache, self.url, self.user)
        if self._metadata is None:
            for pause in (*_PATIENCE, None):
                try:
                    answer = self._send("GET", "$metadata", timeout=_SLOW)
                    if answer.status != 200:
                        raise self._failed(answer, "$metadata")
                    self._metadata = description.parse(io.BytesIO(answer.body))
                    break
                except UnavailableError as problem:
                    if pause is None or problem.details.get("status") == 403:
                        raise
                    self.sleep(pause)
            assert self._metadata is not None
            if self.cache is not None:
                description.keep(self.cache, self.url, self.user, self._metadata)
        return self._metadata

    def forget(self) -> None:
        """Drop the description, also from the cache."""
        self._metadata = None
        if self.cache is not None:
            description.forget(self.cache, self.url, self.user)

    def _checked(self, query: Query) -> Query:
        """Refuse names that are not published: versions of 1C answer them differently."""
        plain = [name for name in query.select if name not in ("*", "**")]
        names = [*plain, *query.orderby] if not query.function else []
        missing = self.metadata().missing(
            query.entity, [name for name in names if not name.endswith("____Presentation")]
        )
        if missing and self.cache is not None:
            self.forget()  # published since the cache was made, perhaps
            missing = self.metadata().missing(query.entity, names)
        if missing:
            raise UnknownNameError(
                "1C does not publish {names}; publish it in Администрирование → Настройка "
                "стандартного интерфейса OData, or correct the name in the profile",
                names=", ".join(missing),
            )
        return attrs.evolve(query, allowed_only=self.allowed_only and not query.function)

    # -- reading -----------------------------------------------------------------------------

    def rows(self, query: Query) -> Iterator[Row]:
        """Read a set page by page, ordered by its whole key.

        Yields
        ------
        dict
            One for each row, numbers as Decimal.

        Raises
        ------
        BadDataError
            Rows came twice: the base changed while it was being read, or the order has ties.
        """
        query = self._checked(query)
        for page in self._pages(query):
            yield from page

    def _pages(self, query: Query, most: int | None = None) -> Iterator[list[Row]]:
        key = self.metadata().sets[query.entity].key
        order = query.orderby or key
        if not set(key) <= set(order):
            order = (*order, *(name for name in key if name not in order))
        select = tuple(dict.fromkeys((*query.select, *key))) if query.select else ()
        query = attrs.evolve(query, orderby=order, select=select)
        seen: set[tuple[str, ...]] = set()
        read = pages = 0
        top = _PROBE
        while True:
            if most is not None and pages > most:
                raise _TooManyPagesError
            before = self.traffic.bytes
            answer = self._get(query.page(top, read).path(), query.entity, collection=True)
            page: list[Row] = answer["value"]
            seen.update(tuple(str(row.get(name)) for name in key) for row in page)
            read += len(page)
            pages += 1
            if len(seen) != read:
                raise BadDataError(
                    "{what} gave the same row on two pages: it changed while it was being read; "
                    "run again when nobody works in it",
                    what=query.entity,
                )
            yield page
            if len(page) < top:
                return
            weight = max(1, (self.traffic.bytes - before) // len(page))
            top = int(min(_MAX_ROWS, max(_PROBE, self.page_bytes // weight)))

    def windows(
        self, query: Query, name: str, since: date, until: date
    ) -> Iterator[tuple[date, date, list[Row]]]:
        """Read the rows dated ``since <= name < until``, in windows short enough for 1C.

        Parameters
        ----------
        query
            Without the dates.
        name
            Field of the date.
        since, until
            Half-open, midnight of the server's clock.

        Yields
        ------
        tuple
            First day, day after the last, and the rows of one window.
        """
        query = self._checked(query)
        step = _FIRST_WINDOW
        start = since
        while start < until:
            stop = min(until, start + timedelta(days=step))
            where = both(
                f"{name} ge {moment(datetime.combine(start, datetime.min.time()))}",
                f"{name} lt {moment(datetime.combine(stop, datetime.min.time()))}",
                query.where,
            )
            most = _PAGES_IN_WINDOW if (stop - start).days > 1 else None
            try:
                pages = self._pages(attrs.evolve(query, where=where), most)
                rows = [row for page in pages for row in page]
            except (_TooManyPagesError, UnavailableError):
                # A window that 1C cannot manage is cut in three, and stays short from then on.
                if step == 1:
                    raise
                step = max(1, (stop - start).days // 3)
                continue
            yield start, stop, rows
            start = stop

    def virtual(self, query: Query) -> list[Row]:
        """Ask a virtual table, whole."""
        query = self._checked(query)
        if query.function not in self.metadata().functions.get(query.entity, ()):
            raise UnknownNameError(
                "1C does not publish {names}; publish it in Администрирование → Настройка "
                "стандартного интерфейса OData, or correct the name in the profile",
                names=f"{query.entity}/{query.function}",
            )
        answer = self._get(query.path(), query.entity, collection=True, slow=True)
        found: list[Row] = answer["value"]
        return found

    def one(self, entity: str, reference: str) -> Row:
        """Read one object afresh.

        Raises
        ------
        GoneError
            It is not there.
        """
        path = self._address(entity, {"Ref_Key": guid(reference)})
        found: Row = self._get(path, entity, collection=False)
        return found

    def record(self, entity: str, key: Mapping[str, str]) -> Row:
        """Read one record of a register; *key* holds literals.

        Raises
        ------
        GoneError
            It is not there.
        """
        found: Row = self._get(self._address(entity, key), entity, collection=False)
        return found

    def _address(self, entity: str, key: Mapping[str, str]) -> str:
        inside = (
            key["Ref_Key"]
            if list(key) == ["Ref_Key"]
            else ",".join(f"{name}={value}" for name, value in key.items())
        )
        path = quote(f"{entity}({inside})", safe="'(),:=")
        return f"{path}?$format=application/json;odata%3Dnometadata"

    # -- writing -----------------------------------------------------------------------------

    def create(self, entity: str, fields: Row) -> Row:
        """POST once; a lost answer is never followed by a second try.

        Raises
        ------
        LostError
            No answer came: look whether the record is there.
        """
        path = f"{quote(entity)}?$format=application/json;odata%3Dnometadata"
        return self._write("POST", path, entity, fields, {})

    def change(
        self, entity: str, key: Mapping[str, str], fields: Row, *, version: str = ""
    ) -> Row:
        """PATCH the named fields once; *version* is sent although some bases ignore it.

        Raises
        ------
        ChangedError
            Somebody else was faster.
        """
        headers = {"If-Match": version} if version else {}
        return self._write("PATCH", self._address(entity, key), entity, fields, headers)

    def remove(self, entity: str, key: Mapping[str, str]) -> None:
        """DELETE one record of an independent register."""
        self.traffic.writes += 1
        answer = self._send("DELETE", self._address(entity, key))
        if answer.status != 204:
            raise self._failed(answer, entity)

    def _write(
        self, method: str, path: str, entity: str, fields: Row, headers: dict[str, str]
    ) -> Row:
        self.traffic.writes += 1
        body = json.dumps(fields, ensure_ascii=False, default=str).encode()
        sent = headers | {"Content-Type": "application/json;charset=utf-8"}
        answer = self._send(method, path, body=body, headers=sent)
        if answer.status not in (200, 201):
            raise self._failed(answer, entity)
        written: Row = decode(answer.body, collection=False)
        return written


class _TooManyPagesError(Exception):
    """A window needs more pages than `$skip` can afford."""


def connect(
    url: str,
    user: str,
    password: str,
    *,
    cache: Path | None = None,
    allowed_only: bool = False,
    timeout: float = 120.0,
    sleep: Callable[[float], None] = time.sleep,
) -> Client:
    """Make a client of the base at *url*.

    Raises
    ------
    ConfigError
        The address is not one of a standard OData interface.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or parts.query:
        raise ConfigError(
            "url must be the plain address of the OData interface, such as "
            "https://host/base/odata/standard.odata; user and password have keys of their own"
        )
    root = url.rstrip("/")
    if not root.endswith("/odata/standard.odata"):
        raise ConfigError(
            "url ends with {end!r}; it must end with /odata/standard.odata",
            end=root.rpartition("/")[2],
        )
    root = quote(root, safe=":/%")
    return Client(
        root,
        user,
        Requests(user, password),
        cache=cache,
        allowed_only=allowed_only,
        timeout=timeout,
        sleep=sleep,
    )

"""OData client: requests, metadata, reading and writing of single objects."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from attrs import define, field

from abcxyz.errors import AuthenticationError, ConfigError, UnavailableError
from abcxyz.http import Answer, Transport
from abcxyz.toolkit import Backoff, Clock, SystemClock, is_loopback
from abcxyz.toolkit.catalogue import Figure, Message
from abcxyz_onec.odata import metadata as description
from abcxyz_onec.odata.answers import decode
from abcxyz_onec.odata.errors import HiddenRowsError, UnknownNameError, failure
from abcxyz_onec.odata.metadata import Metadata, missing_names
from abcxyz_onec.odata.names import readable_name
from abcxyz_onec.odata.query import Query, guid
from abcxyz_onec.words import message

__all__ = ["Client", "Row", "Traffic", "connect"]

Row = dict[str, Any]
T = TypeVar("T")

_SLOW = 300.0  # seconds for $metadata and virtual tables
_ATTEMPTS = 4
#: Statuses of outages that may pass at once: a dead session, no free licence, a broken body.
_PASSING = frozenset({200, 400, 404, 500})
_BACKOFF = Backoff(attempts=_ATTEMPTS, first=1.0, factor=3.0, jitter=(1.0, 1.0))


@define
class Traffic:
    """Counters of requests, bytes and writes."""

    requests: int = 0
    bytes: int = 0
    writes: int = 0

    def since(self, before: Traffic) -> Message:
        """Describe the traffic since *before*."""
        return message(
            "{requests} {requests:request|requests}, {size} MB",
            requests=self.requests - before.requests,
            size=Figure((self.bytes - before.bytes) / 1e6, 1),
        )


@define
class Client:
    """Client of one base, one request at a time.

    Parameters
    ----------
    url
        Address of the OData interface, ending with ``/odata/standard.odata``.
    user
        Login, used to name the cache.
    transport
        HTTP transport; repeats requests that may be repeated.
    login
        Value of the Authorization header.
    cache
        Folder of the cache of ``$metadata``; ``None`` disables the cache.
    allowed_only
        Leave out rows that the user may not read, where 1C refuses the full set.
    timeout
        Seconds to wait for an ordinary answer; a cold start of the server may take 40.
    page_bytes
        Target size of a page, in bytes.
    clock
        Clock of the waits between attempts.
    traffic
        Counters of requests, bytes and writes.
    restricted
        Sets with rows that the user may not read.
    may_be_outdated
        Whether the metadata come from the cache.
    """

    url: str
    user: str = field(repr=False)
    transport: Transport = field(repr=False)
    login: str = field(repr=False)
    cache: Path | None = None
    allowed_only: bool = False
    timeout: float = 120.0
    page_bytes: int = 32 << 20
    clock: Clock = field(factory=SystemClock, repr=False)
    traffic: Traffic = field(factory=Traffic)
    restricted: set[str] = field(factory=set, repr=False)
    may_be_outdated: bool = field(default=False, init=False, repr=False)
    _metadata: Metadata | None = field(default=None, init=False, repr=False)

    # -- one request -------------------------------------------------------------------------

    def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Send one request and return its answer; a redirect is a `ConfigError`."""
        self.traffic.requests += 1
        answer = self.transport.send(
            method,
            f"{self.url}/{path}",
            body=body,
            headers={"Authorization": self.login, **(headers or {})},
            repeatable=method == "GET",
            timeout=timeout or self.timeout,
        )
        self.traffic.bytes += len(answer.body)
        if 300 <= answer.status < 400:
            raise ConfigError(
                "the web server of 1C redirects to another address (HTTP {status}); put the final "
                "address, ending with /odata/standard.odata, into url",
                status=answer.status,
            )
        return answer

    def get(self, path: str, what: str, read: Callable[[bytes], T], *, slow: bool = False) -> T:
        """GET with retries of outages that look like answers.

        The transport retries failures of the network and of the web server; here are an HTML
        page with status 200, a body cut short and an error 500 of the whole server.
        """
        for attempt in count(1):
            answer = self.send("GET", path, timeout=max(_SLOW, self.timeout) if slow else None)
            try:
                if answer.status != 200:
                    raise self._failed(answer, what)
                return read(answer.body)
            except UnavailableError as problem:
                wait = _BACKOFF.wait(attempt)
                if wait is None or problem.details.get("status", 200) not in _PASSING:
                    raise
            self.clock.sleep(wait)
        raise AssertionError("unreachable")

    def _failed(self, answer: Answer, what: str) -> Exception:
        problem = failure(answer.status, answer.body, what)
        if isinstance(problem, UnknownNameError):
            self.forget()
        if isinstance(problem, HiddenRowsError) and self.allowed_only:
            return HiddenRowsError(
                "1C refused {what}, allowed_only or not: the user has no right to it, or 1C "
                "cannot leave hidden rows out of a virtual table; give the right to read it, or "
                "set read = records",
                what=what,
            )
        return problem

    def _refused(self, answer: Answer, entity: str) -> Exception:
        """Return the error of a refused write, where a lack of rights is about writing."""
        problem = self._failed(answer, entity)
        if isinstance(problem, HiddenRowsError):
            return AuthenticationError(
                "the user of 1C may not change {object}; give the right to change it",
                object=readable_name(entity),
            )
        return problem

    # -- metadata -------------------------------------------------------------------------------

    def metadata(self) -> Metadata:
        """Return ``$metadata``, from the cache where it is cached.

        Notes
        -----
        The document has 14 to 17 MB and takes some 20 seconds on a real base. The cache is
        dropped when 1C does not know a name in it.
        """
        if self._metadata is None and self.cache is not None:
            self._metadata = description.cached(self.cache, self.url, self.user)
            self.may_be_outdated = self._metadata is not None
        if self._metadata is None:
            self.may_be_outdated = False
            self._metadata = self.get(
                "$metadata",
                "$metadata",
                lambda body: description.parse(io.BytesIO(body)),
                slow=True,
            )
            if self.cache is not None:
                description.save(self.cache, self.url, self.user, self._metadata)
        return self._metadata

    def forget(self) -> None:
        """Drop the metadata, from memory and from the cache."""
        self._metadata = None
        if self.cache is not None:
            description.forget(self.cache, self.url, self.user)

    def with_current_names(self, do: Callable[[], T]) -> T:
        """Return ``do()``; once more with fresh metadata where cached ones were outdated.

        Objects may have been withdrawn from publication since the metadata were cached; with
        fresh ones *do* may find another way.
        """
        try:
            return do()
        except UnknownNameError:
            if not self.may_be_outdated:
                raise
        self.forget()
        return do()

    def checked(self, query: Query) -> Query:
        """Return *query* when all its names are published: 1C versions differ on unknown ones.

        Raises
        ------
        UnknownNameError
            A set, a field or a virtual table is not published.
        """
        missing = missing_names(self.metadata(), query)
        if missing and self.may_be_outdated:
            self.forget()  # the name may have been published since the cache was written
            missing = missing_names(self.metadata(), query)
        if missing:
            raise UnknownNameError(
                "1C does not publish {names}; publish it in Администрирование → Настройка "
                "стандартного интерфейса OData, or correct the name in the profile",
                names=", ".join(missing),
            )
        return query

    # -- one object --------------------------------------------------------------------------

    def get_object(self, entity: str, reference: str) -> Row:
        """Read one object.

        Raises
        ------
        GoneError
            It does not exist.
        """
        return self.get_record(entity, {"Ref_Key": guid(reference)})

    def get_record(self, entity: str, key: Mapping[str, str]) -> Row:
        """Read one record of a register; *key* holds literals.

        Raises
        ------
        GoneError
            It does not exist.
        """
        return self.get(self._address(entity, key), entity, _single)

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
        """Create an object by one POST, which is never repeated.

        Raises
        ------
        OutcomeUnknownError
            No answer came; the caller must check whether the record exists.
        """
        path = f"{quote(entity)}?$format=application/json;odata%3Dnometadata"
        return self._write("POST", path, entity, fields, {})

    def change(
        self, entity: str, key: Mapping[str, str], fields: Row, *, version: str = ""
    ) -> Row:
        """Change fields by one PATCH; *version* is sent as If-Match, which some bases ignore.

        Raises
        ------
        ChangedError
            The object was changed since *version*.
        """
        headers = {"If-Match": version} if version else {}
        return self._write("PATCH", self._address(entity, key), entity, fields, headers)

    def remove(self, entity: str, key: Mapping[str, str]) -> None:
        """Delete one record of an independent register."""
        self.traffic.writes += 1
        answer = self.send("DELETE", self._address(entity, key))
        if answer.status != 204:
            raise self._refused(answer, entity)

    def _write(
        self, method: str, path: str, entity: str, fields: Row, headers: dict[str, str]
    ) -> Row:
        self.traffic.writes += 1
        body = json.dumps(fields, ensure_ascii=False, default=str).encode()
        sent = headers | {"Content-Type": "application/json;charset=utf-8"}
        answer = self.send(method, path, body=body, headers=sent)
        if answer.status not in (200, 201):
            raise self._refused(answer, entity)
        return _single(answer.body)


def _single(body: bytes) -> Row:
    row: Row = decode(body, collection=False)
    return row


def connect(
    url: str,
    user: str,
    password: str,
    *,
    cache: Path | None = None,
    allowed_only: bool = False,
    allow_http: bool = False,
    timeout: float = 120.0,
    page_bytes: int = 32 << 20,
    clock: Clock | None = None,
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
    encrypted = parts.scheme == "https" or is_loopback(parts.hostname or "")
    if not encrypted and not allow_http:
        raise ConfigError(
            "url begins with http: the password would travel readable for everybody; use https, "
            "or set allow_http = true where the network between belongs to you alone"
        )
    if ":" in user:
        raise ConfigError("user holds a colon, which ends the login; take a user without one")
    # requests encodes a pair (user, password) in latin-1, which has no Cyrillic letters.
    pair = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
    timer = clock if clock is not None else SystemClock()
    transport = Transport(
        secrets=(password, pair),
        read_timeout=timeout,
        attempts=_ATTEMPTS,
        allow_loopback_http=True,
        allow_http=allow_http,
        clock=timer,
    )
    return Client(
        f"{parts.scheme}://{parts.netloc}{quote(urlsplit(root).path, safe='/%')}",
        user,
        transport,
        f"Basic {pair}",
        cache=cache,
        allowed_only=allowed_only,
        timeout=timeout,
        page_bytes=page_bytes,
        clock=timer,
    )

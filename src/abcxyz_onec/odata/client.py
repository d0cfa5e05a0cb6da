"""OData client: metadata, reading and writing of single objects."""

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
            "{requests} requests, {size} MB",
            requests=self.requests - before.requests,
            size=Figure((self.bytes - before.bytes) / 1e6, 1),
        )


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
        Sends requests; repeats those that may be.
    login
        The Authorization header.
    cache
        Folder for ``$metadata``; ``None`` keeps nothing.
    allowed_only
        Leave out what the user may not see, where 1C refuses to answer without.
    timeout
        Seconds to wait for an ordinary answer; the first one after idling may take 40.
    page_bytes
        What a page should weigh.
    clock
        Waits between attempts.
    traffic
        Counters.
    restricted
        Sets of which the user may not see some rows.
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
        """Send one request and answer whatever comes back, but a redirect."""
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
        """GET until the answer can be read, or patience ends, or trying again is pointless.

        The transport waits out what the network and the web server say; here are the outages
        that look like answers: a page for people with status 200, an answer cut short.
        """
        for attempt in count(1):
            answer = self.send("GET", path, timeout=max(_SLOW, self.timeout) if slow else None)
            try:
                if answer.status != 200:
                    raise self._failed(answer, what)
                return read(answer.body)
            except UnavailableError as problem:
                wait = _BACKOFF.wait(attempt)
                if wait is None or problem.details.get("status", 200) not in (200, 500):
                    raise
            self.clock.sleep(wait)
        raise AssertionError("unreachable")

    def _failed(self, answer: Answer, what: str) -> Exception:
        problem = failure(answer.status, answer.body, what)
        if isinstance(problem, UnknownNameError):
            self.forget()
        return problem

    def _refused(self, answer: Answer, entity: str) -> Exception:
        """Make the error of a write: the right to change is another one than that to read."""
        problem = self._failed(answer, entity)
        if isinstance(problem, HiddenRowsError):
            return AuthenticationError(
                "the user of 1C may not change {object}; give the right to change it",
                object=readable_name(entity),
            )
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
            self._metadata = self.get(
                "$metadata",
                "$metadata",
                lambda body: description.parse(io.BytesIO(body)),
                slow=True,
            )
            if self.cache is not None:
                description.keep(self.cache, self.url, self.user, self._metadata)
        return self._metadata

    def forget(self) -> None:
        """Drop the description, also from the cache."""
        self._metadata = None
        if self.cache is not None:
            description.forget(self.cache, self.url, self.user)

    def checked(self, query: Query) -> Query:
        """Refuse names that are not published: versions of 1C answer them differently.

        Raises
        ------
        UnknownNameError
            A set, a field or a virtual table is not there.
        """
        missing = missing_names(self.metadata(), query)
        if missing and self.cache is not None:
            self.forget()  # published since the cache was made, perhaps
            missing = missing_names(self.metadata(), query)
        if missing:
            raise UnknownNameError(
                "1C does not publish {names}; publish it in Администрирование → Настройка "
                "стандартного интерфейса OData, or correct the name in the profile",
                names=", ".join(missing),
            )
        return query

    # -- one object --------------------------------------------------------------------------

    def one(self, entity: str, reference: str) -> Row:
        """Read one object afresh.

        Raises
        ------
        GoneError
            It is not there.
        """
        return self.record(entity, {"Ref_Key": guid(reference)})

    def record(self, entity: str, key: Mapping[str, str]) -> Row:
        """Read one record of a register; *key* holds literals.

        Raises
        ------
        GoneError
            It is not there.
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
        """POST once; a lost answer is never followed by a second try.

        Raises
        ------
        OutcomeUnknownError
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
    found: Row = decode(body, collection=False)
    return found


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
    # By hand and in UTF-8: a pair (user, password) would be encoded in latin-1, without Cyrillic.
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

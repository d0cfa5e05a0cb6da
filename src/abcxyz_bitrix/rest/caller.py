"""One REST call, with retries and rate limits.

Credentials, rate limits, time budgets and retries are handled here only. A call is repeated
only if it certainly did not run, or if running it twice does no harm.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from attrs import define, field

from abcxyz.errors import AdapterError
from abcxyz.http import Answer as Raw
from abcxyz.http import NotSentError, OutcomeUnknownError, Transport
from abcxyz.toolkit import Backoff, Clock, SystemClock, is_loopback
from abcxyz_bitrix.rest.credentials import Credentials
from abcxyz_bitrix.rest.dialect import Answer, Command, Times, decode
from abcxyz_bitrix.rest.errors import (
    BitrixError,
    BusyPageError,
    NotJsonError,
    OperationTimeLimitError,
    PortalMovedError,
    QueryLimitExceededError,
)
from abcxyz_bitrix.rest.limits import Operating, RateLimiter, Tariff, rate_limiter_of
from abcxyz_bitrix.rest.refusals import refusal

__all__ = ["TRIES", "Caller", "Traffic"]

TRIES = 3  # attempts of a repeatable call whose answer is lost
_BACKOFF = Backoff(attempts=None, jitter=(1.0, 1.0))
_MAX_WAITS = 12  # waits in a row for a portal that asks to wait
_BUSY_PAGES = frozenset({403, 429})  # statuses of pages shown before a call is run
_MOVED = frozenset({301, 302, 303, 307, 308})
_AGENT = f"abcxyz-bitrix/{version('abcxyz')}"


@define
class Traffic:
    """Counters of requests, commands, refusals and seconds of waiting."""

    requests: int = 0
    commands: int = 0
    refused: int = 0
    waited: float = 0.0


@define
class Caller:
    """Sender of single calls to one portal.

    Parameters
    ----------
    credentials
        A webhook or an application.
    transport
        Sends one request once; its retries are turned off.
    tariff
        Rate limits of the portal.
    allow_hosts
        Addresses to which the portal may move, besides its own cloud domain.
    note
        Called with messages for the user: long waits, a moved portal.
    """

    credentials: Credentials
    transport: Transport = field(repr=False)
    tariff: Tariff = field(factory=Tariff)
    clock: Clock = field(factory=SystemClock, repr=False)
    allow_hosts: Sequence[str] = ()
    note: Callable[[str], None] = field(default=lambda _text: None, repr=False)
    traffic: Traffic = field(factory=Traffic)
    limiter: RateLimiter = field(init=False, repr=False)
    operating: Operating = field(init=False, repr=False)
    _base: str = field(init=False, repr=False)
    _lock: threading.Lock = field(factory=threading.Lock, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._base = self.credentials.base
        self.limiter = rate_limiter_of(self.credentials.host, self.tariff, self.clock)
        self.operating = Operating(self.tariff.operating, self.clock)
        self.transport.redactor.learn(*self.credentials.secrets)

    # -- one call ----------------------------------------------------------------------------

    def call(self, method: str, params: Mapping[str, Any] | None = None) -> Answer:
        """Call one method.

        Raises
        ------
        BitrixError
            The portal refused.
        OutcomeUnknownError
            The call may have been carried out; look before repeating it.
        """
        command = Command(method, params or {})
        body = self.exchange(
            method, command.params, repeatable=not command.creates, methods=(method,)
        )
        return self._answer(method, body)

    def idempotent(self, method: str, params: Mapping[str, Any], key: str) -> Answer:
        """Call a creating method of REST 3.0, which a key makes safe to repeat for a day.

        Parameters
        ----------
        key
            Idempotency key, the same for the same object.
        """
        body = self.exchange(
            method, params, repeatable=True, methods=(method,), version=3, key=key
        )
        return self._answer(method, body)

    def _answer(self, method: str, body: Mapping[str, Any]) -> Answer:
        times = Times.read(body.get("time"))
        self.operating.note(method, times)
        return Answer(body.get("result"), body.get("total"), body.get("next"), times)

    def exchange(
        self,
        method: str,
        params: Mapping[str, Any],
        *,
        repeatable: bool,
        methods: Iterable[str],
        version: int = 2,
        key: str = "",
        tries: int = TRIES,
    ) -> Mapping[str, Any]:
        """Send a request, and repeat it while that is safe and useful.

        Parameters
        ----------
        repeatable
            Whether running it twice does no harm.
        methods
            Methods whose time budgets the request uses.
        version
            Version of the REST API, 2 or 3.
        key
            Idempotency key of REST 3.0.
        tries
            Attempts where the answer is lost.

        Returns
        -------
        Mapping
            The whole body of the answer.
        """
        lost = waits = 0
        renewed = moved = False
        while True:
            self.pause(self.operating.wait(methods))
            token = self.credentials.token()
            problem: AdapterError
            try:
                raw = self._send(method, params, token, repeatable, version, key)
            except NotSentError as caught:
                if not caught.retryable or lost + 1 >= TRIES:
                    raise
                problem, raw = caught, None
            except OutcomeUnknownError as caught:
                if not repeatable or lost + 1 >= tries:
                    raise
                problem, raw = caught, None
            if raw is None:
                lost += 1
                self.pause_after_loss(lost)
                continue
            if raw.status in _MOVED:
                if moved:
                    raise self._moved_away("")
                self._move(raw)
                moved = True
                continue
            body = decode(raw.body)
            if body is not None and "error" not in body and raw.status < 400:
                return body
            problem = self._problem(method, raw, body)
            if isinstance(problem, QueryLimitExceededError) and waits < _MAX_WAITS:
                self.traffic.refused += 1
                self.pause(self.limiter.refused(waits))
                waits += 1
            elif _asks_to_wait(problem, raw.status) and waits < _MAX_WAITS:
                self.traffic.refused += 1
                waits += 1
                self.pause(self.operating.refused(method))
            elif _is(problem, "EXPIRED_TOKEN") and not renewed and token is not None:
                self.credentials.renew(token)
                self.transport.redactor.learn(*self.credentials.secrets)
                renewed = True
            elif _may_pass(problem) and repeatable and lost + 1 < tries:
                lost += 1
                self.pause_after_loss(lost)
            else:
                raise problem

    def _send(
        self,
        method: str,
        params: Mapping[str, Any],
        token: str | None,
        repeatable: bool,
        version: int,
        key: str,
    ) -> Raw:
        sent = dict(params)
        if token is not None:
            sent["auth"] = token
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "User-Agent": _AGENT,
        }
        if key:
            headers["Idempotency-Key"] = key
        url = self._base + self.credentials.path(method, version=version)
        self.count(requests=1)
        self.limiter.tokens.take()
        return self.transport.send(
            "POST",
            url,
            body=json.dumps(sent, ensure_ascii=False, default=str).encode("utf-8", "replace"),
            headers=headers,
            repeatable=repeatable,
        )

    def _problem(self, method: str, raw: Raw, body: Mapping[str, Any] | None) -> AdapterError:
        if body is None and raw.status in _BUSY_PAGES:
            return BusyPageError(
                "{method} was answered with a page (HTTP {status}): the portal limits requests, "
                "is under maintenance, or a proxy refuses this machine; run again later, or ask "
                "its administrator",
                method=method,
                status=raw.status,
            )
        if body is None or "error" not in body:
            return _no_answer(method, raw.status)
        code, text = body["error"], body.get("error_description", "")
        if raw.status >= 500 and code in ("", None):
            return _no_answer(method, raw.status)
        if isinstance(code, Mapping):  # REST 3.0
            code, text = code.get("code", ""), code.get("message", "")
        return self.refusal(code, text, status=raw.status, method=method)

    def refusal(self, code: object, text: object, *, status: int, method: str) -> BitrixError:
        """Build the error of a refused call, without secrets in the portal's text."""
        return refusal(
            code,
            self.transport.redactor.text(str(text or "")),
            status=status,
            method=method,
        )

    def pause_after_loss(self, lost: int) -> None:
        """Wait after so many lost answers in a row, longer after each."""
        self.pause(_BACKOFF.pause(lost))

    def pause(self, seconds: float) -> None:
        """Wait, and count the seconds."""
        if seconds <= 0:
            return
        if seconds >= 60:
            self.note(f"waiting {seconds:.0f} s, as the portal asks")
        self.traffic.waited += seconds
        self.clock.sleep(seconds)

    def count(self, *, requests: int = 0, commands: int = 0) -> None:
        """Add to the counters."""
        with self._lock:
            self.traffic.requests += requests
            self.traffic.commands += commands

    # -- a portal that moved -----------------------------------------------------------------

    def _move(self, raw: Raw) -> None:
        """Follow a portal to its new address, if it may be trusted."""
        parts = urlsplit(raw.headers.get("Location", ""))
        host, old = parts.hostname or "", urlsplit(self._base).hostname or ""
        named = parts.netloc in self.allow_hosts or host in self.allow_hosts
        local = parts.scheme == "http" and is_loopback(host) and is_loopback(old)
        if not (parts.scheme == "https" or local) or parts.username or not host:
            raise self._moved_away(host)
        if not (named or _same_cloud(old, host)):
            raise self._moved_away(host)
        self._base = f"{parts.scheme}://{parts.netloc}"
        self.note(f"the portal moved to {host}; change its address in the job")

    @staticmethod
    def _moved_away(host: str) -> PortalMovedError:
        return PortalMovedError(
            "the portal sends to another address ({host}); if it is yours, put it into the job",
            host=host or "?",
        )


def _no_answer(method: str, status: int) -> NotJsonError:
    return NotJsonError(
        "{method} was answered with HTTP {status} and no JSON of Bitrix24; the call may have been "
        "carried out, look before repeating it",
        method=method,
        status=status,
    )


def _asks_to_wait(problem: AdapterError, status: int) -> bool:
    """Whether the call was refused before it ran, for a limit that passes."""
    return isinstance(problem, (OperationTimeLimitError, BusyPageError)) or status == 429


def _may_pass(problem: AdapterError) -> bool:
    """Whether a repeated call may get an answer; HTTP 404 is permanent."""
    return isinstance(problem, NotJsonError) and problem.details.get("status") != 404


def _is(problem: AdapterError, code: str) -> bool:
    return isinstance(problem, BitrixError) and problem.code.upper() == code


def _same_cloud(old: str, new: str) -> bool:
    """Whether both are portals of one domain of the cloud, such as ``.bitrix24.ru``."""
    suffix = old.partition(".")[2]
    return suffix.startswith("bitrix24.") and new.endswith("." + suffix)

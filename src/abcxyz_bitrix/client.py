"""Call a portal: one method, or up to fifty in a batch.

Below this seam lie credentials, pace, time budgets and repetition; above it nobody thinks of them.
Before anything is repeated one question is asked: did it run?
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from attrs import define, field

from abcxyz.errors import AdapterError, UnavailableError
from abcxyz.http import Answer as Raw
from abcxyz.http import NotSentError, OutcomeUnknownError, Transport
from abcxyz_bitrix.credentials import Credentials, is_loopback
from abcxyz_bitrix.errors import (
    BitrixError,
    NotJsonError,
    OperationTimeLimit,
    PortalMovedError,
    QueryLimitExceeded,
    refusal,
)
from abcxyz_bitrix.pace import Clock, Operating, Pace, Plan, SystemClock, pace_of
from abcxyz_bitrix.wire import Answer, Command, Times, as_map, decode, query

__all__ = ["MOST", "Client", "Outcome", "Traffic"]

MOST = 50
"""Commands in a batch."""

Outcome = Answer | AdapterError
"""What became of one command."""

_TRIES = 3  # of what may be repeated, where the answer is lost
_PATIENCE = 12  # waits in a row for a portal that asks to wait
_HALVINGS = 6  # of a batch whose answer is lost
_ROUNDS = 40  # of one command through batches
_AIM = 30.0  # seconds that a batch may take; the portal cuts at 60
_FIRST_WRITES = 10
_MOVED = frozenset({301, 302, 303, 307, 308})
_VERSION = "0.1.0"


@define
class Traffic:
    """What was asked so far."""

    requests: int = 0
    commands: int = 0
    refused: int = 0
    waited: float = 0.0


@define
class Client:
    """Ask one portal.

    Parameters
    ----------
    credentials
        A webhook or an application.
    transport
        Sends one request once; its own repetition is not used.
    plan
        The limits of the tariff.
    allow_hosts
        Addresses to which the portal may move, besides its own domain of Bitrix24.
    note
        Is told what a person should know: long waits, a moved portal.
    """

    credentials: Credentials
    transport: Transport = field(repr=False)
    plan: Plan = field(factory=Plan)
    clock: Clock = field(factory=SystemClock, repr=False)
    allow_hosts: Sequence[str] = ()
    note: Callable[[str], None] = field(default=lambda _text: None, repr=False)
    traffic: Traffic = field(factory=Traffic)
    pace: Pace = field(init=False, repr=False)
    operating: Operating = field(init=False, repr=False)
    _base: str = field(init=False, repr=False)
    _costs: dict[str, float] = field(factory=dict, init=False, repr=False)
    _lock: threading.Lock = field(factory=threading.Lock, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._base = self.credentials.base
        self.pace = pace_of(self.credentials.host, self.plan, self.clock)
        self.operating = Operating(self.plan.operating, self.clock)
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
        body = self._exchange(
            method, command.params, repeatable=not command.creates, methods=(method,)
        )
        return self._answer(method, body)

    def idempotent(self, method: str, params: Mapping[str, Any], key: str) -> Answer:
        """Call a creating method of REST 3.0, which a key makes safe to repeat for a day.

        Parameters
        ----------
        key
            The same for the same object.
        """
        body = self._exchange(
            method, params, repeatable=True, methods=(method,), version=3, key=key
        )
        return self._answer(method, body)

    def _answer(self, method: str, body: Mapping[str, Any]) -> Answer:
        times = Times.read(body.get("time"))
        self.operating.note(method, times)
        return Answer(body.get("result"), body.get("total"), body.get("next"), times)

    def _exchange(
        self,
        method: str,
        params: Mapping[str, Any],
        *,
        repeatable: bool,
        methods: Iterable[str],
        version: int = 2,
        key: str = "",
        tries: int = _TRIES,
    ) -> Mapping[str, Any]:
        """Send until there is an answer, or repeating would be wrong."""
        lost = waits = 0
        renewed = moved = False
        while True:
            self._pause(self.operating.wait(methods))
            token = self.credentials.token()
            problem: AdapterError
            try:
                raw = self._send(method, params, token, repeatable, version, key)
            except NotSentError as caught:
                if not caught.retryable or lost + 1 >= _TRIES:
                    raise
                problem, raw = caught, None
            except OutcomeUnknownError as caught:
                if not repeatable or lost + 1 >= tries:
                    raise
                problem, raw = caught, None
            if raw is None:
                lost += 1
                self._pause(2.0**lost)
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
            problem = self._judge(method, raw, body)
            if isinstance(problem, QueryLimitExceeded) and waits < _PATIENCE:
                self.traffic.refused += 1
                self._pause(self.pace.refused(waits))
                waits += 1
            elif isinstance(problem, OperationTimeLimit) and waits < _PATIENCE:
                self.traffic.refused += 1
                waits += 1
                self._pause(self.operating.refused(method))
            elif _is(problem, "EXPIRED_TOKEN") and not renewed and token is not None:
                self.credentials.renew(token)
                self.transport.redactor.learn(*self.credentials.secrets)
                renewed = True
            elif isinstance(problem, NotJsonError) and repeatable and lost + 1 < tries:
                lost += 1
                self._pause(2.0**lost)
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
            "User-Agent": f"abcxyz-bitrix/{_VERSION}",
        }
        if key:
            headers["Idempotency-Key"] = key
        url = self._base + self.credentials.path(method, version=version)
        with self._lock:
            self.traffic.requests += 1
        self.pace.bucket.take()
        return self.transport.send(
            "POST",
            url,
            body=json.dumps(sent, ensure_ascii=False, default=str).encode("utf-8", "replace"),
            headers=headers,
            repeatable=repeatable,
        )

    def _judge(self, method: str, raw: Raw, body: Mapping[str, Any] | None) -> AdapterError:
        if body is None or "error" not in body:
            return _no_answer(method, raw.status)
        code, said = body["error"], body.get("error_description", "")
        if raw.status >= 500 and code in ("", None):
            return _no_answer(method, raw.status)
        if isinstance(code, Mapping):  # REST 3.0
            code, said = code.get("code", ""), code.get("message", "")
        return self._refusal(code, said, status=raw.status, method=method)

    def _refusal(self, code: object, said: object, *, status: int, method: str) -> BitrixError:
        return refusal(
            code,
            self.transport.redactor.text(str(said or "")),
            status=status,
            method=method,
        )

    def _pause(self, seconds: float) -> None:
        if seconds <= 0:
            return
        if seconds >= 60:
            self.note(f"waiting {seconds:.0f} s, as the portal asks")
        self.traffic.waited += seconds
        self.clock.sleep(seconds)

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

    # -- batches -----------------------------------------------------------------------------

    def batch(self, commands: Mapping[str, Command]) -> dict[str, Outcome]:
        """Run commands, as many requests as they need, and return what became of each.

        A failed command never hides its neighbours. Commands refused before they ran are sent
        again; creates whose fate is unknown are not.

        Raises
        ------
        AuthenticationError, UnavailableError
            The portal refuses as a whole, or cannot be reached.
        """
        return dict(self.stream(commands.items()))

    def stream(
        self, commands: Iterable[tuple[str, Command]], *, stop: Callable[[], bool] | None = None
    ) -> Iterator[tuple[str, Outcome]]:
        """Run commands and hand out each outcome as soon as it is known.

        Parameters
        ----------
        stop
            Asked before each request; after a yes nothing more is sent.
        """
        source = iter(commands)
        waiting: list[tuple[str, Command]] = []
        rounds: dict[str, int] = {}
        lost = 0
        while not (stop is not None and stop()):
            waiting += _some(source, MOST - len(waiting))
            if not waiting:
                return
            chunk = self._chunk(waiting)
            try:
                outcomes = self._run(chunk)
            except (OutcomeUnknownError, NotJsonError):
                lost += 1
                if lost >= _HALVINGS:
                    raise
                # Perhaps it took too long and was cut: the same commands in smaller batches.
                self._distrust(chunk)
                self._pause(2.0**lost)
                continue
            lost = 0
            chosen = {key for key, _ in chunk}
            waiting = [item for item in waiting if item[0] not in chosen]
            for (key, command), outcome in zip(chunk, outcomes, strict=True):
                again = outcome is None or isinstance(
                    outcome, (QueryLimitExceeded, OperationTimeLimit)
                )
                rounds[key] = rounds.get(key, 0) + 1
                if again and rounds[key] < _ROUNDS:
                    waiting.append((key, command))
                    continue
                rounds.pop(key)
                yield key, outcome if outcome is not None else _never_ran(command)

    def _chunk(self, waiting: list[tuple[str, Command]]) -> list[tuple[str, Command]]:
        """Choose commands that may run now and fit into one request."""
        parked = {command.method: self.operating.parked(command.method) for _, command in waiting}
        if min(parked.values()) > 0:
            self._pause(min(parked.values()))
            return []
        chunk: list[tuple[str, Command]] = []
        seconds = 0.0
        left: dict[str, float] = {"batch": self.operating.left("batch")}
        for key, command in waiting:
            method = command.method.lower()
            if parked[command.method] > 0:
                continue
            known = self._costs.get(method)
            cost = known or _AIM / (_FIRST_WRITES if _writes(method) else MOST)
            left.setdefault(method, self.operating.left(method))
            short = known is not None and min(left["batch"], left[method]) < known
            if chunk and (seconds + cost > _AIM or short):
                break
            seconds += cost
            left[method] -= known or 0.0
            left["batch"] -= known or 0.0
            chunk.append((key, command))
        return chunk

    def _run(self, chunk: list[tuple[str, Command]]) -> list[Outcome | None]:
        """Send one batch; None stands for a command that did not run."""
        names = {f"c{place}": command for place, (_, command) in enumerate(chunk)}
        creates = any(command.creates for command in names.values())
        text = {
            name: f"{command.method}?{query(command.params)}" for name, command in names.items()
        }
        methods = {command.method for command in names.values()}
        with self._lock:
            self.traffic.commands += len(chunk)
        try:
            body = self._exchange(
                "batch",
                {"halt": 0, "cmd": text},
                repeatable=not creates,
                methods=("batch", *methods),
                tries=1,
            )
        except (OutcomeUnknownError, NotJsonError) as lost_answer:
            if not creates:
                raise
            lost: Outcome = lost_answer
            return [lost for _ in chunk]
        whole = Times.read(body.get("time"))
        self.operating.note("batch", whole)
        parts = as_map(body.get("result"))
        results, failed, spent = (
            as_map(parts.get(part)) for part in ("result", "result_error", "result_time")
        )
        totals, nexts = as_map(parts.get("result_total")), as_map(parts.get("result_next"))
        found: list[Outcome | None] = []
        for name, command in names.items():
            times = Times.read(spent.get(name))
            self._learn(command.method, times)
            if name in failed:
                said = as_map(failed[name])
                problem = self._refusal(
                    said.get("error", ""),
                    said.get("error_description", ""),
                    status=0,
                    method=command.method,
                )
                if isinstance(problem, OperationTimeLimit):
                    self.traffic.refused += 1
                    self.operating.refused(command.method, times)
                elif isinstance(problem, QueryLimitExceeded):
                    self.traffic.refused += 1
                    self._pause(self.pace.refused(0))
                found.append(problem)
            elif name in results:
                found.append(Answer(results[name], totals.get(name), nexts.get(name), times))
            elif command.creates:
                found.append(_unknown(command))
            else:
                found.append(None)
        return found

    def _learn(self, method: str, times: Times) -> None:
        self.operating.note(method, times)
        if times.duration is not None:
            name = method.lower()
            known = self._costs.get(name, times.duration)
            self._costs[name] = 0.8 * known + 0.2 * times.duration

    def _distrust(self, chunk: Sequence[tuple[str, Command]]) -> None:
        """Expect twice as long of these methods, so that the next batch is half as large."""
        least = 2 * _AIM / len(chunk)
        for method in {command.method.lower() for _, command in chunk}:
            self._costs[method] = max(least, 2 * self._costs.get(method, 0.0))

    def cost(self, method: str, default: float) -> float:
        """Return the seconds that one call of *method* took of late."""
        return self._costs.get(method.lower(), default)


def _no_answer(method: str, status: int) -> NotJsonError:
    return NotJsonError(
        "{method} was answered with HTTP {status} and no JSON of Bitrix24; the call may have been "
        "carried out, look before repeating it",
        method=method,
        status=status,
    )


def _is(problem: AdapterError, code: str) -> bool:
    return isinstance(problem, BitrixError) and problem.code.upper() == code


def _some(source: Iterator[tuple[str, Command]], most: int) -> list[tuple[str, Command]]:
    return [item for _, item in zip(range(most), source, strict=False)]


def _writes(method: str) -> bool:
    return Command(method).creates or method.endswith((".update", ".delete", ".set"))


def _same_cloud(old: str, new: str) -> bool:
    """Whether both are portals of one domain of the cloud, such as ``.bitrix24.ru``."""
    suffix = old.partition(".")[2]
    return suffix.startswith("bitrix24.") and new.endswith("." + suffix)


def _unknown(command: Command) -> OutcomeUnknownError:
    return OutcomeUnknownError(
        "the batch does not say what became of {method}; look before repeating it",
        method=command.method,
    )


def _never_ran(command: Command) -> UnavailableError:
    return UnavailableError(
        "Bitrix24 left {method} out of every batch; run again later", method=command.method
    )

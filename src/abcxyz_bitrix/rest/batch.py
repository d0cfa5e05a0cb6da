"""Client of a portal: single calls, and up to fifty commands in a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from attrs import define, field

from abcxyz.errors import AdapterError, UnavailableError
from abcxyz.http import OutcomeUnknownError, Transport
from abcxyz.toolkit import Clock
from abcxyz_bitrix.rest.caller import Caller
from abcxyz_bitrix.rest.credentials import Credentials
from abcxyz_bitrix.rest.dialect import Answer, Command, Times, as_map, query
from abcxyz_bitrix.rest.errors import (
    NotJsonError,
    OperationTimeLimitError,
    QueryLimitExceededError,
)
from abcxyz_bitrix.rest.legacy import from_legacy, to_legacy
from abcxyz_bitrix.rest.limits import Tariff

__all__ = ["BATCH_SIZE", "Client", "Outcome"]

BATCH_SIZE = 50
"""Most commands in a batch."""

Outcome = Answer | AdapterError
"""Answer or error of one command."""

_HALVINGS = 6  # of a batch whose answer is lost
_ROUNDS = 40  # of one command through batches
_TARGET_SECONDS = 30.0  # seconds that a batch may take; the portal cuts at 60
_FIRST_WRITES = 10


@define(eq=False)
class Client:
    """REST client of one portal.

    Parameters
    ----------
    caller
        Sends single requests, with retries and rate limits.
    legacy
        Send the methods of old portals instead of ``crm.item.*``.
    """

    caller: Caller
    legacy: bool = False
    _durations: dict[str, float] = field(factory=dict, init=False, repr=False)

    @property
    def credentials(self) -> Credentials:
        """Webhook or application."""
        return self.caller.credentials

    @property
    def transport(self) -> Transport:
        """HTTP transport; close it after use."""
        return self.caller.transport

    @property
    def clock(self) -> Clock:
        """Clock of all waits."""
        return self.caller.clock

    @property
    def tariff(self) -> Tariff:
        """Rate limits of the portal."""
        return self.caller.tariff

    def call(self, method: str, params: Mapping[str, Any] | None = None) -> Answer:
        """Call one method; see `Caller.call`."""
        if not self.legacy:
            return self.caller.call(method, params)
        command = Command(method, params or {})
        sent = to_legacy(command)
        answer = from_legacy(command, self.caller.call(sent.method, sent.params))
        assert isinstance(answer, Answer)
        return answer

    def idempotent(self, method: str, params: Mapping[str, Any], key: str) -> Answer:
        """Call a creating method of REST 3.0 with a key; see `Caller.idempotent`."""
        return self.caller.idempotent(method, params, key)

    def batch(self, commands: Mapping[str, Command]) -> dict[str, Outcome]:
        """Run commands, in as many requests as needed, and return the outcome of each.

        A failed command does not affect the others. Commands refused before they ran are sent
        again; creating commands whose outcome is unknown are not.

        Raises
        ------
        AuthenticationError, UnavailableError
            The portal refuses as a whole, or cannot be reached.
        """
        return dict(self.stream(commands.items()))

    def stream(
        self, commands: Iterable[tuple[str, Command]], *, stop: Callable[[], bool] | None = None
    ) -> Iterator[tuple[str, Outcome]]:
        """Run commands and yield each outcome as soon as it is known.

        Parameters
        ----------
        stop
            Called before each request; once it returns True nothing more is sent.
        """
        if not self.legacy:
            yield from self._stream(commands, stop)
            return
        waiting: dict[str, Command] = {}

        def older() -> Iterator[tuple[str, Command]]:
            for key, command in commands:
                waiting[key] = command
                yield key, to_legacy(command)

        for key, outcome in self._stream(older(), stop):
            yield key, from_legacy(waiting.pop(key), outcome)

    def _stream(
        self, commands: Iterable[tuple[str, Command]], stop: Callable[[], bool] | None
    ) -> Iterator[tuple[str, Outcome]]:
        source = iter(commands)
        waiting: list[tuple[str, Command]] = []
        rounds: dict[str, int] = {}
        lost = 0
        while not (stop is not None and stop()):
            waiting += _take(source, BATCH_SIZE - len(waiting))
            if not waiting:
                return
            chunk = self._chunk(waiting)
            if not chunk:
                continue
            try:
                outcomes = self._run(chunk)
            except (OutcomeUnknownError, NotJsonError):
                lost += 1
                if lost >= _HALVINGS:
                    raise
                # The batch may have exceeded the portal's time limit: repeat in smaller ones.
                self._double_duration(chunk)
                self.caller.pause_after_loss(lost)
                continue
            lost = 0
            chosen = {key for key, _ in chunk}
            waiting = [item for item in waiting if item[0] not in chosen]
            for (key, command), outcome in zip(chunk, outcomes, strict=True):
                again = outcome is None or isinstance(
                    outcome, (QueryLimitExceededError, OperationTimeLimitError)
                )
                rounds[key] = rounds.get(key, 0) + 1
                if again and rounds[key] < _ROUNDS:
                    waiting.append((key, command))
                    continue
                rounds.pop(key)
                yield key, outcome if outcome is not None else _never_ran(command)

    def _chunk(self, waiting: list[tuple[str, Command]]) -> list[tuple[str, Command]]:
        """Choose commands that may run now and fit into one request."""
        parked = {
            command.method: self.caller.operating.parked(command.method) for _, command in waiting
        }
        if min(parked.values()) > 0:
            self.caller.pause(min(parked.values()))
            return []
        chunk: list[tuple[str, Command]] = []
        seconds = 0.0
        left: dict[str, float] = {"batch": self.caller.operating.left("batch")}
        for key, command in waiting:
            method = command.method.lower()
            if parked[command.method] > 0:
                continue
            known = self._durations.get(method)
            duration = known or _TARGET_SECONDS / (
                _FIRST_WRITES if _writes(method) else BATCH_SIZE
            )
            left.setdefault(method, self.caller.operating.left(method))
            short = known is not None and min(left["batch"], left[method]) < known
            if chunk and (seconds + duration > _TARGET_SECONDS or short):
                break
            seconds += duration
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
        self.caller.count(commands=len(chunk))
        try:
            body = self.caller.exchange(
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
        self.caller.operating.note("batch", whole)
        parts = as_map(body.get("result"))
        results, failed, spent = (
            as_map(parts.get(part)) for part in ("result", "result_error", "result_time")
        )
        totals, nexts = as_map(parts.get("result_total")), as_map(parts.get("result_next"))
        outcomes: list[Outcome | None] = []
        for name, command in names.items():
            times = Times.read(spent.get(name))
            self._learn(command.method, times)
            if name in failed:
                error = as_map(failed[name])
                problem = self.caller.refusal(
                    error.get("error", ""),
                    error.get("error_description", ""),
                    status=0,
                    method=command.method,
                )
                if isinstance(problem, OperationTimeLimitError):
                    self.caller.traffic.refused += 1
                    self.caller.operating.refused(command.method, times)
                elif isinstance(problem, QueryLimitExceededError):
                    self.caller.traffic.refused += 1
                    self.caller.pause(self.caller.limiter.refused(0))
                outcomes.append(problem)
            elif name in results:
                outcomes.append(Answer(results[name], totals.get(name), nexts.get(name), times))
            elif command.creates:
                outcomes.append(_unknown(command))
            else:
                outcomes.append(None)
        return outcomes

    def _learn(self, method: str, times: Times) -> None:
        self.caller.operating.note(method, times)
        if times.duration is not None:
            name = method.lower()
            known = self._durations.get(name, times.duration)
            self._durations[name] = 0.8 * known + 0.2 * times.duration

    def _double_duration(self, chunk: Sequence[tuple[str, Command]]) -> None:
        """Double the expected duration of these methods, so that the next batch is smaller."""
        least = 2 * _TARGET_SECONDS / len(chunk)
        for method in {command.method.lower() for _, command in chunk}:
            self._durations[method] = max(least, 2 * self._durations.get(method, 0.0))

    def seconds_per_call(self, method: str, default: float) -> float:
        """Return the recent average duration of one call of *method*, in seconds."""
        return self._durations.get(method.lower(), default)


def _take(source: Iterator[tuple[str, Command]], most: int) -> list[tuple[str, Command]]:
    return [item for _, item in zip(range(most), source, strict=False)]


def _writes(method: str) -> bool:
    return Command(method).creates or method.endswith((".update", ".delete", ".set"))


def _unknown(command: Command) -> OutcomeUnknownError:
    return OutcomeUnknownError(
        "the batch does not say what became of {method}; look before repeating it",
        method=command.method,
    )


def _never_ran(command: Command) -> UnavailableError:
    return UnavailableError(
        "Bitrix24 left {method} out of every batch; run again later", method=command.method
    )

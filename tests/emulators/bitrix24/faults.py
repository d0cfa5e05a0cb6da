"""Fault injection between a client and a portal."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from attrs import define, field

__all__ = ["BEFORE", "CODED", "KINDS", "DroppedError", "Fault", "Faults"]

CODED = frozenset(
    {
        "query_limit", "operation_limit", "overload", "deleted", "expired_token", "internal",
        "unexpected", "refuse",
    }
)  # fmt: skip
BEFORE = CODED | {
    "bad_gateway",
    "unavailable",
    "too_many",
    "maintenance",
    "reset_before",
    "delay",
    "hook",
}
AFTER = frozenset(
    {
        "truncated", "reset_after", "bad_gateway_after", "empty", "not_json",
        "hook_after", "delay_after", "hang_up",
    }
)  # fmt: skip
KINDS = BEFORE | AFTER


class DroppedError(ConnectionError):
    """The connection ends here without an answer."""


@define
class Fault:
    """One injected fault.

    Parameters
    ----------
    kind
        Before the method runs: ``bad_gateway`` (502 with a page), ``unavailable`` (503 with a
        page), ``too_many`` (429 with a page), ``maintenance`` (403 with a page),
        ``query_limit``, ``operation_limit``,
        ``overload``, ``deleted``, ``expired_token``, ``internal``, ``unexpected``,
        ``refuse`` (with *error*), ``reset_before``, ``delay``, ``hook``.
        After everything is done: ``truncated``, ``reset_after``, ``bad_gateway_after``,
        ``empty``, ``not_json``, ``hook_after``, ``delay_after``, ``hang_up`` (a good answer, after
        which the connection ends although it was keep-alive).
    method
        Only requests for this method; a batch matches ``batch`` and each method in it.
    skip, times
        Matching requests to pass first, then number of hits; ``None`` is always.
    inside
        Hit one command of a batch instead of the request (kinds with an error code only).
    seconds
        Length of a delay, in real seconds.
    error
        Status, code and text of ``refuse``.
    hook
        Called with the number of the request. What it raises leaves ``handle``, so a client in
        the same process dies there; over TCP it may raise `DroppedError`, or kill the client.
    """

    kind: str
    method: str | None = None
    skip: int = 0
    times: int | None = 1
    inside: bool = False
    seconds: float = 0.0
    error: tuple[int, str | int, str] | None = None
    hook: Callable[[int], Any] | None = None
    struck: int = 0

    def __attrs_post_init__(self) -> None:
        """Refuse an unknown kind."""
        if self.kind not in (CODED if self.inside else KINDS):
            raise ValueError(self.kind)


@define
class Faults:
    """Pending faults."""

    waiting: list[Fault] = field(factory=list)
    _lock: threading.Lock = field(factory=threading.Lock, repr=False)

    def add(self, kind: str, method: str | None = None, **options: Any) -> Fault:
        """Add a fault; see `Fault`."""
        fault = Fault(kind, method, **options)
        self.waiting.append(fault)
        return fault

    def clear(self) -> None:
        """Remove all pending faults."""
        self.waiting.clear()

    def strike(self, methods: set[str], *, before: bool, inside: bool = False) -> list[Fault]:
        """Return the faults that hit a request for *methods* now."""
        hit: list[Fault] = []
        with self._lock:
            for fault in self.waiting:
                if (fault.kind in BEFORE) != before or fault.inside != inside:
                    continue
                if fault.method is not None and fault.method.lower() not in methods:
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                elif fault.times is None or fault.struck < fault.times:
                    fault.struck += 1
                    hit.append(fault)
        return hit

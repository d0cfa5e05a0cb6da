"""Running methods: look-up, scope, budget, cost, batch and the ``time`` of an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import define
from tests.emulators.bitrix24 import (
    activities,
    fieldconfig,
    items,
    legacy,
    lists,
    php,
    sales,
    telephony,
    userfields,
)
from tests.emulators.bitrix24.access import Caller
from tests.emulators.bitrix24.answers import refusal
from tests.emulators.bitrix24.errors import RefusedError
from tests.emulators.bitrix24.faults import Faults
from tests.emulators.bitrix24.journal import Journal, Request
from tests.emulators.bitrix24.limits import Clock, Limits, Operating
from tests.emulators.bitrix24.methods import METHODS, Answer, Call
from tests.emulators.bitrix24.state import State

__all__ = ["Cost", "CutError", "Engine"]

Cost = float | Callable[[dict[str, Any]], float]
MODULES = (fieldconfig, items, legacy, lists, sales, activities, telephony, userfields)
_WIDER = {"user_brief": {"user", "user_basic"}, "task": {"tasks"}}


class CutError(Exception):
    """The server cut a request that took too long; commands that ran stay in effect."""


@define
class Engine:
    """The part of a portal that runs methods."""

    state: State
    clock: Clock
    limits: Limits
    operating: Operating
    journal: Journal
    faults: Faults
    costs: dict[str, Cost]
    time_fields: str

    def answer(self, request: Request, who: Caller, params: dict[str, Any]) -> dict[str, Any]:
        """Run the method of a request and shape the whole answer.

        Raises
        ------
        RefusedError
            When the call is answered with an error.
        CutError
            When it ran past the time for one request.
        """
        start = self.clock()
        if request.method == "batch":
            if self.limits.charge != "inner":
                self._budget(who, "batch")
            result, spent = self._batch(request, who, params)
            if self.limits.charge != "inner":
                self.operating.charge(who.credential, "batch", spent)
            return {"result": result, "time": self.time(who, "batch", start, spent)}
        answer, spent = self._run(request, who, request.method, params)
        if spent > self.limits.request:
            raise CutError
        shown: dict[str, Any] = {"result": answer.result}
        if answer.next is not None:
            shown["next"] = answer.next
        if answer.total is not None:
            shown["total"] = answer.total
        return shown | {"time": self.time(who, request.method, start, spent)}

    def time(self, who: Caller, name: str, start: float, spent: float) -> dict[str, Any]:
        """Return the ``time`` of an answer."""
        finish = max(self.clock(), start + spent)
        shown: dict[str, Any] = {
            "start": start,
            "finish": finish,
            "duration": finish - start,
            "processing": spent,
            "date_start": self.state.zone.iso(start),
            "date_finish": self.state.zone.iso(finish),
        }
        if self.time_fields in ("cloud", "odd"):
            shown["operating_reset_at"] = self.operating.reset_at(who.credential, name)
        if self.time_fields == "odd":
            shown["start"] = int(start)
            shown["operating_reset_at"] = self.state.zone.iso(shown["operating_reset_at"])
        if self.time_fields != "box":
            shown["operating"] = self.operating.seconds(who.credential, name)
        return shown

    def spend(self, name: str, params: dict[str, Any]) -> float:
        """Spend the cost of a method and return it."""
        cost = self.costs.get(name, self.costs["*"])
        seconds = cost(params) if callable(cost) else cost
        self.clock.spend(seconds)
        return seconds

    def _budget(self, who: Caller, name: str) -> None:
        if self.operating.blocked(who.credential, name):
            raise refusal("operation_limit")

    def _run(
        self,
        request: Request,
        who: Caller,
        name: str,
        params: dict[str, Any],
        *,
        inside: bool = False,
    ) -> tuple[Answer, float]:
        known = METHODS.get(name)
        if known is None:
            raise RefusedError(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
        granted = known.scope in who.scopes or _WIDER.get(known.scope, set()) & who.scopes
        if known.scope and not granted:
            text = "The request requires higher privileges than provided by the webhook token"
            raise RefusedError(403, "insufficient_scope", text)
        counted = not inside or self.limits.charge != "batch"
        if counted:
            self._budget(who, name)
        if (name, who.user) in self.state.denied:
            raise self.state.denied[name, who.user]
        self.state.method = name
        seconds = self.spend(name, params)
        try:
            call = Call(self.state, params, who.user, who.scopes, who.application)
            answer = known.run(call)
        finally:
            if counted:
                self.operating.charge(who.credential, name, seconds)
        self.journal.ran(request, name, params)
        return answer, seconds

    def _batch(
        self, request: Request, who: Caller, params: dict[str, Any]
    ) -> tuple[dict[str, Any], float]:
        results: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        totals: dict[str, Any] = {}
        nexts: dict[str, Any] = {}
        times: dict[str, Any] = {}
        halt = php.truthy(params.get("halt", 0))
        spent = 0.0
        for number, (key, command) in enumerate(php.entries(params.get("cmd"))):
            if not isinstance(command, str):
                continue
            name, _, query = command.partition("?")
            name = name.removesuffix(".json").lower()
            start = self.clock()
            try:
                self._batchable(number, name)
                inner = php.substitute(php.parse_str(query), results)
                answer, seconds = self._run(request, who, name, inner, inside=True)
            except RefusedError as error:
                self.journal.refused(error.code)
                errors[_free(errors, key)] = error.body
                if halt:
                    break
                continue
            spent += seconds
            results[key] = answer.result
            if answer.total is not None:
                totals[key] = answer.total
            if answer.next is not None:
                nexts[key] = answer.next
            times[key] = self.time(who, name, start, seconds)
            if spent > self.limits.request:
                raise CutError
        parts = {
            "result": results,
            "result_error": errors,
            "result_total": totals,
            "result_next": nexts,
            "result_time": times,
        }
        return {name: php.shape(part) for name, part in parts.items()}, spent

    def _batchable(self, number: int, name: str) -> None:
        if number >= self.limits.batch:
            raise RefusedError(400, "ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
        if name == "batch":
            text = "Method is not allowed for batch usage"
            raise RefusedError(405, "ERROR_BATCH_METHOD_NOT_ALLOWED", text)
        for fault in self.faults.strike({name}, before=True, inside=True):
            raise refusal(fault.kind, fault.error)


def _free(errors: Mapping[str, Any], key: str) -> str:
    """Renumber a numeric key, as PHP does when it merges arrays."""
    if not key.isdigit():
        return key
    return str(sum(1 for known in errors if known.isdigit()))

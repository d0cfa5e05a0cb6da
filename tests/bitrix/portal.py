"""An emulated Bitrix24 portal: a state machine, and a real HTTP server around it.

It knows nothing of any client. ``Portal.handle`` takes a request and gives an answer; a server on
a loopback port (``Portal.serve``) passes on what comes over TCP. Time, costs and faults are
arguments, so a simulation of days runs in a moment.

Use
---
>>> portal = Portal(clock=VirtualClock(1_700_000_000))
>>> acme = portal.add_company("ООО «Ромашка»", industry="IT")
>>> deal = portal.add_won_deal(1500, "2023-10-05T12:00:00+03:00", company=acme)
>>> portal.call("crm.item.list", {"entityTypeId": 2, "select": ["opportunity"]})["result"]
{'items': [{'id': 1, 'opportunity': 1500}]}

``with portal.serve() as server:`` gives ``server.webhook`` (a URL ending in ``/``), ``server.url``
(the portal), and answers until the block ends.

Seeding (`tests.bitrix.seed`): ``add_company``, ``add_contact``, ``add_lead``, ``add_deal``,
``add_won_deal``, ``add_invoice``, ``add_paid_invoice``, ``move``, ``touch``, ``delete``,
``add_user_field``, ``add_category``, ``stage``, ``delete_stage``, ``add_user``, ``add_department``, ``add_currency``,
``hide``, ``lock``, and looking: ``row``, ``value``, ``choice``, ``user_field``.

Switches of behaviour are attributes of ``portal.state`` (see `State`) and of
``portal.state.zone`` (see `Zone`). Limits: ``portal.limits``. Run time of methods:
``portal.costs``, seconds by method name, ``"*"`` for the others.

Faults: ``portal.faults.add("reset_after", "crm.item.update", skip=3)``, see `Fault`.

Accounts: ``portal.journal`` (requests, runs by method, duplicates), ``portal.state.writes``
(changes that were really made), ``portal.state.touched`` (changes by entity and id),
``portal.state.noops``, ``portal.state.events`` (what would start automation).
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta, timezone, tzinfo
from typing import Any
from urllib.parse import urlsplit

from attrs import define, field
from tests.bitrix import items, lists, php, userfields
from tests.bitrix.access import Access, Caller, Webhook
from tests.bitrix.errors import RefusedError
from tests.bitrix.faults import DroppedError, Fault, Faults
from tests.bitrix.journal import Journal, Request
from tests.bitrix.limits import Bucket, Clock, Limits, Operating, VirtualClock
from tests.bitrix.methods import METHODS, Answer, Call
from tests.bitrix.schema import COMPANY, CONTACT, DEAL, INVOICE, LEAD
from tests.bitrix.seed import Seed
from tests.bitrix.server import Server, serving
from tests.bitrix.state import State
from tests.bitrix.values import Zone

__all__ = [
    "COMPANY",
    "CONTACT",
    "DEAL",
    "INVOICE",
    "LEAD",
    "Clock",
    "DroppedError",
    "Fault",
    "Limits",
    "Portal",
    "Response",
    "VirtualClock",
]

_MODULES = (items, lists, userfields)
Response = tuple[int, dict[str, str], bytes]
Cost = float | Callable[[dict[str, Any]], float]
_HTML = {"Content-Type": "text/html; charset=utf-8"}
_JSON = {"Content-Type": "application/json; charset=utf-8"}
_PAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1><hr>nginx</body></html>"
_PAGES = {
    "bad_gateway": (502, "502 Bad Gateway"),
    "unavailable": (503, "503 Service Temporarily Unavailable"),
    "too_many": (429, "429 Too Many Requests"),
}
_REFUSALS: dict[str, tuple[int, str, str]] = {
    "query_limit": (503, "QUERY_LIMIT_EXCEEDED", "Too many requests"),
    "operation_limit": (
        429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.",
    ),
    "overload": (503, "OVERLOAD_LIMIT", "REST API is blocked due to overload"),
    "deleted": (403, "PORTAL_DELETED", "Portal was deleted"),
    "expired_token": (401, "expired_token", "The access token provided has expired"),
    "internal": (500, "INTERNAL_SERVER_ERROR", "Internal server error"),
    "unexpected": (500, "ERROR_UNEXPECTED_ANSWER", "Server returned an unexpected response"),
}  # fmt: skip


class _CutError(Exception):
    """The server gave up on a request that took too long; what ran has run."""


def _offset(hours: float) -> tzinfo:
    return timezone(timedelta(hours=hours))


@define(init=False)
class Portal(Seed):
    """A portal with one webhook of an administrator, two users and one department.

    Parameters
    ----------
    clock
        `Clock` (real time) or `VirtualClock`.
    zone
        The server's time zone, or hours from UTC.
    limits
        `Limits`; switched off by ``Limits(rate=None, operating=None)``.
    costs
        Run time of methods in seconds, a number or a function of the parameters.
    latency
        Seconds that every request takes on top; only a virtual clock notices.
    time_fields
        ``cloud``: ``operating`` and ``operating_reset_at``; ``old``: ``operating`` only; ``box``:
        neither.
    keep
        Keep the parameters of all requests in the journal.
    """

    clock: Clock
    limits: Limits
    costs: dict[str, Cost]
    latency: float
    time_fields: str
    journal: Journal
    faults: Faults
    access: Access
    hook: Webhook
    bucket: Bucket
    operating: Operating
    base: str
    moved_to: str | None
    plan: bool
    lock_: threading.RLock = field(repr=False)
    refused_by_plan: int

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        zone: tzinfo | float = 3,
        limits: Limits | None = None,
        costs: Mapping[str, Cost] | None = None,
        latency: float = 0.0,
        time_fields: str = "cloud",
        keep: bool = True,
        seed: int = 1,
    ) -> None:
        self.clock = clock or Clock()
        self.limits = limits or Limits()
        self.costs = {"*": 0.01, **(costs or {})}
        self.latency = latency
        self.time_fields = time_fields
        zone = zone if isinstance(zone, tzinfo) else _offset(zone)
        self.state = State(self.clock, Zone(zone), seed)
        self.journal = Journal(keep)
        self.faults = Faults()
        self.access = Access(self.clock, self.state.random)
        self.bucket = Bucket(self.limits, self.clock)
        self.operating = Operating(self.limits, self.clock)
        self.base = "https://portal.bitrix24.ru"
        self.moved_to = None
        self.plan = True
        self.lock_ = threading.RLock()
        self.refused_by_plan = 0
        self.add_user("Администратор", "Портала", admin=True, WORK_POSITION="Директор")
        self.add_user("Мария", "Продажина", WORK_POSITION="Руководитель отдела продаж")
        self.add_department("Компания", parent=0, head=1)
        self.hook = self.access.webhook(user=1)

    def handle(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        source: str = "127.0.0.1",
    ) -> Response:
        """Answer one HTTP request.

        Raises
        ------
        DroppedError
            When a fault ends the connection without an answer.
        """
        names = {key.lower(): value for key, value in (headers or {}).items()}
        with self.lock_:
            self.clock.spend(self.latency)
            request = self.journal.open(self.clock(), names.get("user-agent", ""))
        parts = urlsplit(path)
        params = php.parse_str(parts.query)
        params.update(_body(names.get("content-type", ""), body))
        caller, name = self._route(parts.path)
        request.method = name.lower()
        if self.journal.keep:
            request.params = self.journal.clean(params)
        touched = _methods(request.method, params)
        try:
            answer = self._strike(touched, request, before=True)
            if answer is None:
                with self.lock_:
                    self.state.request = request.number
                    answer = self._answer(request, caller, params, parts.path, source)
            changed = self._strike(touched, request, before=False, answer=answer)
        except DroppedError:
            request.dropped = True
            raise
        answer = changed or answer
        request.status = answer[0]
        self.journal.by_method[request.method] += 1
        return answer

    def call(self, method: str, params: Mapping[str, Any] | None = None) -> Any:
        """Call a method as the portal's own webhook and give the decoded answer."""
        body = json.dumps(dict(params or {})).encode()
        path = f"/rest/{self.hook.user}/{self.hook.secret}/{method}"
        return json.loads(self.handle("POST", path, {"Content-Type": "application/json"}, body)[2])

    @contextmanager
    def serve(self) -> Iterator[Server]:
        """Answer over TCP on a loopback port until the block ends."""
        with serving(self) as server:
            self.base = server.url
            yield server

    @property
    def webhook_path(self) -> str:
        """Give the path of the portal's own webhook; it ends in ``/``."""
        return f"/rest/{self.hook.user}/{self.hook.secret}/"

    @staticmethod
    def _route(path: str) -> tuple[tuple[str, ...], str]:
        steps = [step for step in path.split("/") if step]
        if steps[:2] == ["oauth", "token"]:
            return ("oauth",), "oauth/token"
        if not steps or steps[0] != "rest":
            return (), ""
        name = steps[-1].removesuffix(".json")
        if len(steps) == 2:
            return ("token",), name
        if len(steps) == 4:
            return ("webhook", steps[1], steps[2]), name
        if len(steps) == 5 and steps[1] == "api":
            return ("v3", steps[2], steps[3]), name
        return (), ""

    def _strike(
        self, touched: set[str], request: Request, *, before: bool, answer: Response | None = None
    ) -> Response | None:
        for fault in self.faults.strike(touched, before=before):
            kind = fault.kind
            if kind in ("hook", "hook_after") and fault.hook is not None:
                fault.hook(request.number)
            elif kind in ("delay", "delay_after"):
                self.clock.spend(fault.seconds)
                if not isinstance(self.clock, VirtualClock):
                    time.sleep(fault.seconds)
            elif kind.startswith("reset"):
                raise DroppedError(kind)
            elif kind in _REFUSALS:
                answer = self._refuse(request, RefusedError(*_REFUSALS[kind]))
            elif kind in _PAGES or kind == "bad_gateway_after":
                answer = _page(*_PAGES[kind.removesuffix("_after")])
            elif answer is not None:
                answer = _damaged(kind, answer)
            if before and answer is not None:
                return answer
        return answer

    def _answer(
        self,
        request: Request,
        caller: tuple[str, ...],
        params: dict[str, Any],
        path: str,
        source: str,
    ) -> Response:
        if not caller:
            return _page(404, "404 Not Found")
        if caller[0] == "oauth":
            try:
                return _json(200, self.access.token(params, self.base))
            except RefusedError as error:
                return self._refuse(request, error)
        if self.moved_to is not None:
            status, headers, body = _page(302, "302 Found")
            return status, {**headers, "Location": self.moved_to + path}, body
        try:
            if not self.bucket.admit(source):
                raise RefusedError(*_REFUSALS["query_limit"])
            who = self._who(caller, params)
            params.pop("auth", None)
            return self._rest(request, who, params)
        except RefusedError as error:
            return self._refuse(request, error)
        except _CutError:
            return _page(504, "504 Gateway Time-out")

    def _who(self, caller: tuple[str, ...], params: dict[str, Any]) -> Caller:
        if not self.plan:
            text = "REST API is available only on commercial plans"
            raise RefusedError(403, "ACCESS_DENIED", text)
        if caller[0] == "token":
            return self.access.by_token(str(params.get("auth", "")))
        return self.access.by_webhook(caller[1], caller[2])

    def _rest(self, request: Request, who: Caller, params: dict[str, Any]) -> Response:
        start = self.clock()
        if request.method == "batch":
            self._budget(who, "batch", batch=True)
            result, spent = self._batch(request, who, params)
            if self.limits.charge != "inner":
                self.operating.charge(who.credential, "batch", spent)
            return _json(200, {"result": result, "time": self._time(who, "batch", start, spent)})
        answer, spent = self._run(request, who, request.method, params)
        shown: dict[str, Any] = {"result": answer.result}
        if answer.next is not None:
            shown["next"] = answer.next
        if answer.total is not None:
            shown["total"] = answer.total
        if spent > self.limits.request:
            raise _CutError
        return _json(200, shown | {"time": self._time(who, request.method, start, spent)})

    def _budget(self, who: Caller, name: str, *, batch: bool = False) -> None:
        charged = self.limits.charge != "inner" if batch else True
        if charged and self.operating.blocked(who.credential, name):
            raise RefusedError(*_REFUSALS["operation_limit"])

    def _run(
        self,
        request: Request,
        who: Caller,
        name: str,
        params: dict[str, Any],
        *,
        inside: bool = False,
    ) -> tuple[Answer, float]:
        """Run one method: look it up, check scope and budget, charge its cost."""
        known = METHODS.get(name)
        if known is None:
            raise RefusedError(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
        if known.scope and not _granted(known.scope, who.scopes):
            text = "The request requires higher privileges than provided by the webhook token"
            raise RefusedError(403, "insufficient_scope", text)
        counted = not inside or self.limits.charge != "batch"
        if counted:
            self._budget(who, name)
        self.state.method = name
        cost = self.costs.get(name, self.costs["*"])
        seconds = cost(params) if callable(cost) else cost
        self.clock.spend(seconds)
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
            times[key] = self._time(who, name, start, seconds)
            if spent > self.limits.request:
                raise _CutError
        shaped = {
            "result": php.shape(results), "result_error": php.shape(errors),
            "result_total": php.shape(totals), "result_next": php.shape(nexts),
            "result_time": php.shape(times),
        }  # fmt: skip
        return shaped, spent

    def _batchable(self, number: int, name: str) -> None:
        if number >= self.limits.batch:
            raise RefusedError(400, "ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
        if name == "batch":
            text = "Method is not allowed for batch usage"
            raise RefusedError(405, "ERROR_BATCH_METHOD_NOT_ALLOWED", text)
        for fault in self.faults.strike({name}, before=True, inside=True):
            raise RefusedError(*_REFUSALS[fault.kind])

    def _time(self, who: Caller, name: str, start: float, spent: float) -> dict[str, Any]:
        finish = max(self.clock(), start + spent)
        shown: dict[str, Any] = {
            "start": start, "finish": finish, "duration": finish - start, "processing": spent,
            "date_start": self.state.zone.iso(start), "date_finish": self.state.zone.iso(finish),
        }  # fmt: skip
        if self.time_fields == "cloud":
            shown["operating_reset_at"] = self.operating.reset_at(who.credential, name)
        if self.time_fields != "box":
            shown["operating"] = self.operating.seconds(who.credential, name)
        return shown

    def _refuse(self, request: Request, error: RefusedError) -> Response:
        request.code = str(error.code)
        self.journal.refused(error.code)
        return _json(error.status, error.body)


def _granted(scope: str, scopes: frozenset[str]) -> bool:
    wider = {"user_brief": {"user", "user_basic"}, "task": {"tasks"}}
    return scope in scopes or bool(wider.get(scope, set()) & scopes)


def _methods(name: str, params: dict[str, Any]) -> set[str]:
    """Name a request's method, and those inside a batch."""
    if name != "batch":
        return {name}
    commands = (command for _, command in php.entries(params.get("cmd")))
    return {name} | {str(c).partition("?")[0].removesuffix(".json").lower() for c in commands}


def _free(errors: Mapping[str, Any], key: str) -> str:
    """Renumber a numeric key, as PHP does when it merges arrays."""
    if not key.isdigit():
        return key
    return str(sum(1 for known in errors if known.isdigit()))


def _body(content_type: str, body: bytes) -> dict[str, Any]:
    if "json" in content_type:
        try:
            return dict(php.entries(json.loads(body or b"{}")))
        except ValueError:
            return {}
    return php.parse_str(body.decode("utf-8", "replace"))


def _json(status: int, value: Any) -> Response:
    return status, dict(_JSON), json.dumps(value).encode()


def _page(status: int, title: str) -> Response:
    return status, dict(_HTML), _PAGE.format(title).encode()


def _damaged(kind: str, answer: Response) -> Response:
    status, headers, body = answer
    if kind == "truncated":
        return status, {**headers, "Content-Length": str(len(body))}, body[: len(body) // 2]
    return (status, headers, b"") if kind == "empty" else (status, headers, b"<br />\n" + body[:9])

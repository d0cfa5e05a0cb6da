"""An emulated Bitrix24 portal: a state machine, and a real HTTP server around it.

It is independent of any client. ``Portal.handle`` takes a request and returns an answer; a server
on a loopback port (``Portal.serve``) passes on the requests of TCP clients. Time, costs and faults
are arguments, so that days are simulated at once.

Use
---
>>> portal = Portal(clock=VirtualClock(1_700_000_000))
>>> acme = portal.add_company("ООО «Ромашка»", industry="IT")
>>> deal = portal.add_won_deal(1500, "2023-10-05T12:00:00+03:00", company=acme)
>>> portal.call("crm.item.list", {"entityTypeId": 2, "select": ["opportunity"]})["result"]
{'items': [{'id': 1, 'opportunity': 1500}]}

``with portal.serve() as server:`` gives ``server.webhook`` (a URL ending in ``/``), ``server.url``
(the portal), and answers until the block ends.

Seeding (`tests.emulators.bitrix24.seed`): ``add_company``, ``add_contact``, ``add_lead``,
``add_deal``, ``add_won_deal``, ``add_invoice``, ``add_paid_invoice``, ``move``, ``touch``,
``delete``, ``add_user_field``, ``add_category``, ``stage``, ``delete_stage``, ``add_user``,
``add_department``, ``add_currency``, ``add_activity``, ``add_call``, ``add_payment``,
``add_product``, ``add_product_row``, ``add_requisite``, ``hide``, ``lock``, ``deny``. Looking:
``row``, ``value``, ``choice``, ``user_field``.

Switches of behaviour are attributes of ``portal.state`` (see `State`) and of
``portal.state.zone`` (see `Zone`). Limits: ``portal.limits``. Run time of methods:
``portal.costs``, seconds by method name, ``"*"`` for the others.

Faults: ``portal.faults.add("reset_after", "crm.item.update", skip=3)``, see `Fault`.

Records: ``portal.journal`` (requests, runs by method, duplicates), ``portal.state.writes``
(changes that were really made), ``portal.state.touched`` (changes by entity and id),
``portal.state.noops``, ``portal.state.events`` (what would start automation).
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta, timezone, tzinfo
from typing import Any
from urllib.parse import urlencode, urlsplit

from attrs import define, field
from tests.emulators.bitrix24 import php
from tests.emulators.bitrix24.access import Access, Caller, Webhook
from tests.emulators.bitrix24.answers import PAGES, Response, as_json, damaged, page, refusal
from tests.emulators.bitrix24.engine import Cost, CutError, Engine
from tests.emulators.bitrix24.errors import RefusedError
from tests.emulators.bitrix24.faults import CODED, DroppedError, Fault, Faults
from tests.emulators.bitrix24.journal import Journal, Request
from tests.emulators.bitrix24.limits import Bucket, Clock, Limits, Operating, VirtualClock
from tests.emulators.bitrix24.methods import Call
from tests.emulators.bitrix24.rest3 import Rest3, Rest3Error
from tests.emulators.bitrix24.schema import COMPANY, CONTACT, DEAL, INVOICE, LEAD
from tests.emulators.bitrix24.seed import Seed
from tests.emulators.bitrix24.server import Server, serving
from tests.emulators.bitrix24.state import State
from tests.emulators.bitrix24.values import Zone

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


@define(init=False, repr=False, eq=False)
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
        neither; ``odd``: a whole ``start``, and ``operating_reset_at`` as ISO text.
    keep
        Keep every request in the journal; off, only the counts grow.
    seed
        Seed of secrets and tokens.

    Attributes
    ----------
    moved_to
        Answer every call with 302 to this address.
    consents
        The user who opens the page of consent agrees.
    plan, https_only
        Refuse every call: the plan has no REST, or HTTP is not allowed.
    """

    clock: Clock
    limits: Limits
    costs: dict[str, Cost]
    latency: float
    journal: Journal
    faults: Faults
    access: Access
    hook: Webhook
    bucket: Bucket
    operating: Operating
    engine: Engine
    rest3: Rest3
    base: str
    moved_to: str | None
    consents: bool
    plan: bool
    https_only: bool
    _lock: threading.RLock = field(repr=False)

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
        zone = zone if isinstance(zone, tzinfo) else timezone(timedelta(hours=zone))
        self.state = State(self.clock, Zone(zone), seed)
        self.journal = Journal(keep)
        self.faults = Faults()
        self.access = Access(self.clock, self.state.random)
        self.bucket = Bucket(self.limits, self.clock)
        self.operating = Operating(self.limits, self.clock)
        self.engine = Engine(
            self.state,
            self.clock,
            self.limits,
            self.operating,
            self.journal,
            self.faults,
            self.costs,
            time_fields,
        )
        self.rest3 = Rest3(self.state)
        self.base = "https://portal.bitrix24.ru"
        self.moved_to = None
        self.consents = True
        self.plan = True
        self.https_only = False
        self._lock = threading.RLock()
        self.add_user("Администратор", "Портала", admin=True, WORK_POSITION="Директор")
        self.add_user("Мария", "Продажина", WORK_POSITION="Руководитель отдела продаж")
        self.add_department("Компания", parent=0, head=1)
        self.hook = self.access.webhook(user=1)

    def __repr__(self) -> str:
        """Return a short text without secrets and rows."""
        return f"<Portal: {self.journal.total} requests>"

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
        parts = urlsplit(path)
        with self._lock:
            self.clock.spend(self.latency)
            request = self.journal.open(self.clock(), names.get("user-agent", ""))
        params = php.parse_str(parts.query)
        params.update(_body(names.get("content-type", ""), body))
        caller, name = _route(parts.path)
        request.method = name.lower()
        if self.journal.keep:
            request.params = self.journal.clean(params)
        touched = _methods(request.method, params)
        try:
            answer = self._before(touched, request)
            if answer is None:
                with self._lock:
                    self.state.request = request.number
                    if caller[:1] == ("v3",):
                        params["idempotency-key"] = names.get("idempotency-key")
                    answer = self._answer(request, caller, params, parts.path, source)
            answer = self._after(touched, request, answer)
        except DroppedError:
            request.dropped = True
            raise
        with self._lock:
            request.status = answer[0]
            self.journal.by_method[request.method] += 1
        return answer

    def call(self, method: str, params: Mapping[str, Any] | None = None) -> Any:
        """Call a method by the portal's webhook and return the decoded answer."""
        body = json.dumps(dict(params or {})).encode()
        headers = {"Content-Type": "application/json"}
        return json.loads(self.handle("POST", self.webhook_path + method, headers, body)[2])

    @contextmanager
    def serve(self) -> Iterator[Server]:
        """Answer over TCP on a loopback port until the block ends."""
        with serving(self) as server:
            self.base = server.url
            yield server

    @property
    def webhook_path(self) -> str:
        """Return the path of the portal's webhook; it ends in ``/``."""
        return f"/rest/{self.hook.user}/{self.hook.secret}/"

    def _before(self, touched: set[str], request: Request) -> Response | None:
        """Apply the faults before the method."""
        for fault in self.faults.strike(touched, before=True):
            if fault.kind == "hook" and fault.hook is not None:
                fault.hook(request.number)
            elif fault.kind == "delay":
                self._wait(fault.seconds)
            elif fault.kind == "reset_before":
                raise DroppedError(fault.kind)
            elif fault.kind in CODED:
                return self._refuse(request, refusal(fault.kind, fault.error))
            else:
                return page(*PAGES[fault.kind])
        return None

    def _after(self, touched: set[str], request: Request, answer: Response) -> Response:
        """Apply the faults after the method."""
        for fault in self.faults.strike(touched, before=False):
            if fault.kind == "hook_after" and fault.hook is not None:
                fault.hook(request.number)
            elif fault.kind == "delay_after":
                self._wait(fault.seconds)
            elif fault.kind == "reset_after":
                raise DroppedError(fault.kind)
            elif fault.kind == "bad_gateway_after":
                answer = page(*PAGES["bad_gateway"])
            else:
                answer = damaged(fault.kind, answer)
        return answer

    def _wait(self, seconds: float) -> None:
        self.clock.spend(seconds)
        if not isinstance(self.clock, VirtualClock):
            time.sleep(seconds)

    def _answer(
        self,
        request: Request,
        caller: tuple[str, ...],
        params: dict[str, Any],
        path: str,
        source: str,
    ) -> Response:
        if not caller:
            return page(404, "404 Not Found")
        if self.moved_to is not None and caller[0] != "oauth":
            status, headers, body = page(302, "302 Found")
            return status, {**headers, "Location": self.moved_to + path}, body
        if caller[0] == "consent":
            return self._consent(params)
        try:
            if caller[0] == "oauth":
                return as_json(200, self.access.token(params, self.base))
            if not self.bucket.admit(source):
                raise refusal("query_limit")
            who = self._who(caller, params)
            params.pop("auth", None)
            if caller[0] == "v3" and not self.state.rest3_route:
                raise RefusedError(401, "NO_AUTH_FOUND", "Wrong authorization data")
            if caller[0] == "v3":
                return self._answer3(request, who, params)
            return as_json(200, self.engine.answer(request, who, params))
        except RefusedError as error:
            return self._refuse(request, error)
        except CutError:
            return page(504, "504 Gateway Time-out")

    def _consent(self, params: dict[str, Any]) -> Response:
        """Redirect a user who consents, or who refuses (``consents`` is off)."""
        app = self.access.applications.get(str(params.get("client_id", "")))
        if app is None:
            return page(404, "404 Not Found")
        answer = {"state": str(params.get("state", "")), "server_domain": self.base}
        if self.consents:
            answer["code"] = self.access.authorize(app.client_id)
        else:
            answer["error"] = "access_denied"
        status, headers, body = page(302, "302 Found")
        target = f"{params['redirect_uri']}?{urlencode(answer)}"
        return status, {**headers, "Location": target}, body

    def _answer3(self, request: Request, who: Caller, params: dict[str, Any]) -> Response:
        """Answer a request of REST 3.0."""
        start, key = self.clock(), params.pop("idempotency-key")
        spent = self.engine.spend(request.method, params)
        self.state.method = request.method
        call = Call(self.state, params, who.user, who.scopes, who.application)
        try:
            result, again = self.rest3.answer(request.method, call, key, who.credential)
        except Rest3Error as error:
            request.code = error.code
            self.journal.refused(error.code)
            return as_json(error.status, error.body)
        shown = {"result": result, "time": self.engine.time(who, request.method, start, spent)}
        status, headers, body = as_json(200, shown)
        if again:
            headers["Idempotent-Replayed"] = "true"
        else:
            self.journal.ran(request, request.method, params)
        return status, headers, body

    def _who(self, caller: tuple[str, ...], params: dict[str, Any]) -> Caller:
        if self.https_only:
            raise RefusedError(400, "INVALID_REQUEST", "Https required")
        if not self.plan:
            text = "REST API is available only on commercial plans"
            raise RefusedError(403, "ACCESS_DENIED", text)
        if caller[0] == "token":
            return self.access.by_token(str(params.get("auth", "")))
        return self.access.by_webhook(caller[1], caller[2])

    def _refuse(self, request: Request, error: RefusedError) -> Response:
        request.code = str(error.code)
        self.journal.refused(error.code)
        return as_json(error.status, error.body)


def _route(path: str) -> tuple[tuple[str, ...], str]:
    """Return caller, route and method of a request."""
    steps = [step for step in path.split("/") if step]
    if steps[:2] == ["oauth", "authorize"]:
        return ("consent",), "oauth/authorize"
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


def _methods(name: str, params: dict[str, Any]) -> set[str]:
    """Return a request's method, and those inside a batch."""
    if name != "batch":
        return {name}
    commands = (command for _, command in php.entries(params.get("cmd")))
    return {name} | {str(c).partition("?")[0].removesuffix(".json").lower() for c in commands}


def _body(content_type: str, body: bytes) -> dict[str, Any]:
    if "json" in content_type:
        try:
            return dict(php.entries(json.loads(body or b"{}")))
        except ValueError:
            return {}
    return php.parse_str(body.decode("utf-8", "replace"))

"""The emulated portal over TCP: connections, faults, and who may call."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from tests.emulators.bitrix24.faults import Fault
from tests.emulators.bitrix24.portal import COMPANY, DEAL, DroppedError, Portal, VirtualClock
from tests.emulators.bitrix24.server import Server

NOW = 1_764_000_000.0


@pytest.fixture
def portal() -> Portal:
    return Portal(clock=VirtualClock(NOW))


@pytest.fixture
def server(portal: Portal) -> Iterator[Server]:
    with portal.serve() as running:
        yield running


class Line:
    """One keep-alive connection."""

    def __init__(self, server: Server) -> None:
        self.parts = urlsplit(server.webhook)
        self.connection = http.client.HTTPConnection(self.parts.netloc, timeout=10)

    def post(
        self, method: str, params: Any = None, path: str | None = None, **headers: str
    ) -> tuple[int, Any]:
        """Send a call and read the whole answer."""
        body = json.dumps(params or {})
        sent = {"Content-Type": "application/json", **headers}
        path = path or self.parts.path + method
        self.connection.request("POST", path, body, sent)
        with self.connection.getresponse() as answer:
            text = answer.read()
        is_json = "json" in (answer.headers["Content-Type"] or "")
        return answer.status, json.loads(text) if is_json and text else text


@pytest.fixture
def line(server: Server) -> Iterator[Line]:
    made = Line(server)
    with closing(made.connection):
        yield made


def test_keeps_one_connection_for_many_calls(server: Server, line: Line) -> None:
    """Calls of one client share a connection, whatever the status of their answers."""
    for method in ("profile", "nope", "scope"):
        line.post(method)
    assert len(server.connections) == 1


def test_takes_parameters_in_every_encoding(portal: Portal, server: Server) -> None:
    """JSON, a form with brackets and a query mean the same, with or without .json."""
    portal.add_deal("Ёлка")
    netloc = urlsplit(server.url).netloc
    where = {"entityTypeId": DEAL, "filter[%title]": "ёлка", "select[0]": "title"}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    seen = []
    for verb, path, body, headers in (
        ("GET", f"crm.item.list?{urlencode(where)}", None, {}),
        ("POST", "crm.item.list.json", urlencode(where), form),
        (
            "POST",
            "CRM.Item.List",
            json.dumps({"entityTypeId": 2, "filter": {"%title": "ёлка"}, "select": ["title"]}),
            {"Content-Type": "application/json"},
        ),
    ):
        connection = http.client.HTTPConnection(netloc, timeout=10)
        connection.request(verb, portal.webhook_path + path, body, headers)
        seen.append(json.loads(connection.getresponse().read())["result"]["items"])
        connection.close()
    assert seen == [[{"id": 1, "title": "Ёлка"}]] * 3


def test_counts_exactly_under_many_threads(portal: Portal, server: Server) -> None:
    """Clients of many threads share one state: no call, number or change is lost."""
    portal.limits.rate = None
    portal.add_company("Ромашка")

    def work(worker: int) -> None:
        line = Line(server)
        with closing(line.connection):
            for number in range(20):
                fields = {"title": f"{worker}/{number}"}
                params = {"entityTypeId": COMPANY, "id": 1, "fields": fields}
                line.post("crm.item.update", params)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert (
        portal.journal.total,
        portal.journal.by_method["crm.item.update"],
        portal.state.touched["company", 1],
    ) == (160, 160, 160)
    assert list(range(1, 161)) == [write.request for write in portal.state.writes]


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("query_limit", 503, "QUERY_LIMIT_EXCEEDED"),
        ("operation_limit", 429, "OPERATION_TIME_LIMIT"),
        ("overload", 503, "OVERLOAD_LIMIT"),
        ("deleted", 403, "PORTAL_DELETED"),
        ("expired_token", 401, "expired_token"),
        ("internal", 500, "INTERNAL_SERVER_ERROR"),
        ("unexpected", 500, "ERROR_UNEXPECTED_ANSWER"),
    ],
)
def test_refuses_with_a_code_before_anything_runs(
    portal: Portal, line: Line, kind: str, status: int, code: str
) -> None:
    """A fault with a code answers once, runs nothing, and the next call succeeds."""
    portal.faults.add(kind)
    answer = line.post("profile")
    assert (status, code) == (answer[0], answer[1]["error"])
    assert portal.journal.run["profile"] == 0
    assert line.post("profile")[0] == 200


@pytest.mark.parametrize(
    ("kind", "status"), [("bad_gateway", 502), ("unavailable", 503), ("too_many", 429)]
)
def test_answers_with_a_page_of_the_proxy(
    portal: Portal, line: Line, kind: str, status: int
) -> None:
    """A proxy answers with a page, and the method did not run."""
    portal.faults.add(kind)
    answer = line.post("profile")
    assert (status, b"<html>") == (answer[0], answer[1][:6])
    assert portal.journal.run["profile"] == 0


def _rename(line: Line, title: str) -> Any:
    params = {"entityTypeId": COMPANY, "id": 1, "fields": {"title": title}}
    return line.post("crm.item.update", params)


@pytest.mark.parametrize(
    ("kind", "ran"),
    [
        ("reset_before", 0),
        ("reset_after", 1),
        ("truncated", 1),
        ("bad_gateway_after", 1),
        ("empty", 1),
        ("not_json", 1),
    ],
)
def test_loses_the_answer_before_or_after_the_commit(
    portal: Portal, line: Line, kind: str, ran: int
) -> None:
    """Where the answer is lost before the commit nothing has changed, after it all has."""
    portal.add_company("Прежнее")
    portal.faults.add(kind, "crm.item.update")
    whole = True
    try:
        status, answer = _rename(line, "Новое")
        whole = status == 200 and isinstance(answer, dict)
    except (ConnectionError, http.client.HTTPException, ValueError):
        whole = False
    assert not whole
    assert ["Прежнее", "Новое"][ran] == portal.value(COMPANY, 1, "title")
    assert ran == len(portal.state.writes)
    assert [kind.startswith("reset")] == [r.dropped for r in portal.journal.requests]
    line.connection.close()
    assert _rename(line, "Ещё")[0] == 200


def test_resets_the_connection_instead_of_closing_it(portal: Portal, line: Line) -> None:
    """A dropped request ends in a reset that the client sees at once."""
    portal.faults.add("reset_before")
    with pytest.raises(ConnectionResetError) as seen:
        line.post("profile")
    assert ConnectionResetError is type(seen.value)


def test_promises_more_than_it_sends_when_truncated(portal: Portal, line: Line) -> None:
    """A truncated answer has the length of the whole one and ends too early."""
    portal.faults.add("truncated")
    with pytest.raises(http.client.IncompleteRead):
        line.post("profile")


def test_closes_a_keep_alive_connection(portal: Portal, line: Line) -> None:
    """After a good answer the connection is gone, which the client learns at its next call."""
    portal.faults.add("hang_up")
    assert line.post("profile")[0] == 200
    time.sleep(0.05)
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        line.post("profile")
    assert portal.journal.total == 1


def test_strikes_the_request_that_was_meant(portal: Portal, line: Line) -> None:
    """A fault hits only its method, after *skip* calls, and *times* times."""
    portal.faults.add("internal", "scope", skip=1, times=2)
    calls = ["scope", "profile", "scope", "scope", "scope"]
    assert [line.post(name)[0] for name in calls] == [200, 200, 500, 500, 200]
    portal.faults.add("internal", "scope")
    assert line.post("batch", {"cmd": {"a": "profile", "b": "scope"}})[0] == 500


def test_fails_one_command_of_a_batch(portal: Portal, line: Line) -> None:
    """A fault inside a batch hits one command and leaves its neighbours."""
    portal.faults.add("query_limit", "scope", inside=True)
    portal.faults.add("refuse", "profile", inside=True, skip=1, error=(400, "WEIRD", "?"))
    commands = {"a": "profile", "b": "scope", "c": "profile", "d": "scope"}
    status, answer = line.post("batch", {"cmd": commands})
    assert (status, list(answer["result"]["result"])) == (200, ["a", "d"])
    assert {key: error["error"] for key, error in answer["result"]["result_error"].items()} == {
        "b": "QUERY_LIMIT_EXCEEDED",
        "c": "WEIRD",
    }


def test_refuses_an_unknown_fault() -> None:
    """A misspelt kind is an error at once."""
    with pytest.raises(ValueError, match="rest_after"):
        Fault("rest_after")
    with pytest.raises(ValueError, match="truncated"):
        Fault("truncated", inside=True)


def test_calls_a_hook_before_and_after_a_request(portal: Portal) -> None:
    """A hook learns the number of the request, and an exception of it leaves the portal."""
    portal.add_company("Прежнее")
    seen: list[int] = []

    def die(number: int) -> None:
        seen.append(number)
        raise KeyboardInterrupt

    rename = {"entityTypeId": COMPANY, "id": 1, "fields": {"title": "Новое"}}
    portal.call("profile")
    portal.faults.add("hook", "crm.item.update", hook=die)
    with pytest.raises(KeyboardInterrupt):
        portal.call("crm.item.update", rename)
    assert portal.value(COMPANY, 1, "title") == "Прежнее"
    portal.faults.add("hook_after", "crm.item.update", hook=die)
    with pytest.raises(KeyboardInterrupt):
        portal.call("crm.item.update", rename)
    assert portal.value(COMPANY, 1, "title") == "Новое"
    assert seen == [2, 3]


_CHILD = """
import json, sys, urllib.request
for number in range(1, 21):
    body = json.dumps({"entityTypeId": 4, "id": number, "fields": {"title": "x"}}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(sys.argv[1] + "crm.item.update", body, headers)
    urllib.request.urlopen(request).read()
"""


@pytest.mark.parametrize(("kind", "written"), [("hook", 6), ("hook_after", 7)])
def test_kills_a_client_at_the_request_that_was_chosen(
    portal: Portal, server: Server, kind: str, written: int
) -> None:
    """A process killed at its seventh request has that one committed only after the commit."""
    for number in range(20):
        portal.add_company(f"Компания {number}")

    def kill(number: int) -> None:
        child.kill()
        child.wait(10)
        if kind == "hook":
            raise DroppedError(kind)

    portal.faults.add(kind, "crm.item.update", skip=6, hook=kill)
    child = subprocess.Popen([sys.executable, "-c", _CHILD, server.webhook])
    child.wait(60)
    assert child.returncode == -signal.SIGKILL
    assert list(range(1, written + 1)) == [write.id for write in portal.state.writes]
    assert portal.journal.total == 7


def test_lets_rows_change_between_two_pages(portal: Portal) -> None:
    """A hook may change the table while a client pages through it by offset."""
    for _ in range(60):
        portal.add_deal()
    portal.faults.add("hook_after", "crm.item.list", hook=lambda _: portal.delete(DEAL, 1))
    pages = [
        portal.call("crm.item.list", {"entityTypeId": DEAL, "start": start})["result"]["items"]
        for start in (0, 50)
    ]
    assert 51 not in [item["id"] for page in pages for item in page]


def test_waits_for_the_configured_delay(portal: Portal) -> None:
    """A delay moves a virtual clock, and really waits on a real one."""
    portal.faults.add("delay", seconds=100)
    portal.call("profile")
    assert NOW + 100 < portal.clock() < NOW + 101
    real = Portal()
    real.faults.add("delay_after", seconds=0.05)
    start = time.monotonic()
    real.call("profile")
    assert time.monotonic() - start >= 0.05


def test_sends_a_moved_portal_elsewhere(portal: Portal, server: Server) -> None:
    """A renamed portal answers 302 with the whole path at its new address, and runs nothing."""
    portal.moved_to = "https://novoe.bitrix24.ru"
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    connection.request("POST", portal.webhook_path + "profile", "{}")
    answer = connection.getresponse()
    assert answer.status == 302
    assert f"https://novoe.bitrix24.ru{portal.webhook_path}profile" == answer.headers["Location"]
    assert portal.journal.run["profile"] == 0
    connection.close()


@pytest.mark.parametrize(
    "path", ["/rest/1/wrong/profile", "/rest/2/{secret}/profile", "/rest/profile"]
)
def test_refuses_unknown_credentials(portal: Portal, path: str) -> None:
    """A wrong secret, another person's number, or no credential at all is refused with 401."""
    status, _, body = portal.handle("POST", path.format(secret=portal.hook.secret))
    assert (status, json.loads(body)["error"]) == (401, "NO_AUTH_FOUND")


def test_closes_a_webhook_that_has_expired(portal: Portal) -> None:
    """A webhook works until its end and not a second longer."""
    portal.hook = portal.access.webhook(user=2, expires=NOW + 60)
    assert portal.call("profile")["result"]["ID"] == "2"
    portal.clock.advance(60)
    assert portal.call("profile")["error"] == "NO_AUTH_FOUND"


def test_grants_only_the_scopes_of_a_webhook(portal: Portal) -> None:
    """A method outside the scopes is refused with 403, and method.get reports it before."""
    portal.hook = portal.access.webhook(scopes={"crm", "user_brief"})
    assert portal.call("scope")["result"] == ["crm", "user_brief"]
    status, _, body = portal.handle("POST", portal.webhook_path + "tasks.task.add")
    assert (status, json.loads(body)["error"]) == (403, "insufficient_scope")
    for name, exists, open_ in (
        ("tasks.task.add", True, False),
        ("crm.item.list", True, True),
        ("crm.nothing", False, False),
    ):
        availability = portal.call("method.get", {"name": name})["result"]
        assert {"isExisting": exists, "isAvailable": open_} == availability
    brief = portal.call("user.get", {"ID": 2})["result"][0]
    assert "EMAIL" not in brief
    assert (brief["NAME"], brief["ID"]) == ("Мария", "2")


def test_refuses_all_without_a_plan(portal: Portal) -> None:
    """A portal without a paid plan refuses every call with 403."""
    portal.plan = False
    status, _, body = portal.handle("POST", portal.webhook_path + "profile")
    assert (status, json.loads(body)["error"]) == (403, "ACCESS_DENIED")


def _token(portal: Portal, **params: str) -> tuple[int, Any]:
    status, _, body = portal.handle("GET", f"/oauth/token/?{urlencode(params)}")
    return status, json.loads(body)


def test_rotates_the_refresh_token(portal: Portal) -> None:
    """A refresh token works once, a code for thirty seconds, an access token for an hour."""
    app = portal.access.application(scopes={"crm"})
    known = {"client_id": app.client_id, "client_secret": app.client_secret}
    late = portal.access.authorize(app.client_id)
    portal.clock.advance(30)
    by_code = {"grant_type": "authorization_code", **known}
    assert (
        (answer := _token(portal, code=late, **by_code))[0],
        answer[1]["error"],
    ) == (400, "invalid_grant")
    code = portal.access.authorize(app.client_id, user=2)
    status, first = _token(portal, code=code, **by_code)
    assert status == 200

    def call(token: str) -> Any:
        body = json.dumps({"auth": token}).encode()
        headers = {"Content-Type": "application/json"}
        status, _, answer = portal.handle("POST", "/rest/profile.json", headers, body)
        return status, json.loads(answer)

    assert call(first["access_token"])[1]["result"]["ID"] == "2"
    portal.clock.advance(3600)
    assert (
        (answer := call(first["access_token"]))[0],
        answer[1]["error"],
    ) == (401, "expired_token")
    refresh = {"grant_type": "refresh_token", **known}
    second = _token(portal, refresh_token=first["refresh_token"], **refresh)[1]
    assert call(second["access_token"])[0] == 200
    assert second["user_id"] == 2
    again = _token(portal, refresh_token=first["refresh_token"], **refresh)
    assert (again[0], again[1]["error"]) == (400, "invalid_grant")
    assert (portal.access.refreshes, portal.access.stale) == (1, 2)
    portal.access.expire_tokens()
    assert call(second["access_token"])[0] == 401


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "nobody"}, "invalid_client"),
        ({"grant_type": "password"}, "invalid_request"),
        ({"refresh_token": "made up"}, "invalid_grant"),
    ],
)
def test_refuses_a_token_to_wrong_credentials(
    portal: Portal, change: dict[str, str], code: str
) -> None:
    """Wrong credentials, an unknown grant and an invalid token have different errors."""
    app = portal.access.application()
    params = {
        "grant_type": "refresh_token",
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "refresh_token": portal.access.issue(app.client_id)[1],
    }
    assert code == _token(portal, **{**params, **change})[1]["error"]
    assert "access_token" in _token(portal, **params)[1]


def test_repeats_a_task_of_the_same_key(portal: Portal, line: Line) -> None:
    """A repeated Idempotency-Key gives the first task again, and another body is refused."""
    path = portal.webhook_path.replace("/rest/", "/rest/api/") + "tasks.task.add"
    task = {"fields": {"title": "Оживить", "creatorId": 1, "responsibleId": 2}}
    key = {"Idempotency-Key": "deal-10"}
    first = line.post("", task, path, **key)
    again = line.post("", task, path, **key)
    assert first[1]["result"] == again[1]["result"]
    assert (len(portal.state.stores["tasks"].rows), portal.rest3.replays) == (1, 1)
    other = line.post("", {"fields": {**task["fields"], "title": "Другое"}}, path, **key)
    assert other[0] == 422
    portal.clock.advance(86400)
    assert line.post("", task, path, **key)[0] == 200
    assert len(portal.state.stores["tasks"].rows) == 2


def test_stores_no_secret_in_its_journal(portal: Portal) -> None:
    """Neither the secret of a webhook nor a token stands anywhere in the journal."""
    app = portal.access.application()
    access, refresh = portal.access.issue(app.client_id)
    portal.call("profile", {"x": 1})
    body = json.dumps({"auth": access}).encode()
    portal.handle("POST", "/rest/profile", {"Content-Type": "application/json"}, body)
    _token(
        portal, grant_type="refresh_token", client_id=app.client_id,
        client_secret=app.client_secret, refresh_token=refresh,
    )  # fmt: skip
    texts = repr(portal.journal) + repr(portal) + repr(portal.state)
    assert len(portal.journal.requests) == 3
    for secret in (portal.hook.secret, access, refresh, app.client_secret):
        assert secret not in texts

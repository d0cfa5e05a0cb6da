"""The client, against an emulated portal over TCP."""

from __future__ import annotations

import json
import logging
import pickle
import traceback
from collections.abc import Iterator
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path

import pytest
from tests.emulators.bitrix24 import php
from tests.emulators.bitrix24.harness import START, Rig, Timer, rig
from tests.emulators.bitrix24.portal import Portal, VirtualClock

from abcxyz.errors import (
    AdapterError,
    AuthenticationError,
    BadDataError,
    ConfigError,
    RateLimitError,
    UnavailableError,
)
from abcxyz.http import NotSentError, OutcomeUnknownError
from abcxyz_bitrix.rest import errors
from abcxyz_bitrix.rest.connect import connect
from abcxyz_bitrix.rest.dialect import Answer, Command, Times, as_map, decode, query, rows_at
from abcxyz_bitrix.rest.errors import BitrixError, NotJsonError, PortalMovedError, error_class
from abcxyz_bitrix.rest.limits import Operating, Plan
from abcxyz_bitrix.rest.shared_limits import SharedBucket

COMMENT = "crm.timeline.comment.add"


@pytest.fixture
def site() -> Iterator[Rig]:
    """Serve a portal with two companies."""
    with rig() as made:
        made.portal.add_company("Ромашка")
        made.portal.add_company("Лютик")
        yield made


def titles(site: Rig) -> list[str]:
    """Read the companies."""
    answer = site.client.call("crm.item.list", {"entityTypeId": 4, "select": ["title"]})
    return [row["title"] for row in answer.result["items"]]


def add(title: str) -> Command:
    """Make a command that creates a company."""
    return Command("crm.item.add", {"entityTypeId": 4, "fields": {"title": title}})


def rename(number: int, title: str) -> Command:
    """Make a command that writes a fixed value."""
    return Command(
        "crm.item.update", {"entityTypeId": 4, "id": number, "fields": {"title": title}}
    )


def created(site: Rig) -> int:
    """Count the companies that exist on the portal."""
    return len(site.portal.state.tables[4].rows)


# -- single calls -------------------------------------------------------------------------------


def test_call_reads(site: Rig) -> None:
    """A call brings its result."""
    assert titles(site) == ["Ромашка", "Лютик"]


def test_requests_name_the_adapter(site: Rig) -> None:
    """Every request is a POST with JSON and says who asks."""
    titles(site)
    assert site.portal.journal.requests[0].user_agent == f"abcxyz-bitrix/{version('abcxyz')}"


@pytest.mark.parametrize(
    "kind", ["bad_gateway", "bad_gateway_after", "truncated", "reset_before", "reset_after",
             "not_json", "empty", "unavailable", "query_limit", "operation_limit"]
)  # fmt: skip
def test_reads_survive_any_lost_answer(site: Rig, kind: str) -> None:
    """A read is repeated whatever became of the first one."""
    site.portal.faults.add(kind, "crm.item.list", times=2)
    assert titles(site) == ["Ромашка", "Лютик"]


@pytest.mark.parametrize(
    "kind", ["bad_gateway_after", "truncated", "reset_before", "reset_after", "not_json", "empty"]
)
def test_create_is_never_repeated(site: Rig, kind: str) -> None:
    """A create whose answer is lost is sent once and reported as unknown."""
    site.portal.faults.add(kind, "crm.item.add")
    command = add("Третья")
    with pytest.raises(OutcomeUnknownError) as caught:
        site.client.call(command.method, command.params)
    assert errors.maybe_done(caught.value)
    assert site.portal.journal.total == 1
    assert created(site) == (2 if kind == "reset_before" else 3)


@pytest.mark.parametrize("kind", ["query_limit", "operation_limit"])
def test_refused_create_is_repeated(site: Rig, kind: str) -> None:
    """A create that the portal refused before running it may be sent again."""
    site.portal.faults.add(kind, "crm.item.add")
    command = add("Третья")
    site.client.call(command.method, command.params)
    assert created(site) == 3


def test_refusal_repeats_what_the_portal_said(site: Rig) -> None:
    """The portal's own words about a refused call are not lost, nor are its code and status."""
    command = rename(99, "x")
    with pytest.raises(BadDataError) as caught:
        site.client.call(command.method, command.params)
    problem = caught.value
    assert isinstance(problem, BitrixError)
    assert (problem.code, problem.status, problem.retryable) == ("NOT_FOUND", 400, False)
    assert str(problem.details["said"]) in str(problem)
    assert problem.details["said"]


@pytest.mark.parametrize(
    ("kind", "code"),
    [("internal", "INTERNAL_SERVER_ERROR"), ("unexpected", "ERROR_UNEXPECTED_ANSWER"),
     ("overload", "OVERLOAD_LIMIT"), ("deleted", "PORTAL_DELETED")],
)  # fmt: skip
def test_hopeless_answers_are_raised_at_once(site: Rig, kind: str, code: str) -> None:
    """What waiting does not cure is raised after one request."""
    site.portal.faults.add(kind, times=None)
    with pytest.raises(UnavailableError) as caught:
        titles(site)
    assert isinstance(caught.value, BitrixError)
    assert (caught.value.code, caught.value.method) == (code, "crm.item.list")
    assert site.portal.journal.total == 1


def test_patience_ends(site: Rig) -> None:
    """A portal that only asks to wait is not asked for ever."""
    site.portal.faults.add("query_limit", times=None)
    with pytest.raises(RateLimitError):
        titles(site)
    assert site.portal.journal.total == 13


# -- secrets ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["reset_after", "truncated", "internal", "overload", None])
def test_secret_is_nowhere(site: Rig, kind: str | None, caplog: pytest.LogCaptureFixture) -> None:
    """The webhook's secret is in no message, traceback, repr or log, even at DEBUG."""
    secret = site.portal.hook.secret
    if kind is not None:
        site.portal.faults.add(kind, times=None)
    else:
        site.portal.hook.secret = "another"
    with caplog.at_level(logging.DEBUG), pytest.raises(AdapterError) as caught:
        titles(site)
    problem: BaseException | None = caught.value
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text
    while problem is not None:
        shown += repr(problem) + repr(vars(problem))
        problem = problem.__cause__ or problem.__context__
    shown += repr(site.client) + repr(site.client.credentials) + repr(site.client.transport)
    assert secret not in shown
    assert caplog.text != ""


def test_credentials_do_not_travel(site: Rig) -> None:
    """Credentials refuse to be pickled."""
    with pytest.raises(TypeError, match="not picklable"):
        pickle.dumps(site.client.credentials)


def test_errors_travel() -> None:
    """An error survives pickling with its code."""
    problem = errors.refusal("NOT_FOUND", "gone", status=400, method="crm.item.get")
    copy = pickle.loads(pickle.dumps(problem))
    assert (type(copy), copy.code, str(copy)) == (type(problem), "NOT_FOUND", str(problem))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "either webhook"),
        ({"webhook": {"env": "ABCXYZ_ABSENT"}}, "not set"),
        ({"webhook": "https://p.bitrix24.ru/s3cr3t"}, "no address of an incoming webhook"),
        ({"webhook": "http://p.bitrix24.ru/rest/1/s3cr3t/"}, "without https"),
        ({"webhook": "http://127.0.0.1/rest/1/s3cr3t/"}, "without https"),
        ({"webhook": "https://p.bitrix24.ru/rest/1/s3cr3t/", "plan": "gold"}, "'gold'"),
        ({"webhook": "https://p.bitrix24.ru/rest/1/s3cr3t/", "timeout": 10}, "too short"),
        (
            {"webhook": "https://p.bitrix24.ru/rest/1/s3cr3t/", "base_url": "http://127.0.0.1:9"},
            "only to this machine",
        ),
        (
            {"webhook": "https://p.bitrix24.ru/rest/1/s3cr3t/", "base_url": "https://e.com",
             "insecure_loopback": True},
            "only to this machine",
        ),
    ],
)  # fmt: skip
def test_bad_options_are_named(options: dict[str, object], said: str) -> None:
    """A wrong option is refused before anything is sent, without repeating the secret."""
    with pytest.raises(ConfigError, match=said) as caught:
        connect(**options)  # type: ignore[arg-type]
    assert "s3cr3t" not in str(caught.value)


def test_secret_file_must_be_private(site: Rig, tmp_path: Path) -> None:
    """A webhook is read from a file only if nobody else may read it."""
    path = tmp_path / "hook"
    path.write_text(site.server.webhook + "\n")
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        connect(webhook={"file": str(path)}, insecure_loopback=True)
    path.chmod(0o600)
    client = connect(webhook={"file": str(path)}, insecure_loopback=True, clock=site.timer)
    assert client.call("profile").result["ID"] == "1"


def test_base_url_keeps_the_webhook(site: Rig) -> None:
    """With insecure_loopback the same webhook may be tried on this machine."""
    hook = f"https://acme.bitrix24.ru{site.portal.webhook_path}"
    client = connect(
        webhook=hook, base_url=site.server.url, insecure_loopback=True, clock=site.timer
    )
    assert client.call("profile").result["ID"] == "1"


# -- batches ------------------------------------------------------------------------------------


def test_failed_command_hides_no_neighbour(site: Rig) -> None:
    """One refused command leaves the others their answers."""
    found = site.client.batch({"a": rename(1, "А"), "b": rename(99, "Б"), "c": rename(2, "В")})
    assert isinstance(found["a"], Answer)
    assert isinstance(found["c"], Answer)
    assert isinstance(found["b"], BitrixError)
    assert (found["b"].code, found["b"].status) == ("NOT_FOUND", 0)
    assert titles(site) == ["А", "В"]


@pytest.mark.parametrize("kind", ["query_limit", "operation_limit"])
def test_refused_command_is_sent_again(site: Rig, kind: str) -> None:
    """Only the command that was refused for a limit is sent again."""
    site.portal.faults.add(kind, "crm.item.add", inside=True)
    found = site.client.batch({"a": add("А"), "b": add("Б"), "c": add("В")})
    assert all(isinstance(outcome, Answer) for outcome in found.values())
    assert sorted(titles(site)) == ["А", "Б", "В", "Лютик", "Ромашка"]


@pytest.mark.parametrize("kind", ["reset_after", "truncated", "bad_gateway_after"])
def test_batch_with_a_create_is_never_repeated(site: Rig, kind: str) -> None:
    """Every command of a lost batch that holds a create is reported as unknown."""
    site.portal.faults.add(kind, "batch")
    found = site.client.batch({"a": add("А"), "b": rename(1, "Б")})
    assert [errors.maybe_done(outcome) for outcome in found.values()] == [True, True]  # type: ignore[arg-type]
    assert site.portal.journal.total == 1
    assert created(site) == 3


@pytest.mark.parametrize("kind", ["reset_after", "truncated", "bad_gateway"])
def test_batch_of_fixed_values_is_repeated(site: Rig, kind: str) -> None:
    """A lost batch of updates is sent again and changes nothing the second time."""
    site.portal.faults.add(kind, "batch")
    found = site.client.batch({"a": rename(1, "А"), "b": rename(2, "Б")})
    assert all(isinstance(outcome, Answer) for outcome in found.values())
    assert [write.id for write in site.portal.state.writes] == [1, 2]


def test_long_lists_of_commands_are_cut(site: Rig) -> None:
    """More than fifty commands take more than one request, and each is answered once."""
    commands = {f"k{n}": Command("profile") for n in range(120)}
    assert list(site.client.batch(commands)) == list(commands)
    assert site.portal.journal.by_method["batch"] == 3


def test_slow_writes_travel_in_small_batches() -> None:
    """Batches shrink until none takes longer than half a minute."""
    with rig(costs={"crm.item.update": 5.0}) as site:
        for number in range(40):
            site.portal.add_company(f"{number}")
        site.client.batch({f"u{n}": rename(n, f"x{n}") for n in range(1, 41)})
        sizes = [len(request.commands) for request in site.portal.journal.requests]
    assert sizes[0] == 10
    assert set(sizes[1:]) == {6}


# -- pace ---------------------------------------------------------------------------------------


def test_all_clients_of_a_process_share_one_pace(site: Rig) -> None:
    """Two clients together stay below the portal's rate."""
    second = site.another()
    for _ in range(60):
        site.client.call("server.time")
        second.call("server.time")
    assert site.portal.bucket.refused == 0
    assert second.pace is site.client.pace
    assert site.clock() - START == pytest.approx((120 - 50) / 2, abs=1)


def test_programs_of_a_machine_share_one_pace(site: Rig, tmp_path: Path) -> None:
    """Two programs that know nothing of each other pass through one file."""
    path = tmp_path / "pace"
    buckets = [SharedBucket(path, 2.0, 50.0, site.timer) for _ in range(2)]
    for _ in range(60):
        for bucket in buckets:
            bucket.take()
    assert site.clock() - START == pytest.approx(35.0)
    buckets[0].drain()
    buckets[1].take()
    assert site.clock() - START == pytest.approx(35.5)


def test_damaged_pace_file_is_no_obstacle(site: Rig, tmp_path: Path) -> None:
    """What cannot be read counts as a full bucket; a folder in its place is refused."""
    path = tmp_path / "pace"
    path.write_text("{half")
    SharedBucket(path, 2.0, 50.0, site.timer).take()
    assert json.loads(path.read_text())[0] == 49.0
    with pytest.raises(ConfigError, match="pace_file"):
        SharedBucket(tmp_path, 2.0, 50.0, site.timer).take()


def test_pace_file_paces_the_client(site: Rig, tmp_path: Path) -> None:
    """A client with a pace file takes its turns there."""
    client = site.another(pace_file=tmp_path / "pace")
    client.call("profile")
    assert json.loads((tmp_path / "pace").read_text())[0] == pytest.approx(49.0, abs=0.1)


def test_storm_of_refusals_slows_down(site: Rig) -> None:
    """After five refusals within a minute the portal is asked more slowly."""
    before = site.client.pace.bucket._rate
    for _ in range(5):
        site.client.pace.refused(0)
    assert site.client.pace.bucket._rate == pytest.approx(before * 0.8)


def test_budget_of_a_method_is_kept() -> None:
    """A method waits for its own window; the portal never has to refuse it."""
    with rig(costs={"crm.item.update": 3.0}) as site:
        site.portal.add_company("А")
        for number in range(400):
            command = rename(1, f"{number}")
            site.client.call(command.method, command.params)
        took = site.clock() - START
        assert site.portal.operating.refused == 0
    assert took == pytest.approx(1200 / 480 * 600, rel=0.1)


def test_parked_method_does_not_stop_the_others(site: Rig) -> None:
    """While updates wait for their budget, reads go on at once."""
    site.client.operating.note("crm.item.update", Times(operating=479.0, rest=300.0))
    order = [key for key, _ in site.client.stream(
        [("write", rename(1, "А")), ("read", Command("profile"))]
    )]  # fmt: skip
    assert order == ["read", "write"]
    assert [request.commands for request in site.portal.journal.requests] == [
        ["profile"],
        ["crm.item.update"],
    ]
    assert site.clock.slept == pytest.approx(301.0, abs=1)


def test_operating_is_not_added_up() -> None:
    """The figure of an answer is the whole use of the window, not of one call."""
    operating = Operating(480.0, Timer(VirtualClock(0.0)))
    for _ in range(100):
        operating.note("m", Times(operating=22.0, rest=60.0))
    assert operating.wait(["m"]) == 0.0


def test_unknown_reset_waits_five_seconds() -> None:
    """Without a reset the wait is short, and once."""
    operating = Operating(480.0, Timer(VirtualClock(0.0)))
    operating.note("m", Times(operating=479.0))
    assert [operating.wait(["m"]), operating.wait(["m"])] == [5.0, 0.0]


def test_refused_method_is_parked_within_bounds() -> None:
    """A refusal parks for the reset, at least ten seconds and at most ten minutes."""
    clock = VirtualClock(0.0)
    operating = Operating(480.0, Timer(clock))
    assert operating.refused("m", Times(rest=2.0)) == 10.0
    assert operating.refused("n", Times(rest=5000.0)) == 600.0
    assert operating.refused("o") == 60.0


def test_plan_must_be_known() -> None:
    """The tariffs are standard, enterprise and self-hosted."""
    assert Plan.named("enterprise") == Plan(5.0, 250.0, 480.0)


# -- a portal that moved ------------------------------------------------------------------------


def test_move_to_a_known_address_is_followed(site: Rig) -> None:
    """After a 302 to an allowed address the same POST goes there, once."""
    with rig(Portal(clock=site.clock, seed=2)) as other:
        other.portal.access.webhooks.append(site.portal.hook)
        site.portal.moved_to = other.server.url
        host = other.server.url.removeprefix("http://")
        notes: list[str] = []
        client = site.another(allow_hosts=[host])
        client.note = notes.append
        assert client.call("profile").result["ID"] == "1"
        client.call("profile")
    assert site.portal.journal.total == 1
    assert other.portal.journal.total == 2
    assert len(notes) == 1


def test_portals_that_send_to_each_other_are_left(site: Rig) -> None:
    """A second 302 in a row ends the call: there is no running in circles."""
    with rig(Portal(clock=site.clock, seed=2)) as other:
        site.portal.moved_to = other.server.url
        other.portal.moved_to = site.server.url
        hosts = [one.server.url.removeprefix("http://") for one in (site, other)]
        with pytest.raises(PortalMovedError):
            site.another(allow_hosts=hosts).call("profile")
        assert (site.portal.journal.total, other.portal.journal.total) == (1, 1)


def test_move_to_a_strange_address_is_refused(site: Rig) -> None:
    """A 302 to a host nobody named gets nothing; the error names it."""
    site.portal.moved_to = "https://evil.example"
    with pytest.raises(PortalMovedError, match=r"evil\.example"):
        titles(site)
    assert site.portal.journal.total == 1


# -- the parser, on the documentation's and on captured answers ---------------------------------


def test_every_example_passes_the_parser(shared_spec: Path) -> None:
    """Each documented and captured answer is read; rows are found, errors get their class."""
    seen = 0
    for path in sorted((shared_spec / "bitrix24_examples").rglob("*.json")):
        kind = path.name.split(".")[-2 if not path.name[-6].isdigit() else -3]
        if kind not in ("success", "error", "partial", "response"):
            continue
        loaded = json.loads(path.read_text(encoding="utf-8"))
        for body in loaded if isinstance(loaded, list) else [loaded]:
            if "access_token" in body or ("result" not in body and "error" not in body):
                continue
            found = decode(json.dumps(body).encode())
            assert found is not None, path
            Times.read(found.get("time"))
            if "error" in found:
                code = found["error"]
                code = code.get("code") if isinstance(code, dict) else code
                assert issubclass(error_class(code), BitrixError)
            elif "result_time" in as_map(found["result"]):
                for part in ("result", "result_error", "result_time"):
                    as_map(found["result"].get(part))
            seen += 1
    assert seen > 100


def test_captured_batch_with_lost_key_is_understood(shared_spec: Path) -> None:
    """Where PHP made a list of the errors, numbers stand for the keys."""
    path = shared_spec / "bitrix24_examples/captured"
    name = "crm_get_batch_mix_success_and_errors.response.json"
    loaded = json.loads((path / name).read_text(encoding="utf-8"))
    body = loaded[0] if isinstance(loaded, list) else loaded
    assert list(as_map(body["result"]["result_error"])) == ["0", "1"]


def test_every_system_error_has_its_class(shared_spec: Path) -> None:
    """No code of the documentation's table falls to the general class."""
    table = json.loads(
        (shared_spec / "bitrix24_examples/docs/system_errors.table.json").read_text("utf-8")
    )
    assert [row["error"] for row in table if error_class(row["error"]) is BitrixError] == []


@pytest.mark.parametrize(
    ("code", "parent"),
    [("QUERY_LIMIT_EXCEEDED", RateLimitError), ("OPERATION_TIME_LIMIT", RateLimitError),
     ("OVERLOAD_LIMIT", UnavailableError), ("expired_token", AuthenticationError),
     ("insufficient_scope", AuthenticationError), ("ACCESS_DENIED", AuthenticationError),
     ("WRONG_CLIENT", AuthenticationError), ("NOT_FOUND", BadDataError), ("", BadDataError),
     (0, BadDataError), ("100", BadDataError), ("SOMETHING", AdapterError)],
)  # fmt: skip
def test_code_decides_the_class(code: object, parent: type[AdapterError]) -> None:
    """A code is mapped whatever its type and case; the HTTP status says nothing."""
    found = error_class(code)
    assert issubclass(found, parent)
    assert error_class(str(code).lower()) is found


def test_denied_object_is_not_a_denied_portal() -> None:
    """The same code is about one object with 400 or inside a batch, about all with 403."""

    def denied(status: int) -> BitrixError:
        return errors.refusal("ACCESS_DENIED", "", status=status, method="m")

    assert [errors.concerns_one(denied(status)) for status in (0, 400, 403)] == [
        True, True, False,
    ]  # fmt: skip


def test_query_is_what_php_reads() -> None:
    """Brackets, Cyrillic, ampersands and quotes survive the way through PHP."""
    text = "а&б=в+г\"'[x]%#\u202e\N{PILE OF POO}"
    params = {
        "filter": {">id": 5, "@a": [1, 2], "0": {"logic": "OR"}},
        "fields": {"t": text, "n": None, "yes": True},
    }
    assert php.parse_str(query(params)) == {
        "filter": {">id": "5", "@a": ["1", "2"], "0": {"logic": "OR"}},
        "fields": {"t": text, "n": "", "yes": "Y"},
    }


def test_money_stays_decimal() -> None:
    """An amount is never a binary fraction on its way."""
    found = decode(b'{"result": {"opportunity": 0.1}}')
    assert found is not None
    assert found["result"]["opportunity"] == Decimal("0.1")


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"resu', b"[]", b"1", b'{"time": {}}'])
def test_what_is_no_answer_is_not_read(body: bytes) -> None:
    """Anything that is not an object with result or error is no answer."""
    assert decode(body) is None


def test_missing_rows_are_an_error() -> None:
    """An answer without its list is not taken for an empty list."""
    with pytest.raises(BadDataError, match=r"crm\.item\.list"):
        rows_at({"other": []}, "items", "crm.item.list")


def test_not_json_is_unknown(site: Rig) -> None:
    """A proxy's page instead of an answer means that nobody knows."""
    site.portal.faults.add("not_json", times=None)
    with pytest.raises(NotJsonError):
        titles(site)
    assert site.portal.journal.total == 3


def test_batch_that_takes_too_long_is_halved() -> None:
    """Where updates suddenly take seconds, the cut batch is sent again in smaller ones."""
    with rig() as site:
        for number in range(100):
            site.portal.add_company(f"{number}")
        site.client.batch({f"u{n}": rename(n, f"x{n}") for n in range(1, 101)})
        site.portal.costs["crm.item.update"] = 4.0
        found = site.client.batch({f"u{n}": rename(n, f"y{n}") for n in range(1, 101)})
        assert all(isinstance(outcome, Answer) for outcome in found.values())
        assert {site.portal.state.touched["company", n] for n in range(1, 101)} == {2}


def test_closed_port_is_tried_thrice_even_for_creates(site: Rig) -> None:
    """What certainly was not sent is tried again, a batch of creates as well."""
    object.__setattr__(site.client, "_base", "http://127.0.0.1:1")
    with pytest.raises(NotSentError):
        site.client.batch({"a": add("А")})
    assert site.client.traffic.requests == 3

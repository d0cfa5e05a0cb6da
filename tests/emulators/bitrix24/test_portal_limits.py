"""Limits of the emulated portal, on a virtual clock."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.emulators.bitrix24.portal import COMPANY, DEAL, Limits, Portal, VirtualClock

NOW = 1_764_000_000.0


def _portal(limits: Limits | None = None, **options: Any) -> Portal:
    portal = Portal(clock=VirtualClock(NOW), limits=limits, **options)
    portal.costs["*"] = 0.0
    return portal


def _status(
    portal: Portal, method: str = "profile", source: str = "10.0.0.1", **params: Any
) -> Any:
    headers = {"Content-Type": "application/json"}
    path = portal.webhook_path + method
    body = json.dumps(params).encode()
    status, _, answer = portal.handle("POST", path, headers, body, source=source)
    return status, json.loads(answer).get("error")


def test_admits_a_burst_and_then_what_leaks_out() -> None:
    """Fifty requests at once pass, the next is refused, and two more pass each second."""
    portal = _portal()
    assert [_status(portal)[0] for _ in range(50)] == [200] * 50
    assert _status(portal) == (503, "QUERY_LIMIT_EXCEEDED")
    assert _status(portal, source="10.0.0.2") == (200, None)
    portal.clock.advance(1.0)
    assert [_status(portal)[0] for _ in range(3)] == [200, 200, 503]
    portal.clock.advance(1000)
    assert [_status(portal)[0] for _ in range(51)] == [200] * 50 + [503]
    assert 3 == portal.journal.errors["QUERY_LIMIT_EXCEEDED"] == portal.bucket.refused


def test_never_refuses_calls_at_the_rate() -> None:
    """A client that calls exactly at the rate is never refused, for hours."""
    portal = _portal(keep=False)
    for _ in range(50):
        assert _status(portal)[0] == 200
    for _ in range(10_000):
        portal.clock.advance(0.5)
        assert _status(portal)[0] == 200


def test_counts_a_batch_as_one_request() -> None:
    """Fifty commands of a batch cost the bucket no more than one call."""
    portal = _portal()
    commands = {f"c{number}": "profile" for number in range(50)}
    assert [_status(portal, "batch", cmd=commands)[0] for _ in range(50)] == [200] * 50
    assert _status(portal, "batch", cmd=commands)[0] == 503
    assert portal.journal.run["profile"] == 2500


def _update(portal: Portal, number: int = 1) -> Any:
    return portal.call(
        "crm.item.update",
        {"entityTypeId": COMPANY, "id": number, "fields": {"title": str(portal.clock())}},
    )


def test_blocks_a_method_that_ran_too_long_and_no_other() -> None:
    """After 480 seconds in ten minutes one method is refused before it runs, others go on."""
    portal = _portal(Limits(rate=None), costs={"crm.item.update": 50.0})
    portal.add_company("Ромашка")
    answers = [_update(portal) for _ in range(10)]
    assert [pytest.approx(50.0 * n) for n in range(1, 11)] == [
        answer["time"]["operating"] for answer in answers
    ]
    refused = _update(portal)
    assert {"error": "OPERATION_TIME_LIMIT"}.items() <= refused.items()
    assert "time" not in refused
    assert len(portal.state.writes) == 10
    assert _status(portal, "crm.item.update", entityTypeId=4, id=1, fields={})[0] == 429
    assert "result" in portal.call("crm.item.get", {"entityTypeId": COMPANY, "id": 1})


def test_lets_the_method_go_on_when_the_oldest_minute_leaves() -> None:
    """The moment in operating_reset_at is when the next call passes, and not a second before."""
    portal = _portal(Limits(rate=None), costs={"crm.item.update": 55.0})
    portal.add_company("Ромашка")
    last: Any = None
    while "error" not in (answer := _update(portal)):
        last = answer
    reset = last["time"]["operating_reset_at"]
    portal.clock.advance(reset - portal.clock() - 0.001)
    assert _update(portal)["error"] == "OPERATION_TIME_LIMIT"
    portal.clock.advance(0.001)
    assert "result" in _update(portal)


def test_gives_back_a_minute_at_a_time() -> None:
    """The window is ten buckets of a minute: used evenly, it gives back one bucket a minute."""
    portal = _portal(Limits(rate=None, operating=100.0))
    portal.costs["crm.item.update"] = 0.2
    portal.add_company("Ромашка")
    for _ in range(10):
        for _ in range(40):
            _update(portal)
        portal.clock.advance(52.0)
    assert pytest.approx(72.0) == portal.operating.seconds(
        f"webhook 1/{portal.hook.secret}", "crm.item.update"
    )


@pytest.mark.parametrize(("cost", "expected"), [(0.1, 0.0), (0.11, 1.1)])
def test_does_not_count_short_calls(cost: float, expected: float) -> None:
    """Calls of up to a tenth of a second cost no budget, longer ones cost all of it."""
    portal = _portal(Limits(rate=None), costs={"crm.item.update": cost})
    portal.add_company("Ромашка")
    for _ in range(10):
        answer = _update(portal)
    assert pytest.approx(expected) == answer["time"]["operating"]


@pytest.mark.parametrize(
    ("charge", "inner", "outer"), [("inner", 6.0, 0.0), ("batch", 0.0, 6.0), ("both", 6.0, 6.0)]
)
def test_charges_the_configured_methods(charge: str, inner: float, outer: float) -> None:
    """A batch charges its inner methods, itself, or both."""
    portal = _portal(Limits(rate=None, charge=charge), costs={"crm.item.update": 2.0})
    portal.add_company("Ромашка")
    command = "crm.item.update?entityTypeId=4&id=1&fields[title]="
    answer = portal.call("batch", {"cmd": {f"c{n}": f"{command}{n}" for n in range(3)}})
    assert pytest.approx(inner) == answer["result"]["result_time"]["c2"]["operating"]
    assert pytest.approx(outer) == answer["time"]["operating"]


def test_refuses_a_batch_in_the_middle() -> None:
    """The budget runs out between two commands: what ran has run, the rest is refused."""
    portal = _portal(Limits(rate=None, operating=4.0), costs={"crm.item.update": 2.0})
    portal.add_company("Ромашка")
    command = "crm.item.update?entityTypeId=4&id=1&fields[title]="
    answer = portal.call("batch", {"cmd": {f"c{n}": f"{command}{n}" for n in range(4)}})["result"]
    assert list(answer["result"]) == ["c0", "c1"]
    assert {key: error["error"] for key, error in answer["result_error"].items()} == {
        "c2": "OPERATION_TIME_LIMIT",
        "c3": "OPERATION_TIME_LIMIT",
    }
    assert len(portal.state.writes) == 2


def test_cuts_a_request_after_sixty_seconds() -> None:
    """A batch that works too long ends in a page of the proxy, and what ran has run."""
    portal = _portal(Limits(rate=None), costs={"crm.item.update": 25.0})
    portal.add_company("Ромашка")
    command = "crm.item.update?entityTypeId=4&id=1&fields[title]="
    commands = {f"c{n}": f"{command}{n}" for n in range(10)}
    headers = {"Content-Type": "application/json"}
    body = json.dumps({"cmd": commands}).encode()
    status, _, page = portal.handle("POST", portal.webhook_path + "batch", headers, body)
    assert (status, page[:6]) == (504, b"<html>")
    assert len(portal.state.writes) == 3


@pytest.mark.parametrize(
    ("fields", "present"),
    [
        ("cloud", {"operating", "operating_reset_at"}),
        ("old", {"operating"}),
        ("box", set()),
        ("odd", {"operating", "operating_reset_at"}),
    ],
)
def test_shows_the_times_of_its_kind(fields: str, present: set[str]) -> None:
    """Clouds, older clouds and boxes show different parts of the time."""
    portal = _portal(time_fields=fields)
    shown = portal.call("profile")["time"]
    assert present == {"operating", "operating_reset_at"} & set(shown)
    if fields == "odd":
        assert (int, str) == (type(shown["start"]), type(shown["operating_reset_at"]))


def test_refuses_the_commands_after_the_fiftieth() -> None:
    """Commands past the fiftieth, and a batch in a batch, fail inside the answer."""
    portal = _portal()
    commands = {f"c{number}": "profile" for number in range(51)}
    answer = portal.call("batch", {"cmd": commands})["result"]
    assert len(answer["result"]) == 50
    assert answer["result_error"]["c50"]["error"] == "ERROR_BATCH_LENGTH_EXCEEDED"
    answer = portal.call("batch", {"cmd": {"a": "batch?cmd[x]=profile", "b": "nope", "c": 5}})
    assert {key: error["error"] for key, error in answer["result"]["result_error"].items()} == {
        "a": "ERROR_BATCH_METHOD_NOT_ALLOWED",
        "b": "ERROR_METHOD_NOT_FOUND",
    }


@pytest.mark.parametrize(
    ("halt", "ran"),
    [(0, ["a", "c"]), ("0", ["a", "c"]), (1, ["a"]), ("false", ["a"]), (False, ["a", "c"])],
)
def test_halts_on_values_that_php_takes_for_true(halt: object, ran: list[str]) -> None:
    """After an error a halted batch simply ends, and the text "false" halts."""
    portal = _portal()
    answer = portal.call("batch", {"halt": halt, "cmd": {"a": "profile", "b": "x", "c": "scope"}})
    assert ran == list(answer["result"]["result"])
    assert list(answer["result"]["result_error"]) == ["b"]


def test_passes_results_on_inside_a_batch() -> None:
    """A command may use an earlier result, and a path past its end gives a bad text."""
    portal = _portal()
    portal.add_deal()
    portal.add_deal()
    pages = "crm.item.list?entityTypeId=2&order[id]=ASC&start=-1&select[0]=id"
    commands = {
        "a": f"{pages}&filter[%3C%3Did]=1",
        "b": f"{pages}&filter[%3Eid]=$result[a][items][0][id]",
        "c": f"{pages}&filter[%3Eid]=$result[a][items][49][id]",
    }
    result = portal.call("batch", {"cmd": commands})["result"]["result"]
    assert [[row["id"] for row in result[k]["items"]] for k in "abc"] == [[1], [2], [1, 2]]


def test_passes_the_time_of_its_work_on_a_virtual_clock() -> None:
    """Costs and latency move a virtual clock, and the answer reports the same times."""
    clock = VirtualClock(NOW)
    portal = Portal(clock=clock, costs={"profile": 0.25}, latency=0.5)
    time = portal.call("profile")["time"]
    assert (time["start"], time["finish"]) == (NOW + 0.5, NOW + 0.75)
    assert (clock.worked, clock.slept) == (0.75, 0.0)
    clock.sleep(10)
    assert (clock(), clock.slept) == (NOW + 10.75, 10)


def test_may_cost_what_the_parameters_say() -> None:
    """A cost may be a function of the parameters of the call."""
    portal = _portal(Limits(rate=None))
    portal.costs["crm.item.list"] = lambda params: float(params["entityTypeId"])
    portal.call("crm.item.list", {"entityTypeId": DEAL})
    answer = portal.call("crm.item.list", {"entityTypeId": COMPANY})
    assert pytest.approx(6.0) == answer["time"]["operating"]

"""Batches of commands, against an emulated portal over TCP."""

from __future__ import annotations

import pytest
from tests.bitrix.rest.commands import add, created, rename, titles
from tests.emulators.bitrix24.harness import Rig, rig

from abcxyz.http import NotSentError
from abcxyz_bitrix.rest import refusals
from abcxyz_bitrix.rest.dialect import Answer, Command, Times
from abcxyz_bitrix.rest.errors import BitrixError


def test_failed_command_does_not_affect_others(site: Rig) -> None:
    """The other commands of a batch with a refused one have their answers."""
    outcomes = site.client.batch({"a": rename(1, "А"), "b": rename(99, "Б"), "c": rename(2, "В")})
    assert isinstance(outcomes["a"], Answer)
    assert isinstance(outcomes["c"], Answer)
    assert isinstance(outcomes["b"], BitrixError)
    assert (outcomes["b"].code, outcomes["b"].status) == ("NOT_FOUND", 0)
    assert titles(site) == ["А", "В"]


@pytest.mark.parametrize("kind", ["query_limit", "operation_limit"])
def test_refused_command_is_sent_again(site: Rig, kind: str) -> None:
    """Only the command that was refused for a limit is sent again."""
    site.portal.faults.add(kind, "crm.item.add", inside=True)
    outcomes = site.client.batch({"a": add("А"), "b": add("Б"), "c": add("В")})
    assert all(isinstance(outcome, Answer) for outcome in outcomes.values())
    assert sorted(titles(site)) == ["А", "Б", "В", "Лютик", "Ромашка"]


@pytest.mark.parametrize("kind", ["reset_after", "truncated", "bad_gateway_after"])
def test_batch_with_a_create_is_never_repeated(site: Rig, kind: str) -> None:
    """Every command of a lost batch that holds a create is reported as unknown."""
    site.portal.faults.add(kind, "batch")
    outcomes = site.client.batch({"a": add("А"), "b": rename(1, "Б")})
    assert [refusals.maybe_done(outcome) for outcome in outcomes.values()] == [True, True]  # type: ignore[arg-type]
    assert site.portal.journal.total == 1
    assert created(site) == 3


@pytest.mark.parametrize("kind", ["reset_after", "truncated", "bad_gateway"])
def test_batch_of_fixed_values_is_repeated(site: Rig, kind: str) -> None:
    """A lost batch of updates is sent again and changes nothing the second time."""
    site.portal.faults.add(kind, "batch")
    outcomes = site.client.batch({"a": rename(1, "А"), "b": rename(2, "Б")})
    assert all(isinstance(outcome, Answer) for outcome in outcomes.values())
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


def test_parked_method_does_not_stop_the_others(site: Rig) -> None:
    """While updates wait for their budget, reads go on at once."""
    site.client.caller.operating.note("crm.item.update", Times(operating=479.0, rest=300.0))
    order = [key for key, _ in site.client.stream(
        [("write", rename(1, "А")), ("read", Command("profile"))]
    )]  # fmt: skip
    assert order == ["read", "write"]
    assert [request.commands for request in site.portal.journal.requests] == [
        ["profile"],
        ["crm.item.update"],
    ]
    assert site.clock.slept == pytest.approx(301.0, abs=1)


def test_batch_that_takes_too_long_is_halved() -> None:
    """Where updates suddenly take seconds, the cut batch is sent again in smaller ones."""
    with rig() as site:
        for number in range(100):
            site.portal.add_company(f"{number}")
        site.client.batch({f"u{n}": rename(n, f"x{n}") for n in range(1, 101)})
        site.portal.costs["crm.item.update"] = 4.0
        outcomes = site.client.batch({f"u{n}": rename(n, f"y{n}") for n in range(1, 101)})
        assert all(isinstance(outcome, Answer) for outcome in outcomes.values())
        assert {site.portal.state.touched["company", n] for n in range(1, 101)} == {2}


def test_closed_port_is_tried_thrice_even_for_creates(site: Rig) -> None:
    """What certainly was not sent is tried again, a batch of creates as well."""
    object.__setattr__(site.client.caller, "_base", "http://127.0.0.1:1")
    with pytest.raises(NotSentError):
        site.client.batch({"a": add("А")})
    assert site.client.caller.traffic.requests == 3

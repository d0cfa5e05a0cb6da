"""Rate limits and time budgets of methods."""

from __future__ import annotations

import pytest
from tests.bitrix.rest.commands import rename
from tests.emulators.bitrix24.harness import START, Rig, Timer, rig
from tests.emulators.bitrix24.portal import VirtualClock

from abcxyz_bitrix.rest.dialect import Times
from abcxyz_bitrix.rest.limits import Operating, Tariff


def test_all_clients_of_a_process_share_one_rate_limit(site: Rig) -> None:
    """Two clients together stay below the portal's rate."""
    second = site.another()
    for _ in range(60):
        site.client.call("server.time")
        second.call("server.time")
    assert site.portal.bucket.refused == 0
    assert second.caller.limiter is site.client.caller.limiter
    assert site.clock() - START == pytest.approx((120 - 50) / 2, abs=1)


def test_repeated_refusals_lower_the_rate(site: Rig) -> None:
    """After five refusals within a minute the rate is lowered."""
    before = site.client.caller.limiter.tokens._rate
    for _ in range(5):
        site.client.caller.limiter.refused(0)
    assert site.client.caller.limiter.tokens._rate == pytest.approx(before * 0.8)


def test_method_stays_within_its_budget() -> None:
    """A method waits for its window; the portal never has to refuse it."""
    with rig(costs={"crm.item.update": 3.0}) as site:
        site.portal.add_company("А")
        for number in range(400):
            command = rename(1, f"{number}")
            site.client.call(command.method, command.params)
        took = site.clock() - START
        assert site.portal.operating.refused == 0
    assert took == pytest.approx(1200 / 480 * 600, rel=0.1)


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


def test_tariff_must_be_known() -> None:
    """The tariffs are standard, enterprise and self-hosted."""
    assert Tariff.named("enterprise") == Tariff(5.0, 250.0, 480.0)

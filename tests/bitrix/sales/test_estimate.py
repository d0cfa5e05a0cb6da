"""Estimated duration of a run, compared with a simulation."""

from __future__ import annotations

import pytest
from tests.emulators.bitrix24.harness import START, Rig, analysis_of, rig
from tests.emulators.bitrix24.portal import Limits, Portal, VirtualClock

from abcxyz_bitrix.rest.limits import Tariff
from abcxyz_bitrix.sales.estimate import Estimate, Load, estimate, reading, updating
from abcxyz_bitrix.sink import BitrixSink
from abcxyz_bitrix.source import BitrixSource


def test_bound_is_the_larger_of_two() -> None:
    """The rate binds where calls are cheap, the budget of the method where they are dear."""
    cheap = estimate(updating(85_000, 0.0), Tariff())
    assert (cheap.requests, cheap.seconds) == (1700, (1700 - 50) / 2)
    dear = estimate(updating(85_000, 0.085), Tariff())
    assert dear.seconds == dear.operating_seconds
    assert dear.seconds == pytest.approx(15 * 600 + 25)


def test_each_method_has_a_budget() -> None:
    """Two methods work side by side; the busier one binds."""
    both = estimate([Load("a", 1000, 0.4), Load("b", 1000, 0.3)], Tariff())
    assert both.operating_seconds == 400.0


def test_faster_tariff_is_faster() -> None:
    """The rate of the tariff counts."""
    loads = reading(300_000, history=True, list_seconds=0.0, history_seconds=0.0)
    slow, fast = estimate(loads, Tariff()), estimate(loads, Tariff.named("enterprise"))
    assert slow.rate_seconds > 2 * fast.rate_seconds


def test_no_calls_take_no_time() -> None:
    """An estimate without calls is zero."""
    assert estimate([], Tariff()) == Estimate(0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("lang", "sentence_text"),
    [
        ("en", "1,700 requests, about 2 h 31 min"),
        ("ru", "запросов: 1\u00a0700, около 2 ч 31 мин"),
    ],
)
def test_estimate_as_sentence(lang: str, sentence_text: str) -> None:
    """An estimate reads as a sentence in both languages."""
    assert Estimate(1700, 850.0, 9025.0).sentence(lang) == sentence_text


def portal_of(cost: float, time_fields: str = "cloud") -> Portal:
    """Make a portal that counts every call of an update."""
    return Portal(
        clock=VirtualClock(START), keep=False, limits=Limits(floor=0.0),
        costs={"crm.item.update": cost, "crm.item.list": 0.03}, time_fields=time_fields,
    )  # fmt: skip


def written(site: Rig, count: int) -> float:
    """Write *count* cards, and return the seconds by the portal's clock."""
    segments = {f"CO_{site.portal.add_company()}": "AX" for _ in range(count)}
    analysis = analysis_of(segments, values=dict.fromkeys(segments, 1.0))
    start = site.clock()
    sink = BitrixSink(client=site.client, customer="company")
    assert sink.write(analysis, dry_run=False).written == count
    assert sink.estimate is not None
    return site.clock() - start


@pytest.mark.parametrize(
    ("cost", "count"),
    [
        pytest.param(0.05, 30_000, marks=pytest.mark.slow),
        pytest.param(0.085, 18_000, marks=pytest.mark.slow),
        pytest.param(0.5, 3_000, marks=pytest.mark.slow),
        (1.0, 1_500),
        (3.0, 700),
    ],
)
def test_write_takes_as_long_as_the_limits_make_it(cost: float, count: int) -> None:
    """For any duration of an update, the run stays within a tenth of the bound."""
    with rig(portal_of(cost)) as site:
        took = written(site, count)
        assert site.portal.bucket.refused == 0
    bound = estimate(updating(count, cost), Tariff()).seconds
    assert bound > 1200
    assert 0.9 * bound < took < 1.1 * bound


@pytest.mark.parametrize("charge", ["batch", "both"])
def test_both_ways_of_charging_batches(charge: str) -> None:
    """Whether the portal charges the batch or also its methods, the run keeps to the bound."""
    portal = portal_of(1.0)
    portal.limits.charge = charge
    with rig(portal) as site:
        took = written(site, 1500)
        assert site.portal.operating.refused < 60
    bound = estimate(updating(1500, 1.0), Tariff()).seconds
    assert 0.9 * bound < took < 1.1 * bound


def test_self_hosted_portal_without_budgets_is_not_waited_for() -> None:
    """Where the portal does not count run time, only the work itself takes time."""
    portal = portal_of(0.5, "box")
    portal.limits.operating = None
    with rig(portal) as site:
        took = written(site, 1000)
    assert took < 1.1 * 1000 * 0.5


def test_preflight_estimates_the_duration() -> None:
    """Before anything is read, the source and the sink estimate a whole run."""
    with rig(portal_of(0.1)) as site:
        for _ in range(3000):
            site.portal.add_company()
        deal = site.portal.add_won_deal(1, "2026-02-02T10:00:00+03:00", company=1)
        assert deal == 1
        notes = BitrixSource(client=site.client).preflight()
        assert any("reading everything: 2 requests" in note for note in notes)
        notes = BitrixSink(client=site.client, customer="company").preflight()
        assert any("writing every card once" in note for note in notes)
        plan = BitrixSink(client=site.client, customer="company", update_cost=0.5).plan()
        assert plan.seconds == pytest.approx(3 * 600 + 60)

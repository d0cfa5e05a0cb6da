"""What lateness goes with, at the same source and hour."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest

from abcxyz.crm import Activities, CrmData, Deals, Leads, Stage, StageMap
from abcxyz.crm.reports.service.levels import ServiceReport, service_levels
from abcxyz.crm.reports.service.rules import ServiceRule
from abcxyz.crm.statistics.proportions import newcombe_interval, stratified_difference

STAGES = StageMap({"sales": ["NEW", Stage("WON", semantics="S"), Stage("LOST", semantics="F")]})
#: A Monday, midnight in Kolkata, half an hour off the hours of UTC.
MONDAY = np.datetime64("2026-03-01T18:30:00", "s")
RULE = ServiceRule("answer", "lead", 2.0, "elapsed")

Lead = tuple[str, int, bool, bool, str]  # source, hour, in time, won, owner


def levels(leads: list[Lead], *, of_deals: bool = False) -> ServiceReport:
    """Return the service levels of leads, each with a deal of its own and a call.

    With *of_deals* only the deals have the source.
    """
    n = len(leads)
    at = MONDAY + np.array(
        [3600 * hour + 86400 * (i % 3) for i, (_, hour, *_) in enumerate(leads)]
    )
    took = np.array([600 if in_time else 20 * 3600 for _, _, in_time, _, _ in leads])
    source: list[str] = [one[0] for one in leads]
    data = CrmData(
        deals=Deals(
            deal=list(range(n)),
            funnel=["sales"] * n,
            created=at,
            closed=at + np.timedelta64(30, "D"),
            stage=["WON" if won else "LOST" for _, _, _, won, _ in leads],
            source=source if of_deals else ["of the deal"] * n,
        ),
        leads=Leads(
            lead=list(range(n)),
            created=at,
            deal=list(range(n)),
            owner=[one[4] for one in leads],
            source=None if of_deals else source,
        ),
        activities=Activities(
            activity=list(range(n)),
            kind=["call"] * n,
            direction=["out"] * n,
            started=at + took,
            lead=list(range(n)),
        ),
        stages=STAGES,
        zone="Asia/Kolkata",
        until=MONDAY + np.timedelta64(90, "D"),
    )
    return service_levels(data, rules=(RULE,))


def random_leads(seed: int) -> list[Lead]:
    random = np.random.default_rng(seed)
    return [
        (
            ["ads", "site", "", "rare"][random.choice(4, p=[0.5, 0.3, 0.15, 0.05])],
            [3, 10, 14, 23][random.choice(4, p=[0.3, 0.4, 0.25, 0.05])],
            bool(random.random() < 0.6),
            bool(random.random() < 0.4),
            ["ann", "bob"][random.integers(2)],
        )
        for _ in range(300)
    ]


def slow(leads: list[Lead], owner: str) -> tuple[float, float, float, int, int]:
    """Return the difference, its interval, requests and strata, one lead after the other."""
    stratum: dict[int, Any] = {}
    for parts in (2, 1):
        rest = [i for i in range(len(leads)) if i not in stratum]
        sizes = Counter(leads[i][:parts] for i in rest)
        stratum |= {i: leads[i][:parts] for i in rest if sizes[leads[i][:parts]] >= 20}
    cells: dict[Any, list[list[bool]]] = {}
    for i, (_, _, in_time, won, who) in enumerate(leads):
        if owner in ("", who):
            cells.setdefault(stratum.get(i), [[], []])[not in_time].append(won)
    used = [(met, late) for met, late in cells.values() if met and late]
    weights = [1 / (1 / len(met) + 1 / len(late)) for met, late in used]
    each = [sum(met) / len(met) - sum(late) / len(late) for met, late in used]
    whole = sum(weights)
    difference = sum(w / whole * d for w, d in zip(weights, each, strict=True))
    below = above = 0.0
    for w, d, (met, late) in zip(weights, each, used, strict=True):
        low, high = newcombe_interval(sum(met), len(met), sum(late), len(late))
        below += (w / whole * (d - float(low))) ** 2
        above += (w / whole * (float(high) - d)) ** 2
    requests = sum(len(met) + len(late) for met, late in used)
    bounds = difference - math.sqrt(below), difference + math.sqrt(above)
    return difference, *bounds, requests, len(used)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("of_deals", [False, True])
def test_lateness_within_strata_is_that_of_single_leads(seed: int, *, of_deals: bool) -> None:
    leads = random_leads(seed)
    rows = levels(leads, of_deals=of_deals).levels
    assert [one.owner for one in rows] == ["", "ann", "bob"]
    for row in rows:
        difference, low, high, requests, strata = slow(leads, row.owner)
        assert (row.compared, row.strata) == (requests, strata)
        assert np.allclose(
            [row.adjusted, row.adjusted_low, row.adjusted_high],
            [difference, low, high],
            atol=1e-12,
        )
        assert strata > 3


def test_night_leads_that_are_answered_late_do_not_blame_the_lateness() -> None:
    """Nine of ten night leads are late and one of ten is won, of all of them alike."""
    day: list[Lead] = [("ads", 10, i % 10 > 0, i // 10 % 2 == 0, "ann") for i in range(200)]
    night: list[Lead] = [("ads", 2, i % 10 == 0, i // 10 % 10 == 0, "ann") for i in range(200)]
    report = levels(day + night)
    row = report["answer"]
    assert (row.won_met, row.won_late) == (0.46, 0.14)
    assert row.difference_low > 0.2
    assert math.isclose(row.adjusted, 0, abs_tol=1e-12)
    assert row.adjusted_low < 0 < row.adjusted_high
    assert (row.compared, row.strata) == (400, 2)
    said = report.explain()
    assert "46.0% of those answered in time are won, 14.0% of the late ones" in said
    assert "At the same source and hour the difference is 0.0 points" in said
    assert "by 400 requests. Lateness goes with it; that it is the cause is not shown." in said
    assert "что оно причина, не показано" in report.explain("ru")
    document = json.loads(json.dumps(report.to_dict()))
    assert (document["levels"][0]["strata"], document["levels"][0]["compared"]) == (2, 400)
    assert report.to_frame()["strata"].tolist() == [2, 2]


def test_without_both_in_a_stratum_nothing_is_compared() -> None:
    day: list[Lead] = [("ads", 10, True, i % 2 == 0, "ann") for i in range(30)]
    night: list[Lead] = [("ads", 2, False, i % 3 == 0, "ann") for i in range(30)]
    report = levels(day + night)
    row = report["answer"]
    assert (row.compared, row.strata) == (0, 0)
    assert math.isnan(row.adjusted)
    assert report.to_dict()["levels"][0]["adjusted"] is None
    assert "No source and hour has both." in report.explain()
    few = levels(day + night[:9])
    assert "are won" not in few.explain()


def test_one_stratum_is_newcombe() -> None:
    low, high = newcombe_interval(56, 70, 48, 80)
    made = stratified_difference([56, 0], [70, 5], [48, 0], [80, 0])
    assert np.allclose(made, [0.2, float(low), float(high)])

"""Why a count changed: orders, customers, leads, activities, and the length of the cycle."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.questions import worlds
from tests.questions.test_answers import ask

from abcxyz.crm import Activities, CrmData, Deals, Leads, Stage, StageMap
from abcxyz.questions import QuestionData, QuestionError

WINDOWS = {
    "before_since": "2026-08-01",
    "before_until": "2026-09-01",
    "since": "2026-09-01",
    "until": "2026-10-01",
}
CUSTOMERS = list(worlds.CUSTOMERS)
#: month, source, owner, days to win, customer number
WON = [(8, "ads", "17", 4, i % 3) for i in range(30)]
WON += [(8, "web", "21", 4, i % 5) for i in range(30)]
WON += [(9, "ads", "17", 9, i % 2) for i in range(70)]
WON += [(9, "web", "21", 4, i % 5) for i in range(32)]


def day(month: int, of_month: int) -> str:
    return f"2026-{month:02}-{of_month:02}T09:00:00Z"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> QuestionData:
    closed = [day(one[0], 10 + i % 18) for i, one in enumerate(WON)]
    ages = [np.timedelta64(one[3], "D") for one in WON]
    moments = np.array([one[:-1] for one in closed], dtype="M8[s]")
    crm = CrmData(
        deals=Deals(
            deal=list(range(len(WON))),
            funnel=["sales"] * len(WON),
            created=[f"{one}Z" for one in (moments - np.array(ages)).tolist()],
            closed=closed,
            stage=["WON"] * len(WON),
            source=[one[1] for one in WON],
            owner=[one[2] for one in WON],
            customer=[CUSTOMERS[one[4]] for one in WON],
        ),
        leads=Leads(
            lead=list(range(60)),
            created=[day(8 if i < 20 else 9, 1 + i % 28) for i in range(60)],
            source=["ads"] * 10 + ["web"] * 10 + ["ads"] * 30 + [""] * 10,
        ),
        activities=Activities(
            activity=list(range(50)),
            kind=["call"] * 30 + ["letter"] * 20,
            started=[day(8 if i % 2 else 9, 1 + i % 28) for i in range(50)],
            done=[i != 7 for i in range(50)],
            automatic=[i == 9 for i in range(50)],
            user=["17"] * 25 + ["21"] * 25,
        ),
        stages=StageMap({"sales": ["NEW", Stage("WON", semantics="S")]}),
        until=np.datetime64("2026-11-01", "s"),
    )
    history = worlds.history(tmp_path_factory.mktemp("why") / "h.db")
    return QuestionData(crm=crm, history=history, today=lambda: worlds.TODAY)


def parts(value: dict[str, Any]) -> dict[str, tuple[int, int]]:
    return {one["group"]: (one["before"], one["after"]) for one in value["parts"]}


@pytest.mark.parametrize("by", ["source", "owner", "segment", "auto"])
def test_orders_and_customers_are_counted_as_by_loops(data: QuestionData, by: str) -> None:
    orders = ask(data, "why_changed", metric="orders", by=by, **WINDOWS)
    assert (orders.value["before"], orders.value["after"]) == (60, 102)
    assert orders.value["difference"] == sum(one["effect"] for one in orders.value["parts"]) == 42
    if by == "source":
        assert parts(orders.value) == {"ads": (30, 70), "web": (30, 32)}
        assert orders.value["carried_beyond_chance"]
        assert "Most of it is in source: «ads»" in orders.sentence
        assert orders.value["low"] == pytest.approx(42.0 - 0.0, abs=40)
    people = ask(data, "why_changed", metric="customers", by=by, **WINDOWS)
    seen = [{one[4] for one in WON if one[0] == month} for month in (8, 9)]
    assert [people.value["before"], people.value["after"]] == [len(one) for one in seen]
    assert sum(one["effect"] for one in people.value["parts"]) == people.value["difference"]
    assert sum(one["before"] for one in people.value["parts"]) == len(seen[0])


def test_the_segment_is_that_before_both_windows(data: QuestionData) -> None:
    """The history begins on 2026-08-01: before it no segment is known."""
    snapshot = data.snapshot(date(2026, 8, 1))
    assert snapshot is not None
    names = {
        who: str(snapshot.explain(who)).split(maxsplit=1)[0]
        for who in snapshot.customers.tolist()
        if "not classified" not in snapshot.explain(who)
    }
    expected = Counter((one[0], names.get(CUSTOMERS[one[4]], "N")) for one in WON)
    value = ask(data, "why_changed", metric="orders", by="segment", **WINDOWS).value
    assert parts(value) == {
        name: (expected[(8, name)], expected[(9, name)])
        for name in {segment for _, segment in expected}
    }
    with pytest.raises(QuestionError, match="not known") as caught:
        ask(
            data,
            "why_changed",
            metric="orders",
            by="segment",
            **{**WINDOWS, "before_since": "2026-07-01"},
        )
    assert caught.value.code == "unavailable"


def test_leads_and_activities_are_counted_as_by_loops(data: QuestionData) -> None:
    leads = ask(data, "why_changed", metric="leads", lang="ru", **WINDOWS)
    assert (leads.value["before"], leads.value["after"]) == (20, 40)
    assert leads.value["by"] == "source"
    assert leads.sentence.startswith("заявки: 20, затем 40.")
    done = [i for i in range(50) if i not in (7, 9)]
    odd = [i for i in done if i % 2]
    activities = ask(data, "why_changed", metric="activities", by="kind", **WINDOWS)
    assert activities.value["before"] == len(odd)
    assert parts(activities.value)["call"] == (
        len([i for i in odd if i < 30]),
        len([i for i in done if i % 2 == 0 and i < 30]),
    )
    assert "not_shown" in {one.code for one in activities.warnings}
    assert activities.value["deals_before"] is None


def test_the_cycle_is_split_by_rate_and_mix(data: QuestionData) -> None:
    value = ask(data, "why_changed", metric="cycle", by="source", **WINDOWS).value
    assert value["before"] == 4.0
    assert value["after"] == pytest.approx((9 * 70 + 4 * 32) / 102, abs=0.01)
    total = sum(one["rate_effect"] + one["mix_effect"] for one in value["parts"])
    assert total == pytest.approx(value["difference"], abs=0.01)


def test_what_cannot_be_split_or_counted_says_what_can(data: QuestionData) -> None:
    for wrong, text, code in (
        ({"metric": "leads", "by": "product"}, "split by source", "bad_argument"),
        ({"metric": "activities", "by": "segment"}, "split by owner, kind", "bad_argument"),
        ({"metric": "orders", "by": "stage"}, "only the conversion", "bad_argument"),
        (
            {"metric": "orders", "since": "2027-09-01", "until": "2027-10-01",
             "before_since": "2027-08-01", "before_until": "2027-09-01"},
            "nothing to count",
            "bad_argument",
        ),
    ):  # fmt: skip
        with pytest.raises(QuestionError, match=text) as caught:
            ask(data, "why_changed", **{**WINDOWS, **wrong})
        assert caught.value.code == code
    longer = {**WINDOWS, "before_since": "2026-07-15"}
    codes = {one.code for one in ask(data, "why_changed", metric="orders", **longer).warnings}
    assert "lengths_differ" in codes


def test_the_conversion_is_split_by_stage(tmp_path: Path) -> None:
    from abcxyz.crm import StageChanges

    rows = [
        (month, stage) for month, went in ((8, 20), (9, 10)) for stage in [1] * went + [0] * 20
    ]
    deals = list(range(len(rows)))
    moments = [day(month, 1 + i % 28) for i, (month, _) in enumerate(rows)]
    last = ["WON" if went else "NEW" for _, went in rows]
    changes = [(i, moments[i], "NEW") for i in deals]
    changes += [(i, moments[i].replace("T09", "T12"), "WON") for i in deals if rows[i][1]]
    crm = CrmData(
        deals=Deals(deal=deals, funnel=["s"] * len(rows), created=moments, stage=last),
        changes=StageChanges(
            deal=[one[0] for one in changes],
            entered=[one[1] for one in changes],
            stage=[one[2] for one in changes],
        ),
        stages=StageMap({"s": ["NEW", Stage("WON", semantics="S")]}),
        until=np.datetime64("2026-11-20", "s"),
    )
    data = QuestionData(crm=crm, today=lambda: worlds.TODAY)
    value = ask(data, "why_changed", metric="conversion", by="stage", **WINDOWS).value
    assert value["by"] == "stage"
    assert sum(one["effect"] for one in value["factors"]) == pytest.approx(
        value["difference"], abs=1e-6
    )
    assert json.dumps(value)

"""Summary totals, against sums over the customers."""

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz import BCG, EVENTS, SEGMENTS, Alert, Analysis, Settings, Transactions, analyze
from abcxyz.core.analysis.summary import _at_risk, _cuts
from abcxyz.core.dynamics.events import FALLS, RISES
from abcxyz.demo import DEMO_AS_OF, demo_sales

SETTINGS = Settings(period="2M")
sale = st.tuples(
    st.sampled_from("abcdefgh"),
    st.dates(date(2025, 11, 1), date(2026, 2, 28)),
    st.integers(-500, 5_000).map(lambda kopecks: kopecks / 100),
)


def check(analysis: Analysis) -> None:
    """Compare every total with a plain loop over the customers."""
    summary, snapshot = analysis.summary(), analysis.snapshot
    values = np.asarray(snapshot.value, dtype=float).tolist()
    positive = math.fsum(one for one in values if one > 0)

    def total(chosen: list[int]) -> float:
        known = (values[i] for i in chosen if not math.isnan(values[i]))
        return float(sum(Decimal(str(one)) for one in known))

    for classes, codes in ((summary.abc, snapshot.abc), (summary.xyz, snapshot.xyz)):
        for code, one in enumerate(classes):
            inside = [i for i, other in enumerate(codes.tolist()) if other == code]
            assert (len(inside), total(inside)) == (one.customers, one.value)
            share = total(inside) / positive if positive else math.nan
            assert one.value_share == pytest.approx(share, nan_ok=True)
    late = analysis.silence().late
    for code, cell in enumerate(summary.segments):
        inside = [i for i, other in enumerate(snapshot.segment.tolist()) if other == code]
        assert (SEGMENTS[code], len(inside)) == (cell.segment, cell.customers)
        assert cell.value == pytest.approx(total(inside))
        assert cell.late == sum(bool(late[i]) for i in inside)
    out = [i for i, other in enumerate(snapshot.segment.tolist()) if other < 0]
    assert len(out) == summary.unclassified
    assert summary.unclassified_value == pytest.approx(total(out))
    assert summary.classified + summary.unclassified == len(snapshot)
    assert summary.customers == sum(not math.isnan(one) for one in values)
    assert summary.total_value == pytest.approx(total([*range(len(snapshot))]))
    of = {cell.segment: cell for cell in summary.segments}
    for group in summary.groups:
        members = [of[segment] for segment in BCG.groups[group.name]]
        assert group.customers == sum(one.customers for one in members)
        assert group.value == pytest.approx(sum(one.value for one in members))
    check_events(analysis)


def check_events(analysis: Analysis) -> None:
    summary, moves = analysis.summary(), analysis.transitions
    if moves is None:
        assert () == summary.events
        assert (0, 0.0) == (summary.fell.customers, summary.rose.change)
        return
    assert moves.value_before is not None
    assert moves.value_after is not None
    assert [one.event for one in summary.events] == [n for n in EVENTS if moves.count(n)]
    for one in summary.events:
        inside = np.flatnonzero(moves.events == EVENTS.index(one.event)).tolist()
        assert one.customers == len(inside)
        assert one.value_before == pytest.approx(sum(float(moves.value_before[i]) for i in inside))
        assert one.value_after == pytest.approx(sum(float(moves.value_after[i]) for i in inside))
    for together, names in ((summary.fell, FALLS), (summary.rose, RISES)):
        assert together.customers == sum(moves.count(name) for name in names)
        change = sum(one.change for one in summary.events if one.event in names)
        assert together.change == pytest.approx(change)


@given(rows=st.lists(sale, min_size=1, max_size=40), compared=st.booleans())
def test_totals_are_those_of_the_customers(
    rows: list[tuple[str, date, float]], compared: bool
) -> None:
    """Totals equal sums over customers, also with an empty class or no customer."""
    sales = Transactions(*map(list, zip(*rows, strict=True)))
    previous = None
    # Without a sale before its date there is no earlier snapshot.
    if compared and sales.day.min() < np.datetime64("2026-02-01"):
        previous = analyze(sales, as_of=date(2026, 2, 1), settings=SETTINGS).snapshot
    check(analyze(sales, as_of=date(2026, 3, 1), settings=SETTINGS, previous=previous))


def test_alerts_of_the_demo() -> None:
    """Money at risk excludes chances to gain and money already earned."""
    sales = demo_sales().transactions
    analysis = analyze(
        sales,
        as_of=DEMO_AS_OF,
        previous=analyze(sales, as_of=date(2026, 10, 1)).snapshot,
    )
    check(analysis)
    summary = analysis.summary()
    kinds = {one.kind for one in analysis.alerts}
    assert "near_a" in kinds
    assert summary.alerts == len(analysis.alerts)
    risk = sum(
        one.money or 0 for one in analysis.alerts if one.kind not in ("near_a", "dead_money")
    )
    assert summary.money_at_risk == pytest.approx(risk)
    assert summary.metrics == analysis.metrics


def test_a_deal_is_at_risk_once_with_the_most_that_is_named() -> None:
    """Whatever the order of its alerts; money that is not known is none."""

    def alert(kind: str, key: str, money: float | None, **facts: object) -> Alert:
        return Alert(kind=kind, key=key, customer="a", money=money, age=1, facts=facts)

    alerts = [
        alert("stalled_deal", "1", 50.0, deal=7),
        alert("deal_at_risk", "2", 80.0, deal=7),
        alert("deal_at_risk", "3", 60.0, deal=7),
        alert("lapsed_a", "4", 10.0),
        alert("lapsed_a", "5", 5.0),
        alert("lapsed_a", "6", None),
        alert("near_a", "7", 1000.0),
    ]
    assert _at_risk(alerts) == 95.0
    assert _at_risk([]) == 0.0


def test_cuts_are_read_back() -> None:
    """Infinite ones by their sign, unknown ones as NaN; the last class has none."""
    cuts = _cuts({"cuts": {"A": None, "B": 5.0}, "infinite": {"A": -1}})
    assert cuts[:2] == (-math.inf, 5.0)
    assert len(cuts) == 3
    assert math.isnan(cuts[2])
    first, second, _ = _cuts({"cuts": {"A": None, "B": None}, "infinite": {"B": 1}})
    assert math.isnan(first)
    assert second == math.inf

"""Bridge between two windows that share no day, and the window before a panel."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz import Settings, Transactions, analyze
from abcxyz.core.analysis.bridge import STEPS, bridge_between
from abcxyz.core.analysis.series import class_series, owner_totals

MONEY = st.one_of(st.just(math.nan), st.integers(-(10**9), 10**9).map(lambda one: one / 100))


@given(st.lists(st.tuples(MONEY, MONEY), max_size=30))
def test_a_bridge_adds_up(pairs: list[tuple[float, float]]) -> None:
    """Before plus all steps is after, to the kopeck, and every customer is in one step."""
    bridge = bridge_between([one for one, _ in pairs], [one for _, one in pairs])
    kopecks = [round(one.change * 100) for one in bridge.steps]
    assert round(bridge.before * 100) + sum(kopecks) == round(bridge.after * 100)
    for i, (before, after) in enumerate(pairs):
        if math.isnan(before):
            step = None if math.isnan(after) else "new"
        elif math.isnan(after):
            step = "gone"
        else:
            step = "grown" if after > before else "shrunk" if after < before else None
        assert step == (None if bridge.codes[i] < 0 else STEPS[bridge.codes[i]])


def sales(count: int) -> Transactions:
    """Make sales of 40 customers over two and a half years, in kopecks."""
    random = np.random.default_rng(7)
    days = np.datetime64("2024-05-01") + random.integers(0, 915, count)
    amounts = random.integers(-500, 90_000, count) / 100
    return Transactions([f"c{i}" for i in random.integers(0, 40, count)], days, amounts)


def test_the_window_before_is_added_up_by_its_own_days() -> None:
    """Any way of aggregation gives the sums of the months of the year before."""
    for lines in (sales(900), sales(120_000)):
        batches = [lines.take(np.arange(len(lines)) % 3 == part) for part in range(3)]
        for given_sales in (lines, batches):
            analysis = analyze(given_sales, as_of=date(2026, 11, 1))
            past, bridge = analysis.year_before, analysis.bridge
            assert past is not None
            assert bridge is not None
            assert (date(2024, 11, 1), date(2025, 11, 1)) == (past.window.since, past.window.until)
            inside = (lines.day >= np.datetime64(past.window.since)) & (
                lines.day < np.datetime64(past.window.until)
            )
            assert round(float(lines.amount[inside].sum()), 2) == bridge.before
            names = np.array([str(one) for one in lines.customer])
            if lines.labels is not None:
                names = lines.labels[lines.customer]
            for i in (0, 5, len(analysis.snapshot) - 1):
                whose = inside & (names == analysis.snapshot.customers[i])
                assert np.isclose(lines.amount[whose].sum(), np.nan_to_num(past.value[i]))
                assert np.isclose(np.nansum(past.sales[i]), np.nan_to_num(past.value[i]))


@pytest.mark.filterwarnings("ignore::abcxyz.errors.AbcxyzWarning")
def test_a_file_of_one_window_is_not_compared() -> None:
    """Without sales from the beginning of the window before there is no bridge."""
    late = Transactions(
        ["a", "a", "b"], [date(2025, 6, 5), date(2026, 2, 5), date(2026, 3, 9)], [5, 50, 10]
    )
    analysis = analyze(late, as_of=date(2026, 11, 1))
    assert analysis.year_before is not None
    assert not analysis.year_before.covered
    assert analysis.bridge is None
    short = analyze(late, as_of=date(2026, 11, 1), settings=Settings(lookback="12M"))
    assert short.year_before is None


def test_totals_of_owners_add_up() -> None:
    """Values of the owners, and those of the classes, are those of all their customers."""
    analysis = analyze(sales(900), as_of=date(2026, 11, 1))
    owners = ["Ann" if i % 3 else "" for i in range(len(analysis.snapshot))]
    (row,) = owner_totals(analysis, owners)
    mine = [bool(one) for one in owners]
    assert np.isclose(np.nansum(analysis.panel.value[mine]), row.value)
    assert analysis.year_before is not None
    assert np.isclose(np.nansum(analysis.year_before.value[mine]), row.before)
    series = class_series(analysis)
    assert np.isclose(series.total.sum(), np.nansum(analysis.panel.value))


@pytest.mark.parametrize(
    ("before", "after", "growth"),
    [
        ([100, 50], [120, 60], 0.2),
        ([100, 50], [75, math.nan], -0.5),
        ([0.5], [1], 1.0),
        ([0], [9], math.nan),
        ([math.nan], [9], math.nan),
        ([-5], [9], math.nan),
    ],
)
def test_growth_is_relative_to_the_value_before(
    before: list[float], after: list[float], growth: float
) -> None:
    """Nothing, or returns alone, is no value to compare with."""
    assert bridge_between(before, after).growth == pytest.approx(growth, nan_ok=True)


def test_small_changes_are_changes() -> None:
    bridge = bridge_between([1.0, 2.0, 3.0], [1.5, 1.75, 3.0])
    assert bridge.codes.tolist() == [STEPS.index("grown"), STEPS.index("shrunk"), -1]
    assert [(one.customers, one.change) for one in bridge.steps] == [
        (0, 0.0), (1, 0.5), (1, -0.25), (0, 0.0),
    ]  # fmt: skip

"""Sums of money are those of decimal arithmetic, in every output."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz import Settings, Transactions, analyze, forecast
from abcxyz.core.dynamics.backfill import backfill
from abcxyz.core.minor_units import money_difference, money_sum

KOPECKS = st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=50)


@given(KOPECKS, st.integers(0, 4))
def test_money_adds_up_as_decimals_do(whole: list[int], places: int) -> None:
    """The sum is the float nearest to the exact decimal sum."""
    amounts = [one / 10**places for one in whole]
    exact = sum(Decimal(one) / 10**places for one in whole)
    assert money_sum(amounts) == float(exact)
    assert money_sum([*amounts, float("nan")]) == float(exact)


@given(KOPECKS)
def test_money_is_subtracted_as_decimals_are(whole: list[int]) -> None:
    after, before = np.array(whole) / 100, np.array(whole[::-1]) / 100
    exact = [(one - other) / 100 for one, other in zip(whole, whole[::-1], strict=True)]
    assert money_difference(after, before).tolist() == exact


@pytest.fixture(scope="module")
def sales() -> Transactions:
    """Many sales in kopecks, whose sums as floats show binary rounding errors."""
    rng = np.random.default_rng(1)
    day = np.datetime64("2025-01-01") + rng.integers(0, 660, 20_000)
    return Transactions(rng.integers(0, 300, 20_000), day, rng.integers(1, 200_000, 20_000) / 100)


#: Names of the fields and columns that hold money.
MONEY = (
    *("value", "value_before", "value_after", "change", "unclassified_value"),
    *("money", "money_before", "money_after", "money_change", "money_at_risk"),
    *("revenue", "revenue_now"),
)


def money_in(document: Any, name: str = "") -> list[float]:
    if isinstance(document, dict):
        return [one for key, inner in document.items() for one in money_in(inner, key)]
    if isinstance(document, list):
        return [one for inner in document for one in money_in(inner, name)]
    return [document] if name in MONEY and isinstance(document, float) else []


def test_no_output_shows_a_binary_error(sales: Transactions) -> None:
    """Every cell of money in documents and tables has at most two decimals."""
    before = analyze(sales, as_of="2026-07-01").snapshot
    analysis = analyze(sales, as_of="2026-11-01", previous=before)
    assert analysis.transitions is not None
    quarters = Settings(period="1Q", bucket="M")
    outlook = forecast(backfill(sales, since="2025-01-01", as_of="2026-11-01", settings=quarters))
    documents = [
        analysis.summary().to_dict(),
        analysis.snapshot.to_dict(),
        analysis.alerts.to_dict(),
        outlook.to_dict(),
    ]
    frames: list[pd.DataFrame] = [
        analysis.to_frame(),
        analysis.matrix.to_frame(),
        analysis.transitions.to_frame(),
        analysis.alerts.to_frame(),
        pd.DataFrame(map(attrs.asdict, analysis.abc.summary())),
    ]
    cells = money_in(documents)
    cells += [
        float(cell)
        for frame in frames
        for name in MONEY
        if name in frame
        for cell in frame[name].dropna()
    ]
    assert len(cells) > 500
    assert [] == [cell for cell in cells if cell != round(cell, 2)]

"""Lapse risk measured on real sales, where they are present."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from abcxyz import lapse_risk
from abcxyz.core.landmarks.model import Judged
from abcxyz.tables.sales import read_sales

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "day", "least"),
    [
        ("online_retail", date(2011, 8, 1), 0.74),
        ("online_retail", date(2011, 9, 1), 0.72),
        ("cdnow", date(1998, 1, 1), 0.72),
        ("cdnow", date(1998, 4, 1), 0.73),
        ("complete_journey", date(2017, 9, 1), 0.80),
    ],
)
def test_class_a_is_ranked_and_calibrated(name: str, day: date, least: float) -> None:
    """The list beats the base rate in ranking, Brier score and among its first twenty."""
    path = DATA / f"{name}.csv.gz"
    if not path.exists():
        pytest.skip("the real sales are not present")
    sales = read_sales(path).transactions
    risk = lapse_risk(sales, day, 90)
    after = (sales.day >= np.datetime64(day)) & (sales.day < np.datetime64(day + timedelta(90)))
    future = sales.take(after & (np.asarray(sales.amount) > 0))
    customers = future.customer if future.labels is None else future.labels[future.customer]
    bought = set(customers.tolist())
    a = np.flatnonzero(risk.in_a)
    gone = np.array([who not in bought for who in risk.customers[a].tolist()])
    judged = Judged.of(gone, risk.probability[a], float(gone.mean()))
    assert judged.auc >= least
    assert judged.brier < judged.brier_base
    assert 0.8 <= judged.slope <= 1.2
    if name == "online_retail":
        first = np.argsort(-risk.probability[a], kind="stable")[:20]
        assert gone[first].mean() >= 2.5 * gone.mean()

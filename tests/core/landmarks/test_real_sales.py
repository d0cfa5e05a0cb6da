"""Lapse risk measured on real sales, where they are present."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from abcxyz import lapse_risk
from abcxyz._arrays import Bools, Floats
from abcxyz.core.landmarks.model import Judged
from abcxyz.core.prospects.metrics import roc_auc
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
    probability, silence, gone = class_a(name, day)
    judged = Judged.of(gone, probability, float(gone.mean()))
    assert judged.auc >= least
    assert judged.auc >= roc_auc(gone, silence).value
    assert judged.brier < judged.brier_base
    assert 0.8 <= judged.slope <= 1.2
    if name == "online_retail":
        first = np.argsort(-probability, kind="stable")[:20]
        assert gone[first].mean() >= 2.5 * gone.mean()


@pytest.mark.slow
@pytest.mark.parametrize("day", [date(2017, 6, 1), date(2017, 10, 1)])
def test_days_of_silence_stand_where_class_a_cannot_judge(day: date) -> None:
    """A history of five months, and one whose class A has 13 lapses at the last landmark."""
    probability, silence, gone = class_a("complete_journey", day)
    assert roc_auc(gone, probability).value >= roc_auc(gone, silence).value


def class_a(name: str, day: date) -> tuple[Floats, Floats, Bools]:
    """Return probability and days of silence of class A, and who bought nothing in 90 days."""
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
    return risk.probability[a], risk.facts["silence"][a], gone

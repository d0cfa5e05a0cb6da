"""Lapse risk and growth list on real sales: the tables of the page on the lapse risk.

``python benchmarks/bench_lapse_real.py FOLDER`` reads ``online_retail.csv.gz`` (UCI Online
Retail), ``cdnow.csv.gz`` and ``complete_journey.csv.gz`` there, of lines with a customer, a date
and an amount.
"""

from __future__ import annotations

import sys
import warnings
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from abcxyz import AlertRules, LapseRisk, Settings, Transactions, analyze, lapse_risk
from abcxyz.core.analysis.learn_lapses import learning
from abcxyz.core.landmarks.features import TRENDS, classes_at
from abcxyz.core.landmarks.fit import Trial, fit_landmarks
from abcxyz.core.landmarks.lapse import lapse_outcome
from abcxyz.core.landmarks.model import Judged
from abcxyz.core.landmarks.orders.order_history import collect_orders, day_number
from abcxyz.core.landmarks.sample import LandmarkStudy
from abcxyz.core.landmarks.sources import HistorySource
from abcxyz.core.prospects.metrics import Gain, auc_difference, brier_gain, roc_auc
from abcxyz.tables.sales import read_sales
from tables import table

HORIZON = 90
LAPSES = {
    "online_retail": ("2011-08-01", "2011-09-01"),
    "cdnow": ("1998-01-01", "1998-04-01"),
    "complete_journey": ("2017-09-01",),
}
RISES = LAPSES | {"online_retail": ("2011-06-01", *LAPSES["online_retail"])}
COMPARED = {
    "online_retail": [f"2011-0{month}-01" for month in range(5, 10)],
    "cdnow": ["1997-11-01", "1997-12-01", *(f"1998-0{month}-01" for month in range(1, 5))],
    "complete_journey": [f"2017-{month:02}-01" for month in range(6, 11)],
}
#: No card has such a slope: the curve of the days of silence stands.
SILENCE_ALONE = Trial(slope=(9.0, 9.1))


def class_a(sales: Transactions, risk: LapseRisk, day: date) -> tuple[Any, Any]:
    """Return the rows of class A, and who of them bought nothing within the horizon."""
    until = np.datetime64(day + timedelta(HORIZON))
    after = (sales.day >= np.datetime64(day)) & (sales.day < until)
    future = sales.take(after & (np.asarray(sales.amount) > 0))
    customers = future.customer if future.labels is None else future.labels[future.customer]
    bought = set(customers.tolist())
    rows = np.flatnonzero(risk.in_a)
    return rows, np.array([who not in bought for who in risk.customers[rows].tolist()])


def lapse_row(name: str, sales: Transactions, day: date) -> list[object]:
    risk = lapse_risk(sales, day, HORIZON)
    rows, gone = class_a(sales, risk, day)
    probability, silence = risk.probability[rows], risk.facts["silence"][rows]
    judged = Judged.of(gone, probability, float(gone.mean()))
    first = np.argsort(-probability, kind="stable")[:20]
    return [
        f"{name}, {day}",
        f"{risk.basis} ({risk.fit.basis})",
        f"{gone.mean():.0%}",
        f"{judged.auc:.2f}",
        f"{roc_auc(gone, silence).value:.2f}",
        f"{judged.brier:.4f} ({judged.brier_base:.4f})",
        f"{judged.slope:.2f}",
        f"{gone[first].mean():.0%}",
    ]


def rise_row(name: str, sales: Transactions, day: date) -> list[object]:
    settings = Settings()
    past = sales.take(sales.day < np.datetime64(day))
    orders = learning(AlertRules(), settings, day)
    analysis = analyze(past, as_of=day, settings=settings, orders=orders, horizon=HORIZON)
    history = collect_orders(sales, until=day + timedelta(HORIZON), metric=settings.metric)
    ends = (day_number(day) + step for step in range(30, HORIZON + 1, 30))
    risen = np.logical_or.reduce([classes_at(history, end, settings)[0] == 0 for end in ends])
    known = set(history.customers[risen].tolist())

    def share(customers: Any) -> str:
        return f"{np.mean([who in known for who in customers]):.0%}"

    growth, snapshot = analysis.growth, analysis.snapshot
    assert growth is not None
    limit = analysis.abc.cuts.first
    missing = limit - snapshot.value
    near = np.flatnonzero((snapshot.abc == 1) & (missing <= 0.1 * limit))
    near = near[np.argsort(missing[near], kind="stable")]
    listed = [one.customer for one in growth]
    nearest = snapshot.customers[near].tolist()
    return [
        f"{name}, {day}",
        growth.basis,
        f"{share(listed)} ({share(snapshot.customers[snapshot.abc == 1].tolist())})",
        share(listed[:10]),
        share(nearest),
        share(nearest[:10]),
    ]


def compared_row(name: str, sales: Transactions, day: date) -> list[object]:
    """Compare with a curve of the days of silence, fitted and calibrated in the same way."""
    risk = lapse_risk(sales, day, HORIZON)
    rows, gone = class_a(sales, risk, day)
    history = collect_orders(sales, until=day)
    study = LandmarkStudy.of(HistorySource(history), day, HORIZON, Settings(), None, {})
    (examples,) = study.examples(lapse_outcome(study))
    assert examples is not None
    silence = {"silence": "logarithm"}
    fit = fit_landmarks(examples, TRENDS, silence, HORIZON, SILENCE_ALONE)
    every = fit.probability(study.now.columns, study.now.abc == 0)
    places = {who: place for place, who in enumerate(history.customers.tolist())}
    alone = every[[places[who] for who in risk.customers[rows].tolist()]]
    probability = risk.probability[rows]
    judged = Judged.of(gone, probability, float(gone.mean()))
    gains: list[object] = ["the same curve", ""]
    if not np.allclose(probability, alone):
        apart = auc_difference(gone, probability, alone)
        score = brier_gain(gone, probability, alone, np.arange(len(gone)))
        gains = [interval(apart), interval(score)]
    return [f"{name}, {day}", risk.fit.basis, *gains, f"{judged.slope:.2f}"]


def interval(gain: Gain) -> str:
    return f"{gain.value:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]"


def main(folder: str) -> None:
    warnings.simplefilter("ignore")
    sales = {name: read_sales(Path(folder) / f"{name}.csv.gz").transactions for name in LAPSES}
    heads = {
        lapse_row: "sales|basis|base|AUC|silence alone|Brier (base rate)|slope|first twenty",
        rise_row: "sales|basis|the list|its first ten|nearest to the limit|the nearest ten",
        compared_row: "sales|chosen|AUC beyond silence alone|Brier score below it|slope",
    }
    for row, days in ((lapse_row, LAPSES), (rise_row, RISES), (compared_row, COMPARED)):
        rows = [
            row(name, sales[name], date.fromisoformat(day))
            for name, several in days.items()
            for day in several
        ]
        print(table(heads[row].split("|"), rows), flush=True)
        print()


if __name__ == "__main__":
    main(sys.argv[1])

"""Synthetic leads whose outcome depends on their attributes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from attrs import frozen

from abcxyz.core.sales.transactions import Transactions


@frozen
class History:
    """Leads in order of time, their outcomes and their money."""

    table: dict[str, Any]
    outcome: Any
    revenue: Any
    probability: Any


def made_up(n: int = 1500, seed: int = 5, base: float = -2.2) -> History:
    """Leads whose outcome depends on turnover and industry, not on region."""
    rng = np.random.default_rng(seed)
    turnover = np.exp(rng.normal(18.6, 1.6, n))
    industry = rng.choice(np.array(["metal", "food", "wood", "retail"], dtype=object), n)
    region = rng.choice(np.array(["77", "78", "54"], dtype=object), n)
    pull = {"metal": 1.4, "food": 0.0, "wood": -0.3, "retail": -1.0}
    log_odds = base + 0.9 * (np.log(turnover) - 18.6) + np.array([pull[one] for one in industry])
    probability = 1 / (1 + np.exp(-log_odds))
    outcome = rng.random(n) < probability
    revenue = turnover / 1000 * (1 + 9 * outcome)
    turnover[rng.random(n) < 0.1] = np.nan
    table = {
        "lead": [f"L{k}" for k in range(n)],
        "turnover": turnover,
        "industry": industry,
        "region": region,
    }
    return History(table, outcome, revenue, probability)


@pytest.fixture(scope="session")
def history() -> History:
    """Fifteen hundred leads, about one in five of them A."""
    return made_up()


def sales_of(leads: History) -> Transactions:
    """Convert outcomes to sales: leads that reached A buy much in the first year."""
    start = date(2022, 1, 3)
    customers, days, money = [], [], []
    for k, (key, reached) in enumerate(zip(leads.table["lead"], leads.outcome, strict=True)):
        first = start + timedelta(days=k)
        for month in range(3):
            customers.append(key)
            days.append(first + timedelta(days=30 * month))
            money.append(100_000.0 if reached else 500.0)
    return Transactions(customers, days, money)

"""Rise chance of customers of class B."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from tests.core.landmarks.worlds import END, made_world

from abcxyz import Transactions, rise_chance
from abcxyz.core.landmarks.rise import RISE_BASES
from abcxyz.toolkit import translate


def test_customers_of_b_are_ordered_by_chance_times_missing_money() -> None:
    sales, _ = made_world(5, n=500, days=720)
    chance = rise_chance(sales, END, 90)
    assert chance.basis in RISE_BASES[:2]
    assert len(chance) > 10
    product = chance.probability * chance.missing
    assert (np.diff(product) <= 1e-9).all()
    assert (chance.missing > 0).all()
    assert ((chance.probability > 0) & (chance.probability < 1)).all()
    assert chance.judged is not None
    assert chance.judged.brier < chance.judged.brier_base
    assert translate(chance.why, "ru") != chance.why


def test_growing_customers_get_a_larger_chance_than_falling_ones() -> None:
    random = np.random.default_rng(2)
    ids, days, money = [], [], []
    for who in range(500):
        grows = who % 2 == 0
        size = float(np.exp(random.normal(3, 1)))
        for month in range(30):
            factor = 1.06**month if grows else 1.06 ** (15 - month)
            ids.append(who)
            days.append(date(2024, 1, 1) + timedelta(days=30 * month + int(random.integers(25))))
            money.append(size * factor * float(np.exp(random.normal(0, 0.3))))
    chance = rise_chance(Transactions(ids, days, money), date(2026, 6, 15), 120)
    assert chance.basis == "learned"
    grows = chance.customers.astype(int) % 2 == 0
    assert chance.probability[grows].mean() > 2 * chance.probability[~grows].mean()


def test_few_customers_leave_no_chances() -> None:
    sales = Transactions(
        ["a", "a", "b", "b"],
        [date(2026, 1, 5), date(2026, 2, 5), date(2026, 2, 9), date(2026, 1, 9)],
        [50, 50, 30, 10],
    )
    chance = rise_chance(sales, date(2026, 3, 1))
    assert chance.basis == "none"
    assert np.isnan(chance.probability).all()

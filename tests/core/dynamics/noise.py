"""Simulation of customers at constant rates, classified monthly for a year."""

from __future__ import annotations

import numpy as np

from abcxyz import classify_abc, steady
from abcxyz._arrays import Codes, Floats

#: Orders a month, by buying frequency.
RHYTHMS = {"every week": 52 / 12, "every month": 1.0, "every quarter": 1 / 3}
CUSTOMERS, RUNS, SEED = 4000, 12, 2026


def base(orders_a_month: float, *, customers: int = CUSTOMERS, seed: int = SEED) -> Floats:
    """Simulate two years of monthly money at constant purchase rates.

    Rates are lognormal among customers, orders of one are Poisson, amounts gamma with a
    coefficient of variation of one half.
    """
    rng = np.random.default_rng(seed)
    monthly = rng.lognormal(8, 1.2, customers)[:, None]
    orders = rng.poisson(orders_a_month, (customers, 12 + RUNS))
    amounts = rng.gamma(4 * np.maximum(orders, 1), 1 / 4) * (orders > 0)
    result: Floats = monthly / orders_a_month * amounts
    return result


def falls_out_of_a(sales: Floats, band: float | None) -> float:
    """Count falls out of A a year per 100 customers of A, in monthly rolling years.

    *band* None takes the raw classes.
    """
    falls = counted = 0
    raw_before: Codes | None = None
    held: Codes | None = None
    for start in range(RUNS + 1):
        result = classify_abc(sales[:, start : start + 12].sum(axis=1))
        now = result.codes
        if raw_before is not None and held is not None:
            if band is not None:
                now = steady(
                    result.codes,
                    result.values,
                    result.cuts,
                    before=raw_before,
                    before_steady=held,
                    band=band,
                )
            falls += int(np.count_nonzero((held == 0) & (now != 0)))
            counted += int(np.count_nonzero(held == 0))
        raw_before, held = result.codes, now
    return 100 * falls / (counted / RUNS)


def table() -> dict[str, tuple[float, ...]]:
    """Falls out of A a year per 100 customers of A: raw, ±2 %, ±5 %, ±10 %."""
    return {
        name: tuple(falls_out_of_a(base(rate), band) for band in (None, 0.02, 0.05, 0.10))
        for name, rate in RHYTHMS.items()
    }


if __name__ == "__main__":
    for name, figures in table().items():
        print(name, *(f"{figure:.1f}" for figure in figures))

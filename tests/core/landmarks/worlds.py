"""Made customers with planted leavers, for the tests of the lapse risk."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from abcxyz import Transactions

END = date(2026, 11, 1)


def made_world(
    seed: int, n: int = 1500, days: int = 1080, churn: float = 0.12, last: float = 150.0
) -> tuple[Transactions, dict[int, bool]]:
    """Make customers with gamma gaps of several regularities, of whom some leave for good.

    Parameters
    ----------
    churn
        Share of those who leave, within the *last* days.

    Returns
    -------
    tuple
        The sales, and customer -> whether it has left.
    """
    random = np.random.default_rng(seed)
    start = END - timedelta(days=days)
    ids: list[int] = []
    offsets: list[int] = []
    amounts: list[float] = []
    left: dict[int, bool] = {}
    for customer in range(n):
        mean = float(np.exp(random.normal(np.log(28), 0.7)))
        shape = float(random.choice([1.0, 2.0, 5.0, 12.0], p=[0.3, 0.3, 0.25, 0.15]))
        size = float(np.exp(random.normal(9, 1.3)))
        day = random.uniform(0, days * 0.5) + random.gamma(shape, mean / shape) * random.random()
        gone = days + 1.0
        if random.random() < churn:
            gone = days - random.uniform(10, last)
        while day < min(days, gone):
            if random.random() < 0.03:  # a pause that ends by itself
                day += mean * random.uniform(2, 4)
            if day >= min(days, gone):
                break
            ids.append(customer)
            offsets.append(int(day))
            amounts.append(round(size * np.exp(random.normal(0, 0.5)), 2))
            left[customer] = gone <= days
            day += random.gamma(shape, mean / shape)
    first = np.datetime64(start, "D")
    return Transactions(np.array(ids), first + np.array(offsets), np.array(amounts)), left


def pausing_world() -> tuple[Transactions, dict[int, dict[str, object]]]:
    """Make customers of whom those of the south pause for half a year at random, and come back.

    Returns
    -------
    tuple
        The sales, and customer -> region and name.
    """
    random = np.random.default_rng(8)
    ids, days, money = [], [], []
    regions: dict[int, dict[str, object]] = {}
    for who in range(240):
        south = bool(random.random() < 0.5)
        regions[who] = {"region": "south" if south else "north", "name": f"Firm {who}"}
        size, at = float(np.exp(random.normal(6, 1))), float(random.uniform(0, 60))
        while at < 900:
            ids.append(who)
            days.append(np.datetime64(END) + np.timedelta64(int(at) - 900, "D"))
            money.append(size * float(np.exp(random.normal(0, 0.3))))
            pauses = south and random.random() < 0.15
            at += random.uniform(170, 200) if pauses else random.uniform(15, 35)
    return Transactions(ids, np.array(days), money), regions

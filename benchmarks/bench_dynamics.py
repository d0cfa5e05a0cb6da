"""Benchmark of history, transitions and backfill, as ratios to the operations they consist of.

``python benchmarks/bench_dynamics.py --write`` puts the table into ``docs/benchmarks.md``;
``--large`` saves, reads and compares five million customers.
"""

from __future__ import annotations

import sys
import warnings
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

import numpy as np

from abcxyz import (
    SEGMENTS,
    Panel,
    Settings,
    Snapshot,
    Transactions,
    aggregate,
    analyze,
    backfill,
    class_confidence,
    compare,
    transitions,
)
from abcxyz.errors import AbcxyzWarning
from abcxyz.history import History
from tables import best, machine, table, write_section

AS_OF = date(2026, 1, 1)
SETTINGS = Settings()


def moved() -> list[list[object]]:
    """Count the transitions of a million customers, against one ``np.bincount``."""
    rng = np.random.default_rng(1)
    n = 1_000_000
    before, after = rng.integers(-1, 9, (2, n)).astype(np.int8)
    money = rng.lognormal(8, 1, n)
    paths = (before.astype(np.int64) + 1) * 10 + after + 1
    bound = best(lambda: np.bincount(paths), 15)
    counts = best(lambda: transitions(before, after, labels=SEGMENTS), 15)
    with_money = best(
        lambda: (
            transitions(
                before, after, labels=SEGMENTS, money_before=money, money_after=money
            ).money_change
        ),
        15,
    )
    return [
        ["transitions, 1 M customers, 9 segments", "one np.bincount", f"{counts / bound:.1f}"],
        ["the same with money along each path", "one np.bincount", f"{with_money / bound:.1f}"],
    ]


def sure() -> list[list[object]]:
    """Resample the months of 100,000 customers 200 times, against one classification."""
    rng = np.random.default_rng(2)
    n = 100_000
    periods = SETTINGS.periods(AS_OF)
    sales = rng.gamma(0.5, 100, (n, periods.count)) * rng.lognormal(0, 1.5, n)[:, None]
    sales[rng.random(sales.shape) < 0.5] = 0
    days = np.full(n, np.datetime64("2025-06-01"))
    panel = Panel(
        customers=np.arange(n),
        periods=periods,
        metric="revenue",
        value=sales.sum(axis=1),
        sales=sales,
        orders=np.full(n, 9),
        first_day=days,
        last_day=days,
    )
    once = best(lambda: analyze(panel, as_of=AS_OF))
    drawn = best(lambda: class_confidence(panel, SETTINGS), 1)
    what = "class_confidence, 100,000 customers x 12 x 200"
    return [[what, "one analyze of the panel", f"{drawn / once:.0f} ({drawn:.1f} s)"]]


def filled() -> list[list[object]]:
    """Backfill 36 months, against one classification of the same sales."""
    rng = np.random.default_rng(3)
    lines, customers = 4_800_000, 100_000
    rate = rng.lognormal(0, 1, customers)
    sales = Transactions(
        rng.choice(customers, lines, p=rate / rate.sum()),
        np.datetime64("2022-01-01") + rng.integers(0, 1461, lines),
        rng.gamma(2, 100, lines).round(2),
    )
    once = best(lambda: analyze(sales, as_of=AS_OF), 2)
    past = best(lambda: sum(1 for _ in backfill(sales, since=date(2023, 1, 1), as_of=AS_OF)), 2)
    plain = best(lambda: aggregate([sales], SETTINGS.periods(AS_OF)), 2)
    gaps = best(lambda: aggregate([sales], SETTINGS.periods(AS_OF), rhythm=True), 2)
    return [
        ["backfill, 100,000 customers x 36 months", "one analyze", f"{past / once:.1f}"],
        ["aggregate with the rhythm of every customer", "without it", f"{gaps / plain:.1f}"],
    ]


def stored(n: int) -> list[list[object]]:
    """Save a snapshot, read it and compare it with the next one."""
    rng = np.random.default_rng(4)
    customers = np.array([f"C{i:08d}" for i in range(n)], dtype=object)

    def snapshot(as_of: date) -> Snapshot:
        days = np.datetime64("2024-01-01") + rng.integers(0, 300, n)
        return Snapshot(
            as_of=as_of,
            periods=SETTINGS.periods(as_of),
            settings=SETTINGS,
            customers=customers,
            abc=rng.integers(0, 3, n).astype(np.int8),
            xyz=rng.integers(0, 3, n).astype(np.int8),
            value=rng.lognormal(8, 2, n).round(2),
            cv=rng.random(n),
            orders=rng.integers(0, 50, n),
            first_day=days,
            last_day=days + 30,
        )

    former, now = snapshot(date(2025, 1, 1)), snapshot(AS_OF)
    with TemporaryDirectory() as folder, History(f"{folder}/history.db") as history:
        start = process_time()
        history.save(former)
        saved = process_time()
        stored = history.latest(now.dated)
        read = process_time()
        assert stored is not None
        compare(stored, now).money_change  # noqa: B018
        compared = process_time()
        size = Path(f"{folder}/history.db").stat().st_size / n
    seconds = (saved - start, read - saved, compared - read)
    parts = " + ".join(f"{part:.0f}" for part in seconds)
    what = f"save + read + compare, {n:,} customers"
    return [[what, "a minute", f"{sum(seconds) / 60:.2f} ({parts} CPU s; {size:.0f} B each)"]]


def main() -> None:
    warnings.simplefilter("ignore", AbcxyzWarning)
    rows = [*moved(), *sure(), *filled(), *stored(5_000_000 if "--large" in sys.argv else 200_000)]
    text = table(("what", "beside", "ratio"), rows)
    print(text)
    if "--write" in sys.argv:
        about = (
            "## Over time\n\nWhat watching customers costs, as a ratio measured in one run.\n\n"
        )
        write_section("dynamics", f"{about}{text}\n\n{machine('numpy')}")


if __name__ == "__main__":
    main()

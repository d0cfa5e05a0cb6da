"""Benchmark of the lapse risk: processor time against one analysis, in Python and by the command.

Run ``python benchmarks/bench_lapse.py [customers lines]``: 100,000 customers with 2,800,000 lines
of three years by default. Processor time of the process and its threads; the analysis is warm,
with its loops compiled.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from abcxyz import Transactions, analyze, lapse_risk

DAY = date(2026, 11, 1)


def made(customers: int, lines: int) -> Transactions:
    """Make customers who order at random, each at a pace and a size of its own."""
    random = np.random.default_rng(5)
    pace = np.exp(random.normal(0, 0.7, customers))
    who = random.choice(customers, lines, p=pace / pace.sum())
    day = np.datetime64("2023-11-01") + random.integers(0, 1096, lines).astype("m8[D]")
    size = np.exp(random.normal(9, 1.3, customers))[who]
    return Transactions(who, day, np.round(size * random.lognormal(0, 0.5, lines), 2))


def spent(work: Callable[[], Any], whose: int = resource.RUSAGE_SELF) -> float:
    """Return the least processor time of three runs, in seconds."""
    times = []
    for _ in range(3):
        before = resource.getrusage(whose)
        work()
        after = resource.getrusage(whose)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


def main(customers: int = 100_000, lines: int = 2_800_000) -> None:
    warnings.simplefilter("ignore")
    sales = made(customers, lines)
    analyze(sales, as_of=DAY)
    one = spent(lambda: analyze(sales, as_of=DAY))
    lapse = spent(lambda: lapse_risk(sales, DAY))
    print(f"analyze {one:.2f} s, lapse_risk {lapse:.2f} s: {lapse / one:.1f} times")
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "sales.csv")
        pd.DataFrame(
            {
                "customer": np.char.add("C", sales.customer.astype(str)),
                "date": sales.day,
                "amount": sales.amount,
            }
        ).to_csv(file, index=False)

        def command(name: str) -> Callable[[], Any]:
            words = [sys.executable, "-m", "abcxyz", name, file, "--as-of", DAY.isoformat()]
            return lambda: subprocess.run([*words, "--json"], check=True, capture_output=True)

        one, lapse = (
            spent(command(name), resource.RUSAGE_CHILDREN) for name in ("classify", "lapse")
        )
    print(f"abcxyz classify {one:.2f} s, abcxyz lapse {lapse:.2f} s: {lapse / one:.1f} times")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

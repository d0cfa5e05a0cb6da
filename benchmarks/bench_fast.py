"""Benchmark of the tangent rule on raw columns in memory, against hand-written queries.

Run ``python benchmarks/bench_fast.py 10000000``; all ratios come from one run, and every route
must give the same nine counts before a time is printed. Best of five, in turns, for other programs
slow down whoever runs at the time: wall time, CPU time of all threads, and the additional memory
of the first run.
"""

from __future__ import annotations

import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

from abcxyz.core.classes.classify import classify_abc, classify_xyz
from abcxyz.core.sales.calendar import Periods
from abcxyz.fast import customer_grid

PERIODS = Periods.parse("12M", date(2026, 1, 15))


def split(values: Any, tolerance: float) -> tuple[float, float]:
    first = values.mean()
    rest = values[values < first * (1 - tolerance)] if tolerance > 0 else None
    if rest is None:
        rest = values[values <= first * (1 - tolerance)]
    return first, rest.mean() if len(rest) else first


def counts(value: Any, cv: Any) -> list[int]:
    a, b = split(value, 1e-9)
    y, x = split(cv, -1e-9)
    abc = (value < a * (1 - 1e-9)).astype(int) + (value < b * (1 - 1e-9))
    xyz = (cv > y * (1 + 1e-9)).astype(int) + (cv > x * (1 + 1e-9))
    return np.bincount(3 * abc + xyz, minlength=9).tolist()


def ours(ids: Any, days: Any, cents: Any, route: str) -> list[int]:
    panel = customer_grid(ids, days, cents, PERIODS, route=route, ordered=False)
    abc, xyz = classify_abc(panel.value), classify_xyz(panel.sales, single_order=False)
    return np.bincount(3 * abc.codes + xyz.codes, minlength=9).tolist()


def by_pandas(frame: Any) -> list[int]:
    month = frame["day"].dt.to_period("M")
    wide = frame.assign(month=month).pivot_table(
        index="id", columns="month", values="cents", aggfunc="sum", fill_value=0
    )
    return counts(
        wide.sum(axis=1).to_numpy(float), (wide.std(axis=1, ddof=0) / wide.mean(axis=1)).to_numpy()
    )


def by_polars(frame: Any) -> list[int]:
    k = pl.len() / PERIODS.count
    x = pl.col("cents")
    spread = k * x.var(ddof=0) + k * (1 - k) * x.mean() ** 2
    out = (
        frame.lazy()
        .group_by("id", pl.col("day").dt.truncate("1mo"))
        .agg(x.sum())
        .group_by("id")
        .agg(x.sum().alias("v"), (spread.sqrt() / (x.sum() / PERIODS.count)).alias("cv"))
        .collect(engine="streaming")
    )
    return counts(out["v"].to_numpy().astype(float), out["cv"].to_numpy())


def by_duckdb(table: Any) -> list[int]:
    con = duckdb.connect()
    con.execute("set threads = 2")
    con.register("t", table)
    out = con.execute(
        "with m as (select id, date_trunc('month', day) m, sum(cents)::bigint c "
        "from t group by all) "
        "select sum(c)::double v, sqrt(count(*) / 12 * var_pop(c) + count(*) / 12 * "
        "(1 - count(*) / 12) * avg(c) ** 2) / (sum(c) / 12) cv from m group by id"
    ).fetchnumpy()
    return counts(np.asarray(out["v"]), np.asarray(out["cv"]))


@contextmanager
def peak() -> Iterator[list[float]]:
    """Yield a list that receives the peak of additional memory, in gigabytes."""
    page, done, seen = resource.getpagesize(), threading.Event(), [0.0]
    statm = Path("/proc/self/statm")

    def held() -> float:
        return int(statm.read_text().split()[1]) * page / 1e9

    before = held()

    def watch() -> None:
        while not done.wait(0.005):
            seen[0] = max(seen[0], held() - before)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield seen
    finally:
        done.set()
        watching.join()


class Run(NamedTuple):
    """Wall seconds, CPU seconds, additional gigabytes and the nine counts of one run."""

    wall: float
    cpu: float
    memory: float
    classes: list[int]


def run(work: Callable[[], list[int]]) -> Run:
    with peak() as more:
        start, used = time.perf_counter(), time.process_time()
        classes = work()
        wall, cpu = time.perf_counter() - start, time.process_time() - used
    return Run(wall, cpu, more[0], classes)


class Cost(NamedTuple):
    """Wall seconds, CPU seconds and additional gigabytes of a route for ids of a kind."""

    kind: str
    route: str
    wall: float
    cpu: float
    memory: float
    same: bool
    passes: float


def costs(n: int, kinds: list[str], routes: list[str]) -> Iterator[Cost]:
    """Measure the routes, all if none is named; every one has to give the same classes."""
    rng = np.random.default_rng(1)
    customers = max(n // 10, 1000)
    who = (rng.random(n) ** 2 * customers).astype(np.int64)
    days = np.datetime64("2025-01-01", "us") + rng.integers(0, 365 * 86_400_000_000, n)
    cents = np.round(rng.lognormal(8, 1, n)).astype(np.int64) + 1
    for kind in kinds:
        ids: Any = who
        if kind == "sparse":
            ids = rng.integers(0, 1 << 40, customers)[who]
        column = pa.array(ids)
        if kind == "string":
            names = pa.array([f"C{i:010d}" for i in range(customers)], pa.large_string())
            column = names.take(pa.array(who))
            ids = column
        table = pa.table({"id": column, "day": days, "cents": cents})
        frame = pl.from_arrow(table)
        works: dict[str, Callable[[], list[int]]] = {
            "numba": lambda ids=ids: ours(ids, days, cents, "numba"),
            "numpy": lambda ids=ids: ours(ids, days, cents, "numpy"),
            "polars": lambda frame=frame: by_polars(frame),
            "duckdb": lambda table=table: by_duckdb(table),
        }
        if n <= 20_000_000 and (
            not routes or "pandas" in routes
        ):  # pandas needs five times the memory of the input
            pandas_frame = table.to_pandas()
            works["pandas"] = lambda frame=pandas_frame: by_pandas(frame)
        works["numba"]()
        start = time.perf_counter()
        days.view(np.int64).sum(), cents.sum(), who.sum()
        bandwidth = time.perf_counter() - start
        chosen = {name: work for name, work in works.items() if not routes or name in routes}
        runs: dict[str, list[Run]] = {name: [] for name in chosen}
        for turn in range(5):
            for name, work in chosen.items():
                if name != "pandas" or not turn:
                    runs[name].append(run(work))
        expected = next(iter(runs.values()))[0].classes
        for name, some in runs.items():
            wall, cpu = min(one.wall for one in some), min(one.cpu for one in some)
            # Later runs reuse memory that the first one did not release.
            same = all(one.classes == expected for one in some)
            yield Cost(kind, name, wall, cpu, some[0].memory, same, wall / bandwidth)


def main(n: int, kinds: list[str]) -> None:
    for one in costs(n, kinds, []):
        same = "same classes" if one.same else "OTHER CLASSES"
        times = f"{one.wall:8.3f} s  cpu {one.cpu:8.3f} s  {one.passes:6.1f}x sum"
        print(
            f"{n:>11,} {one.kind:8} {one.route:8} {times}  +{one.memory:5.2f} GB  {same}",
            flush=True,
        )


if __name__ == "__main__":
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    main(size, sys.argv[2:] or ["compact", "sparse", "string"])

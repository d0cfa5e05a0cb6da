"""Benchmark of the core against a lower bound (one ``np.sum``) and plain pandas code.

``python benchmarks/bench_core.py --write`` puts the table into ``docs/benchmarks.md``;
``--large`` takes 50 million customers and 100 million transactions as well. ``--loops`` measures
numpy and compiled loops side by side instead: wall time, and CPU time of all threads, which other
programs disturb less.
"""

from __future__ import annotations

import sys
import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from attrs import frozen

from abcxyz import (
    CountShares,
    CumulativeMean,
    Limits,
    MeaninglessClassesWarning,
    Panel,
    Periods,
    Rule,
    Shares,
    Tangent,
    Transactions,
    aggregate,
    classify_abc,
    classify_xyz,
)
from abcxyz.loops import compile_loops, route
from tables import best, machine, table, write_section

PERIODS = Periods.parse("12M", date(2026, 1, 15))
RULES: tuple[Rule, ...] = (
    Tangent(),
    Limits(1e5, 1e4),
    Shares(),
    CountShares(),
    CumulativeMean(),
)
BATCH = 1_000_000


def peak(work: Callable[[], Any]) -> int:
    """Return the peak of memory above the start, in bytes."""
    tracemalloc.start()
    result = work()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del result
    return most


def by_pandas(values: pd.Series[float]) -> Any:
    """Classify by the usual pandas recipe: sort, cumulate, cut."""
    down = values.sort_values(ascending=False)
    share = down.cumsum() / down.sum()
    return pd.cut(share, [0, 0.8, 0.95, 1.01], labels=["A", "B", "C"]).sort_index()


def ratio(seconds: float, other: float) -> str:
    return f"{seconds / other:,.1f}"


def abc_rows(sizes: list[int]) -> list[list[object]]:
    rng = np.random.default_rng(1)
    rows: list[list[object]] = []
    for n in sizes:
        values = np.round(rng.lognormal(8, 1.5, n), 2)
        bound = best(lambda v=values: np.sum(v), 7)
        hand = best(lambda v=values: by_pandas(pd.Series(v)), 1 if n > 10**6 else 2)
        for rule in RULES:
            work = lambda v=values, r=rule: classify_abc(v, r)  # noqa: E731
            seconds = best(work, 3)
            extra = (peak(work) - n) / values.nbytes
            rows.append(
                [
                    f"classify_abc, {type(rule).__name__}, {n / 1e6:,.0f} M",
                    ratio(seconds, bound),
                    ratio(hand, seconds),
                    f"{extra:.0%}",
                ]
            )
    return rows


def xyz_rows() -> list[list[object]]:
    rng = np.random.default_rng(2)
    rows: list[list[object]] = []
    for n, p in ((1_000_000, 12), (200_000, 52)):
        sales = np.round(rng.lognormal(5, 1, (n, p)) * (rng.random((n, p)) < 0.7), 2)
        frame = pd.DataFrame(sales)
        bound = best(lambda s=sales: np.sum(s), 7)
        hand = best(lambda f=frame: f.std(axis=1, ddof=0) / f.mean(axis=1), 2)
        work = lambda s=sales: classify_xyz(s)  # noqa: E731
        seconds = best(work, 3)
        extra = (peak(work) - 9 * n) / sales.nbytes
        rows.append(
            [
                f"classify_xyz, {n / 1e6:.1f} M x {p}",
                ratio(seconds, bound),
                ratio(hand, seconds),
                f"{extra:.0%}",
            ]
        )
    return rows


def batches(ids: Any, days: Any, amounts: Any) -> Iterator[Transactions]:
    for at in range(0, len(ids), BATCH):
        rows = slice(at, at + BATCH)
        yield Transactions(ids[rows], days[rows], amounts[rows])


def aggregate_rows(sizes: list[int]) -> list[list[object]]:
    rng = np.random.default_rng(3)
    rows: list[list[object]] = []
    for n in sizes:
        customers = n // 10
        who = (rng.random(n) ** 2 * customers).astype(np.int64)
        days = np.datetime64("2025-01-01") + rng.integers(0, 365, n).astype("m8[D]")
        amounts = np.round(rng.lognormal(8, 1, n), 2)
        bound = best(lambda w=who, d=days, a=amounts: (w.sum(), d.view(int).sum(), a.sum()), 5)
        kinds: dict[str, Any] = {"codes": who}
        if n <= 10_000_000:
            kinds["strings"] = np.array([f"C{i:09d}" for i in range(customers)], object)[who]
        for kind, ids in kinds.items():
            work = lambda i=ids, d=days, a=amounts: aggregate(batches(i, d, a), PERIODS)  # noqa: E731
            seconds = best(work, 2)
            panel = work()
            columns = (panel.customers, panel.value, panel.sales, panel.orders)
            result = sum(one.nbytes for one in (*columns, panel.first_day, panel.last_day))
            del panel, columns
            extra = (peak(work) - result) / (who.nbytes + days.nbytes + amounts.nbytes)
            months = days.astype("M8[M]").astype(np.int64)
            frame = pd.DataFrame({"who": ids, "month": months, "amount": amounts})
            hand = best(lambda f=frame: f.groupby(["who", "month"])["amount"].sum().unstack(), 1)
            del frame
            rows.append(
                [
                    f"aggregate, {n / 1e6:,.0f} M, {kind}",
                    ratio(seconds, bound),
                    ratio(hand, seconds),
                    f"{extra:.0%}",
                ]
            )
    return rows


def both_times(work: Callable[[], Any], times: int) -> tuple[float, float]:
    """Return the shortest wall time, and CPU time of all threads, in seconds."""
    wall, cpu = [], []
    for _ in range(times):
        start, used = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - used)
    return min(wall), min(cpu)


@frozen
class LoopCost:
    """CPU seconds of a work, its CPU and wall time in passes over the input, memory beside it."""

    work: str
    kind: str
    seconds: float
    passes: float
    wall_passes: float
    memory: float


def loop_costs(n: int) -> Iterator[LoopCost]:
    """Measure the rule of tangents and adding up on *n* values, by numpy and compiled loops."""
    rng = np.random.default_rng(3)
    values = np.round(rng.lognormal(8, 1.5, n), 2)
    who = (rng.random(n) ** 2 * (n // 10)).astype(np.int64)
    days = np.datetime64("2025-01-01") + rng.integers(0, 365, n).astype("m8[D]")
    compile_loops()
    works: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
        "classify_abc, Tangent": (lambda: np.sum(values), lambda: classify_abc(values)),
        "aggregate, codes in batches": (
            lambda: (who.sum(), days.view(int).sum(), values.sum()),
            lambda: aggregate(batches(who, days, values), PERIODS),
        ),
        "the same with the order rhythm": (
            lambda: (who.sum(), days.view(int).sum(), values.sum()),
            lambda: aggregate(batches(who, days, values), PERIODS, rhythm=True),
        ),
    }
    for name, (bound, work) in works.items():
        adds = name != "classify_abc, Tangent"
        times: dict[str, list[tuple[float, float]]] = {"bound": [], "numpy": [], "numba": []}
        # In turns: what other programs do to the memory changes within seconds.
        for _ in range(3 if adds else 9):
            times["bound"].append(both_times(bound, 3))
            for kind in ("numpy", "numba"):
                with route(kind):
                    times[kind].append(both_times(work, 1))
        (wall, cpu), *_ = (tuple(map(min, zip(*one, strict=True))) for one in times.values())
        for kind in ("numpy", "numba"):
            taken, used = map(min, zip(*times[kind], strict=True))
            with route(kind):
                memory = beside_input(work, values.nbytes * (3 if adds else 1))
            yield LoopCost(
                f"{name}, {n / 1e6:,.0f} M", kind, used, used / cpu, taken / wall, memory
            )


def beside_input(work: Callable[[], Any], size: int) -> float:
    """Return the peak of memory beyond the result, as a share of the input."""
    tracemalloc.start()
    result = work()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    if isinstance(result, Panel):
        rhythm = () if result.rhythm is None else (result.rhythm.starts, result.rhythm.gaps)
        arrays = (
            *(result.customers, result.value, result.sales, result.orders),
            *(result.first_day, result.last_day, *rhythm),
        )
        return (most - sum(one.nbytes for one in arrays)) / size
    return (most - result.codes.nbytes) / size


def loops_rows(n: int) -> list[list[object]]:
    return [
        [
            f"{one.work}, {one.kind}",
            f"{one.passes:.1f}",
            f"{one.wall_passes:.1f}",
            f"{one.memory:.0%}",
        ]
        for one in loop_costs(n)
    ]


def write_loops(*, write: bool) -> None:
    heads = (
        "work",
        "CPU time, times one pass",
        "wall time, times one pass",
        "memory beside input",
    )
    text = table(heads, loops_rows(10**7))
    print(text)
    if write:
        about = (
            "## Numpy and compiled loops\n\n"
            "`python benchmarks/bench_core.py --loops`: one pass is `np.sum` over the same "
            "columns, in one thread. CPU time is that of all threads, so that on two idle cores "
            "the wall time is about half of it; where other programs ran, CPU time is the better "
            "guide. "
            "Compiling is not included.\n\n"
        )
        write_section("loops", f"{about}{text}\n\n{machine('numpy', 'numba')}")


def main(arguments: list[str]) -> None:
    warnings.simplefilter("ignore", MeaninglessClassesWarning)
    if "--loops" in arguments:
        write_loops(write="--write" in arguments)
        return
    large = "--large" in arguments
    rows = abc_rows([10**6, 10**7, *([5 * 10**7] if large else [])])
    rows += xyz_rows()
    rows += aggregate_rows([10**7, *([10**8] if large else [])])
    heads = ("work", "times one pass (np.sum)", "times faster than pandas", "memory beside input")
    text = table(heads, rows)
    print(text)
    if "--write" in arguments:
        about = (
            "## Core\n\n"
            "Ratios of one run. One pass is `np.sum` over the same arrays (for `aggregate`, over "
            "the three columns). pandas: `sort_values` and `cumsum`; `std` and `mean`; `groupby` "
            "and `unstack`. Memory is the peak beyond input and result, as a share of the "
            "input.\n\n"
        )
        write_section("core", f"{about}{text}\n\n{machine('numpy', 'pandas')}")


if __name__ == "__main__":
    main(sys.argv[1:])

"""Benchmark of the CRM reports beside pandas by hand, pm4py and lifelines.

``python benchmarks/bench_crm.py generate FOLDER [DEALS]`` writes tables of a CRM as Parquet: with
1,000,000 deals, the default, 6 M stage changes and 10 M activities. ``python
benchmarks/bench_crm.py measure FOLDER [--peers PYTHON]`` measures the functions, the command and
the peers, and writes them to the page; PYTHON is an interpreter of an environment of its own with
pandas, pyarrow, pm4py and lifelines, which need an older pandas than the library. Every
measurement is a process of its own: seconds of CPU time of all its threads, and its peak memory.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

_STAGES = ("NEW", "CALL", "VISIT", "PROPOSAL", "CONTRACT", "PAYMENT", "WON", "LOST")
_START = np.datetime64("2023-01-02T06:00:00", "s")
_DAY = 86_400
_OWNERS, _CUSTOMERS, _PRODUCTS = 60, 80_000, 40


def generate(folder: Path, deals: int) -> None:
    """Write deals, stage changes, activities, leads, product lines, users and stages."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq

    random = np.random.default_rng(7)
    folder.mkdir(parents=True, exist_ok=True)
    ids = np.arange(deals, dtype=np.int64)

    def write(name: str, /, **columns: Any) -> None:
        pq.write_table(pa.table(columns), folder / f"{name}.parquet", compression="zstd")

    def texts(codes: Any, names: list[str]) -> Any:
        return pa.DictionaryArray.from_arrays(codes.astype(np.int32), names).cast(pa.string())

    created = np.sort(_START + random.integers(0, 900 * _DAY, deals).astype("m8[s]"))
    changes = _histories(random, ids, created)
    last = np.full(deals, -1)
    last[changes["deal"]] = np.arange(len(changes["deal"]))
    stage = changes["stage"][last]
    final = stage >= 6
    closed = np.where(final, changes["entered"][last], np.datetime64("NaT", "s"))
    owner = random.integers(0, _OWNERS, deals)
    owners = [f"u{i}" for i in range(_OWNERS)]
    channels = ["ads", "site", "partner", "call", "exhibition", ""]
    source = random.integers(0, len(channels), deals)
    customer = random.integers(0, _CUSTOMERS, deals)
    amount = np.round(random.lognormal(11, 1, deals), 2)
    reason = np.where(stage == 7, random.integers(1, 8, deals), 0)
    reasons = ["", "price", "competitor", "no answer", "terms", "no money", "changes", "other"]
    write(
        "deals",
        deal=ids,
        funnel=texts(np.zeros(deals), ["sales"]),
        created=created,
        stage=texts(stage, list(_STAGES)),
        closed=closed,
        amount=amount,
        currency=texts(np.zeros(deals), ["RUB"]),
        owner=texts(owner, owners),
        customer=customer,
        source=texts(source, channels),
        lost_reason=texts(reason, reasons),
    )
    order = np.argsort(changes["entered"], kind="stable")
    write(
        "stage_changes",
        deal=changes["deal"][order],
        stage=texts(changes["stage"][order], list(_STAGES)),
        entered=changes["entered"][order],
    )
    count = 10 * deals
    of = np.sort(random.integers(0, deals, count))
    started = created[of] + (random.exponential(25 * _DAY, count)).astype("m8[s]")
    order = np.argsort(started, kind="stable")
    of, started = of[order], started[order]
    kind = random.choice(4, count, p=[0.5, 0.1, 0.3, 0.1])
    done = random.random(count) < 0.97
    seconds = np.where(kind == 0, np.round(random.exponential(180, count)), np.nan)
    length = (random.exponential(2400, count)).astype("m8[s]")
    write(
        "activities",
        activity=np.arange(count, dtype=np.int64),
        kind=texts(kind, ["call", "meeting", "letter", "task"]),
        started=started,
        ended=np.where(kind == 1, started + length, np.datetime64("NaT", "s")),
        seconds=seconds,
        direction=texts(random.integers(0, 2, count), ["out", "in"]),
        done=done,
        user=texts(owner[of], owners),
        deal=of,
        answered=random.random(count) < 0.8,
    )
    write(
        "leads",
        lead=ids,
        created=created - random.integers(0, _DAY, deals).astype("m8[s]"),
        source=texts(source, channels),
        owner=texts(owner, owners),
        deal=ids,
    )
    product = random.integers(0, _PRODUCTS, deals)
    cost = np.where(random.random(deals) < 0.95, np.round(amount * 0.7, 2), np.nan)
    write(
        "product_lines",
        deal=ids,
        product=texts(product, [f"product {i}" for i in range(_PRODUCTS)]),
        amount=amount,
        quantity=np.ones(deals),
        cost=cost,
    )
    write("users", user=owners, name=[f"Manager {i}" for i in range(_OWNERS)])
    lines = ["stage,funnel,semantics"]
    lines += [f"{one},sales,{'S' if one == 'WON' else 'P'}" for one in _STAGES[:-1]]
    (folder / "stages.csv").write_text("\n".join([*lines, "LOST,sales,F"]) + "\n", "utf-8")
    print(f"{deals:,} deals, {len(changes['deal']):,} changes, {count:,} activities")


def _histories(random: Any, ids: Any, created: Any) -> dict[str, Any]:
    """Return stage changes: most go forward, some skip, return, or are lost."""
    deal, stage, entered = [ids], [np.zeros(len(ids), np.int64)], [created]
    running, now, moment = ids, stage[0], created
    end = _START + np.timedelta64(900 * _DAY, "s")
    while len(running):
        moment = moment + (random.gamma(1.5, 5 * _DAY, len(running))).astype("m8[s]") + 1
        draw = random.random(len(running))
        step = np.where(draw < 0.04, 2, np.where(draw < 0.10, -1, 1))
        then = np.clip(now + step, 0, 6)
        then = np.where(random.random(len(running)) < 0.09, 7, then)
        known = (moment < end) & (then != now)
        deal.append(running[known])
        stage.append(then[known])
        entered.append(moment[known])
        on = (then < 6) & (moment < end)
        running, now, moment = running[on], then[on], moment[on]
    return {
        "deal": np.concatenate(deal),
        "stage": np.concatenate(stage),
        "entered": np.concatenate(entered),
    }


def _spent(work: Callable[[], Any]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def functions(folder: Path) -> dict[str, float]:
    """Return the CPU seconds of reading, of visits with the funnel, of each report, and more."""
    from abcxyz.core.sales.calendar import Window
    from abcxyz.crm import REPORTS, BusinessCalendar, kaplan_meier, make_report
    from abcxyz.crm.reports.registry import in_order, parts_of
    from abcxyz.crm.statistics.survival import competing_risks
    from abcxyz.tables.crm.read import read_crm

    start = time.process_time()
    crm = read_crm(folder, zone="Europe/Moscow").crm
    times = {"read": time.process_time() - start}
    times["visits"] = _spent(lambda: (crm.visits, crm.outcomes))
    window = Window("2023-01-01", "2025-12-31")
    made: dict[str, Any] = {}
    for name in in_order(REPORTS):
        chosen = window if REPORTS[name].windowed else None
        start = time.process_time()
        # As with all reports at once: what others are made from is made once.
        made[name] = make_report(name, crm, chosen, **parts_of(name, made))
        times[name] = time.process_time() - start
    made.clear()
    days = np.random.default_rng(1).gamma(1.5, 20.0, 1_000_000)
    ends = np.random.default_rng(2).integers(0, 3, 1_000_000)
    times["Kaplan-Meier"] = _spent(lambda: kaplan_meier(days, ends > 0))
    times["Aalen-Johansen"] = _spent(lambda: competing_risks(days, ends, 2))
    calendar = BusinessCalendar("Europe/Moscow")
    since = _START + np.random.default_rng(3).integers(0, 900 * _DAY, 1_000_000).astype("m8[s]")
    times["working time"] = _spent(lambda: calendar.working_seconds(since, since + 200_000))
    return times


def peers(folder: Path) -> dict[str, float]:
    """Return the CPU seconds of pandas by hand, pm4py and lifelines, as far as installed."""
    import pandas as pd

    frame = pd.read_parquet(folder / "stage_changes.parquet")
    place = {name: i for i, name in enumerate(_STAGES)}
    times = {}

    def funnel() -> Any:
        ordered = frame.sort_values(["deal", "entered"], kind="stable")
        group = ordered.groupby("deal", sort=False)
        ordered["left"] = group["entered"].shift(-1)
        ordered["next"] = group["stage"].shift(-1)
        ordered["place"] = ordered["stage"].map(place)
        placed = ordered[ordered["place"] < 7]
        furthest = placed.groupby("deal")["place"].max()
        touched = placed.drop_duplicates(["deal", "place"]).groupby("place").size()
        return touched, furthest.value_counts().sort_index()[::-1].cumsum(), group["stage"].last()

    times["pandas: visits and funnel"] = _spent(funnel)
    try:
        import pm4py
    except ImportError:
        print("pm4py is not installed", file=sys.stderr)
    else:
        log = frame.rename(
            columns={
                "deal": "case:concept:name",
                "stage": "concept:name",
                "entered": "time:timestamp",
            }
        )
        log["case:concept:name"] = log["case:concept:name"].astype(str)
        log["time:timestamp"] = pd.to_datetime(log["time:timestamp"], utc=True)
        times["pm4py: moves between stages"] = _spent(
            lambda: pm4py.discover_performance_dfg(pm4py.format_dataframe(log))
        )
        del log
    try:
        import lifelines
    except ImportError:
        print("lifelines is not installed", file=sys.stderr)
    else:
        days = np.random.default_rng(1).gamma(1.5, 20.0, 1_000_000)
        ends = np.random.default_rng(2).integers(0, 3, 1_000_000)
        fitter = lifelines.KaplanMeierFitter()
        times["lifelines: Kaplan-Meier"] = _spent(lambda: fitter.fit(days, ends > 0))
        one = lifelines.AalenJohansenFitter(calculate_variance=False)
        times["lifelines: Aalen-Johansen, one outcome"] = _spent(
            lambda: one.fit(days, ends, event_of_interest=1)
        )
    return times


def _child(python: str, *words: str) -> tuple[dict[str, float], float, float]:
    """Run this file, or the library, in a process: its result, CPU seconds and peak in GB."""
    with subprocess.Popen([python, *words], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        out = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{words} ended with {process.returncode}")
    # Other programs may greet before.
    lines = [line for line in out.splitlines() if line.startswith('{"')]
    result = json.loads(lines[-1]) if lines and words[0] == __file__ else {}
    return result, used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20


def measure(folder: Path, peer: str | None) -> None:
    """Measure everything, and write the section of the page."""
    own, _, own_peak = _child(sys.executable, __file__, "functions", str(folder))
    every_report = sum(own.values()) - sum(own[name] for name in ("read", *_APART))
    reports = every_report - sum(own[name] for name in _LEARNED)
    command = ("-m", "abcxyz", "crm")
    options = ("--zone", "Europe/Moscow")
    _, one, one_peak = _child(sys.executable, *command, "funnel", str(folder), *options)
    _, every, every_peak = _child(sys.executable, *command, "all", str(folder), *options)
    other: dict[str, float] = {}
    if peer is not None:
        other, _, _ = _child(peer, __file__, "peers", str(folder))
    rows = [
        ["visits and cohort funnel", f"{own['visits'] + own['funnel']:.1f}", "2"],
        *(
            [name, f"{own[name]:.1f}", ""]
            for name in own
            if name not in ("read", "visits", "funnel", *_APART, *_LEARNED)
        ),
        ["all reports", f"{reports:.1f}", "15"],
        *([f"{name}, learned from the past", f"{own[name]:.1f}", ""] for name in _LEARNED),
        ["reading the Parquet files", f"{own['read']:.1f}", ""],
        *([f"{name}, 1 M", f"{own[name]:.2f}", f"{_APART[name]}"] for name in _APART),
        [f"`abcxyz crm funnel`, peak {one_peak:.1f} GB", f"{one:.1f}", ""],
        [f"`abcxyz crm all`, peak {every_peak:.1f} GB", f"{every:.1f}", ""],
        *([name, f"{spent:.1f}", ""] for name, spent in other.items()),
    ]
    write_section(
        "CRM",
        f"""## CRM reports

`python benchmarks/bench_crm.py` makes 1 M deals, 5.8 M stage changes, 10 M activities, 1 M leads
and 1 M product lines as Parquet. CPU seconds of all threads, everything in one run; the peers get
the stage changes alone, the survival fitters 1 M durations. The peak of the functions together is
{own_peak:.1f} GB. `crm all` also makes the reports that learn from the past, and
judges every week for anomalies.

{table(["work", "CPU s", "goal"], rows)}

{machine("numpy", "pandas", "pyarrow")}
""",
    )
    print(json.dumps({"own": own, "peers": other, "reports": reports}, indent=1))


#: Reports that learn from the past, which the goal for the others does not hold for.
_LEARNED = ("win", "risks", "offers")
_APART = {"Kaplan-Meier": 1, "Aalen-Johansen": 1, "working time": 0.5}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", choices=["generate", "functions", "peers", "measure"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("deals", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--peers", metavar="PYTHON")
    given = parser.parse_args()
    if given.work == "generate":
        generate(given.folder, given.deals)
    elif given.work == "measure":
        from tables import machine, table, write_section

        measure(given.folder, given.peers)
    else:
        print(json.dumps({"functions": functions, "peers": peers}[given.work](given.folder)))

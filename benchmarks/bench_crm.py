"""Benchmark of the CRM reports beside pandas by hand, pm4py and lifelines.

``python benchmarks/bench_crm.py generate FOLDER [DEALS]`` writes tables of a CRM as Parquet: with
1,000,000 deals, the default, 6 M stage changes and 10 M activities. ``python
benchmarks/bench_crm.py measure FOLDER [--peers PYTHON]`` measures the functions, the command and
the peers, and writes them to the page; PYTHON is an interpreter with pandas, pyarrow, pm4py and
lifelines (``pip install --group peers``), which need an older pandas than the library. Every
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
    reasons = ["", "price", "competitor", "no answer", "terms", "no money", "changed mind", "other"]
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


def function(folder: Path, name: str) -> None:
    """Read the tables, then print the seconds of one function alone."""
    from abcxyz.crm import REPORTS, Window, kaplan_meier, make_report  # type: ignore[attr-defined]

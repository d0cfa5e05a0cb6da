"""Benchmark of the recommendations: a million lines of ten thousand products.

``python benchmarks/bench_offers.py generate FOLDER`` writes won deals and their product lines as
Parquet; ``python benchmarks/bench_offers.py measure FOLDER`` measures the report and the command,
and writes them to the page. Every measurement is a process of its own, in seconds of CPU time.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

_START = np.datetime64("2023-01-02T09:00:00", "s")
_DAY = np.timedelta64(86_400, "s")


def generate(folder: Path, lines: int = 1_000_000, products: int = 10_000) -> None:
    """Write won deals of customers with tastes, and their product lines."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(11)
    folder.mkdir(parents=True, exist_ok=True)
    deals, customers, groups = lines // 4, lines // 40, 100
    # A few products are bought by many; half of the lines are of the customer's own group.
    share = 1 / np.arange(1, products + 1) ** 0.7
    group, taste = random.integers(0, groups, products), random.integers(0, groups, customers)
    customer = random.integers(0, customers, deals)
    deal = np.repeat(np.arange(deals), random.poisson(3, deals) + 1)
    product = random.choice(products, len(deal), p=share / share.sum())
    own = np.flatnonzero(random.random(len(deal)) < 0.5)
    wanted = taste[customer[deal[own]]]
    for one in range(groups):
        members, rows = np.flatnonzero(group == one), own[wanted == one]
        weight = share[members] / share[members].sum()
        product[rows] = random.choice(members, len(rows), p=weight)
    closed = _START + np.sort(random.integers(0, 730, deals)) * _DAY
    amount = np.round(random.lognormal(7, 1, len(deal)), 2)

    def write(name: str, **columns: Any) -> None:
        pq.write_table(pa.table(columns), folder / f"{name}.parquet", compression="zstd")

    write(
        "deals",
        deal=np.arange(deals),
        funnel=["sales"] * deals,
        stage=["WON"] * deals,
        outcome=["won"] * deals,
        created=closed - 5 * _DAY,
        closed=closed,
        amount=np.bincount(deal, amount),
        customer=customer,
    )
    names = [f"product {one}" for one in product.tolist()]
    write("product_lines", deal=deal, product=names, amount=amount)
    print(f"{len(deal):,} lines, {deals:,} deals, {customers:,} customers, {products:,} products")


def report(folder: Path) -> dict[str, float]:
    """Return the CPU seconds of reading and of the report."""
    from abcxyz.crm import make_report
    from abcxyz.tables.crm.read import read_crm

    start = time.process_time()
    crm = read_crm(folder, zone="UTC").crm
    read = time.process_time()
    made = make_report("offers", crm)
    done = time.process_time()
    print(made.explain(), file=sys.stderr)
    return {"read": read - start, "offers": done - read}


def _child(*words: str) -> tuple[str, float, float]:
    """Run Python in a process: its output, CPU seconds and peak in GB."""
    with subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        out = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{words} ended with {process.returncode}")
    return out, used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20


def measure(folder: Path) -> None:
    """Measure the report and the command, and write the section of the page."""
    from tables import machine, table, write_section

    out, _, _ = _child(__file__, "report", str(folder))
    own = json.loads(out)
    command = ("-m", "abcxyz", "crm", "offers", str(folder), "--zone", "UTC")
    _, text, peak = _child(*command)
    _, plain, _ = _child(*command, "--json")
    rows = [
        ["reading the Parquet files", f"{own['read']:.1f}", ""],
        ["judging and recommending, for every customer", f"{own['offers']:.1f}", "10"],
        [f"`abcxyz crm offers`, peak {peak:.1f} GB", f"{text:.1f}", "10"],
        ["`abcxyz crm offers --json`, 27 MB", f"{plain:.1f}", ""],
    ]
    write_section(
        "offers",
        f"""## Recommendations

`python benchmarks/bench_offers.py` makes 1 M product lines of 250,000 won deals, 25,000 customers
and 10,000 products.
CPU seconds of all threads.

{table(["work", "CPU s", "goal"], rows)}

{machine("numpy", "pandas", "pyarrow")}
""",
    )
    print(json.dumps({**own, "command": text, "json": plain}, indent=1))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", choices=["generate", "report", "measure"])
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    if given.work == "generate":
        generate(given.folder)
    elif given.work == "measure":
        measure(given.folder)
    else:
        print(json.dumps(report(given.folder)))

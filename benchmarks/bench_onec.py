"""Requests and bytes of reading a year of sales from an emulated 1C base, estimated and measured.

Run ``python benchmarks/bench_onec.py 50000 5000000``: partners and records; ``--write`` puts the
table into ``docs/benchmarks.md``. The base runs in a separate process. Records and turnovers must
give the same classes before a figure is printed.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

from tables import machine, table, write_section

ROOT = Path(__file__).resolve().parent.parent
AS_OF = date(2026, 11, 22)
ABOUT = """## 1C

A year of sales of {partners:,} partners, {records:,} records of the register, out of the emulated
base, estimated before and measured. Both ways give the same classes. Most of the time is
the emulator's; a live base needs some 3.5 seconds for the turnovers of a month.

"""


def serve(partners: int, records: int) -> None:
    from tests.emulators.onec.base import Base, large

    with Base(large(partners, records), logs=False).serving() as base:
        print(base.url, flush=True)
        sys.stdin.read()


def read(url: str, way: str) -> tuple[Any, dict[str, float]]:
    from abcxyz import Settings, analyze
    from abcxyz_onec.source import OneCSource

    settings = Settings()
    window = settings.periods(AS_OF).span
    source = OneCSource(url, "Робот", "пароль-7Щ", read=way, bucket="month")
    estimate = source.cost(window)[way]
    before, start = source.client.traffic, time.perf_counter()
    requests, moved = before.requests, before.bytes
    result = analyze(source.transactions(window), as_of=AS_OF, settings=settings)
    seconds = time.perf_counter() - start
    return result, {
        "estimated requests": estimate.requests,
        "requests": source.client.traffic.requests - requests,
        "estimated MB": estimate.bytes / 1e6,
        "MB": (source.client.traffic.bytes - moved) / 1e6,
        "seconds": seconds,
        "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main(partners: int, records: int, *, write: bool = False) -> None:
    command = [sys.executable, __file__, "serve", str(partners), str(records)]
    server = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        url = server.stdout.readline().strip()
        results = {way: read(url, way) for way in ("turnovers", "records")}
    finally:
        server.stdin.close()
        server.wait()
    classes = [
        dict(zip(result.snapshot.customers, result.snapshot.segment, strict=True))
        for result, _ in results.values()
    ]
    assert classes[0] == classes[1]
    heads = ["way", *next(iter(results.values()))[1]]
    rows = [[way, *map(_short, figures.values())] for way, (_, figures) in results.items()]
    text = table(heads, rows)
    print(text)
    if write:
        write_section(
            "1C",
            f"{ABOUT.format(partners=partners, records=records)}{text}\n\n{machine('requests')}",
        )


def _short(value: float) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    numbers = [int(each) for each in sys.argv[1:] if each.isdigit()]
    size = (numbers[0], numbers[1]) if len(numbers) == 2 else (2_000, 200_000)
    if "serve" in sys.argv:
        serve(*size)
    else:
        main(*size, write="--write" in sys.argv)

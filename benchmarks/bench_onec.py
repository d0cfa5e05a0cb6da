"""A year of sales out of an emulated base of 1C: what it costs, told before and measured.

Run ``python benchmarks/bench_onec.py 50000 5000000``: partners and records. The base answers from
a process of its own. Records and turnovers must give the same classes before a figure is printed.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
AS_OF = date(2026, 11, 22)


def serve(partners: int, records: int) -> None:
    from tests.onec.base import Base, large

    with Base(large(partners, records), remembers=False).serving() as base:
        print(base.url, flush=True)
        sys.stdin.read()


def read(url: str, way: str) -> tuple[Any, dict[str, float]]:
    from abcxyz import Settings, analyze
    from abcxyz_onec.source import OneCSource

    settings = Settings()
    window = settings.periods(AS_OF).span
    source = OneCSource(url, "Робот", "пароль-7Щ", read=way, bucket="month")
    told = source.cost(window)[way]
    before, start = source.client.traffic, time.perf_counter()
    asked, moved = before.requests, before.bytes
    result = analyze(source.transactions(window), as_of=AS_OF, settings=settings)
    seconds = time.perf_counter() - start
    return result, {
        "told requests": told.requests,
        "requests": source.client.traffic.requests - asked,
        "told MB": told.bytes / 1e6,
        "MB": (source.client.traffic.bytes - moved) / 1e6,
        "seconds": seconds,
        "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main(partners: int, records: int) -> None:
    command = [sys.executable, __file__, "serve", str(partners), str(records)]
    server = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        url = server.stdout.readline().strip()
        found = {way: read(url, way) for way in ("turnovers", "records")}
    finally:
        server.stdin.close()
        server.wait()
    classes = [
        dict(zip(result.snapshot.customers, result.snapshot.segment, strict=True))
        for result, _ in found.values()
    ]
    assert classes[0] == classes[1]
    print(f"{partners} partners, {records} records; the same classes either way")
    for way, (_, figures) in found.items():
        print(f"{way:10}", ", ".join(f"{name} {value:,.1f}" for name, value in figures.items()))


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    numbers = [int(each) for each in sys.argv[1:] if each.isdigit()]
    (serve if "serve" in sys.argv else main)(*(numbers or (2_000, 200_000)))

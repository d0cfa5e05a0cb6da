"""Program of `test_kills`: run a job in forked processes that are killed at a chosen step.

A step is a statement of the history or an alert that a sink records, so that a kill falls before
and after each change.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from abcxyz.config import parse_job
from abcxyz.pipeline import run
from abcxyz.plugins import WriteReport, hookimpl
from abcxyz.registry import load

JOB = """
[history]
path = "history.db"
[window]
period = "3M"
[[source]]
kind = "csv"
path = "../sales.csv"
[[sink]]
kind = "paper"
path = "first"
[[sink]]
kind = "paper"
path = "second"
"""
OCTOBER, NOVEMBER, DECEMBER = (date(2026, month, 1) for month in (10, 11, 12))
steps = 0
last = -1


def step(_: str = "") -> None:
    """Count a step, and end the process without any warning at the last one."""
    global steps
    steps += 1
    if steps == last:
        os.kill(os.getpid(), signal.SIGKILL)


class PaperSink:
    """Append the key of each alert it has not got yet, as a sink with a ledger does."""

    def __init__(self, path: Path) -> None:
        self._path = Path(path)

    def is_local(self) -> bool:
        return True

    def write(self, analysis: Any, *, dry_run: bool) -> WriteReport:
        known = self._path.read_text().splitlines() if self._path.exists() else []
        for alert in analysis.raised:
            step()
            if alert.key not in known:
                with self._path.open("a") as file:
                    file.write(f"{alert.key}\n")
        step()
        return WriteReport(written=len(analysis.raised))


class Plugin:
    """Offer the sink."""

    @hookimpl
    def abcxyz_sinks(self) -> dict[str, Any]:
        return {"paper": PaperSink}


class Traced(sqlite3.Connection):
    """Connection that counts its statements."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.set_trace_callback(step)


def forked(call: Callable[[], object], kill_at: int = -1) -> tuple[int, int]:
    """Call in a child; return its exit code, negative for a signal, and its number of steps."""
    global last
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        last = kill_at
        call()
        os.write(send, str(steps).encode())
        os._exit(0)
    os.close(send)
    with os.fdopen(receive) as answer:
        counted = answer.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code, int(counted or 0)


def main(folder: Path, count: int) -> None:
    """Kill runs at *count* seeded steps, or at every one for 0; print what arrived."""
    connect = sqlite3.connect

    def traced(*args: Any, **options: Any) -> sqlite3.Connection:
        return connect(*args, **options, factory=Traced)

    vars(sqlite3)["connect"] = traced
    registry = load(extra=[Plugin()])

    def job(place: str, as_of: date) -> Callable[[], object]:
        (folder / place).mkdir(exist_ok=True)
        made = parse_job(JOB, folder / place / "job.toml")
        return lambda: run(made, as_of=as_of, registry=registry)

    def arrived(place: str) -> list[list[str]]:
        files = [folder / place / name for name in ("first", "second")]
        return [one.read_text().splitlines() if one.exists() else [] for one in files]

    usual: dict[str, Any] = {}
    assert forked(job("october", OCTOBER))[0] == 0
    shutil.copytree(folder / "october", folder / "usual")
    code, counted = forked(job("usual", NOVEMBER))
    assert code == 0
    usual["two"] = arrived("usual")
    assert forked(job("usual", DECEMBER))[0] == 0
    usual["three"] = arrived("usual")
    every = range(1, counted + 1)
    chosen = every if count == 0 else sorted(random.Random(16).sample(every, count))
    results = []
    for number in chosen:
        after = {}
        for name, day in (("again", NOVEMBER), ("later", DECEMBER)):
            place = f"{name}-{number}"
            shutil.copytree(folder / "october", folder / place)
            killed = forked(job(place, NOVEMBER), number)[0]
            assert forked(job(place, day))[0] == 0
            after[name] = arrived(place)
        results.append({"step": number, "killed": killed == -signal.SIGKILL, **after})
    print(json.dumps({"usual": usual["two"], "three": usual["three"], "runs": results}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

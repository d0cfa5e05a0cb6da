"""Whole commands as a user types them, beside DuckDB, polars and pandas by hand.

``nox -s bench -- main --lines 1000000 --write`` puts the table at the top of the page; ``--large
100000000`` classifies as many lines within a memory limit, ``--part`` measures one part of it.
Each command is a process of its own: CPU seconds (user and system), wall seconds, peak memory.
"""

from __future__ import annotations

import argparse
import compileall
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

import abcxyz as library
from abcxyz.loops import compile_loops
from tables import PAGE, machine, table, write_section

AS_OF, FIRST, SPAN = "2026-11-01", "2024-11-01", 730
MEMORY = "2GB"
_BLOCK = 2_000_000
_TURNS = 3


class Cost:
    """CPU seconds, wall seconds and peak memory of a process."""

    def __init__(self, cpu: float, wall: float, memory: float) -> None:
        self.cpu, self.wall, self.memory = cpu, wall, memory

    def __str__(self) -> str:
        return f"{self.cpu:.2f} s, {self.memory:,.0f} MB"


#: A small process starts the measured one, whose peak memory would else include that of this one.
METER = """
import os, sys, time
start = time.perf_counter()
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(pid, 0)
wall = time.perf_counter() - start
with open(sys.argv[1], "w") as file:
    print(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024, file=file)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def cost(*command: str, folder: Path) -> Cost:
    """Run a process and measure it; its output goes to a file beside the data."""
    figures = folder / "figures.txt"
    meter = (sys.executable, "-I", "-S", "-c", METER, str(figures), *command)
    # An installed package has its bytecode, whatever this shell thinks of it.
    env = {name: one for name, one in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with (folder / "output.txt").open("wb") as output:
        done = subprocess.run(meter, cwd=folder, env=env, stdout=output, stderr=subprocess.PIPE)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr.decode()}")
    return Cost(*map(float, figures.read_text("utf-8").split()))


def abcxyz(*words: str, folder: Path) -> Cost:
    """Measure a command of this library."""
    return cost(sys.executable, "-m", "abcxyz", *words, folder=folder)


def by_hand(work: str, file: str, folder: Path) -> Cost:
    """Measure the same work in another library."""
    return cost(
        sys.executable, str(Path(__file__).with_name("by_hand.py")), work, file, folder=folder
    )


def sales(lines: int, customers: int, folder: Path, name: str, *kinds: str) -> None:
    """Make up sales with text identifiers over two years, a few customers with most of them."""
    rng = np.random.default_rng(5)
    rest = max(lines - customers, 0)
    places = (rng.pareto(1.2, rest) * customers / 25).astype(np.int64) % customers
    who = np.concatenate([np.arange(customers), places])[:lines]
    day = np.datetime64(FIRST) + rng.integers(0, SPAN, lines).astype("m8[D]")
    frame = pd.DataFrame(
        {
            "doc_id": np.arange(lines),
            "date": day,
            "customer_id": pd.Series(who).map("C{}".format),
            "amount": rng.lognormal(7, 1.2, lines).round(2),
        }
    )
    if "parquet" in kinds:
        frame.to_parquet(folder / f"{name}.parquet", index=False)
    frame["date"] = frame["date"].dt.strftime("%Y-%m-%d")
    if "csv" in kinds:
        frame.to_csv(folder / f"{name}.csv", index=False)
    if "xlsx" in kinds:
        frame.to_excel(folder / f"{name}.xlsx", index=False, engine="xlsxwriter")


def many_sales(lines: int, path: Path) -> None:
    """Write such sales block by block, for there may be more than fit into memory."""
    rng, customers = np.random.default_rng(5), max(lines // 29, 10)
    with path.open("wb") as file:
        for start in range(0, lines, _BLOCK):
            count = min(_BLOCK, lines - start)
            who = (rng.pareto(1.2, count) * customers / 25).astype(np.int64) % customers
            # Every customer once, in the first half of the file.
            known = np.arange(min(start // 2, customers), min((start + count) // 2, customers))
            who[: len(known)] = known
            day = np.datetime64(FIRST) + rng.integers(0, SPAN, count).astype("m8[D]")
            block = pa.table(
                {
                    "doc_id": np.arange(start, start + count),
                    "date": day,
                    "customer_id": pc.binary_join_element_wise(
                        "C", pa.array(who).cast(pa.string()), ""
                    ),
                    "amount": rng.lognormal(7, 1.2, count).round(2),
                }
            )
            csv.write_csv(block, file, csv.WriteOptions(include_header=not start))


JOB = """
[history]
path = "{folder}/history.db"
[[source]]
kind = "csv"
path = "{file}"
[[sink]]
kind = "json"
path = "{folder}/summary.json"
"""


def reading_rows(sizes: Sequence[int], folder: Path) -> list[list[object]]:
    """Classify CSV, Parquet and a job of each size, and a workbook."""
    rows = [row for lines in sizes for row in file_rows(lines, folder)]
    book = min(max(sizes), 200_000)
    sales(book, max(book // 29, 10), folder, "book", "csv", "xlsx")
    works = {
        kind: lambda kind=kind: abcxyz(
            "classify", f"book.{kind}", "--as-of", AS_OF, "--json", folder=folder
        )
        for kind in ("csv", "xlsx")
    }
    plain, ours = least(works).values()
    rows.append(
        [f"`classify` of a workbook, {book:,} lines", ours, f"{ours.cpu / plain.cpu:.1f}x its CSV"]
    )
    return rows


def least(works: Mapping[str, Callable[[], Cost]], *, turns: int = _TURNS) -> dict[str, Cost]:
    """Measure processes in turns; return the cheapest run of each: others only add to the time."""
    found: dict[str, Cost] = {}
    for _ in range(turns):
        for name, work in works.items():
            cost_now = work()
            found[name] = min(found.get(name, cost_now), cost_now, key=lambda one: one.cpu)
    return found


def job_of(folder: Path) -> Cost:
    """Measure the job of a file with a new history."""
    text = JOB.format(folder=folder, file=folder / "sales.csv")
    (folder / "job.toml").write_text(text, "utf-8")
    (folder / "history.db").unlink(missing_ok=True)
    return abcxyz("run", "job.toml", "--as-of", AS_OF, "--json", folder=folder)


def file_rows(lines: int, folder: Path) -> list[list[object]]:
    """Classify CSV, Parquet and a job."""
    sales(lines, max(lines // 29, 10), folder, "sales", "csv", "parquet")
    rows: list[list[object]] = []
    for kind in ("csv", "parquet"):
        words = ("classify", f"sales.{kind}", "--as-of", AS_OF, "--json")
        works = {
            "ours": lambda words=words: abcxyz(*words, folder=folder),
            **{
                one: lambda one=one, kind=kind: by_hand(one, f"sales.{kind}", folder)
                for one in ("DuckDB", "polars", "pandas")
            },
        }
        if kind == "csv":
            works["job"] = lambda: job_of(folder)
        hands = least(works)
        ours, job = hands.pop("ours"), hands.pop("job", None)
        times = ", ".join(f"{ours.cpu / hand.cpu:.1f}x {one}" for one, hand in hands.items())
        rows.append([f"`classify` {kind}, {lines:,} lines, `--json`", ours, times])
        if job is not None:
            rows.append(
                [
                    f"the same as a job, {lines:,} lines",
                    job,
                    f"{job.cpu / ours.cpu:.1f}x `classify`",
                ]
            )
    return rows


#: Reading a file has loaded pyarrow before; pandas is loaded on its side as well.
WRITE = """
import sys, pickle, time, pyarrow
from abcxyz.registry import bundled
analysis = pickle.load(open("analysis.pickle", "rb"))
sink = bundled().get("sink", sys.argv[1]).build(dict([sys.argv[2].split("=", 1)]))
start = time.process_time()
sink.write(analysis, dry_run=False)
print(time.process_time() - start)
"""
READ = """
import sys, pickle, datetime
from abcxyz import analyze, Settings
from abcxyz.tables.sales import read_sales
made = read_sales(sys.argv[1])
day = datetime.date.fromisoformat(sys.argv[2])
with open("analysis.pickle", "wb") as file:
    result = analyze(made.transactions, as_of=day, settings=Settings(), names=dict(made.names))
    pickle.dump(result, file)
"""


def printed(whole: Cost, folder: Path) -> Cost:
    """Return the cost of the part of a process whose CPU seconds it printed."""
    return Cost(float((folder / "output.txt").read_text("utf-8")), whole.wall, whole.memory)


def written(sink: str, option: str, target: Path, folder: Path) -> Cost:
    """Return what it costs to write the result anew."""
    target.unlink(missing_ok=True)
    return printed(cost(sys.executable, "-c", WRITE, sink, option, folder=folder), folder)


def writing_rows(customers: int, folder: Path) -> list[list[object]]:
    """Write the table of customers; loading the result does not count, on either side."""
    sales(2 * customers, customers, folder, "many", "csv")
    cost(sys.executable, "-c", READ, "many.csv", AS_OF, folder=folder)
    rows: list[list[object]] = []
    targets = {
        "jsonl": ("path=out.jsonl", "to_json", "JSON lines"),
        "csv": ("path=out.csv", "to_csv", "CSV"),
        "sql": (f"url=sqlite:///{folder}/out.db", "to_sql", "SQL"),
        "excel": ("path=out.xlsx", "to_excel", "a workbook"),
        "html": ("path=out.html", None, "a page"),
    }
    for sink, (option, twin, words) in targets.items():
        target = folder / option.rpartition("/" if "/" in option else "=")[2]
        ours = written(sink, option, target, folder)
        beside = "–"
        if twin is not None:
            source = "out.jsonl"
            if sink == "excel":
                source = "cells.pickle"
                cells = pd.read_excel(
                    folder / "out.xlsx", sheet_name="Customers", engine="calamine"
                )
                cells.to_pickle(folder / source)
            works = {
                "ours": lambda of=(sink, option, target, folder): written(*of),
                "hand": lambda of=(twin, source, folder): printed(by_hand(*of), folder),
            }
            costs = least(works, turns=1 if sink == "excel" else _TURNS)
            ours = costs["ours"]
            beside = f"{ours.cpu / costs['hand'].cpu:.1f}x pandas `{twin}`"
        rows.append([f"{customers:,} customers to {words}", ours, beside])
    return rows


def command_rows(folder: Path) -> list[list[object]]:
    """Start the program, list alerts, write all files of a small result."""
    sales(20_000, 3_000, folder, "small", "csv")
    files = abcxyz("classify", "small.csv", "--as-of", AS_OF, "--out", "files", folder=folder)
    rng = np.random.default_rng(1)
    who = np.concatenate([np.arange(130_000), rng.integers(0, 30_000, 170_000)])
    day = np.datetime64(FIRST) + rng.integers(0, SPAN, len(who)).astype("m8[D]")
    early = who < 30_000
    day[early] = np.datetime64("2025-11-05") + rng.integers(0, 150, early.sum()).astype("m8[D]")
    pd.DataFrame(
        {
            "date": pd.Series(day).dt.strftime("%Y-%m-%d"),
            "customer_id": pd.Series(who).map("C{}".format),
            "amount": rng.lognormal(7, 1, len(who)).round(2),
        }
    ).to_csv(folder / "silent.csv", index=False)
    words = ("silent.csv", "--as-of", AS_OF, "--json")
    plain = abcxyz("classify", *words, folder=folder)
    alerts = abcxyz("alerts", *words, "--history", "alerts.db", folder=folder)
    start = cost(sys.executable, "-c", "import numpy, attrs", folder=folder)
    loaded = cost(sys.executable, "-c", "import abcxyz", folder=folder)
    return [
        ["20,000 lines with all four files", files, "–"],
        [
            "`alerts --json`, 30,000 alerts, 300,000 lines",
            alerts,
            f"{alerts.cpu - plain.cpu:.1f} s more than `classify`",
        ],
        ["`abcxyz --help`", abcxyz("--help", folder=folder), "–"],
        ["`import abcxyz`", loaded, f"{loaded.cpu / start.cpu:.1f}x `import numpy, attrs`"],
    ]


def large_rows(lines: int, folder: Path) -> list[list[object]]:
    """Classify a file that is larger than the memory which both sides may use."""
    if not lines:
        return []
    many_sales(lines, folder / "large.csv")
    words = ("large.csv", "--as-of", AS_OF, "--memory", MEMORY, "--spill", ".", "--json")
    works = {
        "ours": lambda: abcxyz("classify", *words, folder=folder),
        "by hand": lambda: by_hand(f"DuckDB within {MEMORY}", "large.csv", folder),
    }
    ours, hand = least(works).values()
    (folder / "large.csv").unlink()
    name = f"`classify` csv, {lines:,} lines, `--memory {MEMORY}`"
    return [[name, ours, f"{ours.cpu / hand.cpu:.1f}x DuckDB within {MEMORY} ({hand})"]]


def library_rows(values: int, folder: Path) -> list[list[object]]:
    """Classify columns and frames in memory, with the extra ``fast``."""
    from bench_core import loop_costs
    from bench_fast import costs
    from bench_frames import engine_costs, generate

    rows: list[list[object]] = [
        [
            f"{one.work}, {one.kind}",
            f"{one.seconds:.2f} s",
            (
                f"{one.wall_passes:.1f}x one `np.sum` of its input, {one.passes:.1f}x in CPU "
                f"time; {one.memory:.0%} memory beside"
            ),
        ]
        for one in loop_costs(values)
    ]
    ours, hand = costs(values, ["string"], ["numba", "duckdb"])
    name = f"text ids in memory, {values:,} lines, to classes"
    rows.append([name, f"{ours.cpu:.2f} s", f"{hand.cpu / ours.cpu:.1f}x faster than DuckDB"])
    path = str(folder / "frames.parquet")
    generate(path, values)
    rows += [
        [f"`segment`, {engine}, {values:,} lines", f"{used:.2f} s", f"{used / query:.2f}x by hand"]
        for engine, query, used in engine_costs(path, ["polars", "duckdb", "ibis", "dask"])
    ]
    return rows


def bounds(lines: int, folder: Path) -> str:
    """Return what the machine needs for one pass over the numbers and one read of the file."""
    numbers = np.random.default_rng(1).random(lines)
    start = perf_counter()
    numbers.sum()
    pass_, start = perf_counter() - start, perf_counter()
    size = len((folder / "sales.csv").read_bytes())
    read = perf_counter() - start
    return (
        f"One `np.sum` of {lines:,} numbers takes {1000 * pass_:.1f} ms here, one read of the CSV "
        f"({size / 1e6:,.0f} MB) {read:.2f} s."
    )


PARTS = ("reading", "large", "writing", "commands", "library")


def main(words: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--lines", type=int, nargs="+", default=[1_000_000], help="lines of the large files"
    )
    parser.add_argument("--customers", type=int, default=130_000, help="customers of the tables")
    parser.add_argument("--values", type=int, default=10_000_000, help="lines in memory")
    parser.add_argument("--large", type=int, default=30_000_000, help="lines past memory; 0: none")
    parser.add_argument("--part", choices=PARTS, action="append", help="measure only this part")
    parser.add_argument("--write", action="store_true", help="put the table on the page")
    options = parser.parse_args(words)
    compileall.compile_dir(str(Path(library.__file__).parent), quiet=1)
    compile_loops()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        works = {
            "reading": lambda: reading_rows(options.lines, folder),
            "large": lambda: large_rows(options.large, folder),
            "writing": lambda: writing_rows(options.customers, folder),
            "commands": lambda: command_rows(folder),
            "library": lambda: library_rows(options.values, folder),
        }
        rows = [row for part in options.part or PARTS for row in works[part]()]
        text = table(("work", "CPU, peak memory", "beside"), rows)
        if (folder / "sales.csv").exists():
            text = f"{text}\n\n{bounds(options.lines[-1], folder)}"
    print(text)
    if options.write:
        lines = " ".join(map(str, options.lines))
        sizes = f"--lines {lines} --large {options.large} --values {options.values}"
        about = (
            "## Whole commands\n\n"
            "Processes as a user starts them, with the account of quality; CPU seconds of user "
            "and system, of files the least of three runs in turns. By hand are the same classes "
            "of the same file; for writing, pandas "
            "writes the same cells, and loading the result does not count on either side. The "
            "rows of the library are CPU seconds of all threads within a process; beside them are "
            "the elapsed time on all cores, as multiples of one `np.sum` in one thread, and the "
            "CPU time of all threads. Made by "
            f"`nox -s bench -- main {sizes} --write`.\n\n"
        )
        versions = machine("numpy", "pandas", "duckdb", "polars")
        write_section("main", f"{about}{text}\n\n{versions}", first=True)
        print(PAGE)


if __name__ == "__main__":
    main(sys.argv[1:])

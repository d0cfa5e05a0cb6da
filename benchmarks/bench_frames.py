"""Benchmark of every data frame engine against hand-written queries, and out of core.

``python benchmarks/bench_frames.py generate sales.parquet 100000000`` writes the data,
``python benchmarks/bench_frames.py engines sales.parquet [ENGINE ...]`` compares the engines with
hand-written queries, ``python benchmarks/bench_frames.py large sales.parquet 1GB`` classifies it
within a memory limit and prints time and memory. Ratios come from one run, in CPU seconds of all
threads (and of Spark's processes); both sides alternate, best of three.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from abcxyz.frames import segment, segmented
from abcxyz.frames.parquet import write_segments

ASKED: dict[str, Any] = {
    "customer": "id",
    "date": "day",
    "amount": "amount",
    "as_of": date(2026, 1, 15),
}
_CHUNK = 5_000_000


def generate(path: str, rows: int) -> None:
    """Write skewed sales of a year: sparse 64-bit ids, lognormal amounts with two decimals."""
    rng = np.random.default_rng(1)
    customers = max(rows // 100, 1000)
    ids = rng.integers(0, 1 << 40, customers)
    schema = pa.schema([("id", pa.int64()), ("day", pa.timestamp("us")), ("amount", pa.float64())])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for start in range(0, rows, _CHUNK):
            n = min(_CHUNK, rows - start)
            who = ids[(rng.random(n) ** 2 * customers).astype(np.int64)]
            day = np.datetime64("2025-01-01", "us") + rng.integers(0, 365 * 86_400_000_000, n)
            amount = np.round(rng.lognormal(8, 1, n)) / 100 + 0.01
            columns = [pa.array(who), pa.array(day), pa.array(np.round(amount, 2))]
            writer.write_table(pa.table(columns, schema=schema), row_group_size=1_000_000)


def polars_by_hand(path: str) -> Any:
    import polars as pl

    x = pl.col("x")
    k = pl.len() / 12
    spread = k * x.var(ddof=0) + k * (1 - k) * x.mean() ** 2
    table = (
        pl.scan_parquet(path)
        .group_by("id", pl.col("day").dt.truncate("1mo"))
        .agg(x=pl.col("amount").sum(), n=pl.len(), last=pl.col("day").max())
        .group_by("id")
        .agg(
            v=x.sum(),
            cv=spread.sqrt() / (x.sum() / 12),
            n=pl.col("n").sum(),
            last=pl.col("last").max(),
        )
        .collect(engine="streaming")
    )
    a = table["v"].mean()
    b = table.filter(pl.col("v") < a)["v"].mean()
    y = table["cv"].mean()
    z = table.filter(pl.col("cv") <= y)["cv"].mean()
    return table.with_columns(
        abc=pl.when(pl.col("v") >= a).then(0).when(pl.col("v") >= b).then(1).otherwise(2),
        xyz=pl.when(pl.col("cv") <= z).then(0).when(pl.col("cv") <= y).then(1).otherwise(2),
    )


SQL = """
select id, sum(x) v, max(last) last, cast(sum(n) as bigint) n,
  sqrt(count(*) / 12.0 * var_pop(x) + count(*) / 12.0 * (1 - count(*) / 12.0) * avg(x) * avg(x))
  / (sum(x) / 12) cv
from (select id, date_trunc('month', day) m, sum(amount) x, count(*) n, max(day) last
      from sales group by id, date_trunc('month', day)) months
group by id
"""
CUT = """
select id, v, cv, n, last,
  case when v >= {a} then 0 when v >= {b} then 1 else 2 end abc,
  case when cv <= {x} then 0 when cv <= {y} then 1 else 2 end xyz
from customers
"""


def by_sql(one: Callable[[str], Any]) -> str:
    a, y = one("select avg(v), avg(cv) from customers")
    (b,) = one(f"select avg(v) from customers where v < {a!r}")
    (x,) = one(f"select avg(cv) from customers where cv <= {y!r}")
    return CUT.format(a=repr(a), b=repr(b), x=repr(x), y=repr(y))


def duckdb_by_hand(path: str) -> Any:
    import duckdb

    con = duckdb.connect()
    con.execute(f"create view sales as from read_parquet('{path}')")
    con.execute(f"create temp table customers as {SQL}")
    text = by_sql(lambda query: con.execute(query).fetchall()[0])
    return con.sql(text).to_arrow_table()


def pandas_by_hand(path: str) -> Any:
    import pandas as pd

    frame = pd.read_parquet(path)
    wide = frame.assign(m=frame["day"].dt.to_period("M")).pivot_table(
        index="id", columns="m", values="amount", aggfunc="sum", fill_value=0
    )
    v, cv = wide.sum(axis=1), wide.std(axis=1, ddof=0) / wide.mean(axis=1)
    a, y = v.mean(), cv.mean()
    b, x = v[v < a].mean(), cv[cv <= y].mean()
    abc = np.select([v >= a, v >= b], [0, 1], 2)
    return pd.DataFrame({"v": v, "abc": abc, "xyz": np.select([cv <= x, cv <= y], [0, 1], 2)})


def dask_by_hand(path: str) -> Any:
    import dask.dataframe as dd

    frame = dd.read_parquet(path, split_row_groups=4)
    frame["m"] = frame["day"].dt.month
    months = frame.groupby(["id", "m"], sort=False).agg(
        {"amount": "sum"}, split_out=frame.npartitions
    )
    table = (
        months.reset_index()
        .groupby("id", sort=False)["amount"]
        .agg(["sum", "count", "var"], split_out=frame.npartitions)
    )
    table = table.persist()
    a = table["sum"].mean().compute()
    return table.assign(a=table["sum"] >= a).compute()


def spark_session() -> Any:
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.memory", "4g")
        .config("spark.sql.shuffle.partitions", "8")
        .config("spark.ui.showConsoleProgress", "false")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("OFF")
    return session


def spark_by_hand(path: str) -> Any:
    session = spark_session()
    session.read.parquet(path).createOrReplaceTempView("sales")
    table = session.sql(SQL).persist()
    table.createOrReplaceTempView("customers")
    text = by_sql(lambda query: tuple(session.sql(query).collect()[0]))
    session.sql(text).write.mode("overwrite").format("noop").save()
    table.unpersist()


def ours(engine: str, path: str) -> Any:
    if engine == "pandas":
        import pandas as pd

        return segment(pd.read_parquet(path), **ASKED)
    if engine == "polars":
        import polars as pl

        return segment(pl.scan_parquet(path), **ASKED).collect(engine="streaming")
    if engine == "dask":
        import dask.dataframe as dd

        return segment(dd.read_parquet(path, split_row_groups=4), **ASKED).compute()
    if engine == "pyspark":
        with segmented(spark_session().read.parquet(path), **ASKED) as answer:
            return answer.write.mode("overwrite").format("noop").save()
    import duckdb

    con = duckdb.connect()
    if engine == "ibis":
        import ibis

        with segmented(ibis.duckdb.from_connection(con).read_parquet(path), **ASKED) as answer:
            return answer.to_pyarrow()
    with segmented(con.read_parquet(path), **ASKED) as answer:
        return answer.to_arrow_table()


BY_HAND: dict[str, Callable[[str], Any]] = {
    "polars": polars_by_hand,
    "duckdb": duckdb_by_hand,
    "ibis": duckdb_by_hand,
    "pandas": pandas_by_hand,
    "dask": dask_by_hand,
    "pyspark": spark_by_hand,
}


def cpu_seconds() -> float:
    """Return the CPU seconds of this process and, where Linux tells, of those it started."""
    ticks = 0
    parents = {str(os.getpid())}
    # A process has a higher number than its parent, unless the numbers begin anew.
    for stat in sorted(Path("/proc").glob("[0-9]*/stat"), key=lambda one: int(one.parent.name)):
        try:
            fields = stat.read_text("utf-8").rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        if fields[1] in parents:
            parents.add(stat.parent.name)
            ticks += int(fields[11]) + int(fields[12])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def engine_costs(path: str, names: list[str]) -> Iterator[tuple[str, float, float]]:
    """Yield the CPU seconds of the query by hand and of `segment`, of each engine."""
    for name in names or list(BY_HAND):
        spent: dict[str, list[float]] = {"hand": [], "ours": []}
        for turn in range(4):
            for kind, work in (("hand", BY_HAND[name]), ("ours", lambda p, n=name: ours(n, p))):
                start = cpu_seconds()
                work(path)
                if turn:
                    spent[kind].append(cpu_seconds() - start)
        yield name, min(spent["hand"]), min(spent["ours"])


def engines(path: str, names: list[str]) -> None:
    for name, hand, library in engine_costs(path, names):
        print(
            f"{name:8} by hand {hand:7.2f} s  segment {library:7.2f} s  {library / hand:5.2f}x",
            flush=True,
        )


def large(path: str, memory: str) -> None:
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "segments.parquet"
        counts = write_segments(path, target, memory=memory, spill=folder, **ASKED)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    size = Path(path).stat().st_size / 1e9
    rows = pq.read_metadata(path).num_rows
    print(f"{rows:,} rows, {size:.2f} GB: {seconds:.1f} s, peak of the process {peak:.2f} GB")
    print(counts)


if __name__ == "__main__":
    what, file, *rest = sys.argv[1:]
    if what == "generate":
        generate(file, int(rest[0]))
    elif what == "large":
        large(file, rest[0] if rest else "1GB")
    else:
        engines(file, rest)

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
#: The months that count, and the first day that is looked at, as the options above say.
SINCE, UNTIL, OLDEST = date(2025, 1, 1), date(2026, 1, 1), date(2024, 1, 1)
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

    x, day, n = pl.col("x"), pl.col("day"), pl.col("n")
    inside = pl.col("month").is_between(pl.lit(SINCE), pl.lit(UNTIL), closed="left")
    sale = pl.col("amount") >= 0
    k = inside.sum() / 12
    spread = k * x.filter(inside).var(ddof=0) + k * (1 - k) * x.filter(inside).mean() ** 2
    table = (
        pl.scan_parquet(path)
        .filter(day >= pl.lit(OLDEST), day < pl.lit(ASKED["as_of"]))
        .group_by("id", month=day.dt.truncate("1mo"))
        .agg(
            x=pl.col("amount").sum(),
            n=sale.sum(),
            first=pl.when(sale).then(day).min(),
            last=pl.when(sale).then(day).max(),
        )
        .group_by("id")
        .agg(
            value=x.filter(inside).sum(),
            cv=spread.sqrt() / (x.filter(inside).sum() / 12),
            orders=n.filter(inside).sum(),
            first=pl.col("first").min().dt.date(),
            last=pl.col("last").max().dt.date(),
        )
        .collect(engine="streaming")
    )
    value, cv = pl.col("value"), pl.col("cv")
    a, y = table["value"].mean(), table["cv"].mean()
    b = table.filter(value < a)["value"].mean()
    z = table.filter(cv <= y)["cv"].mean()
    steady = pl.when(cv <= z).then(pl.lit("X")).when(cv <= y).then(pl.lit("Y"))
    return table.with_columns(
        share=value / table.filter(value > 0)["value"].sum(),
        abc=pl.when(value >= a)
        .then(pl.lit("A"))
        .when(value >= b)
        .then(pl.lit("B"))
        .otherwise(pl.lit("C")),
        xyz=pl.when(pl.col("orders") <= 1)
        .then(pl.lit("Z"))
        .otherwise(steady.otherwise(pl.lit("Z"))),
    ).with_columns(segment=pl.col("abc") + pl.col("xyz"))


SQL = f"""
select id, sum(x) filter (inside) as value,
  cast(sum(n) filter (inside) as bigint) as orders,
  cast(min(first) as date) as first, cast(max(last) as date) as last,
  sqrt(count(*) filter (inside) / 12.0 * var_pop(x) filter (inside)
    + count(*) filter (inside) / 12.0 * (1 - count(*) filter (inside) / 12.0)
    * power(avg(x) filter (inside), 2)) / (sum(x) filter (inside) / 12) as cv
from (
  select id, m >= date '{SINCE}' and m < date '{UNTIL}' as inside, x, n, first, last
  from (
    select id, date_trunc('month', day) as m, sum(amount) as x,
      count(*) filter (where amount >= 0) as n,
      min(day) filter (where amount >= 0) as first,
      max(day) filter (where amount >= 0) as last
    from sales where day >= date '{OLDEST}' and day < date '{ASKED["as_of"]}'
    group by id, date_trunc('month', day)
  ) as sums
) as months
group by id
""".replace("filter (inside)", "filter (where inside)")
CUT = """
select *, abc || xyz as segment from (
  select *, value / {total} as share,
    case when value >= {a} then 'A' when value >= {b} then 'B' else 'C' end as abc,
    case when orders <= 1 then 'Z' when cv <= {x} then 'X' when cv <= {y} then 'Y' else 'Z' end
    as xyz
  from customers
) as classes
"""


def by_sql(one: Callable[[str], Any]) -> str:
    a, y, total = one(
        "select avg(value), avg(cv), sum(value) filter (where value > 0) from customers"
    )
    b, x = one(
        f"select avg(value) filter (where value < {a!r}), avg(cv) filter (where cv <= {y!r}) "
        "from customers"
    )
    return CUT.format(a=repr(a), b=repr(b), x=repr(x), y=repr(y), total=repr(total))


def duckdb_by_hand(path: str) -> Any:
    import duckdb

    con = duckdb.connect()
    con.execute(f"create view sales as from read_parquet('{path}')")
    con.execute(f"create temp table customers as {SQL}")
    text = by_sql(lambda query: con.execute(query).fetchall()[0])
    return con.sql(text).to_arrow_table()


def ibis_by_hand(path: str) -> Any:
    import ibis

    sales = ibis.duckdb.connect().read_parquet(path)
    sales = sales.filter(sales.day >= OLDEST, sales.day < ASKED["as_of"])
    sale = sales.amount >= 0
    months = sales.group_by("id", month=sales.day.truncate("M")).agg(
        x=sales.amount.sum(),
        n=sales.count(where=sale),
        first=sales.day.min(where=sale),
        last=sales.day.max(where=sale),
    )
    inside = (months.month >= SINCE) & (months.month < UNTIL)
    k = months.count(where=inside) / 12.0
    mean = months.x.mean(where=inside)
    spread = k * months.x.var(where=inside, how="pop") + k * (1 - k) * mean * mean
    table = months.group_by("id").agg(
        value=months.x.sum(where=inside),
        cv=spread.sqrt() / (months.x.sum(where=inside) / 12),
        orders=months.n.sum(where=inside).cast("int64"),
        first=months["first"].min().date(),
        last=months["last"].max().date(),
    )
    table = table.cache()
    value, cv = table.value, table.cv
    one = table.agg(a=value.mean(), y=cv.mean(), total=value.sum(where=value > 0))
    a, y, total = (column[0].as_py() for column in one.to_pyarrow().columns)
    one = table.agg(b=value.mean(where=value < a), x=cv.mean(where=cv <= y))
    b, x = (column[0].as_py() for column in one.to_pyarrow().columns)
    classes = table.mutate(
        share=value / total,
        abc=ibis.cases((value >= a, "A"), (value >= b, "B"), else_="C"),
        xyz=ibis.cases((table.orders <= 1, "Z"), (cv <= x, "X"), (cv <= y, "Y"), else_="Z"),
    )
    return classes.mutate(segment=classes.abc + classes.xyz).to_pyarrow()


def pandas_by_hand(path: str) -> Any:
    import pandas as pd

    frame = pd.read_parquet(path)
    day = frame["day"]
    frame = frame[(day >= str(OLDEST)) & (day < str(ASKED["as_of"]))]
    sold = frame[frame["amount"] >= 0].groupby("id")["day"].agg(["size", "min", "max"])
    wide = frame.assign(m=frame["day"].dt.to_period("M")).pivot_table(
        index="id", columns="m", values="amount", aggfunc="sum", fill_value=0
    )
    return _pandas_classes(
        wide.sum(axis=1), wide.std(axis=1, ddof=0) / wide.mean(axis=1),
        sold["size"].reindex(wide.index, fill_value=0), first=sold["min"], last=sold["max"],
    )  # fmt: skip


def _pandas_classes(value: Any, cv: Any, orders: Any, **days: Any) -> Any:
    """Divide pandas columns of customers into classes."""
    import pandas as pd

    a, y = value.mean(), cv.mean()
    b, x = value[value < a].mean(), cv[cv <= y].mean()
    abc = np.select([value >= a, value >= b], ["A", "B"], "C")
    xyz = np.select([orders <= 1, cv <= x, cv <= y], ["Z", "X", "Y"], "Z")
    columns = {"value": value, "cv": cv, "orders": orders, **days, "abc": abc, "xyz": xyz}
    table = pd.DataFrame({**columns, "share": value / value[value > 0].sum()})
    return table.assign(segment=table["abc"] + table["xyz"])


def dask_by_hand(path: str) -> Any:
    import dask.dataframe as dd

    frame = dd.read_parquet(path, split_row_groups=4)
    frame = frame[(frame["day"] >= str(OLDEST)) & (frame["day"] < str(ASKED["as_of"]))]
    frame["m"] = frame["day"].dt.year * 12 + frame["day"].dt.month
    sale = frame["amount"] >= 0
    frame["n"] = sale.astype("int64")
    frame["first"] = frame["last"] = frame["day"].where(sale)
    kinds = {"amount": "sum", "n": "sum", "first": "min", "last": "max"}
    months = frame.groupby(["id", "m"], sort=False).agg(kinds, split_out=frame.npartitions)
    months = months.reset_index()
    since, until = (one.year * 12 + one.month for one in (SINCE, UNTIL))
    inside = (months["m"] >= since) & (months["m"] < until)
    months["x"] = months["amount"].where(inside)
    months["orders"] = months["n"].where(inside, 0)
    kinds = {"x": ["sum", "count", "var"], "orders": "sum", "first": "min", "last": "max"}
    table = months.groupby("id", sort=False).agg(kinds, split_out=frame.npartitions).compute()
    value, count, var = (table["x", one] for one in ("sum", "count", "var"))
    k = count / 12
    spread = k * var.fillna(0) * (count - 1) / count + k * (1 - k) * (value / count) ** 2
    return _pandas_classes(
        value, spread**0.5 / (value / 12), table["orders", "sum"],
        first=table["first", "min"].dt.floor("D"), last=table["last", "max"].dt.floor("D"),
    )  # fmt: skip


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
    "ibis": ibis_by_hand,
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

"""The works of ``bench_main.py`` in other libraries: ``by_hand.py WORK FILE``, a process each.

A work imports only what it needs, as a script for it alone would.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import process_time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

ONE_YEAR = ("2025-11-01", "2026-11-01")

DUCKDB = """
WITH monthly AS (
    SELECT customer_id, date_trunc('month', date::DATE) AS month, sum(amount) AS value,
        count(*) AS lines
    FROM '{file}' WHERE date::DATE >= DATE '{since}' AND date::DATE < DATE '{until}' GROUP BY 1, 2
), customers AS (
    SELECT customer_id, sum(value) AS value, sum(lines) AS orders,
        sqrt(greatest(sum(value * value) / 12 - pow(sum(value) / 12, 2), 0)) / (sum(value) / 12)
        AS cv FROM monthly GROUP BY 1
), first AS (SELECT avg(value) AS a, avg(cv) AS z FROM customers),
second AS (
    SELECT avg(value) FILTER (value < a) AS b, avg(cv) FILTER (cv <= z) AS y
    FROM customers, first
)
SELECT CASE WHEN value >= a THEN 'A' WHEN value >= b THEN 'B' ELSE 'C' END ||
    CASE WHEN orders = 1 OR cv > z THEN 'Z' WHEN cv > y THEN 'Y' ELSE 'X' END AS segment, count(*)
FROM customers, first, second GROUP BY 1 ORDER BY 1
"""


def by_duckdb(file: str) -> None:
    import duckdb

    since, until = ONE_YEAR
    print(duckdb.sql(DUCKDB.format(file=file, since=since, until=until)).fetchall())


def by_duckdb_within(file: str) -> None:
    import duckdb

    duckdb.sql(f"SET memory_limit='{sys.argv[1].split()[-1]}'")
    duckdb.sql("SET preserve_insertion_order=false")
    by_duckdb(file)


def by_polars(file: str) -> None:
    import polars as pl

    frame = (
        pl.scan_csv(file, try_parse_dates=True) if file.endswith("csv") else pl.scan_parquet(file)
    )
    since, until = (pl.lit(day).str.to_date() for day in ONE_YEAR)
    day = pl.col("date").cast(pl.Date)
    customers = (
        frame.filter((day >= since) & (day < until))
        .group_by("customer_id", day.dt.truncate("1mo").alias("month"))
        .agg(pl.col("amount").sum().alias("v"), pl.len().alias("n"))
        .group_by("customer_id")
        .agg(value=pl.col("v").sum(), square=(pl.col("v") ** 2).sum(), orders=pl.col("n").sum())
        .collect()
    )
    print(_segments(*(customers[name].to_numpy() for name in ("value", "square", "orders"))))


def by_pandas(file: str) -> None:
    import pandas as pd

    if file.endswith("csv"):
        frame = pd.read_csv(file, parse_dates=["date"])
    elif file.endswith("parquet"):
        frame = pd.read_parquet(file)
    else:
        frame = pd.read_excel(file, engine="calamine")
    day = pd.to_datetime(frame["date"])
    frame = frame[(day >= ONE_YEAR[0]) & (day < ONE_YEAR[1])]
    month = pd.to_datetime(frame["date"]).dt.to_period("M")
    monthly = frame.groupby(["customer_id", month])["amount"].agg(["sum", "size"])
    monthly["square"] = monthly["sum"] ** 2
    customers = monthly.groupby(level=0).sum()
    print(_segments(*(customers[name].to_numpy() for name in ("sum", "square", "size"))))


def _segments(value: np.ndarray, square: np.ndarray, orders: np.ndarray) -> dict[str, int]:
    import numpy as np

    mean = value / 12
    cv = np.sqrt(np.maximum(square / 12 - mean**2, 0)) / mean
    a, z = value.mean(), cv.mean()
    b, y = value[value < a].mean(), cv[cv <= z].mean()
    abc = np.where(value >= a, "A", np.where(value >= b, "B", "C"))
    xyz = np.where((orders == 1) | (cv > z), "Z", np.where(cv > y, "Y", "X"))
    names, counts = np.unique(np.char.add(abc, xyz), return_counts=True)
    return dict(zip(names.tolist(), counts.tolist(), strict=True))


def _customers(file: str) -> pd.DataFrame:
    """Read the customers of JSON lines: the same cells that the sinks write."""
    import pandas as pd

    return pd.read_json(file, lines=True, convert_dates=["last_sale"], dtype={"customer": str})


def _print_time(write: Callable[[], object]) -> None:
    start = process_time()
    write()
    print(process_time() - start)


def to_csv(file: str) -> None:
    customers = _customers(file)
    _print_time(lambda: customers.to_csv(file + ".hand.csv", index=False))


def to_json(file: str) -> None:
    customers = _customers(file)
    _print_time(
        lambda: customers.to_json(
            file + ".hand.jsonl", orient="records", lines=True, force_ascii=False,
            date_format="iso", double_precision=15,
        )
    )  # fmt: skip


def to_sql(file: str) -> None:
    customers = _customers(file)

    def write() -> None:
        import sqlalchemy as sa

        engine = sa.create_engine(f"sqlite:///{file}.hand.db")
        customers.to_sql("customers", engine, index=False, if_exists="replace")
        engine.dispose()

    _print_time(write)


def to_excel(file: str) -> None:
    import pandas as pd

    cells = pd.read_pickle(file)
    _print_time(lambda: cells.to_excel(file + ".hand.xlsx", index=False, engine="xlsxwriter"))


HAND: dict[str, Callable[[str], None]] = {
    "DuckDB": by_duckdb,
    "DuckDB within 2GB": by_duckdb_within,
    "polars": by_polars,
    "pandas": by_pandas,
    "to_csv": to_csv,
    "to_json": to_json,
    "to_sql": to_sql,
    "to_excel": to_excel,
}


if __name__ == "__main__":
    HAND[sys.argv[1]](sys.argv[2])

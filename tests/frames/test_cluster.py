"""The documented script on a standalone Spark cluster, beside the same query in Spark SQL."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.frames.cluster import cluster, submit
from tests.frames.engines import collected

from abcxyz.frames import segment

pytestmark = pytest.mark.slow

ROWS, CUSTOMERS = 50_000, 5_000
AS_OF = date(2026, 1, 15)
SCRIPT = Path(__file__).parents[2] / "docs" / "examples" / "spark_cluster.py"
BY_HAND = '''
import sys
from pyspark.sql import SparkSession

source, target = sys.argv[1:]
spark = SparkSession.builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()
spark.read.parquet(source).createOrReplaceTempView("sales")
spark.sql("""
with months as (
  select who, date_trunc('month', day) as month, sum(amount) as x, max(day) as last, count(*) as n
  from sales where day >= '2025-01-01' and day < '2026-01-01' group by all
)
select who, sum(x) as v, max(last) as last, sum(n) as n,
  sqrt(count(*) / 12 * var_pop(x) + count(*) / 12 * (1 - count(*) / 12) * avg(x) * avg(x))
  / (sum(x) / 12) as cv
from months group by who
""").persist().createOrReplaceTempView("customers")
a, y = spark.sql("select avg(v), avg(cv) from customers").collect()[0]
(b,) = spark.sql(f"select avg(v) from customers where v < {a!r}").collect()[0]
(x,) = spark.sql(f"select avg(cv) from customers where cv <= {y!r}").collect()[0]
spark.sql(f"""
select who, v, cv, last, n, concat(
  case when v >= {a!r} then 'A' when v >= {b!r} then 'B' else 'C' end,
  case when n <= 1 then 'Z' when cv <= {x!r} then 'X' when cv <= {y!r} then 'Y' else 'Z' end
) as segment from customers
""").write.mode("overwrite").parquet(target)
spark.stop()
'''


def made_sales() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    return pd.DataFrame(
        {
            "who": [f"C{one:07d}" for one in (rng.random(ROWS) ** 2 * CUSTOMERS).astype(int)],
            "day": np.datetime64("2025-01-01", "us")
            + rng.integers(0, 365 * 86_400, ROWS) * np.timedelta64(1, "s"),
            "amount": np.round(rng.lognormal(8, 1, ROWS), 2),
        }
    )


def test_script_on_a_cluster_of_processes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A master and two workers give the classes of the core, without work in one partition.

    The time beside a query by hand on the same cluster is printed.
    """
    pytest.importorskip("pyspark")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java 17")
    sales = made_sales()
    folder = tmp_path / "sales.parquet"
    folder.mkdir()
    for number, part in enumerate(np.array_split(np.arange(ROWS), 4)):
        sales.iloc[part].to_parquet(folder / f"{number}.parquet", coerce_timestamps="us")
    by_hand = tmp_path / "by_hand.py"
    by_hand.write_text(BY_HAND, encoding="utf-8")
    options = ["--customer", "who", "--date", "day", "--amount", "amount", "--explain"]
    options += ["--sales", str(folder), "--as-of", AS_OF.isoformat()]

    with cluster(tmp_path) as master:
        output, ours = submit(master, SCRIPT, *options, "--out", str(tmp_path / "out"))
        _, hand = submit(master, by_hand, str(folder), str(tmp_path / "hand"))

    expected = collected(segment(sales, customer="who", date="day", amount="amount", as_of=AS_OF))
    result = collected(pd.read_parquet(tmp_path / "out"))
    manual = pd.read_parquet(tmp_path / "hand").sort_values("who").reset_index(drop=True)
    assert expected["customer"].tolist() == result["customer"].tolist()
    assert expected["segment"].tolist() == result["segment"].tolist()
    assert expected["segment"].tolist() == manual["segment"].tolist()
    counts = dict(re.findall(r"^([A-C][X-Z]) (\d+)$", output, re.MULTILINE))
    assert counts == expected["segment"].value_counts().astype(str).to_dict()

    plan = output[output.index("== Physical Plan ==") :]
    assert "Exchange hashpartitioning" in plan
    assert "SinglePartition" not in plan
    assert "rangepartitioning" not in plan  # a global sort
    assert len(list((tmp_path / "work").glob("app-*/*/stderr"))) == 4  # two executors each
    with capsys.disabled():
        print(
            f"\n{ROWS:,} rows on a Spark cluster of two workers: script {ours:.1f} s, "
            f"query by hand {hand:.1f} s, {ours / hand:.2f}x"
        )

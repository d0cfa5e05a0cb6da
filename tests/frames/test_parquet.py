"""Parquet files through DuckDB within a memory limit."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.frames.engines import collected
from tests.frames.test_engines import AS_OF, COLUMNS, random_sales

from abcxyz.cli import main
from abcxyz.core.classes.rules import Shares
from abcxyz.errors import InputError
from abcxyz.frames import segment
from abcxyz.frames.parquet import parquet_sales, write_segments

pytest.importorskip("duckdb")
pytest.importorskip("pyarrow")
pytestmark = pytest.mark.filterwarnings("ignore::abcxyz.errors.AbcxyzWarning")


def test_segments_of_a_file(tmp_path: Path) -> None:
    """Segments of a file equal the result in memory; no temporary file remains."""
    sales = random_sales(1)
    sales.to_parquet(tmp_path / "sales.parquet")
    spill = tmp_path / "spill"
    spill.mkdir()
    target = tmp_path / "segments.parquet"
    counts = write_segments(
        tmp_path / "sales.parquet", target, spill=spill, threads=1, **COLUMNS, as_of=AS_OF
    )
    expected = collected(segment(sales, **COLUMNS, as_of=AS_OF))
    result = collected(pd.read_parquet(target))
    assert expected["segment"].fillna("").tolist() == result["segment"].fillna("").tolist()
    assert expected["segment"].fillna("").value_counts().sort_index().to_dict() == counts
    assert ["sales.parquet", "segments.parquet", "spill"] == sorted(
        p.name for p in tmp_path.iterdir()
    )
    assert list(spill.iterdir()) == []


def test_failure_leaves_the_old_file(tmp_path: Path) -> None:
    """Sales that cannot be segmented leave the previous output unchanged."""
    random_sales(1).assign(who=None).to_parquet(tmp_path / "sales.parquet")
    target = tmp_path / "segments.parquet"
    target.write_text("old")
    with pytest.raises(InputError):
        write_segments(tmp_path / "sales.parquet", target, **COLUMNS, as_of=AS_OF)
    assert target.read_text() == "old"


def test_refusals(tmp_path: Path) -> None:
    """An invalid limit, directory or file is named."""
    file = tmp_path / "x.parquet"
    random_sales(1, 10).to_parquet(file)
    with pytest.raises(InputError, match="the memory 'much' cannot be used"):
        parquet_sales(file, memory="much").__enter__()
    with pytest.raises(InputError, match="at least 100MB"):
        parquet_sales(file, memory="2 MB").__enter__()
    with pytest.raises(InputError, match="nowhere does not exist"):
        parquet_sales(file, spill=tmp_path / "nowhere").__enter__()
    file.write_bytes(b"PAR1 not really")
    with pytest.raises(InputError, match="cannot be read"):
        parquet_sales(file).__enter__()


def test_progress(tmp_path: Path) -> None:
    """A long query reports its progress as a share of one."""
    file = tmp_path / "x.parquet"
    pd.DataFrame({"x": np.arange(2_000_000)}).to_parquet(file)
    shares: list[float] = []
    with parquet_sales(file, threads=1, progress=shares.append) as sales:
        other = sales.set_alias("b")  # noqa: F841 - DuckDB sees the variable
        # A fast machine ends a short query before it is asked for its progress.
        for times in (60, 600, 6_000):
            sales.query("a", f"select sum(hash(a.x + r.i)) from a, range({times}) r(i)").fetchall()
            if shares:
                break
    assert shares
    assert all(0 <= share <= 1 for share in shares)


@pytest.mark.slow
def test_memory_limit(tmp_path: Path) -> None:
    """More rows than fit into the limit are processed within it."""
    rng = np.random.default_rng(1)
    n = 6_000_000
    file = tmp_path / "sales.parquet"
    pd.DataFrame(
        {
            "who": rng.integers(0, 1 << 40, 600_000)[rng.integers(0, 600_000, n)],
            "day": np.datetime64("2025-01-01", "us") + rng.integers(0, 365, n) * 86_400_000_000,
            "sum": np.round(rng.lognormal(4, 1, n), 2),
        }
    ).to_parquet(file)
    code = (
        "import sys, resource, datetime\n"
        "from abcxyz.frames.parquet import write_segments\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "write_segments(sys.argv[1], sys.argv[2], memory='150MB', threads=1, customer='who',\n"
        "    date='day', amount='sum', as_of=datetime.date(2026, 1, 20))\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, str(file), str(tmp_path / "out.parquet")],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert int(run.stdout) * 1024 < 300e6
    assert pd.read_parquet(tmp_path / "out.parquet")["who"].is_unique


def summary(capsys: pytest.CaptureFixture[str], *args: object) -> Any:
    assert main(["classify", *map(str, args), "--as-of", "2026-01-20", "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("metric", ["revenue", "profit", "count"])
def test_command_on_large_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], metric: str
) -> None:
    """A file above the threshold gives the result of one below it."""
    sales = random_sales(2)
    sales["sum"] = sales["sum"].where(sales.index % 100 != 7)
    sales["day"] = sales["day"].where(sales.index % 100 != 8)
    sales["who"] = sales["who"].astype("Int64").astype(str).where(sales.index % 100 != 9)
    late = sales.index % 100 == 5
    sales.loc[late, "day"] = pd.Timestamp("2027-01-01")
    names = {
        "who": "customer_id",
        "day": "date",
        "sum": "amount",
        "doc": "doc_id",
        "spent": "cost",
    }
    file = tmp_path / "sales.parquet"
    sales.rename(columns=names).to_parquet(file)
    small = summary(capsys, file, "--metric", metric)
    large = summary(capsys, file, "--metric", metric, "--memory", "100MB", "--spill", tmp_path)
    for one in (small, large):
        one["quality"]["issues"] = sorted(
            (issue["kind"], issue["count"]) for issue in one["quality"]["issues"]
        )
    assert small["quality"] == large["quality"]
    assert _rounded(small) == _rounded(large)


def _rounded(one: Any) -> Any:
    """Round floats: one side adds integer kopecks, the other doubles."""
    if isinstance(one, float):
        return float(f"{one:.9g}")
    if isinstance(one, dict):
        return {key: _rounded(value) for key, value in one.items()}
    return [_rounded(value) for value in one] if isinstance(one, list) else one


def test_command_refuses_what_it_cannot_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Mixed currencies and an empty window are refused with the cure, past the memory too."""
    sales = random_sales(2).rename(columns={"who": "customer", "day": "date", "sum": "amount"})
    file = tmp_path / "sales.parquet"
    large = ("classify", str(file), "--memory", "100MB", "--as-of")

    def error_of(frame: pd.DataFrame, day: str, *more: str) -> str:
        frame.to_parquet(file)
        assert main([*large, day, *more]) == 2
        return capsys.readouterr().err

    mixed = sales.assign(currency=["RUB", "USD"] * (len(sales) // 2))
    assert "mixes 2 currencies (USD 1939, RUB 1934)" in error_of(mixed, "2026-01-20")
    assert "has no line in EUR" in error_of(mixed, "2026-01-20", "--currency", "eur")
    assert "no sale lies in the window" in error_of(sales, "2035-01-01")
    assert "no usable line among 4000" in error_of(sales.assign(amount=np.nan), "2026-01-20")
    mixed.to_parquet(file)
    assert main([*large, "2026-01-20", "--currency", "rub"]) == 0


@pytest.mark.slow
def test_script_for_a_cluster(tmp_path: Path) -> None:
    """The documented script runs unchanged on a one-node cluster."""
    pytest.importorskip("pyspark")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java 17")
    sales = random_sales(3)
    sales.to_parquet(tmp_path / "sales.parquet", coerce_timestamps="us")
    script = Path(__file__).parents[2] / "docs" / "examples" / "spark_cluster.py"
    options = ["--customer", "who", "--date", "day", "--amount", "sum", "--as-of", "2026-01-20"]
    options += ["--sales", str(tmp_path / "sales.parquet"), "--out", str(tmp_path / "out")]
    run = subprocess.run(
        [sys.executable, str(script), *options, "--pareto"],
        env={
            **os.environ,
            "PYSPARK_SUBMIT_ARGS": "--master local[2] --conf spark.ui.enabled=false "
            "--conf spark.driver.bindAddress=127.0.0.1 pyspark-shell",
        },
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    result = collected(pd.read_parquet(tmp_path / "out"))
    expected = collected(segment(sales, **COLUMNS, as_of=AS_OF, abc=Shares()))
    assert expected["segment"].fillna("").tolist() == result["segment"].fillna("").tolist()
    assert "none" in run.stdout or "CZ" in run.stdout

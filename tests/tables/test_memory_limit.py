"""Analysis of a file past the memory limit, against the same file in memory."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from abcxyz import Settings, analyze
from abcxyz.core.landmarks.collector import LandmarkCollector
from abcxyz.tables.analyze_file import analyze_file
from abcxyz.tables.sales import read_sales
from abcxyz.tables.scan.line_store import LineStore

pytest.importorskip("pyarrow")

AS_OF = date(2026, 11, 1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Sales in two currencies, written in four ways, with lines that cannot be used."""
    random = np.random.default_rng(3)
    n = 3000
    frame = pd.DataFrame(
        {
            "customer": random.integers(0, 60, n).astype(str),
            "date": pd.Timestamp("2025-10-20")
            + pd.to_timedelta(random.integers(0, 390, n), unit="D"),
            "amount": np.round(random.lognormal(4, 1, n), 2),
            "currency": random.choice(["RUB", "руб.", " rub ", "USD"], n),
        }
    )
    frame.loc[frame.index % 50 == 1, "amount"] = np.nan
    frame.loc[frame.index % 50 == 2, "customer"] = " "
    frame.loc[frame.index % 50 == 3, "amount"] = 0
    frame.loc[frame.index % 50 == 4, "amount"] *= -1
    frame.loc[frame.index % 50 == 5, "date"] = pd.NaT
    frame["document"] = random.integers(0, 900, n)
    frame = pd.concat([frame, frame.iloc[::7]], ignore_index=True)
    frame.to_parquet(tmp_path / "sales.parquet")
    frame.to_csv(tmp_path / "sales.csv", index=False)
    return tmp_path / "sales.parquet"


@pytest.mark.parametrize("kind", ["parquet", "csv"])
@pytest.mark.parametrize("metric", ["revenue", "count"])
def test_files_hold_what_does_not_fit(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, metric: str
) -> None:
    """Partition files give the same account, classes, orders and gaps, and are removed."""
    path, spill = file.with_suffix(f".{kind}"), tmp_path / "spill"
    spill.mkdir()
    settings = Settings(metric=metric)
    small = analyze_file(path, as_of=AS_OF, settings=settings, currency="rub")
    spilled = []
    add = LineStore.add

    def small_budget(self: LineStore, *args: Any) -> None:
        self._budget = 1.0
        add(self, *args)
        spilled.append(len(list(spill.glob("*/*.lines"))))

    monkeypatch.setattr(LineStore, "add", small_budget)
    large = analyze_file(path, as_of=AS_OF, settings=settings, currency="rub", spill=spill)

    assert max(spilled) > 10
    assert not list(spill.iterdir())
    assert small.quality is not None
    assert large.quality is not None
    kinds = {one.kind: one for one in small.quality.issues}
    assert {"duplicate", "no_customer", "no_date", "no_amount", "other_currency"} <= set(kinds)
    assert (small.quality.rows, small.quality.used) == (large.quality.rows, large.quality.used)
    for one in large.quality.issues:
        other = kinds.pop(one.kind)
        assert (one.count, one.amount, one.examples) == (other.count, other.amount, other.examples)
    assert not kinds
    assert small.snapshot.customers.tolist() == large.snapshot.customers.tolist()
    assert small.snapshot.segment.tolist() == large.snapshot.segment.tolist()
    assert small.panel == large.panel


def test_parts_show_how_many_customers_there_are(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is learned from is told after each part, before the next one, of which share it is."""
    shares: list[float] = []
    monkeypatch.setattr(LandmarkCollector, "foresee", lambda _, share: shares.append(share))
    analyze_file(file, as_of=AS_OF, settings=Settings(), currency="rub")
    assert not shares
    analyze_file(file, as_of=AS_OF, settings=Settings(), currency="rub", memory="500MB")
    assert len(shares) > 10
    assert shares == [place / len(shares) for place in range(1, len(shares) + 1)]


def test_processes_give_the_same_bytes(file: Path, tmp_path: Path) -> None:
    """Which customers share a partition file depends on the process, and the result does not."""
    frame = pd.read_csv(file.with_suffix(".csv"), dtype=str, keep_default_na=False)
    large = pd.concat([frame, frame.assign(customer=frame["customer"] + "7")])
    large.to_csv(tmp_path / "large.csv", index=False)
    command = [sys.executable, "-m", "abcxyz", "classify", "large.csv", "--json"]
    command += ["--as-of", AS_OF.isoformat(), "--currency", "rub"]

    def answer(seed: str, memory: str) -> bytes:
        env = os.environ | {"PYTHONHASHSEED": seed}
        done = subprocess.run(
            [*command, "--memory", memory], cwd=tmp_path, env=env, capture_output=True, check=True
        )
        assert b'"outside_window"' in done.stdout
        return done.stdout

    whole = answer("1", "2GB")
    assert answer("1", "500MB") == whole
    assert answer("2", "500MB") == whole


def test_hashes_find_what_pandas_finds(file: Path) -> None:
    """Lines that are equal in every column are counted like pandas counts them."""
    frame = pd.read_csv(file.with_suffix(".csv"), dtype=str, keep_default_na=False)
    quality = read_sales(file.with_suffix(".csv"), currency="rub").quality
    found = {one.kind: one.count for one in quality.issues}

    usable = frame["customer"].str.strip().ne("") & frame["date"].ne("") & frame["amount"].ne("")
    usable &= frame["currency"].ne("USD")
    assert int((frame.duplicated() & usable).sum()) == found["duplicate"]


def test_the_year_before_is_the_same_from_a_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that fit, files that do not, and sales in memory are compared with the year before."""
    settings = Settings(period="6M")
    expected = analyze(
        read_sales(file, currency="rub").transactions, as_of=AS_OF, settings=settings
    ).bridge
    assert expected is not None
    assert {one.step for one in expected.steps if one.customers} >= {"grown", "shrunk"}
    small = analyze_file(file, as_of=AS_OF, settings=settings, currency="rub").bridge
    add, spilled = LineStore.add, []

    def small_budget(self: LineStore, *args: Any) -> None:
        self._budget = 1.0
        add(self, *args)
        spilled.append(self.spilled)

    monkeypatch.setattr(LineStore, "add", small_budget)
    large = analyze_file(file, as_of=AS_OF, settings=settings, currency="rub").bridge
    assert any(spilled)
    for made in (small, large):
        assert made is not None
        assert made.steps == expected.steps
        assert (made.before, made.after) == (expected.before, expected.after)

"""Calendar units: order, letters and adding one in a single line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import abcxyz
from abcxyz.core.sales.calendar import Periods
from abcxyz.core.sales.units import LETTERS, UNITS, DayUnit, MonthPartUnit, PeriodUnit, unit_named

SOURCE = Path(abcxyz.__file__).resolve().parent
days = st.dates(date(1, 2, 1), date(9000, 12, 31))
units = st.one_of(
    st.sampled_from(UNITS).map(unit_named),
    st.integers(1, 100).map(lambda length: DayUnit("some_days", "S", length)),
    st.sets(st.integers(2, 28), max_size=6).map(
        lambda begins: MonthPartUnit("some_part", "S", (1, *sorted(begins)))
    ),
)


@given(units, days)
def test_numbers_and_first_days_are_inverse(unit: PeriodUnit, day: date) -> None:
    """A day is in the period of its number, whose first day has that number."""
    index = unit.index(day)

    assert unit.start(index) <= day < unit.start(index + 1)
    assert index == unit.index(unit.start(index))


def test_units_are_listed_from_the_shortest() -> None:
    """Units are ordered by mean length, with distinct letters."""
    lengths = [unit_named(name).mean_days for name in UNITS]

    assert all(short < long for short, long in pairwise(lengths))
    assert list(UNITS) == list(LETTERS.values())
    assert all(unit_named(name).letter == letter for letter, name in LETTERS.items())


@pytest.mark.parametrize("name", UNITS)
def test_mean_length(name: str) -> None:
    """Mean lengths are those of the 400-year calendar cycle."""
    unit = unit_named(name)
    first, last = unit.index(date(2000, 1, 3)), unit.index(date(2400, 1, 3))

    assert unit.mean_days * (last - first) == pytest.approx(146_097, abs=0.1)


FORTNIGHT = '    DayUnit("fortnight", "F", 14),\n'
USES = '''
import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import abcxyz
from abcxyz import Periods, Settings, Transactions, aggregate, analyze, backfill, forecast
from abcxyz.cli import main
from abcxyz.config import TABLES
from abcxyz.config.reader import parse_job
from abcxyz.core.dynamics.backfill import backfill_dates
from abcxyz.core.dynamics.forecast import chain
from abcxyz.fast import customer_grid
from abcxyz.frames import panel_from_frame, segmented
from abcxyz.history.store import History

assert Path(abcxyz.__file__).is_relative_to(Path.cwd()), abcxyz.__file__
assert "fortnight" in abcxyz.UNITS
assert " F " in TABLES["window"]["period"].meaning

AS_OF = date(2026, 1, 20)
periods = Periods.parse("12F", AS_OF)
assert [14] * 12 == [(b - a).days for a, b in zip(periods.edges, periods.edges[1:])]
assert 5 <= Periods.parse("2M", AS_OF, bucket="F").count <= 6

rng = np.random.default_rng(1)
who = rng.integers(0, 60, 3000)
day = np.datetime64("2024-06-01") + rng.integers(0, 597, 3000)
money = rng.integers(1, 100_000, 3000)
sales = Transactions(who, day, money)
settings = Settings(period="12F")
panel = aggregate([sales], periods)
for place, start in enumerate(periods.edges[:-1]):
    inside = (day >= np.datetime64(start)) & (day < np.datetime64(periods.edges[place + 1]))
    assert money[inside].sum() == np.nansum(panel.sales[:, place])
grid = customer_grid(who, day, money, periods)
order = np.argsort(panel.customers)
assert np.array_equal(panel.sales[order], grid.sales[np.argsort(grid.customers)])

found = analyze(sales, as_of=AS_OF, settings=settings)
dates = backfill_dates(date(2025, 6, 1), AS_OF, settings)
assert all((b - a).days == 14 for a, b in zip(dates[:-1], dates[1:-1]))
past = list(backfill([sales], since=date(2025, 6, 1), as_of=AS_OF, settings=Settings(period="2F")))
assert len(dates) == len(past)
assert past[-1].dated == found.snapshot.dated
forecast([past[place] for place in chain([one.periods.window for one in past])])
with History("history.db") as history:
    history.save(found.snapshot)
    assert history.get(found.snapshot.dated, settings).periods == found.snapshot.periods

columns = dict(customer="who", date="day", amount="money", as_of=AS_OF, decimals=0)
frame = pd.DataFrame({"who": who, "day": pd.to_datetime(day), "money": money})
expected = found.snapshot.to_frame().sort_values("customer").reset_index(drop=True)
import polars as pl

for table in (frame, pl.from_pandas(frame), pl.from_pandas(frame).lazy()):
    with segmented(table, period="12F", **columns) as answer:
        got = answer.lazy().collect().to_pandas() if hasattr(answer, "lazy") else answer
    got = got.rename(columns={"who": "customer"}).sort_values("customer").reset_index(drop=True)
    assert expected["segment"].tolist() == got["segment"].tolist(), type(table)
    assert np.allclose(expected["cv"], got["cv"].astype(float))

job = """[window]
period = "12F"
[[source]]
kind = "csv"
path = "sales.csv"
[[sink]]
kind = "html"
path = "page.html"
"""
assert parse_job(job).settings == settings
frame.to_csv("sales.csv", index=False)
call = ["classify", "sales.csv", "--customer", "who", "--amount", "money", "--date", "day"]
assert 0 == main([*call, "--as-of", "2026-01-20", "--period", "12F", "--out", "out"])
assert "12 × fortnight" in Path("out/report.html").read_text()
assert 2 == main([*call, "--period", "12P"])
'''


def test_one_more_unit_is_one_line(tmp_path: Path) -> None:
    """A fortnight added to the list works in the core, frames, file and tools.

    The line is added to a copy of the package, so that what is computed when a module is first
    imported is tried, too.
    """
    pytest.importorskip("polars")
    pytest.importorskip("jinja2")
    shutil.copytree(SOURCE, tmp_path / "abcxyz", ignore=shutil.ignore_patterns("__pycache__"))
    listing = tmp_path / "abcxyz" / "core" / "sales" / "units.py"
    before, month, after = listing.read_text(encoding="utf-8").partition('    MonthUnit("month"')
    assert month
    listing.write_text(before + FORTNIGHT + month + after, encoding="utf-8")

    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", USES],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "letters D W T F M Q H Y" in done.stderr
    assert "Buckets: 12 (fortnight)" in done.stdout


def test_bucket_longer_than_the_period() -> None:
    """The longer unit is decided by length, not by position in the list."""
    with pytest.raises(abcxyz.InputError, match="is longer than the period"):
        Periods.parse("3T", date(2026, 1, 1), bucket="M")

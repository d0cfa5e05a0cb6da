"""Why a figure changed: parts that add up, Simpson's paradox, answers of the made companies."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from tests.crm.changes.companies import COMPANIES, DATA, SHARED, company, needs_data
from tests.crm.worlds import World, read, worlds

from abcxyz.cli import main
from abcxyz.core.sales.calendar import Window
from abcxyz.crm import CrmData, Deals, ProductLines, Stage, StageMap, why
from abcxyz.crm.changes.metrics import DIMENSIONS, observations
from abcxyz.errors import InputError

MAY = Window(date(2026, 5, 1), date(2026, 6, 1))
JUNE = Window(date(2026, 6, 1), date(2026, 7, 1))


def made(cells: list[tuple[str, str, int, int]]) -> CrmData:
    """Return deals closed in May and June: (month, source, won, lost) each."""
    rows = [
        (month, source, outcome)
        for month, source, won, lost in cells
        for outcome in ["WON"] * won + ["LOST"] * lost
    ]
    moments = [
        f"2026-{month}-{1 + place % 28:02}T09:00:00Z" for place, (month, *_) in enumerate(rows)
    ]
    return CrmData(
        deals=Deals(
            deal=np.arange(len(rows)),
            funnel=["sales"] * len(rows),
            created=moments,
            closed=moments,
            stage=[one[2] for one in rows],
            amount=[100.0 + place % 7 for place in range(len(rows))],
            source=[one[1] for one in rows],
        ),
        stages=StageMap(
            {"sales": ["NEW", Stage("WON", semantics="S"), Stage("LOST", semantics="F")]}
        ),
    )


PARADOX = [("05", "ads", 10, 90), ("05", "partner", 60, 40), ("06", "ads", 45, 255),
           ("06", "partner", 33, 17)]  # fmt: skip


def test_a_paradox_is_the_first_sentence() -> None:
    report = why(made(PARADOX), "win_rate", MAY, JUNE)
    first = report.explain().splitlines()[0]
    assert first == (
        "win rate fell from 35.0% to 22.3% although no group of source fell: the share of ads "
        "changed from 50.0% to 85.7%."
    )
    assert report.best is not None
    assert report.best.carried_by == ("mix",)
    assert report.best.mix_effect == pytest.approx(-101 / 560)
    assert "хотя ни в одной группе" in report.explain("ru")


def test_one_group_that_falls_is_named() -> None:
    cells = [("05", name, 40, 60) for name in "abcd"]
    cells += [("06", name, 40, 60) for name in "abc"] + [("06", "d", 5, 95)]
    report = why(made(cells), "win_rate", MAY, JUNE)
    assert report.best is not None
    assert report.best.carried_by == ("d",)
    assert report.questions[0].subject == "d"
    assert "d 40.0% → 5.0%" in report.explain()


def test_a_fall_of_everybody_is_spread_evenly() -> None:
    cells = [("05", name, 40, 60) for name in "abcd"] + [("06", name, 20, 80) for name in "abcd"]
    report = why(made(cells), "win_rate", MAY, JUNE)
    assert report.shown
    assert report.best is None
    assert "spread evenly" in report.explain()
    assert "?" in report.explain()  # a cause is asked about, not named


@pytest.mark.parametrize("metric", ["conversion", "win_rate", "cheque", "cycle", "revenue"])
@given(world=worlds())
def test_parts_add_up(metric: str, world: World) -> None:
    data = read(world)
    halves = (
        Window(date(2026, 3, 1), date(2026, 3, 15)),
        Window(date(2026, 3, 15), date(2026, 6, 1)),
    )
    try:
        report = why(data, metric, *halves, horizon=5)
    except InputError:
        return
    counted = observations(data, metric, 5)
    means = [counted.value[counted.within(data, one)[0]].mean() for one in halves]
    for one in report.dimensions:
        assert one.rate_effect + one.mix_effect == pytest.approx(means[1] - means[0])
        assert sum(group.n_after for group in one.groups) == report.n_after
        assert one.dimension in DIMENSIONS
    for parts in (report.stages, report.factors):
        if parts and metric == "revenue":
            assert round(sum(100 * one.effect for one in parts)) == round(100 * report.difference)


def test_overlapping_windows_and_unknown_figures_are_refused() -> None:
    crm = made(PARADOX)
    with pytest.raises(InputError, match="overlap"):
        why(crm, "win_rate", MAY, MAY)
    with pytest.raises(InputError, match="'speed' is unknown; use one of conversion"):
        why(crm, "speed", MAY, JUNE)
    with pytest.raises(InputError, match="younger than"):
        why(crm, "conversion", MAY, JUNE, horizon=90)
    with pytest.raises(InputError, match="split by 'colour'"):
        why(crm, "win_rate", MAY, JUNE, by="colour")


def weekly_counts(name: str) -> tuple[list[int], list[int], list[int]]:
    """Return week, passed and entered of QUALIFIED, counted by the library."""
    crm = company(name)
    counted = observations(crm, "QUALIFIED", 21)
    start = date(2025, 6, 2)
    weeks, passed, entered = [], [], []
    for week in range(63):
        monday = start + timedelta(days=7 * week)
        rows, young = counted.within(crm, Window(monday, monday + timedelta(days=7)))
        if len(rows) and not young:
            weeks.append(week)
            passed.append(int(counted.value[rows].sum()))
            entered.append(len(rows))
    return weeks, passed, entered


@needs_data
@pytest.mark.parametrize("name", COMPANIES)
def test_passages_of_a_stage_match_the_published_ones(name: str) -> None:
    oracle = json.loads((SHARED / "spec/crm_oracles/effect_synthetic.json").read_text())
    figures = oracle["figures"][name]
    assert weekly_counts(name) == (figures["t"], figures["x"], figures["n"])


@needs_data
@pytest.mark.slow
def test_made_companies_get_the_right_answer() -> None:
    before = Window(date(2026, 2, 2), date(2026, 6, 1))
    after = Window(date(2026, 6, 1), date(2026, 8, 10))
    answers = {}
    for name in ("null", "stage_drop", "mix_shift"):
        crm = company(f"synthetic_{name}")
        answers[name] = why(crm, "QUALIFIED", before, after), why(crm, "conversion", before, after)
    assert not answers["null"][0].shown
    dropped, conversion = answers["stage_drop"]
    assert dropped.shown
    assert dropped.best is None  # it fell for everybody
    worst = min(conversion.stages, key=lambda one: one.effect)
    assert worst.factor == "QUALIFIED"
    shifted = answers["mix_shift"][0].best
    assert shifted is not None
    assert (shifted.dimension, shifted.carried_by) == ("source", ("mix",))


@needs_data
@pytest.mark.slow
def test_the_command_answers(capsys: pytest.CaptureFixture[str]) -> None:
    argv = [
        "crm",
        "why",
        "QUALIFIED",
        str(DATA / "synthetic_stage_drop"),
        "--zone",
        "Europe/Moscow",
    ]
    argv += ["--before", "2026-02-02..2026-05-31", "--after", "2026-06-01..2026-08-09"]
    assert main([*argv, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["n_before"], found["n_after"]) == (795, 444)
    assert main([*argv, "--lang", "ru"]) == 0
    out = capsys.readouterr().out
    assert "разлито ровно" in out
    assert "\\u000a" not in out  # line by line


def test_why_of_a_file_of_sales(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "sales.csv"
    file.write_text("customer,date,amount\na,2026-05-04,100.10\nb,2026-06-05,40.05\n")
    argv = ["why", str(file), "--before", "2026-05", "--after", "2026-06", "--as-of", "2026-07-01"]
    assert main([*argv, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["difference"] == -60.05
    assert main(argv) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("By customers: customers gone -100.10")  # line by line


PRICED = """client,date,sum,item,qty
a,2026-05-04,100.10,x,10
b,2026-05-05,50,y,5
a,2026-06-04,240,x,12
b,2026-06-05,30,z,
c,2026-06-06,70,z,7
"""
WINDOWS = ["--before", "2026-05", "--after", "2026-06", "--as-of", "2026-07-01"]


def test_price_and_quantity_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The parts add up to the kopeck; a line without a quantity is a part of its own."""
    file = tmp_path / "sales.csv"
    file.write_text(PRICED)
    argv = ["why", str(file), *WINDOWS, "--product", "item", "--quantity", "qty"]
    assert main([*argv, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    parts = {one["part"]: one["difference"] for one in found["parts"] if one["split"] == "prices"}
    assert parts == {
        "price": 109.89,  # 11 at 20.00 instead of 10.01
        "quantity": 30.01,  # 2 at 15.005
        "products_gone": -50.0,
        "products_new": 70.0,
        "without_quantity": 30.0,
    }
    assert round(100 * sum(parts.values())) == round(100 * found["difference"])
    assert main([*argv, "--lang", "ru"]) == 0
    assert "цена 109,89" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--product", "item"], "need both columns"),
        (["--product", "item", "--quantity", "no"], "no column 'no' for the option quantity"),
        (
            [
                "--product",
                "item",
                "--quantity",
                "qty",
                "--rate",
                "EUR=90",
                "--currency-column",
                "item",
            ],
            "cannot be split in converted money",
        ),
    ],
)
def test_what_price_and_quantity_need(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], reason: str
) -> None:
    file = tmp_path / "sales.csv"
    file.write_text(PRICED)
    assert main(["why", str(file), *WINDOWS, *options]) != 0
    assert reason in capsys.readouterr().err


def test_price_and_quantity_of_deals() -> None:
    """The lines of the deals won; what they lack to the amount is a part of its own."""
    days = ["2026-05-04T09:00:00Z"] * 3 + ["2026-06-04T09:00:00Z"] * 3
    stages = ["WON", "LOST", "WON"] * 2 + ["NEW"]
    # The open deal is younger than the windows, and ends the records.
    days.append("2026-07-05T09:00:00Z")
    closed = [*days[:-1], None]
    crm = CrmData(
        deals=Deals(
            deal=[1, 2, 3, 4, 5, 6, 7], funnel=["s"] * 7, created=days, closed=closed,
            stage=stages, amount=[100.0, 70.0, 50.0, 240.0, 70.0, 40.05, 9.0],
        ),
        lines=ProductLines(
            deal=[1, 2, 3, 4, 6], product=["x", "x", "y", "x", "z"],
            amount=[100.0, 70.0, 50.0, 240.0, 40.0], quantity=[10.0, 7.0, 5.0, 12.0, 4.0],
        ),
        stages=StageMap(
            {"s": ["NEW", Stage("WON", semantics="S"), Stage("LOST", semantics="F")]}
        ),
    )  # fmt: skip
    change = why(crm, "revenue", MAY, JUNE, horizon=1)
    parts = {one.part: one.difference for one in change.prices}
    assert parts == {
        "price": 110.0,
        "quantity": 30.0,
        "products_gone": -50.0,
        "products_new": 40.0,
        "without_quantity": 0.05,
    }
    assert sum(parts.values()) == pytest.approx(change.difference)
    assert "By price and quantity: price 110" in change.explain()
    assert "price" in change.plot()
    assert change.to_dict()["prices"][0]["part"] == "price"

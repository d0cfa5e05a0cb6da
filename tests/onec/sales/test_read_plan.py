"""Queries, sub-periods, costs and choices of a reading, each as a whole."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.emulators.onec.base import Base, Company
from tests.onec.sales_fixtures import YEAR, Make, lines, sold

from abcxyz import Window
from abcxyz_onec.odata.client import Client
from abcxyz_onec.odata.query import Query
from abcxyz_onec.profiles.schema import Register
from abcxyz_onec.sales.checkpoint import Checkpoint
from abcxyz_onec.sales.lines import LineColumns, Party
from abcxyz_onec.sales.read_cost import ReadCost, _spread, cost_of_table, pages_of_window
from abcxyz_onec.sales.read_plan import _cheaper
from abcxyz_onec.sales.reader import Part
from abcxyz_onec.sales.records import Records
from abcxyz_onec.sales.turnovers import Turnovers

REGISTER = Register(
    entity="AccumulationRegister_X",
    revenue=("R1", "R2"),
    cost="C",
    key="Ключ_Key",
    sales=("Document_A",),
    where="Вид eq 'x'",
)
KEY = Party("Ключ_Key")


def test_the_query_of_records() -> None:
    """Fields, filter and order by metric and by the kinds of recorders."""
    where = "Active eq true and Вид eq 'x'"
    order = ("Period", "Recorder", "Recorder_Type", "LineNumber")
    fields = ("Ключ_Key", "R1", "R2")
    wanted = Query("AccumulationRegister_X_RecordType", (*order, *fields), where, order)
    for metric in ("revenue", "count"):
        assert wanted == Records(REGISTER, KEY, metric).query
    profit = Records(REGISTER, KEY, "profit")
    assert Query(wanted.entity, (*order, *fields, "C"), where, order) == profit.query
    assert [profit.query] == profit.queries()
    single = ("Period", "Recorder_Key", "LineNumber")
    one = Records(REGISTER, Party("К", "T"), "revenue", single_recorder=True)
    assert Query(wanted.entity, (*single, "К", "К_Type", "R1", "R2"), where, single) == one.query


def test_the_query_of_turnovers() -> None:
    """1C includes the end of a period, so it is a second before the next one."""
    turnovers = Turnovers(REGISTER, KEY, "revenue", "month")
    assert turnovers.query(date(2026, 1, 1), date(2026, 2, 1)) == Query(
        "AccumulationRegister_X",
        ("Ключ_Key", "R1Turnover", "R2Turnover", "CTurnover"),
        function="Turnovers",
        arguments=(
            ("StartPeriod", "datetime'2026-01-01T00:00:00'"),
            ("EndPeriod", "datetime'2026-01-31T23:59:59'"),
            ("Dimensions", "'Ключ'"),
            ("Condition", "Вид eq 'x'"),
        ),
    )
    assert [turnovers.query(date(2000, 1, 1), date(2000, 2, 1))] == turnovers.queries()


@pytest.mark.parametrize(
    ("bucket", "edges"),
    [
        ("month", ["01-15", "02-01", "03-01", "03-10"]),
        # Cut at the borders of ten-day periods and months, whichever window of ABC is asked for.
        ("week", ["01-15", "01-19", "01-21", "01-26", "02-01", "02-02", "02-09", "02-11", "02-16",
                  "02-21", "02-23", "03-01", "03-02", "03-09", "03-10"]),
        ("ten_days", ["01-15", "01-21", "02-01", "02-11", "02-21", "03-01", "03-10"]),
        ("quarter", ["01-15", "03-10"]),
    ],
)  # fmt: skip
def test_sub_periods(bucket: str, edges: list[str]) -> None:
    days = [date.fromisoformat(f"2026-{edge}") for edge in edges]
    assert list(itertools.pairwise(days)) == (
        Turnovers(REGISTER, KEY, "revenue", bucket).sub_periods(days[0], days[-1])
    )


@pytest.mark.parametrize(
    ("rows", "days", "windows"),
    [
        (0, 61, [(2, 0), (2, 0), (2, 0)]),
        (19, 30, [(2, 19)]),
        (20, 30, [(3, 21)]),
        (900, 90, [(5, 303), (5, 303), (5, 303)]),
        # Eleven pages are read at most; the window of one page more is cut in three.
        (1019, 30, [(12, 1029)]),
        (1020, 30, [(11, 1030), (6, 344), (6, 344), (6, 344)]),
        (6000, 30, [(11, 1030), (11, 1030), *[(8, 606)] * 10]),
        (9000, 1, [(92, 9090)]),
        (9000, 2, [(11, 1030), (47, 4545), (47, 4545)]),
    ],
)
def test_rows_are_spread_over_windows(
    rows: int, days: int, windows: list[tuple[int, int]]
) -> None:
    """Requests and rows of each window, at a hundred rows a page."""
    assert windows == [*_spread(rows, days, 100)]


def test_turnovers_have_to_be_far_cheaper() -> None:
    """Their money is dated by the first document, so half of the bytes are not enough."""
    records: Any = Records(REGISTER, KEY, "revenue")
    turnovers: Any = Turnovers(REGISTER, KEY, "revenue", "month")
    for costs, wanted in (
        ((), records),
        ((1000,), records),
        ((1000, 500), records),
        ((1000, 499), turnovers),
        ((1000, 1), turnovers),
        ((1000, 2000), records),
    ):
        known = [
            ReadCost(name, 1, size, 1)
            for name, size in zip(("records", "turnovers"), costs, strict=False)
        ]
        assert wanted is _cheaper(known, records, turnovers)


def test_uncounted_rows_are_extrapolated(source: Make, base: Base, company: Company) -> None:
    """From a week at the beginning, in the middle and at the end of the window."""
    base.counts = False
    key = company.keys[next(iter(company.keys))][0]
    window = Window(date(2030, 1, 1), date(2030, 4, 1))
    days = {1: 3, 7: 1, 8: 50, 41: 50, 42: 5, 48: 7, 49: 50, 83: 50, 84: 11, 90: 13}
    for day, many in days.items():
        moment = datetime.combine(window.since, datetime.min.time()).replace(hour=9)
        for place in range(many):
            company.record(
                key, moment + timedelta(days=day - 1),
                f"{day:036}", "Document_РеализацияТоваровУслуг", place + 1, СуммаВыручки=1.0,
            )  # fmt: skip
    inside = 3 + 1 + 5 + 7 + 11 + 13
    assert round(inside * 90 / 21) == source(read="records").cost(window)["records"].rows


def test_turnovers_are_extrapolated(source: Make, company: Company) -> None:
    """Every month is taken to have as many rows as the one in the middle."""
    window = Window(date(2026, 1, 1), date(2026, 4, 1))
    buyers = {who for who, day, *_ in sold(company) if day.month == 2 and day.year == 2026}
    cost = source(read="turnovers", bucket="month").cost(window)["turnovers"]
    assert 3 * len(buyers) == cost.rows


@pytest.mark.parametrize("read", ["records", "documents"])
def test_only_sales_are_counted(source: Make, company: Company, read: str) -> None:
    """Returns are left out of the number of sales, and nothing else is."""
    expected = [each for each in sold(company, cost=False) if each[2] > 0]
    assert len(expected) < len(sold(company))
    result = lines(source(read=read, metric="count").transactions(YEAR))
    assert [each[4] for each in expected] == [each[4] for each in result]
    assert [each[:2] for each in expected] == [each[:2] for each in result]


def test_a_checkpoint_is_the_part_that_was_saved(tmp_path: Path) -> None:
    """Columns, rows and last key of several results; a stretch replaces those within it."""

    def columns(size: int) -> LineColumns:
        return LineColumns(
            token=np.array([f"{n:036}" for n in range(size)]),
            day=np.array(["2026-01-05"] * size, "M8[D]"),
            revenue=np.arange(size, dtype=np.float64) + 0.1,
            cost=np.arange(size, dtype=np.float64) + 0.2,
            document=np.array(["d"] * size),
            counted=np.arange(size) % 2 == 0,
        )

    days = [date(2026, month, 1) for month in (1, 2, 3, 4)]
    checkpoint = Checkpoint(tmp_path, {"a": 1}, now=0.0)
    for since, until, size in ((0, 1, 3), (1, 2, 1), (2, 3, 2)):
        part = Part(days[since], days[until], [columns(size), columns(size + 1)], size, f"k{size}")
        checkpoint.save("records", part)
    checkpoint.save("other", Part(days[0], days[3], [], 0, ""))
    known = checkpoint.parts("records")
    assert [one[:2] for one in known] == [*itertools.pairwise(days)]
    for (_, _, file), size in zip(known, (3, 1, 2), strict=True):
        loaded = checkpoint.load(file)
        assert loaded is not None
        assert (size, f"k{size}") == loaded[1:]
        for one, wanted in zip(loaded[0], (columns(size), columns(size + 1)), strict=True):
            for name, array in wanted.arrays().items():
                np.testing.assert_array_equal(array, one.unpacked().arrays()[name])
    # Two of them are within it, the third reaches beyond it.
    checkpoint.save("records", Part(days[0], days[2], [], 0, ""))
    assert [(days[0], days[2]), (days[2], days[3])] == [
        one[:2] for one in checkpoint.parts("records")
    ]
    assert ([], 0, "") == checkpoint.load(checkpoint.parts("records")[0][2])
    assert [] == Checkpoint(tmp_path, {"a": 2}, now=0.0).parts("records")
    checkpoint.clear()
    assert [] == [*tmp_path.iterdir()]
    checkpoint.clear()


def test_columns_of_different_length_are_damage(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, {}, now=0.0)
    path = tmp_path / "x.npz"
    names = ("token", "day", "revenue", "cost", "document", "counted")
    whole: dict[str, Any] = {f"{name}.0": np.zeros(2) for name in names}
    other: dict[str, Any]
    for other in ({}, {"cost.0": np.zeros(1)}):
        arrays = {"rows": np.array(2), "last": np.array("k"), **whole, **other}
        np.savez(path, **arrays)
        assert (checkpoint.load(path) is None) == bool(other)


def test_pages_follow_from_rows() -> None:
    """A small first page, full pages, and a last one that is not full."""
    for rows in range(500):
        left, pages = rows, 1
        if left >= 20:
            left -= 20
            pages += 1
            while left >= 70:
                left -= 70
                pages += 1
        assert pages == pages_of_window(rows, 70)


def test_the_cost_of_cards(client: Client, company: Company) -> None:
    """It counts every row of the set."""
    query = Query("Catalog_Партнеры", ("Ref_Key", "Description"))
    cost = cost_of_table(client, query)
    rows = len(company.store.rows["Catalog_Партнеры"])
    assert ("Catalog_Партнеры", rows, pages_of_window(rows, 5000)) == (
        cost.read, cost.rows, cost.requests,
    )  # fmt: skip
    before = client.traffic.bytes
    client.get(query.path(), query.entity, lambda body: body)
    moved = client.traffic.bytes - before
    assert moved == pytest.approx(cost.bytes, rel=0.05)

"""Excel workbook of a result, read back."""

from __future__ import annotations

import io
import math
import zipfile
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from tests.report.conftest import HOSTILE

from abcxyz import Analysis
from abcxyz.report import render_html, render_workbook
from abcxyz.report.customers import Facts

openpyxl = pytest.importorskip("openpyxl")
pytest.importorskip("xlsxwriter")

ENGLISH = ["Summary", "Matrix", "Customers", "Transitions", "Alerts", "Prospects",
           "Quality", "Settings"]  # fmt: skip
RUSSIAN = ["Итоги", "Матрица", "Клиенты", "Переходы", "Сигналы",
           "Потенциальные клиенты", "Качество", "Настройки"]  # fmt: skip


def opened(content: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(content))


def rows_of(sheet: Any) -> list[dict[str, Any]]:
    """Read a sheet as mappings of heading to cell."""
    head, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


@pytest.fixture(scope="module")
def book(demo: Analysis) -> Any:
    return opened(render_workbook(demo, currency="₽"))


def test_sheets(demo: Analysis, book: Any) -> None:
    """The sheets and their columns are in the reader's language."""
    assert ENGLISH == book.sheetnames
    russian = opened(render_workbook(demo, lang="ru"))
    assert RUSSIAN == russian.sheetnames
    heads = [cell.value for sheet in russian.worksheets[1:] for cell in sheet[1] if cell.value]
    assert not {
        word
        for head in heads
        for word in head.replace("ABC", "").replace("XYZ", "").replace("CV", "").split()
        if word.isascii() and word.isalpha()
    }


def test_customers_are_all_there_as_numbers_and_dates(demo: Analysis, book: Any) -> None:
    """Every customer is a row of numbers and dates, the largest first."""
    facts, rows = Facts(demo), rows_of(book["Customers"])

    assert len(demo.snapshot) == len(rows)
    for row, i in zip(rows, facts.order.tolist(), strict=True):
        one = facts.customer(i)
        assert (one.customer, one.segment or None) == (row["Customer"], row["Segment"])
        assert row["Value"] == (None if math.isnan(one.value) else pytest.approx(one.value))
        assert row["Last sale"] == (
            None if one.last is None else datetime.combine(one.last, datetime.min.time())
        )
        assert row["Orders"] == one.orders
        assert (row["Overdue"] == "overdue") == one.late
    assert isinstance(rows[0]["Cumulative share"], float)


def test_lists_can_be_filtered(book: Any) -> None:
    """Every list has a frozen heading and a filter, and money is shaded."""
    for name in ENGLISH[1:]:
        sheet = book[name]
        assert sheet.freeze_panes
        assert sheet.auto_filter.ref
    scales = [
        rule.type for ranges in book["Customers"].conditional_formatting for rule in ranges.rules
    ]
    assert ["colorScale"] * 2 == scales


def test_sums_are_those_of_the_analysis(demo: Analysis, book: Any) -> None:
    """Totals of the matrix and of the customers equal the core's."""
    matrix = rows_of(book["Matrix"])
    assert demo.matrix.customers == sum(row["Customers"] for row in matrix)
    assert float(demo.matrix.values.sum()) == pytest.approx(sum(row["Value"] for row in matrix))
    customers = rows_of(book["Customers"])
    abc = [row for row in customers if row["ABC"]]
    assert np.bincount(demo.snapshot.abc[demo.snapshot.abc >= 0]).tolist() == [
        sum(row["ABC"] == letter for row in abc) for letter in "ABC"
    ]
    shares = [row["Cumulative share"] for row in abc]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)
    months = [name for name in customers[0] if name and name[:2] == "20"]
    assert 12 == len(months)
    assert float(np.nansum(demo.panel.sales)) == pytest.approx(
        sum(row[month] or 0 for row in customers for month in months)
    )


def test_moves_alerts_and_leads(demo: Analysis, book: Any) -> None:
    """Every moved customer, alert and lead has a row."""
    moves = demo.transitions
    assert moves is not None
    moved = [row for row in rows_of(book["Transitions"]) if row["Customer"]]
    events = ("up", "down", "new", "returned", "lost")
    assert sum(moves.count(name) for name in events) == len(moved)
    assert sum(row["Change"] for row in moved) == pytest.approx(
        sum(row["Money now"] - row["Money before"] for row in moved)
    )
    alerts = rows_of(book["Alerts"])
    assert [one.key for one in demo.alerts] == [row["Key"] for row in alerts]
    assert demo.prospects is not None
    leads = rows_of(book["Prospects"])
    assert sorted(demo.prospects.ids.tolist()) == sorted(row["Lead"] for row in leads)
    assert leads[0]["Points"] == max(demo.prospects.score)
    quality = rows_of(book["Quality"])
    assert [100, 98, 2] == [row["Lines"] for row in quality]


@pytest.mark.parametrize("lang", ["en", "ru"])
@pytest.mark.parametrize("thrifty", [True, False])
def test_nothing_becomes_a_formula_or_a_link(hostile: Analysis, lang: str, thrifty: bool) -> None:
    """Hostile text is text in every sheet, complete except for invalid XML characters."""
    content = render_workbook(hostile, lang=lang, currency='"=1+1', constant_memory=thrifty)
    seen = set()
    for sheet in opened(content):
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                assert cell.hyperlink is None
                seen.add(cell.value)
    for name in HOSTILE:
        if len(name) < 90 and name.isprintable():
            assert name in seen
    assert any(isinstance(one, str) and one.startswith("x" * 10_000) for one in seen)
    names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert not [name for name in names if "rels" in name and "sheet" in name]


def test_row_by_row_says_the_same(demo: Analysis, book: Any) -> None:
    """Temporary files instead of memory give the same lists."""
    other = opened(render_workbook(demo, currency="₽", constant_memory=True))
    for name in ("Customers", "Alerts", "Prospects"):
        assert rows_of(book[name]) == rows_of(other[name])


def test_the_same_result_gives_the_same_bytes(demo: Analysis) -> None:
    """The same result gives the same bytes, so a second write is skipped."""
    assert render_workbook(demo) == render_workbook(demo)


def test_certainty_of_every_class(demo: Analysis, book: Any) -> None:
    """Every classified customer is marked firm or borderline by the resamples."""
    places = {str(who): i for i, who in enumerate(demo.snapshot.customers.tolist())}
    certainty = {row["Customer"]: row["Certainty"] for row in rows_of(book["Customers"])}

    assert {"firm", "borderline"} <= set(certainty.values())
    assert certainty == {who: demo.confidence.label(i) or None for who, i in places.items()}
    page = render_html(demo, languages=("en",), rows=1000)
    borderline = list(certainty.values()).count("borderline")
    assert page.count(" in question</small>") == borderline

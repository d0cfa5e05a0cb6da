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

from abcxyz import SEGMENTS, Analysis
from abcxyz.report import render_html, render_workbook
from abcxyz.report.customers import Facts
from abcxyz.report.vocabulary import GLOSSARY

openpyxl = pytest.importorskip("openpyxl")
pytest.importorskip("xlsxwriter")

ENGLISH = ["Summary", "Matrix", "Customers", "Transitions", "Calls", "Growth", "Alerts",
           "Prospects", "Quality", "Settings", "What the words mean"]  # fmt: skip
RUSSIAN = ["Итоги", "Матрица", "Клиенты", "Переходы", "Звонки", "Рост", "Сигналы",
           "Потенциальные клиенты", "Качество", "Настройки", "Что значат слова"]  # fmt: skip


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
    heads = [cell.value for sheet in russian.worksheets[2:] for cell in sheet[1] if cell.value]
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
    for name in ENGLISH[2:]:
        sheet = book[name]
        assert sheet.freeze_panes
        assert sheet.auto_filter.ref
    scales = [
        rule.type for ranges in book["Customers"].conditional_formatting for rule in ranges.rules
    ]
    assert ["colorScale"] * 2 == scales


def blocks(sheet: Any) -> list[list[list[float]]]:
    """Read the tables of three by three of the matrix."""
    return [
        [[sheet.cell(top + row, column).value for column in (2, 3, 4)] for row in (1, 2, 3)]
        for top in (1, 6, 11, 16)
    ]


def test_the_matrix_is_three_by_three_with_a_chart(book: Any) -> None:
    """The classes head rows and columns, a native chart reads the cells, a page holds each."""
    sheet = book["Matrix"]
    for top in (1, 6, 11, 16):
        assert ["X", "Y", "Z"] == [sheet.cell(top, column).value for column in (2, 3, 4)]
        assert ["A", "B", "C"] == [sheet.cell(top + row, 1).value for row in (1, 2, 3)]
    (chart,) = sheet._charts
    assert ["'Matrix'!$B$2:$B$4", "'Matrix'!$C$2:$C$4", "'Matrix'!$D$2:$D$4"] == [
        "'Matrix'!" + one.val.numRef.f.partition("!")[2] for one in chart.series
    ]
    assert chart.y_axis.numFmt.formatCode.startswith("#,##0")
    for name in ("Summary", "Matrix"):
        setup = book[name].page_setup
        assert (1, 1) == (setup.fitToWidth or 1, setup.fitToHeight or 1)
        assert book[name].sheet_properties.pageSetUpPr.fitToPage
    for row in book["Summary"].iter_rows():
        for cell in row:
            if isinstance(cell.value, float):
                assert cell.number_format != "General", cell.coordinate


def test_customers_are_printed_as_far_as_they_can_be_read(book: Any) -> None:
    """The columns up to the owner; those of every month would make all letters tiny."""
    sheet = book["Customers"]
    heads = [cell.value for cell in sheet[1]]
    last = sheet.cell(1, heads.index("Owner") + 1).column_letter
    assert f"$A$1:${last}${sheet.max_row}" in sheet.print_area
    assert len(heads) > heads.index("Owner") + 1


def test_the_glossary_explains_the_words(book: Any) -> None:
    """Every term of the glossary is in the workbook."""
    rows = rows_of(book["What the words mean"])
    assert [*GLOSSARY.items()] == [(row["Word"], row["Meaning"]) for row in rows]


def test_sums_are_those_of_the_analysis(demo: Analysis, book: Any) -> None:
    """Totals of the matrix and of the customers equal the core's."""
    money, _, counts, _ = blocks(book["Matrix"])
    assert demo.matrix.counts.reshape(3, 3).tolist() == counts
    assert demo.matrix.values.reshape(3, 3) == pytest.approx(np.array(money))
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
    book = zipfile.ZipFile(io.BytesIO(content))
    links = [book.read(one).decode() for one in book.namelist() if one.endswith(".rels")]
    assert not [one for one in links if "External" in one or "hyperlink" in one]


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

    labels = {who: demo.confidence.label(i) for who, i in places.items()}
    assert {who: one == "firm" for who, one in certainty.items() if one} == {
        who: one == "firm" for who, one in labels.items() if one
    }
    borderline = [who for who, one in labels.items() if one == "borderline"]
    for who in borderline:
        segment, doubtful = demo.snapshot.segment[places[who]], demo.confidence.doubtful
        letters = {1: slice(0, 1), 2: slice(1, 2), 3: slice(0, 2)}[doubtful[places[who]]]
        assert f"{SEGMENTS[segment][letters]} in question" == certainty[who]
    page = render_html(demo, languages=("en",), rows=1000)
    assert page.count(" in question</small>") == len(borderline)

"""CRM reports on the page and in the workbook."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser

import pytest
from attrs import evolve
from tests.report.conftest import HOSTILE
from tests.report.crm_world import crm_reports

from abcxyz import Analysis
from abcxyz.crm.analysis import CrmAnalysis
from abcxyz.report import render_html, render_workbook
from abcxyz.report.crm_columns import PAGE_COLUMNS


class Headings(HTMLParser):
    """Texts of the second headings, and the tags of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.headings: list[str] = []
        self.tags: set[str] = set()
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        if tag == "h2":
            self._inside = True
            self.headings.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside &= tag != "h2"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.headings[-1] += data


@pytest.fixture(scope="module")
def made() -> CrmAnalysis:
    return crm_reports(["Anna", "Boris", "sales"])


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_every_section_has_its_finding_as_the_heading(
    demo: Analysis, made: CrmAnalysis, lang: str
) -> None:
    assert set(PAGE_COLUMNS) <= set(made.reports)
    page = render_html(evolve(demo, crm=made), lang=lang, languages=[lang])
    headings = Headings(page).headings
    for name in PAGE_COLUMNS:
        report = made.reports[name]
        start = f"{report.title(lang)}: {report.explain(lang)[:20]}"
        assert any(one.startswith(start) for one in headings), (name, headings)
        assert f'id="{lang}-crm-{name}"' in page
    assert 'id="en-crm' not in render_html(demo, languages=["en"])


def test_hostile_names_do_no_harm(demo: Analysis, hostile: Analysis) -> None:
    page = render_html(evolve(demo, crm=crm_reports(HOSTILE)), languages=["en"])
    assert "<script>alert" not in page
    assert "img" not in Headings(page).tags
    assert not re.search(r"\x07|\x00", page)
    assert hostile.crm is not None


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_the_sheets_hold_every_row_of_every_report(
    demo: Analysis, made: CrmAnalysis, lang: str
) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.load_workbook(
        io.BytesIO(render_workbook(evolve(demo, crm=made), lang=lang)), data_only=False
    )
    findings = {row[0]: row[1] for row in book["CRM"].iter_rows(min_row=2, values_only=True)}
    for name in PAGE_COLUMNS:
        report = made.reports[name]
        assert findings[report.title(lang)] == report.explain(lang)
        sheet = book[report.title(lang)[:31]]
        assert sheet.max_row - 1 == len(report.rows()), name
    assert "CRM" not in openpyxl.load_workbook(io.BytesIO(render_workbook(demo))).sheetnames


def test_no_cell_of_a_hostile_crm_is_a_formula(demo: Analysis) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    made = crm_reports(HOSTILE)
    book = openpyxl.load_workbook(io.BytesIO(render_workbook(evolve(demo, crm=made))))
    cells = [
        cell
        for report in made.reports.values()
        if report.title() in book.sheetnames
        for row in book[report.title()].iter_rows()
        for cell in row
    ]
    assert len(cells) > 500
    assert {cell.data_type for cell in cells} <= {"s", "n", "inlineStr"}
    assert not any(cell.hyperlink for cell in cells)


def test_a_report_that_cannot_be_made_is_named_with_its_reason(
    demo: Analysis, made: CrmAnalysis
) -> None:
    less = evolve(
        made, reports={"losses": made.reports["losses"]}, missing={"sla": "no activities <b>"}
    )
    page = render_html(evolve(demo, crm=less), languages=["en"])
    assert "sla: no activities &lt;b&gt;" in page
    assert 'id="en-crm-funnel"' not in page

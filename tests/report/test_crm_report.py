"""CRM reports on the page and in the workbook."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from attrs import evolve
from tests.report.conftest import HOSTILE
from tests.report.crm_world import crm_reports

from abcxyz import Analysis
from abcxyz.crm.analysis import CrmAnalysis
from abcxyz.crm.baskets.purchases import Purchases
from abcxyz.crm.baskets.recommendations import Recommendations, recommend
from abcxyz.crm.changes.effects import EffectsOfChanges
from abcxyz.report import render_html, render_workbook
from abcxyz.report.crm_columns import PAGE_COLUMNS
from abcxyz.report.page.formatter import prose


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


#: The small CRM has too few purchases for offers.
SHOWN = [name for name in PAGE_COLUMNS if name != "offers"]


def offers(names: list[str]) -> Recommendations:
    """Offers to customers who buy one product again and again; the last has the most money."""
    products = [f"{names[i % len(names)][:200]} #{i}" for i in range(30)]
    days = np.arange("2025-01-01", "2026-01-16", 15, dtype="M8[D]")
    lines = [
        (f"{who} {k}", who, products[one % 30], day)
        for who in range(60)
        for k, day in enumerate(days)
        for one in ((who, who + k % 3) if who % 3 else (who,))
    ]
    document, customer, product, day = zip(*lines, strict=True)
    made = Purchases.of(document, product, customers=customer, days=np.array(day))
    money = made.customer.astype(float)
    return recommend(made.with_money(money), today=int(np.datetime64("2026-02-01").astype(int)))


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_every_section_has_its_finding_as_the_heading(
    demo: Analysis, made: CrmAnalysis, lang: str
) -> None:
    assert set(SHOWN) <= set(made.reports)
    page = render_html(evolve(demo, crm=made), lang=lang, languages=[lang])
    headings = Headings(page).headings
    for name in SHOWN:
        report = made.reports[name]
        said = report.explain(lang)
        if isinstance(report, EffectsOfChanges):
            said = report.finding(lang)
        start = prose(f"{report.title(lang)}: {said[:1].upper()}{said[1:]}")[:30]
        assert any(one.startswith(start) for one in headings), (name, headings)
        assert f'id="{lang}-crm-{name}"' in page
    assert 'id="en-crm' not in render_html(demo, languages=["en"])


def test_hostile_names_do_no_harm(demo: Analysis, hostile: Analysis) -> None:
    made = crm_reports(HOSTILE)
    made = evolve(made, reports={**made.reports, "offers": offers(list(HOSTILE))})
    page = render_html(evolve(demo, crm=made), languages=["en"])
    assert 'id="en-crm-offers"' in page
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
    for name in SHOWN:
        report = made.reports[name]
        assert findings[report.title(lang)] == report.explain(lang)
        sheet = book[report.title(lang)[:31]]
        assert sheet.max_row - 1 == len(report.rows()), name
    assert "CRM" not in openpyxl.load_workbook(io.BytesIO(render_workbook(demo))).sheetnames


def test_no_cell_of_a_hostile_crm_is_a_formula(demo: Analysis) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    made = crm_reports(HOSTILE)
    made = evolve(made, reports={**made.reports, "offers": offers(list(HOSTILE))})
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
    assert "Requests answered in time: no activities &lt;b&gt;" in page
    assert 'id="en-crm-funnel"' not in page


def test_offers_begin_with_the_largest_customers_and_what_they_are_due(demo: Analysis) -> None:
    report = offers(["tea", "milk"])
    rows = report.rows()
    assert report.due
    assert len(rows) == len(report.due) + len(report.offers)
    names = ("customer", "product", "basis", "because", "both", "of", "share")
    assert rows[0].to_dict() == dict(
        zip(names, (59, "milk #29", "due", "", None, None, None), strict=True)
    )
    reason = "bought 26 times, usually every 15 days; the last time 21 days ago"
    assert rows[0].evidence() == reason
    assert rows[-1].to_dict()["customer"] == 0
    customers = [row.to_dict()["customer"] for row in rows]
    assert customers == sorted(customers, reverse=True)


@pytest.mark.parametrize(("lang", "due"), [("en", "due"), ("ru", "пора повторить")])
def test_offers_are_on_the_page_and_in_the_workbook(
    demo: Analysis, made: CrmAnalysis, lang: str, due: str
) -> None:
    report = offers(["tea", "milk"])
    named = evolve(
        demo, names={59: "Romashka"}, crm=evolve(made, reports={"offers": report}, missing={})
    )
    page = render_html(named, lang=lang, languages=[lang])
    (section,) = re.findall(f'<section[^>]*id="{lang}-crm-offers".*?</section>', page, re.DOTALL)
    assert "Romashka" in section
    assert report.rows()[0].evidence(lang) in section
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.load_workbook(io.BytesIO(render_workbook(named, lang=lang)))
    lines = list(book[report.title(lang)].iter_rows(values_only=True))
    assert lines[1][:4] == (59, "Romashka", "milk #29", due)
    assert lines[1][-1] == report.rows()[0].evidence(lang)
    assert len(lines) == 1 + len(report.rows())


def test_a_report_of_more_rows_than_a_sheet_says_how_many_are_left(
    demo: Analysis, made: CrmAnalysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    monkeypatch.setattr("abcxyz.report.workbook.sheets.crm.MOST_LINES", 20)
    report = offers(["tea", "milk"])
    less = evolve(made, reports={"offers": report})
    book = openpyxl.load_workbook(io.BytesIO(render_workbook(evolve(demo, crm=less))))
    lines = list(book[report.title()].iter_rows(values_only=True))
    assert len(lines) == 20
    assert lines[-1][0] == f"and {len(report.rows()) - 18} more"

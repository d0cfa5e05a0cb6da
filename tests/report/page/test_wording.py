"""What the page says: once, in whole words, with its unit, and nothing that is not known."""

from __future__ import annotations

import math
import re
from datetime import date
from html import unescape

import numpy as np
import pytest
from attrs import evolve
from tests.report.crm_world import crm_reports

from abcxyz import Analysis, analyze
from abcxyz.core.analysis.past import PastClasses, PastResult
from abcxyz.crm.reports.cycle import CycleReport
from abcxyz.report import render_html
from abcxyz.report.crm_columns import FIRST_REPORTS, PAGE_COLUMNS

pytest.importorskip("jinja2")

UNITS = {"K": 1e3, "M": 1e6, "": 1.0}


def part(page: str, name: str, lang: str = "en") -> str:
    """One section of a page, as it is written."""
    return page.partition(f'<section id="{lang}-{name}"')[2].partition("</section>")[0]


def plain(markup: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", markup))).strip()


def amounts(markup: str) -> list[float]:
    """The amounts of a text such as ``-₽46.1M``."""
    found = re.findall("([\N{MINUS SIGN}+]?)₽([\\d.]+)([KM]?)", plain(markup))
    return [
        float(digits) * UNITS[unit] * (-1 if sign == "\N{MINUS SIGN}" else 1)
        for sign, digits, unit in found
    ]


@pytest.fixture(scope="module")
def page(demo: Analysis) -> str:
    return render_html(demo, languages=["en"], currency="₽")


@pytest.fixture(scope="module")
def russian(demo: Analysis) -> str:
    return render_html(demo, lang="ru", languages=["ru"], currency="₽")


def test_what_is_written_adds_up(page: str) -> None:
    """Someone who adds the rounded steps of the bridge, or the owners, comes to their sum."""
    before, new, grown, shrunk, gone, after = amounts(
        "".join(re.findall(r"<dd>.*?</dd>", part(page, "changes")))
    )
    assert abs(before + new + grown + shrunk + gone - after) <= 0.5e6
    value, change = amounts(page.partition('data-figure="value"')[2].partition("</dd>")[0])
    assert value == after
    assert abs(value - change - before) <= 0.5e6
    owned = re.findall(r'data-label="Revenue">(.*?)</td>', part(page, "owners"))
    assert 4 == len(owned)
    assert abs(sum(amounts("".join(owned))) - value) <= 0.5e6


def test_months_have_whole_names_in_sentences(page: str, russian: str) -> None:
    assert "November 2025 – October 2026" in plain(page)
    assert "Best month: September 2026" in plain(part(page, "months"))
    assert "ноябрь 2025 — октябрь 2026" in plain(russian)
    assert "Лучший месяц — сентябрь 2026" in plain(part(russian, "months", "ru"))


def test_columns_of_nothing_are_left_out(demo: Analysis, page: str) -> None:
    """Without chances, reasons or owners no list has a column of dashes."""
    assert demo.growth is not None
    assert all(math.isnan(one.probability) for one in demo.growth)
    heads = re.findall(r"<th scope=\"col\".*?>(.*?)</th>", part(page, "growth"))
    assert ["Customer", "Missing", "Owner"] == heads
    alone = render_html(
        evolve(demo, attributes={}, alerts=[evolve(one, owner=None) for one in demo.alerts]),
        languages=["en"],
    )
    assert ">Owner</th>" not in part(alone, "growth") + part(alone, "calls")


def test_nobody_is_called_within_the_usual_gap(demo: Analysis) -> None:
    """Whose own gaps are longer than the silence is not silent for longer than usual."""
    assert demo.calls
    assert all(math.isnan(one.usual) or one.days > one.usual for one in demo.calls)
    assert demo.calls.silent_before + demo.calls.never_so_long == sum(
        not math.isnan(one.longest) for one in demo.calls
    )


def test_the_heading_says_who_has_been_silent_longer_before(demo: Analysis, page: str) -> None:
    assert demo.calls is not None
    assert (
        f"and {len(demo.calls) - 1} more; {demo.calls.silent_before} of them have been silent "
        "longer before and came back" in plain(part(page, "calls"))
    )


def test_no_change_is_said_in_words(demo: Analysis) -> None:
    """Not a comparison without a number, nor "0 customers fell"."""
    assert demo.bridge is not None
    same = analyze(demo.panel, as_of=demo.snapshot.as_of, settings=demo.settings)
    made = evolve(demo, previous=same.snapshot, transitions=None)
    made = evolve(made, transitions=made.moves())
    page = render_html(made, languages=["en"])
    assert "No customer changed class" in part(page, "structure")


def test_the_same_moves_are_not_told_twice(demo: Analysis) -> None:
    """The shares over time come first; the moves of the newest result follow once."""
    dates = [date(2026, month, 28) for month in (8, 9, 10)]
    past = [PastResult(dated=day, customers=(1, 2, 3), value=(5.0, 3.0, 2.0)) for day in dates]
    codes = np.zeros((len(demo.snapshot), 3), dtype=np.int8)
    known = evolve(demo, past=past, classes=PastClasses(dates=dates, codes=codes))
    page = render_html(known, languages=["en"])
    assert 0 < page.index('id="en-time"') < page.index('id="en-structure"')
    assert page.index('id="en-structure"') < page.index('id="en-cells"')


def test_reports_on_the_crm_begin_with_what_the_director_asks(demo: Analysis) -> None:
    """Funnel, losses, service levels and what is unusual are open; the others are folded."""
    made = crm_reports(["Anna", "Boris", "sales"])
    page = render_html(evolve(demo, crm=made), languages=["en"], currency="₽")
    names = re.findall(r'<section id="en-crm-(\w+)"', page)
    assert names == [name for name in PAGE_COLUMNS if name in made.reports]
    assert ["funnel", "losses", "sla", "anomalies", "effects"] == list(FIRST_REPORTS) == names[:5]
    for name in names:
        written = part(page, f"crm-{name}")
        assert ("<details><summary><h2" in written) is (name not in FIRST_REPORTS)
        heading = plain(written.partition("<h2")[2].partition("</h2>")[0].partition(">")[2])
        assert not re.search(r"[^\d\s]\.$", heading.replace("days.", "")), heading
        assert not heading.partition(": ")[2].strip()[0].islower(), heading
    assert "Money is in ₽." in part(page, "crm")
    assert "offers:" not in part(page, "crm")


def test_a_cycle_shorter_than_ninety_days_says_nothing_of_them() -> None:
    """Where no deal was open for so long, the share is not known, and no dash stands for it."""
    report = crm_reports(["Anna", "Boris", "sales"]).reports["cycle"]
    assert isinstance(report, CycleReport)
    row = report.funnels[0]
    if math.isnan(row.median):
        row = evolve(row, median=12.8)
    unknown = evolve(row, won_by={**row.won_by, 90: math.nan})
    said = evolve(report, funnels=(unknown,)).explain("en")
    assert "half of the deals are closed after" in said
    assert "–" not in said
    assert "within 90 days" not in said

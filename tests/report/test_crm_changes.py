"""Alarms and effects of changes on the page, in the workbook, and in a notebook."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from pathlib import Path

import pytest
from tests.pipeline.test_anomaly_alerts import BAD, FIRST, job_in

from abcxyz import Analysis
from abcxyz.crm.analysis import CrmAnalysis
from abcxyz.report import render_html, render_workbook

CHANGED = FIRST + timedelta(days=7 * 12)
ANNOUNCED = f"[[changes]]\nday = {CHANGED}\nwhat = '=new <script>'"


@pytest.fixture(scope="module")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    """Return a company with a bad week, and an announced change long before it."""
    folder: Path = tmp_path_factory.mktemp("company")
    return job_in(folder, BAD + 1, ANNOUNCED).analysis


def test_the_page_shows_alarms_effects_and_the_register(analysis: Analysis) -> None:
    page = render_html(analysis, lang="en", languages=["en"])
    section = page.partition('id="en-crm-anomalies"')[2].partition("</section>")[0]
    assert "1\N{NO-BREAK SPACE}figure is not as usual" in section
    assert "win rate: 25.0%" in section
    assert "Carried by ads 50% → 0%." in section
    # A control chart with the marked week, the announced change, and a waterfall of rate and mix.
    assert section.count("<svg") >= 2
    assert "Rate and mix by source" in section
    assert f"{CHANGED}: =new &lt;script&gt;" in section
    effects = page.partition('id="en-crm-effects"')[2].partition("</section>")[0]
    assert "trend without the change" in effects
    assert "may be chance" in effects
    months = page.partition('id="en-months"')[2].partition("</section>")[0]
    (at,) = re.findall(r'class="mark" d="M([\d.]+) 0V100"', months)
    # The window begins in June of the year before: the change is in its tenth month, on the 30th.
    assert float(at) == pytest.approx(90 + 10 * 29 / 31, abs=0.01)
    assert "=new &lt;script&gt;" in months
    assert "не как обычно" in render_html(analysis, lang="ru", languages=["ru"])


def test_the_workbook_has_native_charts(analysis: Analysis) -> None:
    """Control charts with limits, marked weeks and changes; waterfalls; effects with the trend."""
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.load_workbook(io.BytesIO(render_workbook(analysis)))
    sheet, crm = book["Control charts"], analysis.crm
    assert isinstance(crm, CrmAnalysis)
    assert crm.anomalies is not None
    with_waterfall = [one for one in crm.anomalies.alarms if one.answer and one.answer.best]
    assert len(sheet._charts) == len(crm.anomalies.alarms) + len(with_waterfall)
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    heads = ["Week from", "Value", "From", "To", "Expected", "Not as usual", "Announced change"]
    assert sum(row[:7] == heads for row in rows) == len(crm.anomalies.alarms)
    weeks = {row[0].date(): row for row in rows if hasattr(row[0], "date")}
    bad = weeks[FIRST + timedelta(days=7 * BAD)]
    assert bad[1] == bad[5] == 0.25
    assert bad[1] < bad[2] < bad[4] < bad[3]
    assert weeks[CHANGED][7] == "=new <script>"
    assert sheet._charts[0].ser[5].errBars.errDir == "y"
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "d"}
    effects = book["Before and after"]
    assert len(effects._charts) == 1
    after = [
        row[3].value
        for row in effects.iter_rows()
        if hasattr(row[0].value, "date") and row[0].value.date() >= CHANGED
    ]
    assert after
    assert all(0 < one < 1 for one in after)


def test_a_notebook_shows_the_picture_and_the_table(analysis: Analysis) -> None:
    crm = analysis.crm
    assert isinstance(crm, CrmAnalysis)
    for name in ("anomalies", "effects", "funnel"):
        shown = crm.reports[name]._repr_html_()
        assert shown.startswith("<svg")
        assert "<table>" in shown

"""Pictures of changes: control charts, waterfalls, before and after; both languages and themes."""

from __future__ import annotations

import re
from datetime import date
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from tests.crm.changes.companies import company, needs_data

from abcxyz import Transactions, Window
from abcxyz.charts.svg import contrast
from abcxyz.core.decomposition.why_sales import why_sales
from abcxyz.crm import (
    AnnouncedChange,
    anomalies,
    before_after,
    effect_of_change,
    interrupted_time_series,
    why,
)

SVG = "{http://www.w3.org/2000/svg}"
MAY, JUNE = Window("2026-05-01", "2026-06-01"), Window("2026-06-01", "2026-07-01")
CHANGE = AnnouncedChange(day=date(2026, 6, 1), what="<b>new script</b>", stage="OFFER")


def check(result: Any) -> list[str]:
    """Draw a result in both languages, themes and widths; return the words of each."""
    written = []
    for lang in ("en", "ru"):
        for theme, paper in (("light", "#ffffff"), ("dark", "#10161f")):
            for width in (640.0, 340.0):
                root = ET.fromstring(result.plot(lang, theme=theme, width=width))
                assert not list(root.iter(f"{SVG}b"))
                for box in root.iter(f"{SVG}rect"):
                    if not box.get("width", "").endswith("%"):
                        assert float(box.get("x", 0)) + float(box.get("width", 0)) <= width + 0.1
                for line in root.iter(f"{SVG}line"):
                    assert 0 <= float(line.get("x1", 0)) <= width
                    assert 0 <= float(line.get("x2", 0)) <= width
                texts = list(root.iter(f"{SVG}text"))
                assert min(contrast(str(one.get("fill")), paper) for one in texts) >= 4.5
                written.append(" ".join(one.text or "" for one in texts))
                if lang == "ru":
                    assert re.search("[а-я]", written[-1])
    return written


def test_a_waterfall_of_sales_has_every_split() -> None:
    days = [MAY.since, MAY.since, JUNE.since, JUNE.since]
    change = why_sales(Transactions(["a", "b", "b", "c"], days, [100, 50, 80, 10]), MAY, JUNE)
    english, *_, russian = check(change)
    for words in ("By customers", "By segments", "By orders", "customers gone", "before", "after"):
        assert words in english
    assert "По клиентам" in russian


def test_before_and_after_have_the_interval_of_the_change() -> None:
    picture = before_after((20, 100), (35, 100)).plot()
    lines = list(ET.fromstring(picture).iter(f"{SVG}line"))
    assert len(lines) == 4  # an interval with its two ends, and the mark of the figure before
    check(before_after((20, 100), (35, 100)))


def test_a_series_has_its_counterfactual_after_the_change_only() -> None:
    series = interrupted_time_series([20] * 10 + [30] * 10, [50] * 20, 10)
    root = ET.fromstring(series.plot())
    dashed = [one for one in root.iter(f"{SVG}line") if one.get("stroke-dasharray") == "6 4"]
    assert len(dashed) == 1 + 9  # the legend, and nine steps between the ten periods after
    assert len(list(root.iter(f"{SVG}circle"))) == 20
    assert "trend without the change" in check(series)[0]


@needs_data
def test_pictures_of_a_made_company() -> None:
    crm = company("synthetic_stage_drop")
    report = anomalies(crm)
    alarm = next(one for one in report.alarms if "QUALIFIED" in one.key)
    root = ET.fromstring(alarm.plot())
    marked = [one for one in root.iter(f"{SVG}circle") if one.get("r") == "5"]
    assert len(marked) == int(alarm.chart.marked.sum()) > 0
    assert "expected range" in check(report)[0]
    other = AnnouncedChange(day=date(2026, 3, 2), what="other form")
    effect = effect_of_change(
        crm, AnnouncedChange(day=date(2026, 6, 1), what="new script", stage="QUALIFIED"),
        register=(other, CHANGE),
    )  # fmt: skip
    words = check(effect)
    assert "2026-03-02: other form" in words[0] or "other form" in words[0]
    assert "<b>new script</b>" in words[0]  # as text
    assert "register" not in effect.to_dict()
    windows = Window("2026-02-01", "2026-05-01"), Window("2026-05-01", "2026-08-01")
    for metric in ("conversion", "revenue"):
        english, *_, russian = check(why(crm, metric, *windows))
        assert "разрез: source" not in russian
        assert "mix of the groups" in english
        assert ("By stages" if metric == "conversion" else "By factors") in english


@needs_data
@pytest.mark.slow
def test_marks_of_the_register_stand_on_control_charts() -> None:
    crm = company("synthetic_stage_drop")
    other = AnnouncedChange(day=date(2026, 3, 2), what="other form", stage="nowhere")
    alarm = next(one for one in anomalies(crm, changes=[other]).alarms if "QUALIFIED" in one.key)
    assert "other form" in alarm.plot()
    assert "answer" not in alarm.to_dict()

"""Pictures of every result, on light and dark pages, in both languages."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from abcxyz import Settings, analyze, backfill, classify_abc, classify_cv, forecast
from abcxyz.charts import svg
from abcxyz.demo import demo_sales
from abcxyz.errors import InputError


def results() -> dict[str, Any]:
    sales = demo_sales(customers=40).transactions
    before = analyze(sales, as_of="2026-08-01").snapshot
    analysis = analyze(sales, as_of="2026-11-01", previous=before)
    quarters = Settings(period="1Q", bucket="M")
    return {
        "analysis": analysis,
        "abc": analysis.abc,
        "xyz": analysis.xyz,
        "matrix": analysis.matrix,
        "transitions": analysis.transitions,
        "confidence": analysis.confidence,
        "forecast": forecast(
            backfill(sales, since="2025-07-01", as_of="2026-11-01", settings=quarters)
        ),
    }


RESULTS = results()


@pytest.mark.parametrize("name", RESULTS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_result_has_a_picture(name: str, theme: str) -> None:
    """The SVG is well formed, scales with its page, and has the colours of its theme."""
    english, russian = (RESULTS[name].plot(lang, theme=theme) for lang in ("en", "ru"))
    for picture in (english, russian):
        root = ET.fromstring(picture)
        assert root.get("viewBox", "").startswith("0 0 ")
        assert "max-width:100%;height:auto" in root.get("style", "")
        light = {svg.PAPER, svg.INK, svg.MUTED}
        papers = set(re.findall(r'<rect width="100%" height="100%" fill="(#\w+)"', picture))
        assert (papers <= light) == (theme == "light")
    assert english != russian
    assert re.search("[а-я]", russian)
    assert not re.search("[а-я]", english)


def test_the_colours_of_both_themes_are_readable() -> None:
    """Text has a contrast of 4.5 and marks of 3 with a dark page, text on every shade too."""
    dark = svg.Canvas(1, 1, "", "dark")
    paper = dark.colour(svg.PAPER)
    for ink in (svg.INK, svg.MUTED, svg.CLASS_COLOURS[0], svg.TANGENT):
        for ground in (paper, dark.colour(svg.FAINT)):
            assert svg.contrast(dark.colour(ink), ground) >= 4.5
    for mark in (*svg.CLASS_COLOURS, svg.UP, svg.DOWN):
        assert svg.contrast(dark.colour(mark), paper) >= 3
    for step in range(11):
        shade = svg.shade(step / 10, "dark")
        assert svg.contrast(svg.ink_on(shade), shade) >= 4.5


def test_nothing_to_draw_is_drawn_in_the_theme() -> None:
    for result in (classify_abc([None]), classify_cv([None])):
        assert "#10161f" in result.plot(theme="dark")


def test_an_unknown_theme_is_refused() -> None:
    with pytest.raises(InputError, match="no theme 'sepia'; known are light, dark"):
        RESULTS["abc"].plot(theme="sepia")

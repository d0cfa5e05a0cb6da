"""Report page in a real browser: offline, interactive and accessible."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from abcxyz import Analysis
from abcxyz.core.classes.segments import SEGMENTS

pytestmark = pytest.mark.browser

Open = Callable[..., Any]
PAGES = ("demo.en", "demo.ru", "hostile.en", "hostile.ru")
OPEN_ALL = "document.querySelectorAll('details').forEach(one => one.open = true)"


@pytest.mark.parametrize("name", PAGES)
def test_cells_open_their_customers(name: str, opened: Open) -> None:
    """A click on each non-empty cell opens its list and scrolls to it."""
    page = opened(name)
    lang = name[-2:]
    cells = page.locator(f"#{lang} a.cell")
    assert cells.count()
    for i in range(cells.count()):
        segment = cells.nth(i).get_attribute("data-seg")
        panel = page.locator(f"#{lang}-seg-{segment}")
        assert not panel.evaluate("one => one.open")
        cells.nth(i).click()
        page.locator(f"#{lang}-seg-{segment}[open]").wait_for()
        assert panel.locator("tbody tr").first.is_visible()
    # The same cell reopens its list after it was closed.
    panel.locator("summary").click()
    assert not panel.evaluate("one => one.open")
    cells.last.click()
    assert panel.evaluate("one => one.open")


def values(panel: Any, column: int) -> list[float]:
    return [
        float(cell)
        for cell in panel.locator(f"tbody tr td:nth-child({column})").evaluate_all(
            "cells => cells.map(one => one.dataset.v)"
        )
        if cell
    ]


def test_sorting(opened: Open, demo: Analysis) -> None:
    """Numbers sort descending, then ascending; text from A; gaps come last."""
    page = opened("demo.en")
    page.evaluate("location.hash = '#en-seg-CZ'")
    panel = page.locator("#en-seg-CZ")
    heads = panel.locator("thead th")
    for column in (2, 3, 5):
        button = heads.nth(column - 1).locator("button")
        button.click()
        assert "descending" == heads.nth(column - 1).get_attribute("aria-sort")
        column_values = values(panel, column)
        assert column_values == sorted(column_values, reverse=True)
        button.click()
        assert "ascending" == heads.nth(column - 1).get_attribute("aria-sort")
        column_values = values(panel, column)
        assert column_values == sorted(column_values)
    assert 1 == panel.locator("th[aria-sort]").count()
    heads.nth(5).locator("button").click()
    owners = panel.locator("tbody tr td:nth-child(6)").all_text_contents()
    assert owners == sorted(owners)
    assert min(demo.matrix.cell("CZ")[0], 40) == len(owners)
    page.set_viewport_size({"width": 360, "height": 800})
    panel.locator("select").select_option(label="Value")
    column_values = values(panel, 2)
    assert column_values == sorted(column_values, reverse=True)


def test_filters(opened: Open) -> None:
    """Typing filters a list and shows the count; so does the overdue filter."""
    page = opened("demo.ru")
    page.evaluate("location.hash = '#ru-seg-AZ'")
    panel = page.locator("#ru-seg-AZ")
    rows = panel.locator("tbody tr")
    everybody = rows.count()
    name = rows.nth(2).locator("td").first.locator("bdi").first.text_content()
    panel.locator("input[type=search]").fill(name.upper())
    assert 1 == panel.locator("tbody tr:visible").count()
    assert f"показано 1 из {everybody}" == panel.locator(".count").text_content()
    panel.locator("input[type=search]").fill("")
    panel.locator("input[type=checkbox]").check()
    late = panel.locator("tbody tr.late").count()
    assert 0 < late < everybody
    assert late == panel.locator("tbody tr:visible").count()
    assert late == panel.locator(".flag:visible").count()


def test_long_lists_show_their_head(opened: Open) -> None:
    """A dozen rows show until the rest is requested; sorting covers all rows."""
    page = opened("demo.en")
    movers = page.locator("#en-moves table.movers")
    rows = movers.locator("tbody tr")
    assert 12 == movers.locator("tbody tr:visible").count() < rows.count()
    movers.locator("th").last.locator("button").click()
    cells = values(movers, 5)
    assert cells == sorted(cells, reverse=True)
    assert 12 == movers.locator("tbody tr:visible").count()
    page.locator("#en-moves button.all").last.click()
    assert rows.count() == movers.locator("tbody tr:visible").count()


def test_language(opened: Open) -> None:
    """The language switch is one click and preserves the scroll position."""
    page = opened("demo.en")
    assert page.locator("#en").is_visible()
    assert not page.locator("#ru").is_visible()
    page.evaluate("location.hash = '#en-seg-AX'")
    page.locator("#en [data-lang=ru]").click()
    assert page.locator("#ru").is_visible()
    assert not page.locator("#en").is_visible()
    assert "ru" == page.evaluate("document.documentElement.lang")
    assert "Клиенты по сумме и ровности спроса" == page.title()
    page.locator("#ru-seg-AX[open]").wait_for()
    page.locator("#ru [data-lang=en]").click()
    assert page.locator("#en h1").is_visible()


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [360, 800, 1280])
def test_nothing_sticks_out(name: str, width: int, opened: Open) -> None:
    """With every list open the page is never wider than the screen."""
    page = opened(name, width)
    page.evaluate(OPEN_ALL)
    assert width == page.evaluate("document.documentElement.scrollWidth")
    if width == 360:
        # On a phone no part of it needs horizontal scrolling either.
        assert [] == page.evaluate(
            "[...document.querySelectorAll('.scroll')]"
            ".filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.textContent)"
        )


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [360, 1280])
def test_everybody_can_read_it(name: str, width: int, opened: Open) -> None:
    """The accessibility checker axe-core reports nothing serious."""
    module = pytest.importorskip("axe_playwright_python")
    source = (Path(module.__file__).parent / "axe.min.js").read_text("utf-8")
    page = opened(name, width)
    page.evaluate(OPEN_ALL)
    page.evaluate(source)
    result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    serious = [
        (one["id"], node["target"], node["failureSummary"])
        for one in result["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"][:3]
    ]
    assert result["passes"]
    assert [] == serious, json.dumps(serious, indent=1, ensure_ascii=False)


@pytest.mark.parametrize("name", ["demo.en", "demo.ru"])
def test_it_prints(name: str, opened: Open) -> None:
    """A printed page has no buttons, all rows, wide charts and no clipped content."""
    page = opened(name, 700)
    lang = name[-2:]
    page.emulate_media(media="print")
    here = page.locator(f"#{lang}")
    assert not here.locator("nav").is_visible()
    assert not here.locator("input:visible, button.all:visible, .tools:visible").count()
    assert here.locator("figure .full svg").first.is_visible()
    assert not here.locator("figure .slim").first.is_visible()
    movers = here.locator("table.movers tbody tr")
    assert movers.count() == here.locator("table.movers tbody tr:visible").count() > 12
    assert 700 == page.evaluate("document.documentElement.scrollWidth")
    content = page.pdf(prefer_css_page_size=True, print_background=True)
    assert content.startswith(b"%PDF")
    assert 4 <= content.count(b"/Type /Page\n") + content.count(b"/Type /Page /") <= 9


def test_it_reads_without_script(opened: Open) -> None:
    """Without JavaScript all content is reachable, and no dead button is shown."""
    page = opened("demo.ru", script=False)
    assert 9 == page.locator("#ru section h2:visible").count()
    assert not page.locator(".tools:visible, .filters:visible").count()
    assert not page.locator("#en").is_visible()
    for segment in SEGMENTS:
        panel = page.locator(f"#ru-seg-{segment}")
        panel.locator("summary").click()
        assert panel.locator("tbody tr:visible").count() == panel.locator("tbody tr").count() > 0
    assert not page.locator("tr.beyond").count()


def test_hostile_names_are_only_read(opened: Open) -> None:
    """Hostile names are shown as text and neither run, load nor become elements."""
    page = opened("hostile.en")
    page.evaluate(OPEN_ALL)
    text = page.locator("#en").inner_text()
    assert "<script>alert(1)</script>" in text
    assert "</title></style><img src=x onerror=alert(2)>" in text
    assert "{{ 7 * 7 }}" in text
    assert 1 == page.locator("script").count()
    assert 0 == page.locator("img, iframe, object, embed").count()
    assert "rtl" not in page.locator("#en bdi").evaluate_all(
        "all => all.map(one => getComputedStyle(one.parentNode).direction)"
    )
    width = page.evaluate("document.documentElement.scrollWidth")
    assert 1280 == width

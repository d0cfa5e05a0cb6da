"""How the page looks in Chromium: nothing is cut, covered or too small to read."""

from __future__ import annotations

import itertools
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attrs import evolve
from tests.browser.conftest import visit
from tests.browser.test_page import OPEN_ALL, check, ready
from tests.report.crm_world import crm_reports

from abcxyz import Analysis, Settings, analyze
from abcxyz.core.analysis.past import PastClasses, PastResult
from abcxyz.core.classes.rules import Limits, Rule
from abcxyz.core.sales.transactions import Transactions
from abcxyz.report import render_html
from abcxyz.tables.sales import read_sales

pytestmark = pytest.mark.browser

#: Letters of charts as large as a reader sees them, in pixels.
LETTERS = """() => [...document.querySelectorAll("svg text")]
  .filter(one => one.getBoundingClientRect().width)
  .map(one => parseFloat(getComputedStyle(one).fontSize) * one.getScreenCTM().a)"""
#: Texts that stand outside of the screen at its left or right.
OUTSIDE = """() => [...document.querySelectorAll("main *, header *, .bar *")]
  .filter(one => one.childElementCount === 0 && one.textContent.trim()
    && one.getClientRects().length && !one.closest(".unseen, svg, .card")
    && getComputedStyle(one).visibility === "visible")
  .map(one => [one.textContent, one.getBoundingClientRect()])
  .filter(([, box]) => box.left < -0.5 || box.right > innerWidth + 0.5).map(([text]) => text)"""


def monthly(amounts: list[list[float]], names: list[str], abc: Rule | None = None) -> Analysis:
    """Two years of one sale a month for each customer."""
    days = [np.datetime64("2024-11-05") + np.timedelta64(30 * month, "D") for month in range(24)]
    sales = Transactions(
        np.array(names * 24, dtype=object),
        np.repeat(np.array(days, dtype="M8[D]"), len(names)),
        np.array(amounts).ravel(),
    )
    settings = Settings() if abc is None else Settings(abc=abc)
    return analyze(sales, as_of=date(2026, 11, 1), settings=settings)


@pytest.fixture(scope="module")
def worlds(demo: Analysis, hostile: Analysis, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Pages of results of all sizes, with everything that a page may show."""
    days = [date(2026, month, 28) for month in (8, 9, 10)]
    past = [PastResult(dated=day, customers=(1, 2, 3), value=(5.0, 3.0, 2.0)) for day in days]
    codes = np.random.default_rng(5).integers(-1, 9, (len(demo.snapshot), 3)).astype(np.int8)
    whole = evolve(
        demo,
        past=past,
        classes=PastClasses(dates=days, codes=codes),
        crm=crm_reports(["Дятлова Мария", "Ершов Олег", "Продажи"]),
    )
    steady = [[1e5 + month, 400.0 * (month % 3), 70.0] for month in range(24)]
    made = {
        "whole": whole,
        "hostile": hostile,
        "three": monthly(steady, ["Альфа", "Бета", "Гамма"]),
        "one": monthly([[4e11 + month] for month in range(24)], ["Единственный покупатель"]),
        # Nobody is in class B.
        "empty": monthly(steady, ["Альфа", "Бета", "Гамма"], Limits(first=5e4, second=4e4)),
    }
    folder = tmp_path_factory.mktemp("worlds")
    files = {}
    for name, analysis in made.items():
        files[name] = folder / f"{name}.html"
        files[name].write_text(render_html(analysis, lang="ru", currency="₽"), "utf-8")
    return files


@pytest.mark.parametrize("name", ["whole", "hostile", "three", "one", "empty"])
@pytest.mark.parametrize("width", [360, 390, 768, 1280, 1920])
def test_nothing_is_cut(chromium: Any, worlds: dict[str, Path], name: str, width: int) -> None:
    """Every text is on the screen, and letters of charts are not smaller than eleven pixels."""
    with visit(chromium, worlds[name], width, script=True) as page:
        ready(page)
        page.evaluate(OPEN_ALL)
        assert [] == page.evaluate(OUTSIDE)
        assert width == page.evaluate("document.documentElement.scrollWidth")
        letters = page.evaluate(LETTERS)
        assert letters
        assert 11 < min(letters)
        assert 25 > max(letters)


@pytest.mark.parametrize("name", ["whole", "hostile", "three", "one", "empty"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_core_finds_nothing_in_any_result(
    chromium: Any, worlds: dict[str, Path], name: str, width: int
) -> None:
    with visit(chromium, worlds[name], width, script=True) as page:
        _check_both(page)


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_core_finds_nothing_in_real_sales(
    chromium: Any, shared_data: Path, width: int, tmp_path: Path
) -> None:
    """Thousands of customers without names, with calls, moves and notices."""
    sales = read_sales(shared_data / "online_retail.csv.gz")
    settings, day = Settings(period="6M"), date(2011, 12, 1)
    before = analyze(sales.transactions, as_of=date(2011, 11, 1), settings=settings)
    analysis = analyze(
        sales.transactions,
        as_of=day,
        settings=settings,
        previous=before.snapshot,
        quality=sales.quality,
    )
    file = tmp_path / "real.html"
    file.write_text(render_html(analysis, lang="ru", currency="£"), "utf-8")
    with visit(chromium, file, width, script=True) as page:
        _check_both(page)
        assert [] == page.evaluate(OUTSIDE)


def _check_both(page: Any) -> None:
    """Check both languages in both colours, with everything open."""
    module = pytest.importorskip("axe_playwright_python")
    source = (Path(module.__file__).parent / "axe.min.js").read_text("utf-8")
    ready(page)
    page.evaluate(OPEN_ALL)
    page.evaluate(source)
    for lang in ("ru", "en"):
        page.evaluate(f"location.hash = '#lang={lang}'")
        page.locator(f"#{lang} h1").wait_for()
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            check(page)


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_labels_and_amounts_are_whole(chromium: Any, worlds: dict[str, Path], lang: str) -> None:
    """On a phone a label of two lines is within its row; no amount is broken at its sign."""
    with visit(chromium, worlds["whole"], 360, script=True) as page:
        ready(page)
        page.evaluate(f"location.hash = '#lang={lang}'")
        page.locator(f"#{lang} h1").wait_for()
        page.evaluate(OPEN_ALL)
        labels = page.evaluate(
            """lang => [...document.querySelectorAll(`#${lang} td[data-label]`)]
              .filter(one => one.clientHeight).map(one => [one.dataset.label,
                parseFloat(getComputedStyle(one, "::before").height), one.clientHeight])""",
            lang,
        )
        assert any(height > 40 for _, height, _ in labels)
        assert [] == [one for one in labels if one[1] > one[2]]
        broken = page.evaluate(
            """lang => [...document.querySelectorAll(`#${lang} b`)]
              .filter(one => /[0-9][KMB]?$/.test(one.textContent))
              .filter(one => one.getClientRects().length > 1).map(one => one.textContent)""",
            lang,
        )
        assert [] == broken


def test_the_bar_leaves_room_on_a_phone(chromium: Any, worlds: dict[str, Path]) -> None:
    """What sticks to the top takes an eighth of the screen at most, and says its choices whole."""
    with visit(chromium, worlds["whole"], 360, script=True) as page:
        ready(page)
        assert 106 >= page.locator("#ru .bar").bounding_box()["height"]
        narrow = page.evaluate(
            """() => [...document.querySelectorAll("#ru .bar select")]
              .filter(one => one.checkVisibility({contentVisibilityAuto: true})).map(one => {
                const ruler = document.createElement("canvas").getContext("2d");
                const style = getComputedStyle(one);
                ruler.font = `${style.fontSize} ${style.fontFamily}`;
                const text = one.selectedOptions[0].text;
                return [text, ruler.measureText(text).width + 24 > one.clientWidth];
              }).filter(([, cut]) => cut)"""
        )
        assert [] == narrow


def test_moves_of_the_newest_result_stand_once(chromium: Any, worlds: dict[str, Path]) -> None:
    """Another month replaces them; the newest one shows them with their money again."""
    with visit(chromium, worlds["whole"], 1280, script=True) as page:
        ready(page)
        newest, chosen = page.locator("#ru-structure"), page.locator("#ru-time .moves > div")
        assert (newest.is_visible(), chosen.is_visible()) == (True, False)
        page.locator("#ru-time select").select_option("2026-09-28")
        assert (newest.is_visible(), chosen.is_visible()) == (False, True)
        page.locator("#ru [name=segment]").select_option("AX")
        page.locator("#ru .clear").click()
        assert (newest.is_visible(), chosen.is_visible()) == (True, False)


def test_every_control_is_reached_and_seen(chromium: Any, worlds: dict[str, Path]) -> None:
    """With the Tab key alone: no control is passed over, none is hidden, and focus is outlined."""
    with visit(chromium, worlds["whole"], 1280, script=True) as page:
        ready(page)
        wanted = page.evaluate(
            """() => [...document.querySelectorAll("a[href], button, input, select, summary")]
              .filter(one => one.checkVisibility() && !one.disabled).length"""
        )
        seen = []
        for _ in range(wanted):
            page.keyboard.press("Tab")
            seen.append(
                page.evaluate(
                    """() => {
                      const one = document.activeElement, box = one.getBoundingClientRect();
                      one.reached = (one.reached || 0) + 1;
                      return [one.reached, box.width > 0 && box.height > 0,
                        getComputedStyle(one).outlineStyle];
                    }"""
                )
            )
        assert [[1, True, "solid"]] * wanted == seen


@pytest.mark.parametrize("name", ["whole", "one"])
def test_a_printed_page_is_short_and_whole(
    chromium: Any, worlds: dict[str, Path], name: str
) -> None:
    """Tables that only repeat a chart stay folded; two pictures stand beside each other."""
    with visit(chromium, worlds[name], 700, script=True) as page:
        ready(page)
        content = page.pdf(prefer_css_page_size=True)
        pages = content.count(b"/Type /Page\n") + content.count(b"/Type /Page /")
        assert 1 < pages <= (11 if name == "whole" else 4)
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert not page.locator("#ru .data[open], #ru .other details[open]").count()
        curve, lorenz = (
            page.locator("#ru-curve .pair figure").nth(k).bounding_box() for k in (0, 1)
        )
        assert abs(curve["y"] - lorenz["y"]) < 2
        labels = page.evaluate(
            """() => [...document.querySelectorAll("#ru .labels span")]
              .filter(one => one.textContent && getComputedStyle(one).visibility === "visible")
              .map(one => { const range = document.createRange(); range.selectNodeContents(one);
                const box = range.getBoundingClientRect(); return [box.left, box.right]; })"""
        )
        assert all(one[1] < next_[0] for one, next_ in itertools.pairwise(labels))


def test_a_page_at_twice_its_size(chromium: Any, worlds: dict[str, Path]) -> None:
    """200 % zoom of a small desk is a screen of 640 pixels: all of it is there."""
    context = chromium.new_context(viewport={"width": 640, "height": 400}, device_scale_factor=2)
    page = context.new_page()
    page.goto(worlds["whole"].as_uri())
    ready(page)
    page.evaluate(OPEN_ALL)
    assert 640 == page.evaluate("document.documentElement.scrollWidth")
    assert [] == page.evaluate(OUTSIDE)
    assert page.locator("#ru .bar").bounding_box()["height"] < 110
    context.close()

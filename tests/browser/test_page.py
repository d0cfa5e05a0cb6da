"""Report page in a real browser: offline, interactive and accessible."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attrs import evolve
from tests.browser.conftest import address_of, visit

from abcxyz import Analysis
from abcxyz.core.analysis.customer_columns import by_value
from abcxyz.core.analysis.past import PastClasses, PastResult
from abcxyz.core.classes.segments import SEGMENTS
from abcxyz.core.dynamics.events import EVENTS, event_table
from abcxyz.i18n import compact
from abcxyz.report import render_html
from abcxyz.report.vocabulary import EVENT_NAMES

pytestmark = pytest.mark.browser

Open = Callable[..., Any]
PAGES = ("demo.en", "demo.ru", "hostile.en", "hostile.ru")
OPEN_ALL = "document.querySelectorAll('details').forEach(one => one.open = true)"


def ready(page: Any) -> Any:
    """Wait until the script has unpacked the customers."""
    page.wait_for_selector("html.ready", state="attached")
    return page


def unbroken(written: str) -> str:
    """A date as the page writes it, which is not broken at its hyphens."""
    return re.sub(r"(?<=\d)-", "-\N{WORD JOINER}", written)


def found(page: Any) -> list[str]:
    """Names of the customers in the list, from the first one on."""
    names: list[str] = page.locator(".virtual li .who bdi:visible").all_text_contents()
    return names


@pytest.mark.parametrize("name", PAGES)
def test_cells_filter_the_customers(name: str, opened: Open) -> None:
    """A click on each non-empty cell lists its customers, and the same click lists all again."""
    page = ready(opened(name))
    lang = name[-2:]
    cells = page.locator(f"#{lang} a.cell")
    assert cells.count()
    for i in range(cells.count()):
        segment = cells.nth(i).get_attribute("data-cell")
        cells.nth(i).click()
        assert f"lang={lang}" in address_of(page)
        assert f"segment={segment}" in address_of(page)
        tags = page.locator(f"#{lang} .virtual li .tag").all_text_contents()
        assert tags
        assert {segment} == set(tags)
    cells.last.click()
    assert not page.locator(f"#{lang} .found").is_visible()


def test_search_finds_every_customer(opened: Open, demo: Analysis) -> None:
    """Typing finds a customer by name or identifier, in any case, with e for ё."""
    page = ready(opened("demo.ru"))
    box = page.locator("#ru [name=q]")
    customers = demo.snapshot.customers.tolist()
    for who in (customers[0], customers[-1], customers[len(customers) // 2]):
        box.fill(str(who).lower())
        assert demo.names[who].split()[-1] in found(page)[0]
    with_yo = next(name for name in demo.names.values() if "ё" in name.lower())
    box.fill(with_yo.upper().replace("Ё", "Е"))
    assert with_yo in found(page)
    box.fill("нет такого клиента")
    assert not page.locator("#ru .virtual").is_visible()
    assert "Под фильтр никто не подходит." == page.locator("#ru .count").text_content()


def test_filters_are_in_the_address(opened: Open, demo: Analysis) -> None:
    """Owner and segment narrow lists, figures and calls; the address opens the same state."""
    page = ready(opened("demo.ru"))
    owner = str(next(one["owner"] for one in demo.attributes.values() if one.get("owner")))
    page.locator("#ru [name=owner]").select_option(owner)
    whose = {str(who) for who, one in demo.attributes.items() if one.get("owner") == owner}
    shown = page.locator("#ru .count").text_content()
    assert shown.split()[2] == str(len(whose & set(demo.snapshot.customers)))
    calls = page.locator("#ru .calls > li:visible").count()
    assert demo.calls is not None
    assert calls == sum(one.owner == owner for one in demo.calls)
    page.locator("#ru [name=segment]").select_option("CZ")
    address, listed = address_of(page), found(page)
    page = ready(opened("demo.ru"))
    page.evaluate(f"location.hash = {json.dumps(address.partition('#')[2])}")
    page.locator("#ru .found").wait_for()
    assert listed == found(page)
    assert owner == page.locator("#ru [name=owner]").input_value()
    page.locator("#ru .clear").click()
    assert not page.locator("#ru .found").is_visible()
    assert demo.calls is not None
    assert len(demo.calls) == page.locator("#ru .calls > li:visible").count()


def test_figures_of_the_chosen(opened: Open, demo: Analysis) -> None:
    """The revenue of a segment is written as the page writes it, by the same rules."""
    page = ready(opened("demo.ru"))
    written = page.locator("#ru [data-figure=value] .big")
    whole = written.text_content()
    assert compact(demo.summary().total_value, "ru", "₽") == whole
    for one in demo.summary().segments:
        page.locator("#ru [name=segment]").select_option(one.segment)
        assert compact(one.value, "ru", "₽") == written.text_content()
    page.locator("#ru .clear").click()
    assert whole == written.text_content()


def test_a_step_of_the_bridge_opens_names(opened: Open, demo: Analysis) -> None:
    """A click on what changed lists the customers who did it."""
    page = ready(opened("demo.en"))
    assert demo.bridge is not None
    for one in demo.bridge.steps:
        page.locator(f"#en .bridge a[data-go='step={one.step}']").click()
        count = page.locator("#en .count").text_content()
        assert count.split()[2] == str(one.customers)


def test_the_card_of_a_customer(opened: Open, demo: Analysis) -> None:
    """A click opens the card, the address leads to it, and Escape closes it."""
    page = ready(opened("demo.en"))
    assert demo.calls is not None
    who = demo.calls[0].customer
    page.locator("#en .calls a.open").first.click()
    card = page.locator("#en .card")
    assert card.is_visible()
    assert demo.names[who] == card.locator("h2").text_content()
    assert f"customer={who}" in address_of(page)
    assert 24 >= card.locator(".strip rect").count() > 0
    page.keyboard.press("Escape")
    assert not card.is_visible()
    assert "customer=" not in address_of(page)
    page.evaluate(f"location.hash = '#lang=en&customer={who}'")
    card.wait_for()
    page.emulate_media(media="print")
    assert card.is_visible()
    assert not page.locator("#en main").is_visible()


def test_the_card_shows_the_classes_by_date(chromium: Any, demo: Analysis, tmp_path: Path) -> None:
    """Where the job has a history: since when, what before, and every change."""
    codes = np.repeat(demo.snapshot.segment[:, None], 4, axis=1)
    order = by_value(demo)
    changed, stayed = int(order[0]), int(order[1])
    codes[changed, 0], codes[changed, 1:3] = -1, SEGMENTS.index("BX")
    dates = [date(2026, month, 30) for month in (6, 7, 8, 9)]
    file = tmp_path / "past.html"
    known = evolve(demo, classes=PastClasses(dates=dates, codes=codes))
    file.write_text(render_html(known, lang="en"), "utf-8")
    customers = demo.snapshot.customers
    with visit(chromium, file, 390, script=True) as page:
        ready(page)
        now = SEGMENTS[demo.snapshot.segment[changed]]
        page.evaluate(f"location.hash = '#lang=en&customer={customers[changed]}'")
        card = page.locator("#en .card")
        card.wait_for()
        assert (
            f"{now} since {unbroken('2026-09-30')}, before BX"
            == card.locator(".since").text_content()
        )
        past = [f"2026-09-30 {now}", "2026-07-30 BX", "2026-06-30 no sales"]
        assert [unbroken(one) for one in past] == card.locator(".past li").all_text_contents()
        page.evaluate(f"location.hash = '#lang=en&customer={customers[stayed]}'")
        same = SEGMENTS[demo.snapshot.segment[stayed]]
        page.get_by_text(unbroken(f"{same} since 2026-06-30"), exact=True).wait_for()


def test_moves_of_the_chosen_month(chromium: Any, demo: Analysis, tmp_path: Path) -> None:
    """The moves of any month are those of its classes; the month is in the address."""
    dates = [date(2026, month, 28) for month in (6, 7, 8, 9, 10)]
    codes = np.random.default_rng(5).integers(-2, 9, (len(demo.snapshot), len(dates)))
    past = [PastResult(dated=day, customers=(1, 2, 3), value=(5.0, 3.0, 2.0)) for day in dates]
    known = evolve(demo, past=past, classes=PastClasses(dates=dates, codes=codes.astype(np.int8)))
    file = tmp_path / "months.html"
    file.write_text(render_html(known, lang="en"), "utf-8")
    table = event_table(9)
    with visit(chromium, file, 390, script=True) as page:
        ready(page)
        for k in (1, 2, 4):
            page.locator("#en-time select").select_option(dates[k].isoformat())
            assert f"month={dates[k]}" in address_of(page)
            counts = Counter(
                EVENTS[table[was, now]]
                for was, now in codes[:, k - 1 : k + 1]
                if was > -2 or now > -2
            )
            shown = page.locator("#en-time .event").all_text_contents()
            assert shown == [f"{EVENT_NAMES[one]}: {counts[one]}" for one in EVENTS if counts[one]]
            assert 10 == page.locator("#en-time .names li").count()
        page.locator("#en [name=segment]").select_option("AX")
        assert not page.locator("#en-time").is_visible()


def test_the_keyboard_alone(opened: Open) -> None:
    """Search, list and card work with keys only, and the focus is never on hidden elements."""
    page = ready(opened("demo.en"))
    page.locator("#en [name=q]").focus()
    page.keyboard.type("ооо")
    while "place" not in page.evaluate("Object.keys(document.activeElement.dataset)"):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getBoundingClientRect().width") > 0
    for key, place in (("ArrowDown", "1"), ("ArrowDown", "2"), ("ArrowUp", "1"), ("Home", "0")):
        page.keyboard.press(key)
        assert place == page.evaluate("document.activeElement.dataset.place")
    page.keyboard.press("End")
    last = page.evaluate(
        "document.activeElement.getAttribute('aria-posinset') "
        "|| document.activeElement.parentNode.getAttribute('aria-posinset')"
    )
    assert last == page.evaluate("document.activeElement.parentNode.getAttribute('aria-setsize')")
    page.keyboard.press("Enter")
    assert page.locator("#en .card").is_visible()


def test_language(opened: Open) -> None:
    """The language switch is one click and keeps the filters."""
    page = ready(opened("demo.en"))
    assert page.locator("#en").is_visible()
    assert not page.locator("#ru").is_visible()
    page.locator("#en [name=segment]").select_option("AX")
    page.locator("#en [data-lang=ru]").click()
    assert page.locator("#ru").is_visible()
    assert not page.locator("#en").is_visible()
    assert "ru" == page.evaluate("document.documentElement.lang")
    assert "Клиенты по сумме и ровности спроса" == page.title()
    assert "AX" == page.locator("#ru [name=segment]").input_value()
    page.locator("#ru [data-lang=en]").click()
    assert page.locator("#en h1").is_visible()


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [320, 360, 390, 640, 768, 1280, 1920])
def test_nothing_sticks_out(name: str, width: int, opened: Open) -> None:
    """With every list open the page is never wider than the screen."""
    page = ready(opened(name, width))
    page.evaluate(OPEN_ALL)
    assert width == page.evaluate("document.documentElement.scrollWidth")
    # No part of it needs horizontal scrolling either.
    assert [] == page.evaluate(
        "[...document.querySelectorAll('section, table, dl, ol')].filter(one => one.clientWidth)"
        ".filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.textContent)"
    )


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [360, 1280])
def test_everybody_can_read_it(name: str, width: int, opened: Open) -> None:
    """The accessibility checker axe-core reports nothing at all, cards and lists included."""
    module = pytest.importorskip("axe_playwright_python")
    source = (Path(module.__file__).parent / "axe.min.js").read_text("utf-8")
    page = ready(opened(name, width))
    page.evaluate(OPEN_ALL)
    page.evaluate(source)
    lang = name[-2:]
    for state, scheme in ((f"#lang={lang}&q=о", "light"), (f"#lang={lang}&segment=AX", "dark")):
        page.emulate_media(color_scheme=scheme)
        page.evaluate(f"location.hash = '{state}'")
        check(page)
    first = page.locator(f"#{lang} .virtual button").first
    if first.count():
        first.click()
        page.locator(f"#{lang} .card").wait_for()
        check(page)


def check(page: Any) -> None:
    result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    found = [
        (one["id"], node["target"], node["failureSummary"])
        for one in result["violations"]
        for node in one["nodes"][:3]
    ]
    assert result["passes"]
    assert [] == found, json.dumps(found, indent=1, ensure_ascii=False)


@pytest.mark.parametrize("name", ["demo.en", "demo.ru"])
def test_it_prints(name: str, opened: Open) -> None:
    """A printed page has no buttons, all rows, wide charts and no clipped content."""
    page = ready(opened(name, 700))
    lang = name[-2:]
    page.emulate_media(media="print")
    here = page.locator(f"#{lang}")
    assert not here.locator("input:visible, button:visible").count()
    assert here.locator(".calls > li:visible").count()
    assert here.locator(".chart").is_visible()
    assert 700 == page.evaluate("document.documentElement.scrollWidth")
    content = page.pdf(prefer_css_page_size=True, print_background=True)
    assert content.startswith(b"%PDF")
    assert 2 <= content.count(b"/Type /Page\n") + content.count(b"/Type /Page /") <= 9


def test_it_reads_without_script(opened: Open) -> None:
    """Without JavaScript all content is reachable, and no dead button is shown."""
    page = opened("demo.ru", script=False)
    assert 10 <= page.locator("#ru section h2:visible").count()
    assert not page.locator(".tools:visible, .bar:visible, button:visible").count()
    assert not page.locator("#en").is_visible()
    # A link to a segment opens its list, and names are no links that lead nowhere.
    assert not page.locator("a.open[href]").count()
    page.locator("#ru a.cell[data-cell=BZ]").click()
    panel = page.locator("#ru [data-panel=BZ]")
    assert panel.locator("tbody tr:visible").count() == panel.locator("tbody tr").count() > 0
    for segment in SEGMENTS:
        assert page.locator(f"#ru [data-panel={segment}] summary").is_visible()


def test_hostile_names_are_only_read(opened: Open) -> None:
    """Hostile names are shown as text and neither run, load nor become elements."""
    page = ready(opened("hostile.en"))
    page.evaluate(OPEN_ALL)
    page.locator("#en [name=q]").fill("#")
    for one in page.locator("#en .virtual button").all()[:12]:
        one.click()
        page.keyboard.press("Escape")
    text = page.locator("#en").inner_text()
    assert "<script>alert(1)</script>" in text
    assert "</title></style><img src=x onerror=alert(2)>" in text
    assert "{{ 7 * 7 }}" in text
    assert 1 == page.locator("script:not([type])").count()
    assert 0 == page.locator("img, iframe, object, embed").count()
    assert "rtl" not in page.locator("#en bdi").evaluate_all(
        "all => all.map(one => getComputedStyle(one.parentNode).direction)"
    )
    width = page.evaluate("document.documentElement.scrollWidth")
    assert 1280 == width


def test_public_data_filter_the_customers(chromium: Any, demo: Analysis, tmp_path: Path) -> None:
    """Industries and sizes are chosen by their names, which follow the language."""
    firms = [{"industry": "G", "employees": 12}, {"industry": "F", "employees": 300}]
    known = {one: firms[k % 2] for k, one in enumerate(demo.snapshot.customers.tolist())}
    file = tmp_path / "firms.html"
    file.write_text(render_html(evolve(demo, attributes=known), lang="ru"), "utf-8")
    with visit(chromium, file, 1280, script=True) as page:
        ready(page)
        page.locator("#ru [name='by industry']").select_option(label="строительство", force=True)
        wanted = {demo.names[one] for one, firm in known.items() if firm["industry"] == "F"}
        page.wait_for_url("**industry=F**")
        assert found(page)
        assert set(found(page)) <= wanted
        options = page.locator("#en [name='by size'] option").all_text_contents()
        assert options == ["Size of the firm", "large firm", "micro firm"]

"""Live page in a real browser: opened by the address of the command, and changed by a person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.browser.conftest import address_of
from tests.browser.test_looks import OUTSIDE
from tests.browser.test_page import OPEN_ALL
from tests.dashboard.conftest import Served, serve, served, world

from abcxyz.history import History

__all__ = ["serve", "served", "world"]

pytestmark = pytest.mark.browser


@contextmanager
def visit(browser: Any, live: Served, width: int = 1280, *, script: bool = True) -> Iterator[Any]:
    """Open the first address; on exit no request has left the server, and no error was logged."""
    context = browser.new_context(
        viewport={"width": width, "height": 800}, java_script_enabled=script
    )
    page = context.new_page()
    hosts: set[str] = set()
    messages: list[str] = []
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page.on("console", lambda message: messages.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.goto(live.first)
    yield page
    page.wait_for_timeout(50)
    context.close()
    assert {urlsplit(live.base).netloc} == {one for one in hosts if one}
    assert [] == messages


def test_the_first_address_opens_the_page_without_the_token(chromium: Any, served: Served) -> None:
    with visit(chromium, served) as page:
        page.wait_for_selector("html.ready", state="attached")
        assert f"{served.base}/" == address_of(page).partition("#")[0]
        assert "token" not in page.evaluate("document.cookie + location.href")
        page.locator("[name=q]").fill(str(served.analysis.snapshot.customers[0]))
        assert 1 == page.locator(".virtual li").count()


def test_the_card_logs_an_outcome(chromium: Any, served: Served) -> None:
    """The card shows the classes of every month, and a button logs what became of the call."""
    assert served.analysis.calls is not None
    who = str(served.analysis.calls[0].customer)
    with visit(chromium, served) as page:
        page.wait_for_selector("html.ready", state="attached")
        page.locator(".calls a.open").first.click()
        known = page.locator(".card .known")
        known.wait_for()
        assert 4 == known.locator("tbody tr").count()
        known.get_by_role("button", name="Called").click()
        page.wait_for_url("**/customer?**")
        assert "customer called" in page.locator(".outcomes").inner_text()
    with History(served.history, read_only=True) as history:
        assert [who] == [one.customer for one in history.outcomes()]


@pytest.mark.parametrize("script", [True, False])
def test_alerts_are_snoozed_by_keyboard(chromium: Any, served: Served, script: bool) -> None:
    """Forms work without a script; a snoozed alert is last and can be woken."""
    with visit(chromium, served, 390, script=script) as page:
        page.get_by_role("link", name="Alerts").click()
        before = page.locator(".alerts li").count()
        page.locator(".alerts li").first.get_by_role("button", name="Snooze for 7 days").focus()
        page.keyboard.press("Enter")
        page.locator(".alerts li.snoozed").wait_for()
        assert before == page.locator(".alerts li").count()
        page.locator(".alerts li").last.get_by_role("button", name="Wake").click()
        page.locator(".alerts li.snoozed").wait_for(state="detached")
        width = page.evaluate("document.documentElement.scrollWidth") if script else 390
        assert width <= 390


def test_the_slider_goes_to_a_date_with_the_same_filters(chromium: Any, served: Served) -> None:
    """Keys move the slider; the filters stay, and the chosen date is that of the export."""
    with visit(chromium, served) as page:
        page.wait_for_selector("html.ready", state="attached")
        page.locator("[name=segment]").select_option("AX")
        page.get_by_role("slider").focus()
        assert "31" in page.get_by_role("slider").get_attribute("aria-valuetext")
        page.keyboard.press("ArrowLeft")
        page.wait_for_url("**at=2026-09-30**")
        page.wait_for_selector("html.ready", state="attached")
        assert "segment=AX" in address_of(page)
        address = page.locator(".found .export").get_attribute("href")
        assert "at=2026-09-30" in address
        assert "segment=AX" in address
        page.locator(".choice select").select_option("2026-07-31")
        page.wait_for_url("**at=2026-07-31**")


def test_two_dates_are_chosen_without_a_script(chromium: Any, served: Served) -> None:
    with visit(chromium, served, 390, script=False) as page:
        page.get_by_role("link", name="Compare").click()
        page.get_by_label("Before").select_option("2026-07-31")
        page.get_by_role("button", name="Show").click()
        page.wait_for_url("**before=2026-07-31**")
        assert "2026-07-31" == page.get_by_label("Before").input_value()


def test_filters_and_cells_lead_to_a_redrawn_page(chromium: Any, served: Served) -> None:
    """A cell and a filter narrow the list; the link redraws the page for the chosen alone."""
    with visit(chromium, served) as page:
        page.wait_for_selector("html.ready", state="attached")
        cell = page.locator("a.cell").first
        segment = cell.get_attribute("data-cell")
        cell.click()
        tags = page.locator(".virtual li .tag").all_text_contents()
        assert {segment} == set(tags)
        owner = page.locator("[name=owner] option").nth(1).get_attribute("value")
        page.locator("[name=owner]").select_option(owner)
        shown = page.locator(".count").text_content().split()[2]
        page.get_by_role("link", name="Redraw the page for them").click()
        page.wait_for_url("**owner=**")
        page.wait_for_selector("html.ready", state="attached")
        note = page.locator(".only").text_content()
        assert f"of the chosen customers only: {shown} (" in note.replace("\xa0", " ")
        page.get_by_role("link", name="Show all").click()
        page.wait_for_selector("html.ready", state="attached")
        assert not page.locator(".only").count()


def test_an_earlier_result_says_so(chromium: Any, served: Served) -> None:
    with visit(chromium, served) as page:
        page.goto(f"{served.base}/?lang=en&at=2026-08-31")
        assert "This is the result of" in page.locator(".only").text_content()
        page.get_by_role("link", name="Show the newest").click()
        page.wait_for_selector("html.ready", state="attached")
        assert not page.locator(".only").count()
        assert "2026-10-31" == page.locator(".choice select").input_value()


@pytest.mark.parametrize("lang", ["en", "ru"])
@pytest.mark.parametrize("width", [360, 390, 640, 768, 1280, 1920])
def test_nothing_is_cut_on_any_page(chromium: Any, served: Served, lang: str, width: int) -> None:
    """Texts stay on the screen, also at 200 % of a small desk, which is one of 640 pixels."""
    who = str(served.analysis.snapshot.customers[0])
    paths = ["/", "/alerts", "/compare", f"/customer?id={who}", "/?at=2026-08-31"]
    with visit(chromium, served, width) as page:
        for path in paths:
            page.goto(served.base + path + ("&" if "?" in path else "?") + f"lang={lang}")
            page.evaluate(OPEN_ALL)
            assert [] == page.evaluate(OUTSIDE), path
            assert width == page.evaluate("document.documentElement.scrollWidth"), path


@pytest.mark.parametrize("lang", ["en", "ru"])
@pytest.mark.parametrize(
    "path", ["/", "/alerts", "/compare", "/customer?id={who}", "/?at=2026-08-31"]
)
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_core_finds_nothing(
    chromium: Any, served: Served, path: str, width: int, lang: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    who = str(served.analysis.snapshot.customers[0])
    address = served.base + path.format(who=who) + ("&" if "?" in path else "?") + f"lang={lang}"
    with visit(chromium, served, width) as page:
        page.goto(address)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found = axe.run(page)
            assert 0 == found.violations_count, found.generate_report()


def test_a_page_prints_without_its_buttons(chromium: Any, served: Served) -> None:
    with visit(chromium, served, 700) as page:
        for path in ("/", "/alerts", "/compare"):
            page.goto(f"{served.base}{path}?lang=en")
            page.emulate_media(media="print")
            assert not page.locator("button:visible, .pages:visible, input:visible").count(), path
            assert page.locator("h1").is_visible()
            assert 700 == page.evaluate("document.documentElement.scrollWidth")

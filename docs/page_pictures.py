"""Photograph the page and the live page for the README: ``python docs/page_pictures.py``.

It needs the packages of the group ``browser``, the extra ``serve`` and Chromium.
"""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from attrs import evolve
from playwright.sync_api import sync_playwright

from abcxyz import Analysis, analyze
from abcxyz.core.advice.calls import CallOutcome
from abcxyz.dashboard.app import live_app
from abcxyz.dashboard.archive import Archive
from abcxyz.dashboard.data import LiveData
from abcxyz.dashboard.pages import Look, Pages
from abcxyz.demo import DEMO_AS_OF, demo_crm, demo_sales
from abcxyz.history import History
from abcxyz.report import render_html
from abcxyz.report.customers import Facts

IMAGES = Path(__file__).resolve().parent / "images"
JOB, TOKEN, SIGN = "demo", "t" * 32, "₽"
MONTHS = [date(2025, 11, 1), date(2025, 12, 1), *(date(2026, month, 1) for month in range(1, 11))]


def fill(path: Path) -> Analysis:
    """Save a year of results, and some outcomes of calls; return the newest analysis."""
    made = demo_sales()
    crm = demo_crm(made)
    owners = {who: str(one["owner"]) for who, one in crm.attributes.items()}
    previous = None
    with History(path) as history:
        for day in (*MONTHS, DEMO_AS_OF):
            analysis = analyze(
                made.transactions,
                as_of=day,
                previous=previous,
                names=made.names,
                attributes=crm.attributes,
            )
            previous = analysis.snapshot
            history.save(previous, job=JOB, panel=analysis.panel, owners=owners)
        assert analysis.calls
        first = str(analysis.calls[0].customer)
        for weeks in (4, 8):
            logged = CallOutcome(
                customer=first, day=DEMO_AS_OF - timedelta(weeks=weeks), outcome="called"
            )
            history.add_outcome(logged, job=JOB)
        key, until = analysis.settings.fingerprint, analysis.snapshot.dated
        return evolve(
            analysis,
            past=history.past_results(key, job=JOB, until=until),
            classes=history.past_classes(
                analysis.snapshot.customers.tolist(), key, job=JOB, until=until
            ),
        )


def photograph(browser: Any, address: str, name: str, width: int, height: int) -> None:
    """Save what a screen of this size shows of an address."""
    page = browser.new_page(viewport={"width": width, "height": height})
    page.goto(address)
    page.wait_for_selector("html.ready", state="attached")
    if "token=" in address:
        page.locator(".calls a.open").first.click()
        page.locator(".card .known").wait_for()
        page.locator(".card .known").scroll_into_view_if_needed()
    page.evaluate("document.activeElement.blur()")
    page.screenshot(path=IMAGES / name, animations="disabled")
    page.close()


def main() -> None:
    """Write the pictures of the saved page, of a card, and of the live page."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        history, saved = Path(folder) / "history.db", Path(folder) / "report.html"
        analysis = fill(history)
        saved.write_text(render_html(analysis, lang="en", currency=SIGN), encoding="utf-8")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        data = LiveData(
            Archive(history, job=JOB, names=analysis.names),
            facts=Facts(evolve(analysis, classes=None)),
            job=JOB,
            today=lambda: DEMO_AS_OF,
        )
        app = live_app(Pages(data, Look(currency=SIGN)), token=TOKEN, port=port, lang="en")
        server = uvicorn.Server(
            uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", access_log=False)
        )
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        assert analysis.calls
        card = f"{saved.as_uri()}#lang=en&customer={analysis.calls[0].customer}"
        photograph(browser, saved.as_uri(), "report-page.png", 1280, 1700)
        photograph(browser, card, "report-card.png", 900, 760)
        photograph(browser, f"http://127.0.0.1:{port}/?token={TOKEN}", "live-page.png", 1280, 860)
        browser.close()
        server.should_exit = True
        thread.join(10)


if __name__ == "__main__":
    main()

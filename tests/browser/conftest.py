"""Fixtures of a real browser and report pages opened as files, without a network."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.report.conftest import demo, hostile

from abcxyz import Analysis
from abcxyz.report import render_html

__all__ = ["demo", "hostile"]

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """Chromium of the system, or the one installed by Playwright."""
    api = pytest.importorskip("playwright.sync_api")
    pytest.importorskip("jinja2")
    with api.sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-browser")
        if path is None and not Path(playwright.chromium.executable_path).exists():
            pytest.skip("Chromium is not installed (Debian's package chromium)")
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


Open = Callable[..., Any]


@pytest.fixture(scope="session")
def files(
    tmp_path_factory: pytest.TempPathFactory, demo: Analysis, hostile: Analysis
) -> dict[str, Path]:
    """Paths of the pages under test."""
    folder = tmp_path_factory.mktemp("pages")
    pages = {}
    for name, analysis in (("demo", demo), ("hostile", hostile)):
        for lang in ("en", "ru"):
            pages[f"{name}.{lang}"] = folder / f"{name}.{lang}.html"
            pages[f"{name}.{lang}"].write_text(
                render_html(analysis, lang=lang, currency="₽"), "utf-8"
            )
    return pages


def address_of(page: Any) -> str:
    """Return the address of a page now: Playwright's own follows once it has heard of a change."""
    address: str = page.evaluate("location.href")
    return address


@contextmanager
def visit(browser: Any, file: Path, width: int, *, script: bool) -> Iterator[Any]:
    """Open a page, and check on exit that it made no request and logged no error."""
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        java_script_enabled=script,
        offline=True,
        service_workers="block",
    )
    page = context.new_page()
    requests: list[str] = []
    messages: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: messages.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("dialog", lambda dialog: messages.append(f"dialog: {dialog.message}"))
    page.goto(file.as_uri())
    yield page
    page.wait_for_timeout(50)
    context.close()
    assert [file.as_uri()] == requests
    assert [] == messages


@pytest.fixture
def opened(chromium: Any, files: dict[str, Path]) -> Iterator[Open]:
    """Open a page by name and width."""
    stack: list[Any] = []

    def start(name: str, width: int = 1280, *, script: bool = True) -> Any:
        visiting = visit(chromium, files[name], width, script=script)
        stack.append(visiting)
        return visiting.__enter__()

    yield start
    for one in stack:
        one.__exit__(None, None, None)

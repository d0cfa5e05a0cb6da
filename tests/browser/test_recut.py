"""Filters of the file make its sections again as the same analysis of the chosen customers."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest
from tests.browser.conftest import visit

from abcxyz import Analysis
from abcxyz.core.analysis.subset import subset
from abcxyz.dashboard.lists import fitting
from abcxyz.report import render_html
from abcxyz.report.customers import Facts
from abcxyz.report.page.payload import customer_columns
from abcxyz.report.page.sections import calls, changes, owners, words

pytestmark = pytest.mark.browser

TEXT = """lang => {
  const page = document.getElementById(lang);
  const part = name => document.getElementById(`${lang}-${name}`);
  const seen = one => !one.closest("[hidden]");
  const all = (box, query) => box ? [...box.querySelectorAll(query)].filter(seen)
    .map(one => one.textContent.replace(/\\s+/g, " ").trim()) : [];
  const calls = ["who", "silence", "money", "owner"].map(one => `ol.calls .${one}`);
  const made = {
    top: all(page, "h1, .lead, .figures > div"),
    calls: all(part("calls"), ["h2", ":scope > .note", ...calls].join()),
    returned: all(part("calls"), ".returned summary, .returned tr"),
    alerts: all(part("calls"), "[data-kind] summary"),
    growth: all(part("growth"), "h2"),
  };
  for (const name of ["months", "changes", "structure", "cells", "owners"]) {
    made[name] = all(part(name), "h2, tr, summary, .names li, .key, .cell, .bridge > div, " +
      ".tick, title, :scope > .note");
  }
  made.heights = [...part("months").querySelectorAll(".plot rect")].filter(seen)
    .map(one => Number(one.getAttribute("height")));
  made.widths = [...page.querySelectorAll(".bridge i, .cell i, .cell em, .calls .track i")]
    .filter(seen).map(one => parseFloat(one.style.width));
  return made;
}"""


def shown(browser: Any, file: Path, lang: str, **filters: str) -> dict[str, Any]:
    """What a reader sees of a page with filters in its address."""
    with visit(browser, file, 1280, script=True) as page:
        page.wait_for_selector("html.ready", state="attached")
        if filters:
            state = urlencode({"lang": lang, **filters})
            page.evaluate("state => { location.hash = state }", state)
            page.wait_for_selector(f"#{lang} .found:not([hidden])", state="attached")
        made: dict[str, Any] = page.evaluate(TEXT, lang)
    return made


def chosen(analysis: Analysis, **filters: str) -> Analysis:
    """The same analysis of the customers that fit the filters, by the classes of all."""
    facts = Facts(analysis)
    places = fitting(customer_columns(facts), filters)
    return subset(analysis, np.sort(facts.order[places]))


@pytest.mark.parametrize("lang", ["en", "ru"])
@pytest.mark.parametrize(
    "filters",
    [
        {"owner": "{owner}"},
        {"segment": "AX"},
        {"segment": "CZ", "owner": "{owner}"},
        {"step": "shrunk"},
        {"q": "ооо"},
        {"q": "{one}"},
    ],
    ids=["owner", "segment", "both", "step", "search", "one"],
)
def test_the_filtered_page_is_that_of_the_chosen(
    filters: dict[str, str], lang: str, demo: Analysis, chromium: Any, tmp_path: Path
) -> None:
    _compare(filters, lang, demo, chromium, tmp_path)


def test_the_filtered_page_has_the_limits_of_the_page(
    demo: Analysis, chromium: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The script takes them from the page: other limits hold for the chosen customers too."""
    limits = {"MOST_CALLS": 3, "OPEN_CALLS": 1, "MOST_NAMES": 2, "MOST_OWNERS": 2}
    for module in (calls, changes, owners, words):
        for name, most in limits.items():
            if hasattr(module, name):
                monkeypatch.setattr(module, name, most)
    made = _compare({"q": "о"}, "en", demo, chromium, tmp_path)
    assert 3 == sum(" days (usually " in one for one in made["calls"])
    assert "2 more are in the workbook" in made["calls"]
    assert 2 == sum(" → " in one for one in made["structure"])
    assert "and 2 more" in made["owners"]


def _compare(
    filters: dict[str, str], lang: str, demo: Analysis, chromium: Any, tmp_path: Path
) -> dict[str, Any]:
    owner = next(str(one["owner"]) for one in demo.attributes.values() if one.get("owner"))
    one = str(demo.snapshot.customers[Facts(demo).order[3]])
    filters = {key: value.format(owner=owner, one=one) for key, value in filters.items()}
    whole, part = tmp_path / "whole.html", tmp_path / "part.html"
    whole.write_text(render_html(demo, lang=lang, currency="₽"), "utf-8")
    part.write_text(render_html(chosen(demo, **filters), lang=lang, currency="₽"), "utf-8")
    filtered, expected = shown(chromium, whole, lang, **filters), shown(chromium, part, lang)
    for name in ("heights", "widths"):
        assert pytest.approx(expected.pop(name), abs=0.06) == filtered.pop(name), name
    assert expected == filtered
    return filtered

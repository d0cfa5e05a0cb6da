"""How the page sets its sentences: nothing that belongs together is torn apart at a line's end."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from attrs import evolve
from tests.report.crm_world import crm_reports

from abcxyz import Analysis
from abcxyz.report import render_html

pytest.importorskip("jinja2")

VOID = {"br", "hr", "input", "link", "meta"}
#: Drawn text is not broken into lines, and options are as wide as their text.
UNBROKEN = {"option", "script", "style", "svg", "title"}
TORN = {
    "a hyphen for a minus": re.compile(r"(?<![\w.,)\]-])-(?=\d)"),
    "a number without its word": re.compile(r"\d [^\W\d_]"),
    "a number without its percent": re.compile(r"\d %"),
    "a line that begins with a dash": re.compile(r" [–—] "),
    "a date at its hyphen": re.compile(r"\d{4}-\d\d-\d\d"),
    "two points": re.compile(r"[^.]\.\.(?!\.)"),
}


class Sentences(HTMLParser):
    """Text of headings, paragraphs and summaries."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        said = {"h1", "h2", "h3", "p", "summary", "small"} & set(self.open)
        if said and not UNBROKEN & set(self.open):
            self.found.append(data)


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_nothing_is_torn_apart(lang: str, demo: Analysis) -> None:
    analysis = evolve(demo, crm=crm_reports(["Дятлова Мария", "Ершов Олег", "Продажи"]))
    sentences = Sentences()
    sentences.feed(render_html(analysis, lang=lang, languages=[lang], currency="₽"))
    assert len(sentences.found) > 300
    torn = [
        (what, said)
        for said in sentences.found
        for what, pattern in TORN.items()
        if pattern.search(said)
    ]
    assert [] == torn

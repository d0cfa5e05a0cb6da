"""Words and signs of the page."""

from __future__ import annotations

import pytest

from abcxyz import Analysis
from abcxyz.i18n import compact, text
from abcxyz.report import render_html

pytest.importorskip("jinja2")


def test_a_russian_page_has_no_english_lines(demo: Analysis) -> None:
    """The numbers of lines of the source are introduced in the language of the page."""
    page = render_html(demo, lang="ru", languages=("ru",))
    assert "строка\N{NO-BREAK SPACE}7: 32.13.2026" in page
    assert "line 7" not in page
    assert "line 7" in render_html(demo, lang="en", languages=("en",)).replace("\xa0", " ")


def test_an_amount_ends_a_sentence_with_one_point() -> None:
    """The point of a unit is also that of the sentence."""
    said = text("The steps cost {money}.", "ru", money=compact(554_000, "ru"))
    assert said.endswith("554\N{NO-BREAK SPACE}тыс.")
    assert not said.endswith("..")

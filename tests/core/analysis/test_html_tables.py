"""Tables that a notebook shows of results, in each language."""

from __future__ import annotations

import re
from datetime import date

import pytest

from abcxyz import Settings, Transactions, analyze, score_prospects
from abcxyz.core.display import Tabular
from abcxyz.core.dynamics.transitions import transitions

SALES = Transactions(
    ["a", "a", "b", "b", "c"],
    [date(2026, month, 5) for month in (1, 2, 1, 2, 1)],
    [900.0, 910.0, 50.0, 10.0, 5.0],
)
ANALYSIS = analyze(SALES, as_of=date(2026, 3, 1), settings=Settings(period="2M", lookback="9M"))
RESULTS: dict[str, Tabular] = {
    "analysis": ANALYSIS,
    "panel": ANALYSIS.panel,
    "abc": ANALYSIS.abc,
    "xyz": ANALYSIS.xyz,
    "matrix": ANALYSIS.matrix,
    "snapshot": ANALYSIS.snapshot,
    "alerts": ANALYSIS.alerts,
    "moves": transitions([0, 1, -1], [0, 2, 1], labels=("A", "B", "C")),
    "scores": score_prospects({"turnover": [3e9, 1e6, None]}),
}
#: Names of rules and letters of classes, which are the same in every language.
NAMES = {"ABC", "XYZ", "Tangent", "Limits"}


@pytest.mark.parametrize("name", RESULTS)
def test_a_table_is_written_in_the_language_asked_for(name: str) -> None:
    """The caption and the headings hold no English word in Russian, and none is Russian else."""
    shown = {}
    for lang in ("en", "ru"):
        page = RESULTS[name].to_html(lang)
        parts = re.findall(r"<caption>(.*?)</caption>|<th>(.*?)</th>", page)
        shown[lang] = " ".join("".join(part) for part in parts)
        assert shown[lang].strip()
    assert not re.search("[а-яё]", shown["en"], re.IGNORECASE)
    words = set(re.findall(r"[A-Za-z]{3,}", re.sub(r"\(.*?\)", "", shown["ru"])))
    assert words <= NAMES
    assert RESULTS[name]._repr_html_() == RESULTS[name].to_html("en")

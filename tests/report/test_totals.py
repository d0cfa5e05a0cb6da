"""Totals of JSON, terminal, workbook and page come from the summary."""

from __future__ import annotations

import ast
import io
import itertools
import math
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import attrs
import pytest

import abcxyz
from abcxyz import Analysis, Settings, Transactions, analyze, summary_object
from abcxyz.cli.output.analysis_text import render
from abcxyz.core.analysis.summary import Summary
from abcxyz.core.documents import plain_value
from abcxyz.i18n import compact, money, number, percent
from abcxyz.report import render_html, render_workbook
from abcxyz.report.page.formatter import minus

SOURCE = Path(abcxyz.__file__).resolve().parent
DAY = date(2026, 1, 5)
CASES: dict[str, Callable[[], Analysis]] = {
    "one customer": lambda: analyzed(["a"], [DAY], [50.0]),
    "returns only": lambda: analyzed(["a", "b"], [DAY, DAY], [-50.0, -3.3]),
    "nobody in the window": lambda: analyzed(["a", "b"], [date(2025, 12, 1)] * 2, [50.0, 3.3]),
}


def analyzed(who: list[str], days: list[date], amounts: list[float]) -> Analysis:
    sales = Transactions(who, days, amounts)
    return analyze(sales, as_of=date(2026, 3, 1), settings=Settings(period="2M"))


@pytest.fixture(params=["demo", *CASES])
def analysis(request: pytest.FixtureRequest) -> Analysis:
    """Analysis of the demonstration data, or one with most classes empty."""
    if request.param == "demo":
        result: Analysis = request.getfixturevalue("demo")
        return result
    return CASES[request.param]()


def marked(summary: Summary) -> Summary:
    """Replace every total by a number that no sum of the customers gives."""
    counts, sums = itertools.count(1_001), itertools.count(1)

    def mark(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(mark(one) for one in value)
        if attrs.has(type(value)):
            names = [one.name for one in attrs.fields(type(value))]
            return attrs.evolve(value, **{name: mark(getattr(value, name)) for name in names})
        if isinstance(value, int):
            return next(counts)
        if isinstance(value, float) and not math.isnan(value):
            # Distinct in three digits, as the page shows no more.
            return float(next(sums)) * 1e7 + 0.25
        return value

    result: Summary = mark(attrs.evolve(summary, quality=None))
    return result


def all_the(summary: Summary) -> list[Any]:
    return [*summary.abc, *summary.xyz]


@pytest.fixture
def shown(analysis: Analysis, monkeypatch: pytest.MonkeyPatch) -> Summary:
    """Analysis whose summary returns the marked totals."""
    result = marked(analysis.summary())
    monkeypatch.setattr(Analysis, "summary", lambda _: result)
    return result


def test_json(analysis: Analysis, shown: Summary) -> None:
    """The JSON object has the totals unchanged."""
    result = summary_object(analysis)

    assert result["customers"] == shown.customers
    for axis, classes in (("abc", shown.abc), ("xyz", shown.xyz)):
        assert result[axis]["classes"] == {
            one.label: {
                "customers": one.customers,
                "value": one.value,
                "customers_share": plain_value(one.customers_share),
                "share": _number(one),
            }
            for one in classes
        }
    for one in shown.segments:
        cell = result["matrix"][one.segment]
        assert (one.customers, one.value) == (cell["customers"], cell["value"])
    for group in shown.groups:
        written = result["bcg"][group.name]
        assert (written["customers"], written["value"]) == (group.customers, group.value)


def _number(one: Any) -> float | None:
    return None if math.isnan(one.value_share) else one.value_share


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_terminal(analysis: Analysis, shown: Summary, lang: str) -> None:
    """Terminal totals of classes, segments and groups come from the summary."""
    words = render(analysis, lang)

    assert number(shown.customers, lang) in words
    for one in [*all_the(shown), *shown.groups]:
        assert number(one.customers, lang) in words
        assert money(one.value, lang) in words
    for cell in shown.segments:
        assert number(cell.customers, lang) in words
        if not math.isnan(cell.value_share):
            assert percent(cell.value_share, lang) in words


def test_workbook(analysis: Analysis, shown: Summary) -> None:
    """The sheets of totals have the numbers of the summary and no other."""
    openpyxl = pytest.importorskip("openpyxl")
    pytest.importorskip("xlsxwriter")
    book = openpyxl.load_workbook(io.BytesIO(render_workbook(analysis)))

    numbers = set(_numbers(book["Summary"]))
    metrics = shown.metrics
    expected: list[Any] = [
        *(shown.classified, shown.unclassified, shown.value, shown.alerts),
        *(metrics.top_10, metrics.gini, metrics.core_value),
        *(metrics.cows_retention, metrics.a_attrition, *shown.abc_cuts, *shown.xyz_cuts),
        *(cell for one in all_the(shown) for cell in (one.customers, one.value, one.value_share)),
    ]
    for one in shown.events:
        expected += [one.customers, one.value_before, one.value_after, one.change]
    assert {round(one, 6) for one in expected if math.isfinite(one)} == numbers
    cells = [
        *(c for one in shown.segments for c in (one.customers, one.value)),
        *(one.customers_share for one in shown.segments),
        *(one.value_share for one in shown.segments),
    ]
    assert {round(one, 6) for one in cells if math.isfinite(one)} == set(_numbers(book["Matrix"]))


def _numbers(sheet: Any) -> Iterator[float]:
    for row in sheet.iter_rows(values_only=True):
        yield from (round(cell, 6) for cell in row if isinstance(cell, (int, float)))


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_page(analysis: Analysis, shown: Summary, lang: str) -> None:
    """Answers, key figures and tables of totals on the page come from the summary."""
    pytest.importorskip("jinja2")
    page = render_html(analysis, lang=lang, languages=[lang])

    assert number(shown.classified, lang) in page
    assert minus(compact(shown.total_value, lang)) in page
    for one in [*all_the(shown), *shown.groups]:
        assert f">{number(one.customers, lang)}</td>" in page
        assert f">{minus(compact(one.value, lang))}</td>" in page
    for cell in shown.segments:
        assert number(cell.customers, lang) in page
        assert minus(compact(cell.value, lang)) in page
        assert number(cell.late, lang) in page
    for event in shown.events:
        assert f">{number(event.customers, lang)}</td>" in page
        assert f">{minus(compact(event.value_before, lang))}</td>" in page
        assert f">{minus(compact(event.value_after, lang))}</td>" in page
    if analysis.transitions is not None:
        assert number(shown.fell.customers, lang) in page
        assert number(shown.rose.customers, lang) in page
    bridge = analysis.bridge
    if bridge is not None:
        for step in bridge.steps:
            assert f"<small>{number(step.customers, lang)}</small>" in page
            assert f">{minus(compact(step.change, lang, signed=True))}</b>" in page


RENDERERS = sorted(
    [
        SOURCE / "tables" / "export" / "summary.py",
        SOURCE / "cli" / "output" / "analysis_text.py",
        *(SOURCE / "report").rglob("*.py"),
    ]
)
ADDING = {"bincount", "count_nonzero", "cumsum", "fsum", "mean", "nansum", "reduceat", "sum"}
#: Functions whose sums are not totals: the series of one customer.
OF_ONE_CUSTOMER = {("customers.py", "trend")}


def additions(code: str) -> list[tuple[str, str]]:
    """List the summing functions of a module and the calls they make."""
    result = []
    for function in ast.walk(ast.parse(code)):
        if not isinstance(function, ast.FunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func).rpartition(".")[2]
                result += [(function.name, name)] if name in ADDING else []
    return result


@pytest.mark.parametrize("path", RENDERERS, ids=lambda path: str(path.relative_to(SOURCE)))
def test_renderers_add_up_nothing(path: Path) -> None:
    """No renderer sums or counts, except a single customer's series."""
    result = additions(path.read_text(encoding="utf-8"))
    assert [] == [one for one in result if (path.name, one[0]) not in OF_ONE_CUSTOMER]


def test_an_addition_is_seen() -> None:
    """The check detects a sum in any spelling."""
    code = "def f(a):\n    return a.b.sum(), sum(a), np.nansum(a), math.fsum(a), len(a)"
    assert ["sum", "sum", "nansum", "fsum"] == [how for _, how in additions(code)]

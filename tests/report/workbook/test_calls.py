"""Sheets of the customers to call and of those who may rise, read back."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.core.landmarks.worlds import END, made_world

from abcxyz import AlertRules, Analysis, CallOutcome, Settings, analyze, with_facts
from abcxyz.core.analysis.learn_lapses import learning
from abcxyz.report import render_workbook

openpyxl = pytest.importorskip("openpyxl")
pytest.importorskip("xlsxwriter")


def sheet_of(analysis: Analysis, name: str, lang: str = "en") -> Any:
    content = render_workbook(analysis, lang=lang, currency="₽")
    return openpyxl.load_workbook(io.BytesIO(content))[name]


def records(sheet: Any) -> list[dict[str, Any]]:
    head, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows if row[0] is not None]


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    """A learned list of calls, with names, an outcome and a hostile owner."""
    sales, _ = made_world(3, n=400, days=720, churn=0.25, last=240)
    orders = learning(AlertRules(), Settings(), END)
    names = {who: f"=Firm({who})" for who in range(400)}
    made = analyze(sales, as_of=END, orders=orders, names=names)
    assert made.calls is not None
    first = made.calls[0]
    done = CallOutcome(customer=first.customer, day=END - timedelta(days=100), outcome="called")
    outcomes = [done] if done.day > first.last_day else []
    attributes = {first.customer: {"owner": "=1+1"}}
    again = analyze(
        sales, as_of=END, orders=learning(AlertRules(), Settings(), END), names=names,
        outcomes=outcomes,
    )  # fmt: skip
    return with_facts(again, attributes=attributes)


def test_every_call_is_a_row_of_numbers_and_days(analysis: Analysis) -> None:
    calls = analysis.calls
    assert calls is not None
    assert len(calls) >= 5
    sheet = sheet_of(analysis, "Calls")
    rows = records(sheet)
    assert [row["Customer"] for row in rows] == [one.customer for one in calls]
    for row, one in zip(rows, calls, strict=True):
        assert row["Name"] == f"=Firm({one.customer})"
        assert row["Last sale"] == datetime.combine(one.last_day, datetime.min.time())
        assert row["Days silent"] == one.days
        assert row["Usual gap, days"] == pytest.approx(one.usual)
        assert row["Longest pause, days"] == one.longest
        assert row["Probability"] == pytest.approx(one.probability)
        assert row["Money"] == pytest.approx(one.money)
        assert row["Expected loss"] == pytest.approx(one.expected_loss)
        assert (row["Like cases"], row["Did not come back"]) == one.like
        assert row["Why"] == "; ".join(one.reasons())
        assert (row["Logged"] is None) == (one.outcome is None)
    assert rows[0]["Owner"] == "=1+1"
    formats = {cell.value: sheet.cell(2, cell.column).number_format for cell in sheet[1]}
    assert "₽" in formats["Money"]
    assert formats["Probability"] == "0.0%"
    assert formats["Last sale"] == "yyyy-mm-dd"
    assert {sheet.cell(2, column).data_type for column in (2, 4)} <= {"s", "inlineStr"}
    assert sheet.freeze_panes
    assert sheet.auto_filter.ref


def test_growth_is_a_row_for_each_customer_in_either_language(analysis: Analysis) -> None:
    growth = analysis.growth
    assert growth is not None
    assert len(growth) >= 5
    rows = records(sheet_of(analysis, "Growth"))
    assert [row["Customer"] for row in rows] == [one.customer for one in growth]
    for row, one in zip(rows, growth, strict=True):
        assert row["Missing"] == pytest.approx(one.missing)
        assert row["Probability"] == pytest.approx(one.probability)
        assert row["Expected gain"] == pytest.approx(one.expected_gain)
        assert row["Against"] == ("; ".join(one.against()) or None)
    russian = records(sheet_of(analysis, "Рост", "ru"))
    assert [row["Ожидаемый прирост"] for row in russian] == [row["Expected gain"] for row in rows]
    assert "Дней без заказа" in records(sheet_of(analysis, "Звонки", "ru"))[0]


def test_by_the_rule_there_are_no_probabilities_to_show(analysis: Analysis) -> None:
    plain = with_facts(analysis, alert_rules=AlertRules(lapse="rule"))
    rows = records(sheet_of(plain, "Calls"))
    assert rows
    assert {row["Probability"] for row in rows} == {row["Like cases"] for row in rows} == {None}

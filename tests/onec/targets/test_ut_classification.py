"""Tests of the target of the classification register of УТ."""

from __future__ import annotations

import pytest
from tests.emulators.onec.base import Base, Company
from tests.onec.adapter import adapter
from tests.onec.sink_fixtures import NATIVE, Make, analysis, expected_segments

from abcxyz.errors import ConfigError
from abcxyz_onec.sink import OneCSink


def test_native_records(sink: Make, base: Base, company: Company) -> None:
    """The register gets two records a customer, dated by the window, with Latin letters."""
    prior = {
        "Period": "2026-01-31T00:00:00",
        "Партнер_Key": list(company.keys)[7],
        "ТипПараметраКлассификации": "Выручка",
        "ЗначениеПараметраКлассификации": 5,
        "Класс_Type": "StandardODATA.ОсобыйТип",
    }
    for axis in ("ABC", "XYZ"):
        company.store.add(NATIVE, ТипКлассификации=axis, Класс=f"{axis[0]}Класс", **prior)
    other = {**prior, "ТипПараметраКлассификации": "Количество", "Класс": "BКласс"}
    company.store.add(NATIVE, ТипКлассификации="ABC", **other)
    result = analysis(company)
    report = sink("ut11").write(result, dry_run=False)
    assert report.failed == {}
    rows = [r for r in company.store.rows[NATIVE] if r["Period"] == "2026-02-28T00:00:00"]
    assert len(rows) == 2 * (len(expected_segments(result)) + 1)
    assert {each.method for each in base.writes} == {"POST"}
    assert {row["Класс_Type"] for row in rows} == {"StandardODATA.ОсобыйТип"}
    assert {row["ТипПараметраКлассификации"] for row in rows} == {"Выручка"}
    lost = [row for row in rows if row["Партнер_Key"] == prior["Партнер_Key"]]
    assert {(r["Класс"], r["ЗначениеПараметраКлассификации"]) for r in lost} == {
        ("НеКлассифицирован", 0)
    }
    snapshot = result.snapshot
    first = snapshot.customers[0]
    mine = {r["ТипКлассификации"]: r for r in rows if r["Партнер_Key"] == first}
    assert float(mine["ABC"]["ЗначениеПараметраКлассификации"]) == round(snapshot.value[0], 2)
    assert float(mine["XYZ"]["ЗначениеПараметраКлассификации"]) == round(100 * snapshot.cv[0], 2)
    assert all(ord(row["Класс"][0]) < 128 for row in rows if row["Класс"] != "НеКлассифицирован")


def test_native_needs_a_confirmation(base: Base) -> None:
    """The target needs native_jobs_off, as jobs of УТ would overwrite the classes."""
    with pytest.raises(ConfigError, match="native_jobs_off"):
        adapter(OneCSink, base.url, "u", "p", into="ut11")

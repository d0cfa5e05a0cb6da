# ruff: noqa: DTZ001 - 1C sends naive local time
"""Tests of classes from 1C: the rule of УТ 11.5, and equal classes for all ways to read."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import sqrt
from typing import Any

import pytest
from tests.clocks import NoWait
from tests.emulators.onec.base import Base, Company, large
from tests.onec.adapter import adapter

from abcxyz import SEGMENTS, Analysis, CumulativeMean, Settings, analyze
from abcxyz_onec.source import OneCSource

_AS_OF = date(2026, 11, 22)
_UT = {"abc": CumulativeMean(), "xyz": CumulativeMean()}


@pytest.fixture(scope="module")
def company() -> Company:
    """Make sixty customers with gaps, returns, and sales on both sides of the window."""
    chance = random.Random(5)
    company = Company()
    for place in range(60):
        partner = company.customer(
            f"Клиент {place}", inn=f"{7700000000 + place}", keys=1 + place % 2
        )
        months = [m for m in range(-3, 14) if m in (2, 9) or chance.random() < (place + 5) / 65]
        if place % 20 == 7:
            months = [-2, 13]  # known, and no sales in the window
        for month in months:
            first = datetime(2025 + (10 + month) // 12, (10 + month) % 12 + 1, 1)
            moment = chance.choice(
                [first, first + timedelta(days=27, hours=23, minutes=59, seconds=59)]
            )
            money = chance.randint(100, 20_000) * (1 + place) + chance.randint(0, 99) / 100
            key = place % 2 and month % 2
            company.sale(partner, moment, money, key=key, cost=round(money / 2))
            if chance.random() < 0.15:
                company.sale(partner, moment, round(money / 3, 2), returned=True)
    company.noise(next(iter(company.keys)))
    return company


@pytest.fixture(scope="module")
def ut(company: Company) -> Iterator[Base]:
    with Base(company.store).serving() as running:
        yield running


def _analysis(base: Base, settings: Settings, **options: Any) -> Analysis:
    source = adapter(
        OneCSource,
        base.url,
        "Робот",
        "пароль-7Щ",
        metric=settings.metric,
        clock=NoWait(),
        **options,
    )
    window = settings.periods(_AS_OF).span
    return analyze(source.transactions(window), as_of=_AS_OF, settings=settings)


def _walk(values: dict[str, Fraction], letters: str) -> dict[str, str]:
    """Classify by the cumulative percentages as the configuration does; values are distinct."""
    ranked = sorted(values, key=lambda who: -values[who])
    total, n = sum(values.values()), len(ranked)
    curve = []
    running = Fraction(0)
    for who in ranked:
        running += values[who]
        curve.append(100 * running / total if total else Fraction(0))
    mean, at, classes = sum(curve) / (n + 1), 0, {}
    for k, who in enumerate(ranked[:-1]):
        if curve[k] > mean:
            at += 1
            if at == 2:
                break
            mean = sum(curve[k:]) / (n - k)
        classes[who] = letters[at]
    return {who: classes.get(who, letters[2]) for who in ranked}


def _expected(company: Company, metric: str) -> dict[str, str]:
    """Classify the sales of twelve whole months before November 2026, independently."""
    series: dict[str, list[Fraction]] = {}
    counted: set[tuple[str, str]] = set()
    for who, day, money, cost, document in company.sold:
        if not date(2025, 11, 1) <= day < date(2026, 11, 1):
            continue
        month = (day.year - 2025) * 12 + day.month - 11
        value = Fraction(str(money))
        if metric == "profit":
            value -= Fraction(str(cost))
        if metric == "count":
            if money < 0 or (who, document) in counted:
                continue
            counted.add((who, document))
            value = Fraction(1)
        series.setdefault(who, [Fraction(0)] * 12)[month] += value
    abc = _walk({who: sum(row, Fraction(0)) for who, row in series.items()}, "ABC")
    spread = {}
    for who, row in series.items():
        mean = sum(row, Fraction(0)) / 12
        sigma = sqrt(sum((x - mean) ** 2 for x in row) / 12)
        spread[who] = Fraction(abs(sigma / float(mean))) if mean else Fraction(0)
    xyz = _walk(spread, "ZYX")
    return {who: abc[who] + xyz[who] for who in series}


def _classes(analysis: Analysis) -> dict[str, str]:
    snapshot = analysis.snapshot
    return {
        who: SEGMENTS[code] if code >= 0 else "-"
        for who, code in zip(snapshot.customers.tolist(), snapshot.segment.tolist(), strict=True)
    }


@pytest.mark.parametrize("metric", ["revenue", "profit"])
@pytest.mark.parametrize("read", ["records", "turnovers"])
def test_the_rule_of_ut(ut: Base, company: Company, metric: str, read: str) -> None:
    """Classes equal an independent calculation of the rule of УТ."""
    settings = Settings(metric=metric, **_UT)  # type: ignore[arg-type]
    classes = _classes(_analysis(ut, settings, read=read))
    expected = _expected(company, metric)
    assert len(expected) == 57
    assert expected == {who: segment for who, segment in classes.items() if segment != "-"}
    assert len(set(expected.values())) >= 7


def test_customers_without_sales_in_the_window_are_not_classified(
    ut: Base, company: Company
) -> None:
    """A customer with sales outside the window only is not classified."""
    classes = _classes(_analysis(ut, Settings(period="24M", bucket="month", **_UT)))  # type: ignore[arg-type]
    year = _classes(_analysis(ut, Settings(**_UT)))  # type: ignore[arg-type]
    idle = {who for place, who in enumerate(company.keys) if place % 20 == 7}
    assert len(idle) == 3
    assert {who for who in idle if year.get(who, "-") != "-"} == set()
    assert idle <= {who for who, segment in classes.items() if segment != "-"}


def test_number_of_sales(ut: Base, company: Company) -> None:
    """The number of sales documents is what 1C counts, returns apart."""
    analysis = _analysis(ut, Settings(metric="count", **_UT))  # type: ignore[arg-type]
    counted: dict[str, int] = {}
    for who, day, money, _, _ in company.sold:
        if date(2025, 11, 1) <= day < date(2026, 11, 1) and money > 0:
            counted[who] = counted.get(who, 0) + 1
    snapshot = analysis.snapshot
    assert counted == dict(zip(snapshot.customers.tolist(), snapshot.value.tolist(), strict=True))


@pytest.mark.parametrize("rules", [{}, _UT])
def test_records_and_turnovers_classify_alike(rules: dict[str, Any]) -> None:
    """Fifty thousand records and their monthly sums give the same segments."""
    settings = Settings(**rules)
    with Base(large(500, 50_000)).serving() as base:
        records = _classes(_analysis(base, settings, read="records"))
        turnovers = _classes(_analysis(base, settings, read="turnovers", bucket="month"))
    assert records == turnovers
    assert len(set(records.values())) > 5


@pytest.mark.parametrize("bucket", ["week", "ten_days", "day"])
def test_other_sub_periods_classify_alike(ut: Base, bucket: str) -> None:
    """Sub-periods that cross borders of months do not change the values of ABC."""
    settings = Settings(period="2M", bucket=bucket, **_UT)  # type: ignore[arg-type]
    records = _analysis(ut, settings, read="records").snapshot
    turnovers = _analysis(ut, settings, read="turnovers", bucket=bucket).snapshot
    both = [
        dict(zip(s.customers.tolist(), zip(s.value, s.cv, s.segment, strict=True), strict=True))
        for s in (records, turnovers)
    ]
    assert both[0].keys() == both[1].keys()
    for who, (value, cv, segment) in both[0].items():
        assert both[1][who] == (
            pytest.approx(value, nan_ok=True),
            pytest.approx(cv, nan_ok=True),
            segment,
        )


def test_documents_classify_alike(ut: Base) -> None:
    """Documents give the classes of the register where both have the same sales."""
    settings = Settings(**_UT)  # type: ignore[arg-type]
    records = _classes(_analysis(ut, settings, read="records"))
    assert records == _classes(_analysis(ut, settings, read="documents"))

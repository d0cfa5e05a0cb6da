"""Tests of the estimated read cost against the real one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from tests.clocks import at_noon
from tests.emulators.onec.base import Base, Company, filled, large
from tests.onec.adapter import adapter

from abcxyz import Window
from abcxyz.errors import ConfigError
from abcxyz_onec.sales.read_cost import pages_of_window
from abcxyz_onec.source import OneCSource

_YEAR = Window(date(2025, 11, 1), date(2026, 11, 1))


@pytest.fixture(scope="module")
def big() -> Iterator[Base]:
    with Base(large(500, 50_000)).serving() as running:
        yield running


def _source(base: Base, **options: Any) -> OneCSource:
    common: dict[str, Any] = {
        "page_mb": 0.25,
        "clock": at_noon(_YEAR.until),
    }
    return adapter(OneCSource, base.url, "Робот", "пароль-7Щ", **(common | options))


def _spent(base: Base) -> tuple[int, int]:
    """Return the requests and bytes after the metadata."""
    requests = [each for each in base.log if "$metadata" not in each.path]
    return len(requests), sum(each.sent for each in requests)


@pytest.mark.parametrize(
    ("counts", "page_mb"),
    [
        (True, 0.25),
        pytest.param(False, 0.25, marks=pytest.mark.slow),
        pytest.param(True, 0.05, marks=pytest.mark.slow),
        (False, 0.1),
        pytest.param(False, 0.05, marks=pytest.mark.slow),
    ],
)
def test_records(big: Base, counts: bool, page_mb: float) -> None:
    """Requests and bytes of records are estimated within two percent, with and without /$count."""
    big.counts = counts
    source = _source(big, read="records", page_mb=page_mb)
    estimate = source.cost(_YEAR)["records"]
    assert estimate.rows == pytest.approx(50_000, rel=0 if counts else 0.01)
    big.log.clear()
    read = sum(float(batch.amount.sum()) for batch in source.transactions(_YEAR))
    store: Any = big.store
    assert read == pytest.approx(store.amount[~store.costs].sum() / 100)
    requests, bytes_ = _spent(big)
    assert requests == pytest.approx(estimate.requests, rel=0.02, abs=2)
    assert bytes_ == pytest.approx(estimate.bytes, rel=0.02)


def test_turnovers(big: Base) -> None:
    """Turnovers cost a request a sub-period and one of its documents, and a check of the sums."""
    source = _source(big, read="turnovers", bucket="month")
    estimate = source.cost(_YEAR)["turnovers"]
    big.log.clear()
    list(source.transactions(_YEAR))
    requests, bytes_ = _spent(big)
    assert requests == estimate.requests == 12 + 1 + 12 + 7 + 2 * 2
    assert source.notes[-1] == f"turnovers: 36 requests, {bytes_ / 1e6:.1f} MB"
    assert bytes_ == pytest.approx(estimate.bytes, rel=0.1)


def test_preflight_notes_costs_and_suggests_a_way(big: Base) -> None:
    """Preflight notes the cost of both ways and the cheaper one, and reads samples only."""
    big.log.clear()
    big.counts = True
    notes = _source(big).preflight()
    assert sum(each.sent for each in big.log if "_RecordType" in each.path) < 100_000
    text = " ".join(notes)
    assert re.search(r"records: \d+ requests, \d+\.\d MB, 50000 rows", text)
    assert re.search(r"turnovers: 36 requests, \d\.\d MB, \d+ rows", text)
    assert 'read = "turnovers"' in text


def test_preflight_names_what_is_missing() -> None:
    """The error names each object that is not published as 1C shows it."""
    company: Company = filled()
    company.store.unpublished |= {
        "Catalog_КлючиАналитикиУчетаПоПартнерам",
        "Catalog_Контрагенты",
        "AccumulationRegister_ВыручкаИСебестоимостьПродаж_RecordType",
    }
    with (
        Base(company.store).serving() as base,
        pytest.raises(ConfigError, match="Администрирование") as caught,
    ):
        _source(base, customer_id="inn", read="records").preflight()
    for name in (
        "AccumulationRegister «Выручка и себестоимость продаж»",
        "Catalog «Контрагенты»",
        "Catalog «Ключи аналитики учета по партнерам»",
    ):
        assert name in str(caught.value)


@pytest.mark.parametrize(("rows", "pages"), [(0, 1), (19, 1), (20, 2), (119, 2), (120, 3)])
def test_pages(rows: int, pages: int) -> None:
    """The formula includes the small first page and the empty last one."""
    assert pages == pages_of_window(rows, 100)

"""Tests of objects that are not published or not granted: all are named at once."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest
from tests.emulators.onec.base import FAULTS, Base, Company
from tests.onec.adapter import adapter
from tests.onec.sales_fixtures import FLAT, YEAR, Make, lines, sold
from tests.onec.sink_fixtures import Make as MakeSink
from tests.onec.sink_fixtures import analysis, company, expected_segments, shown, sink

from abcxyz.errors import AbcxyzWarning, AuthenticationError, ConfigError
from abcxyz_onec.enricher import OneCEnricher
from abcxyz_onec.sink import PLACES

__all__ = ["company", "sink"]

REFUSED = attrs.evolve(
    FAULTS["busy"],
    status=401,
    kind="application/json",
    body=b'{"odata.error": {"code": "20", "message": {"value": "no"}}}',
    times=999,
)
NEEDED = {
    "extra": ("Дополнительные сведения", "Дополнительные реквизиты и сведения"),
    "attributes": ("Партнеры дополнительные реквизиты", "Дополнительные реквизиты и сведения"),
    "segment": ("Сегменты партнеров", "Партнеры сегмента"),
    "ut11": ("ABCXYZ классификация клиентов",),
}


def test_nothing_is_published(source: Make, base: Base, company: Company) -> None:
    """The first message of the source names the register first, then keys and customers."""
    company.store.unpublished |= set(company.store.entities)
    with pytest.raises(ConfigError, match="Администрирование") as caught:
        source().preflight()
    objects = [
        "AccumulationRegister «Выручка и себестоимость продаж»",
        "Catalog «Партнеры»",
        "Catalog «Ключи аналитики учета по партнерам»",
        "Document «Реализация товаров услуг»",
    ]
    places = [str(caught.value).find(each) for each in objects]
    assert -1 not in places
    assert places == sorted(places)


@pytest.mark.parametrize("into", PLACES)
def test_nothing_is_published_for_the_sink(sink: MakeSink, company: Company, into: str) -> None:
    """The first message of the sink names customers and all objects of the target."""
    company.store.unpublished |= set(company.store.entities)
    with pytest.raises(ConfigError, match="Администрирование") as caught:
        sink(into).preflight()
    for name in ("Партнеры", *NEEDED[into]):
        assert f"«{name}»" in str(caught.value)


def test_no_right_to_anything(source: Make, base: Base) -> None:
    """One message names every object that the user may not read."""
    base.faults += [
        attrs.evolve(REFUSED, when=name) for name in ("Catalog_Партнеры", "Ключи", FLAT)
    ]
    with pytest.raises(AuthenticationError) as caught:
        source(read="records").preflight()
    for name in ("Партнеры", "Ключи аналитики", "Выручка и себестоимость"):
        assert f"«{name}" in str(caught.value)


@pytest.mark.parametrize("into", PLACES)
def test_no_right_to_the_target(sink: MakeSink, base: Base, into: str) -> None:
    """One message names every object of the target that the user may not read."""
    target = sink(into)
    target.client.metadata()
    base.faults.append(attrs.evolve(REFUSED, when="GET"))
    with pytest.raises(AuthenticationError) as caught:
        target.preflight()
    for name in ("Партнеры", *NEEDED[into]):
        assert f"«{name}»" in str(caught.value)


def test_a_register_withdrawn_since_the_metadata_were_cached(
    source: Make, base: Base, company: Company, tmp_path: Path
) -> None:
    """Where the register was withdrawn, the cache is refreshed once and documents are read."""
    list(source(cache=tmp_path).transactions(YEAR))
    company.store.unpublished |= {FLAT, FLAT.removesuffix("_RecordType")}
    base.log.clear()
    with pytest.warns(AbcxyzWarning, match="Выручка и себестоимость продаж"):
        sales = lines(source(cache=tmp_path).transactions(YEAR))
    assert sold(company, cost=False) == sales
    assert sum("$metadata" in each.path for each in base.log) == 1


def test_a_field_withdrawn_since_the_metadata_were_cached(
    sink: MakeSink, base: Base, company: Company, tmp_path: Path
) -> None:
    """A sink goes on without an optional field that the cached metadata still have."""
    result = analysis(company)
    sink(cache=tmp_path).write(result, dry_run=True)
    store = company.store
    name = "ChartOfCharacteristicTypes_ДополнительныеРеквизитыИСведения"
    kind = store.entities[name]
    fields = tuple(each for each in kind.fields if each.name != "Имя")
    store.entities[name] = attrs.evolve(kind, fields=fields)
    base.log.clear()
    report = sink(cache=tmp_path).write(result, dry_run=False)
    assert report.failed == {}
    assert shown(company, "extra") == expected_segments(result)
    assert sum("$metadata" in each.path for each in base.log) == 1


def test_an_enricher_with_outdated_metadata(base: Base, company: Company, tmp_path: Path) -> None:
    """An enricher goes on without an optional flag that the cached metadata still have."""
    options = {"fields": ["name"], "cache": tmp_path, "timeout": 5}
    first = next(iter(company.keys))
    make = [adapter(OneCEnricher, base.url, "Робот", "пароль-7Щ", **options) for _ in range(2)]
    assert make[0].customers([first]) == {first: {"name": "Альфа"}}
    kind = company.store.entities["Catalog_Партнеры"]
    fields = tuple(each for each in kind.fields if each.name != "Predefined")
    company.store.entities["Catalog_Партнеры"] = attrs.evolve(kind, fields=fields)
    assert make[1].customers([first]) == {first: {"name": "Альфа"}}

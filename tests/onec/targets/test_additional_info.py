"""Tests of the targets of additional information and additional attributes."""

from __future__ import annotations

import pytest
from tests.emulators.onec.base import PROPERTY, Base, Company, Fault
from tests.onec.sink_fixtures import (
    EXTRA,
    PROPERTIES,
    Make,
    analysis,
    expected_segments,
    shown,
)

from abcxyz import SEGMENTS
from abcxyz.errors import ConfigError


def test_other_records_are_not_changed(sink: Make, base: Base, company: Company) -> None:
    """Records about other catalogs and other properties stay as they are."""
    prop = next(r for r in company.store.rows[PROPERTIES] if r["ЭтоДополнительноеСведение"])
    foreign = "ffffffff-0000-4000-8000-000000000001"
    for kind, key in (
        ("Catalog_Контрагенты", prop["Ref_Key"]),
        ("Catalog_Партнеры", "ffffffff-0000-4000-8000-000000000002"),
    ):
        company.store.add(
            EXTRA,
            Объект=foreign,
            Объект_Type=f"StandardODATA.{kind}",
            Свойство_Key=key,
            Значение="наше",
            Значение_Type="Edm.String",
        )
    sink().write(analysis(company), dry_run=False)
    assert [r["Значение"] for r in company.store.rows[EXTRA] if r["Объект"] == foreign] == [
        "наше",
        "наше",
    ]


@pytest.mark.parametrize("into", ["extra", "attributes"])
def test_property_must_be_one(sink: Make, base: Base, company: Company, into: str) -> None:
    """A property that is missing, of the other kind or doubled is an error with a cure."""
    with pytest.raises(ConfigError, match="Общие настройки"):
        sink(into, property="Нет такого").preflight()
    wrong = "СегментКарточка" if into == "extra" else "СегментABCXYZ"
    with pytest.raises(ConfigError, match="1C has 0"):
        sink(into, property=wrong).write(analysis(company), dry_run=True)
    company.store.add(PROPERTIES, Description=PROPERTY, ЭтоДополнительноеСведение=into == "extra")
    with pytest.raises(ConfigError, match="1C has 2"):
        sink(into).write(analysis(company), dry_run=True)
    assert base.writes == []


def test_values_of_a_list(sink: Make, company: Company) -> None:
    """A property with a list is written as its elements; a missing element is an error."""
    prop = next(r for r in company.store.rows[PROPERTIES] if r["ЭтоДополнительноеСведение"])
    texts = [*SEGMENTS, "Не классифицирован"]
    add = company.store.add
    name = "Catalog_ЗначенияСвойствОбъектов"
    of_text = {t: add(name, Description=t, Owner_Key=prop["Ref_Key"]) for t in texts[:-1]}
    result = analysis(company)
    with pytest.raises(ConfigError, match="lacks Не классифицирован"):
        sink().write(result, dry_run=True)
    of_text[texts[-1]] = add(name, Description=texts[-1], Owner_Key=prop["Ref_Key"])
    assert sink().write(result, dry_run=False).failed == {}
    expected = {who: of_text[segment] for who, segment in expected_segments(result).items()}
    assert expected == shown(company, "extra")
    kinds = {row["Значение_Type"] for row in company.store.rows[EXTRA]}
    assert kinds == {f"StandardODATA.{name}"}
    assert sink().write(result, dry_run=False).unchanged == len(expected)


def _attribute(company: Company, who: str, value: str = "своё") -> None:
    """Add another attribute to a card."""
    other = company.store.add(PROPERTIES, Description="Отрасль", ЭтоДополнительноеСведение=False)
    company.store.get("Catalog_Партнеры", who)["ДополнительныеРеквизиты"].append(
        {
            "Ref_Key": who,
            "LineNumber": "1",
            "Свойство_Key": other,
            "Значение": value,
            "Значение_Type": "Edm.String",
            "ТекстоваяСтрока": "длинная строка",
        }
    )


def test_other_attributes_of_the_card_stay(sink: Make, company: Company) -> None:
    """The table is written whole, with the other rows unchanged."""
    result = analysis(company)
    one = next(iter(expected_segments(result)))
    _attribute(company, one)
    for report in (
        sink("attributes").write(result, dry_run=False),
        sink("attributes", lost="delete").write(analysis(company, p5=9e9), dry_run=False),
    ):
        assert report.failed == {}
    rows = company.store.get("Catalog_Партнеры", one)["ДополнительныеРеквизиты"]
    assert [row["LineNumber"] for row in rows] == ["1", "2"]
    assert (rows[0]["Значение"], rows[0]["ТекстоваяСтрока"]) == ("своё", "длинная строка")


@pytest.mark.parametrize("locking", [True, False])
def test_a_colleague_who_writes_at_the_same_time(
    sink: Make, base: Base, company: Company, locking: bool
) -> None:
    """A card changed between read and write is read again where 1C checks versions."""
    company.store.locking = locking
    result = analysis(company)
    one = next(iter(expected_segments(result)))
    card = company.store.get("Catalog_Партнеры", one)

    def colleague() -> None:
        _attribute(company, one)
        card["DataVersion"] = "AAAAAAAAB9A="

    base.faults.append(Fault(when="PATCH", then=colleague))
    report = sink("attributes").write(result, dry_run=False)
    assert report.failed == {}
    assert shown(company, "attributes") == expected_segments(result)
    values = [row["Значение"] for row in card["ДополнительныеРеквизиты"]]
    assert ("своё" in values) == locking
    assert all("if-match" in each.headers for each in base.writes)


def test_a_base_that_ignores_versions(sink: Make, base: Base, company: Company) -> None:
    """Such a base is recognised by the first write, and later cards are compared before it."""
    company.store.locking = False
    result = analysis(company)
    other = list(expected_segments(result))[1]
    card = company.store.get("Catalog_Партнеры", other)

    def colleague() -> None:
        _attribute(company, other)
        card["DataVersion"] = "AAAAAAAAB9A="

    def first_look() -> None:
        base.faults.append(Fault(when=f"GET {place}", then=colleague))

    place = f"/base/odata/standard.odata/Catalog_Партнеры(guid'{other}')"
    base.faults.append(Fault(when=f"GET {place}", then=first_look))
    report = sink("attributes").write(result, dry_run=False)
    assert base.faults == []
    assert report.failed == {}
    assert "does not compare the versions" in report.notes[-1]
    assert shown(company, "attributes") == expected_segments(result)
    assert "своё" in [row["Значение"] for row in card["ДополнительныеРеквизиты"]]
    patches = [each for each in base.writes if each.method == "PATCH"]
    assert len(patches) == len(expected_segments(result))


def test_a_base_that_compares_versions(sink: Make, base: Base, company: Company) -> None:
    """A base that compares versions costs one refused write in all, and gets no note."""
    result = analysis(company)
    report = sink("attributes").write(result, dry_run=False)
    assert not any("versions" in note for note in report.notes)
    refused = [each for each in base.writes if each.status == 412]
    assert (len(refused), len(base.writes)) == (1, 1 + len(expected_segments(result)))


def test_a_list_shared_with_another_property(sink: Make, company: Company) -> None:
    """A property that uses the list of values of another one is written as its elements."""
    add = company.store.add
    owner = add(PROPERTIES, Description="Общий список", ЭтоДополнительноеСведение=False)
    prop = next(r for r in company.store.rows[PROPERTIES] if r["ЭтоДополнительноеСведение"])
    prop["ВладелецДополнительныхЗначений_Key"] = owner
    texts = [*SEGMENTS, "Не классифицирован"]
    name = "Catalog_ЗначенияСвойствОбъектов"
    of_text = {text: add(name, Description=text, Owner_Key=owner) for text in texts}
    result = analysis(company)
    assert sink().write(result, dry_run=False).failed == {}
    expected = {who: of_text[segment] for who, segment in expected_segments(result).items()}
    assert expected == shown(company, "extra")

"""Profiles: the names that ship, and what a user's file may change."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.onec.base import bp, unf, ut11

from abcxyz.errors import ConfigError
from abcxyz_onec.profile import BUILT_IN, load, spoken


@pytest.mark.parametrize("name", BUILT_IN)
def test_names_exist_in_the_configuration(name: str) -> None:
    """Every set and field of a shipped profile is one of the emulated configuration."""
    entities = {"ut11": ut11, "unf": unf, "bp": bp}[name]().entities
    profile = load(name)
    asked: list[tuple[str, tuple[str, ...]]] = [(profile.customer.entity, ("Ref_Key",))]
    if profile.register:
        money = profile.register.revenue + profile.register.cost
        asked.append((profile.register.flat, (profile.register.customer, *money)))
    if profile.keys:
        asked.append((profile.keys.entity, (profile.keys.partner, profile.keys.counterparty)))
    asked += [
        (each.entity, (each.partner, each.amount, each.currency, each.date))
        for each in profile.documents
    ]
    place = profile.currency
    asked.append((place.rates, (place.currency, place.rate, place.per)))
    asked.append((place.constant, (place.value,)))
    for entity, names in asked:
        assert set(names) <= set(entities[entity].by_name)


def test_a_job_may_override_any_name() -> None:
    """Names given in the job replace those of the profile, the rest stays."""
    profile = load("ut11", {"register": {"revenue": "СуммаВыручкиБезНДС"}})
    assert profile.register is not None
    assert profile.register.revenue == ("СуммаВыручкиБезНДС",)
    assert profile.register.cost == ("Стоимость", "ДопРасходы")


def test_a_file_may_build_on_a_shipped_profile(tmp_path: Path) -> None:
    """A user's file says what differs from its base."""
    file = tmp_path / "own.toml"
    file.write_text('base = "unf"\ntitle = "CRM"\n[register]\nentity = "A_B"\n', encoding="utf-8")
    profile = load(str(file))
    assert profile.register is not None
    assert (profile.title, profile.register.flat) == ("CRM", "A_B_RecordType")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title = ", "not TOML"),
        ('base = "bp"\n[customer]\nwrong = 1', "wrong"),
        ('title = "x"', "not complete"),
        ('base = "bp"\ncustomer = 1', "must be a table"),
        ('base = "bp"\n[[documents]]\nentity="D"\npartner="p"\namount="a"\nsign=2', "not right"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, said: str) -> None:
    """A mistake in a file is a configuration error that names it."""
    file = tmp_path / "own.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        load(str(file))


def test_unknown_profile() -> None:
    """A profile that is not there lists those that are."""
    with pytest.raises(ConfigError, match="ut11, unf, bp"):
        load("ut10")


def test_names_are_spoken() -> None:
    """A set is named as the tree of publication shows it."""
    assert spoken("Catalog_КлючиАналитикиУчетаПоПартнерам") == (
        "Catalog «Ключи аналитики учета по партнерам»"
    )

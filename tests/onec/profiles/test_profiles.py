"""Profiles: the names that ship, and what a user's file may change."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.emulators.onec.base import bp, unf, ut11

from abcxyz.errors import ConfigError
from abcxyz_onec.odata.query import names_in
from abcxyz_onec.profiles import BUILT_IN, load


@pytest.mark.parametrize("name", BUILT_IN)
def test_names_exist_in_the_configuration(name: str) -> None:
    """Every set and field of a shipped profile is one of the emulated configuration."""
    entities = {"ut11": ut11, "unf": unf, "bp": bp}[name]().entities
    profile = load(name)
    legal = profile.counterparty
    asked: list[tuple[str, tuple[str, ...]]] = [(legal.entity, ("Ref_Key", legal.inn, legal.kpp))]
    if profile.partner:
        asked += [(profile.partner.entity, ("Ref_Key",)), (legal.entity, (legal.partner,))]
    if profile.keys:
        asked.append((profile.keys.entity, (profile.keys.partner, profile.keys.counterparty)))
    for basis in (profile.sales, profile.payments):
        if basis.register:
            place = basis.register
            names = (place.key, place.partner, place.counterparty, *place.revenue, *place.cost)
            asked.append((place.flat, (*names, *names_in(place.where))))
        asked += [
            (
                each.entity,
                (
                    *(each.partner, each.counterparty, each.amount, each.currency, each.date),
                    *(*each.rate, *names_in(each.where)),
                ),
            )
            for each in basis.documents
        ]
    money = profile.currency
    asked.append((money.rates, (money.currency, money.rate, money.per)))
    asked.append((money.constant, (money.value,)))
    targets = profile.targets
    asked += [(each, ()) for each in (targets.extra, targets.properties, targets.values)]
    if name == "ut11":
        asked += [(each, ()) for each in (targets.segments, targets.members, targets.native)]
    for entity, wanted in asked:
        assert set(wanted) - {""} <= set(entities[entity].by_name)


def test_a_job_may_override_any_name() -> None:
    """Names given in the job replace those of the profile, the rest stays."""
    profile = load("ut11", {"sales": {"register": {"revenue": "СуммаВыручкиБезНДС"}}})
    register = profile.sales.register
    assert register is not None
    assert register.revenue == ("СуммаВыручкиБезНДС",)
    assert register.cost == ("Стоимость", "ДопРасходы")


def test_a_file_may_build_on_a_shipped_profile(tmp_path: Path) -> None:
    """A user's file says what differs from its base."""
    file = tmp_path / "own.toml"
    file.write_text('base = "unf"\ntitle = "CRM"\n[sales.register]\nentity = "A_B"\n', "utf-8")
    profile = load(str(file))
    assert profile.sales.register is not None
    assert (profile.title, profile.sales.register.flat) == ("CRM", "A_B_RecordType")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title = ", "not TOML"),
        ('base = "bp"\n[counterparty]\nwrong = 1', "wrong"),
        ('title = "x"', "not complete"),
        ('base = "bp"\nkeys = 1', "must be a table"),
        ('base = "bp"\nsales = 1', "must be a table"),
        ('base = "bp"\n[[sales.documents]]\nentity="D"\namount="a"', "partner or counterparty"),
        ('base = "bp"\n[[sales.documents]]\nentity="D"\npartner="p"\namount="a"\nsign=2', "sign"),
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

"""Tests of the built-in profiles and of profiles in files."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.emulators.onec.base import bp, unf, ut11

from abcxyz.errors import ConfigError
from abcxyz_onec.odata.query import names_in
from abcxyz_onec.profiles import BUILT_IN, load


@pytest.mark.parametrize("name", BUILT_IN)
def test_names_exist_in_the_configuration(name: str) -> None:
    """Every set and field of a built-in profile exists in the emulated configuration."""
    entities = {"ut11": ut11, "unf": unf, "bp": bp}[name]().entities
    profile = load(name)
    legal = profile.counterparty
    used: list[tuple[str, tuple[str, ...]]] = [(legal.entity, ("Ref_Key", legal.inn, legal.kpp))]
    if profile.partner:
        used += [(profile.partner.entity, ("Ref_Key",)), (legal.entity, (legal.partner,))]
    if profile.keys:
        used.append((profile.keys.entity, (profile.keys.partner, profile.keys.counterparty)))
    for basis in (profile.sales, profile.payments):
        if basis.register:
            place = basis.register
            names = (place.key, place.partner, place.counterparty, *place.revenue, *place.cost)
            used.append((place.flat, (*names, *names_in(place.where))))
        used += [
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
    used.append((money.rates, (money.currency, money.rate, money.per)))
    used.append((money.constant, (money.value,)))
    targets = profile.targets
    used += [(each, ()) for each in (targets.extra, targets.properties, targets.values)]
    if name == "ut11":
        used += [(each, ()) for each in (targets.segments, targets.members, targets.native)]
    for entity, wanted in used:
        assert set(wanted) - {""} <= set(entities[entity].by_name)


def test_a_job_may_override_any_name() -> None:
    """Names in the job replace those of the profile; others stay."""
    profile = load("ut11", {"sales": {"register": {"revenue": "СуммаВыручкиБезНДС"}}})
    register = profile.sales.register
    assert register is not None
    assert register.revenue == ("СуммаВыручкиБезНДС",)
    assert register.cost == ("Стоимость", "ДопРасходы")


def test_a_file_may_extend_a_built_in_profile(tmp_path: Path) -> None:
    """A file with a base replaces only the names in it."""
    file = tmp_path / "own.toml"
    file.write_text('base = "unf"\ntitle = "CRM"\n[sales.register]\nentity = "A_B"\n', "utf-8")
    profile = load(str(file))
    assert profile.sales.register is not None
    assert (profile.title, profile.sales.register.flat) == ("CRM", "A_B_RecordType")


@pytest.mark.parametrize(
    ("text", "message"),
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
def test_mistakes_are_named(tmp_path: Path, text: str, message: str) -> None:
    """A mistake in a file is a configuration error with its place."""
    file = tmp_path / "own.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        load(str(file))


def test_unknown_profile() -> None:
    """The error of an unknown profile lists the built-in ones."""
    with pytest.raises(ConfigError, match="ut11, unf, bp"):
        load("ut10")

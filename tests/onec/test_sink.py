"""Tests of the sink against the emulator, for all targets."""

from __future__ import annotations

from datetime import date

import pytest
from tests.emulators.onec.base import Base, Company
from tests.onec.adapter import adapter
from tests.onec.sink_fixtures import (
    AS_OF,
    EXTRA,
    PLACE,
    Make,
    analysis,
    company,
    expected_segments,
    shown,
    sink,
)

from abcxyz import Settings, Transactions, analyze
from abcxyz.errors import ConfigError
from abcxyz_onec.sink import PLACES, OneCSink

__all__ = ["company", "sink"]


@pytest.mark.parametrize("into", PLACES)
def test_written_once(sink: Make, base: Base, company: Company, into: str) -> None:
    """A dry run writes nothing; a run writes all classes; the next run writes none."""
    result = analysis(company)
    count = len(expected_segments(result))
    writer = sink(into)
    dry = writer.write(result, dry_run=True)
    assert writer.notes[0].startswith(f"{count} to write, 0 right already; ")
    assert (dry.written, dry.unchanged, dry.failed, base.writes) == (count, 0, {}, [])
    real = sink(into).write(result, dry_run=False)
    assert (real.written, real.unchanged, real.failed) == (count, 0, {})
    assert expected_segments(result) == shown(company, into)
    before = len(base.writes)
    again = sink(into).write(result, dry_run=False)
    assert (again.written, again.unchanged, again.failed) == (0, count, {})
    assert len(base.writes) == before


@pytest.mark.parametrize("into", PLACES)
def test_only_differences_are_written(sink: Make, base: Base, company: Company, into: str) -> None:
    """When one customer's class changes, that customer alone is written."""
    sink(into).write(analysis(company), dry_run=False)
    before = len(base.writes)
    result = analysis(company, p3=5_000.0)
    old, new = expected_segments(analysis(company)), expected_segments(result)
    moved = {who for who in new if old.get(who) != new[who]}
    assert [list(company.keys)[3]] == list(moved)
    report = sink(into).write(result, dry_run=False)
    assert new == shown(company, into)
    assert report.failed == {}
    assert report.written == 1
    requests = [each.body.decode() + each.path for each in base.writes[before:]]
    assert moved == {who for who in new if any(who in each for each in requests)}


@pytest.mark.parametrize("into", PLACES)
@pytest.mark.parametrize("lost", ["mark", "delete", "keep"])
def test_lost_customers(sink: Make, base: Base, company: Company, into: str, lost: str) -> None:
    """A customer without sales now is marked, deleted or unchanged, by the option."""
    sink(into, lost=lost).write(analysis(company), dry_run=False)
    gone = next(iter(company.keys))
    was = expected_segments(analysis(company))[gone]
    company.sold[:] = [each for each in company.sold if each[0] != gone]
    result = analysis(company)
    report = sink(into, lost=lost).write(result, dry_run=False)
    assert report.failed == {}
    expected: dict[str, str | None]
    expected = {"mark": "Не классифицирован", "delete": None, "keep": was}
    if into == "segment":
        expected["mark"] = None
    if into == "ut11":
        expected = dict.fromkeys(expected, "--")
    assert shown(company, into).get(gone) == expected[lost]
    before = len(base.writes)
    sink(into, lost=lost).write(result, dry_run=False)
    assert len(base.writes) == before


def test_reasons_in_russian(sink: Make, base: Base, company: Company) -> None:
    """The reasons of the report are in the language of the option."""
    result = analysis(company)
    one, other = list(expected_segments(result))[:2]
    company.store.refuses[EXTRA, one] = "Изменять нельзя"
    company.store.get("Catalog_Партнеры", other)["DeletionMark"] = True
    writer = sink(lang="ru")
    report = writer.write(result, dry_run=False)
    assert report.failed == {
        one: f"1С отказала, {EXTRA}: Изменять нельзя",
        other: "в 1С нет такого клиента",
    }
    assert writer.notes[0].startswith(
        f"к записи {len(expected_segments(result)) - 1}, уже верно 0"
    )


@pytest.mark.parametrize("customer_id", ["inn", "code"])
def test_customers_are_matched_by_other_identifiers(
    sink: Make, base: Base, company: Company, customer_id: str
) -> None:
    """Customers are matched by INN or code; the others are reported with the reason."""
    partners = list(company.keys)
    cards = company.store.rows["Catalog_Контрагенты"]
    legal = {row["Партнер_Key"]: row for row in cards}
    names = [
        legal[each]["ИНН"] if customer_id == "inn" else f"К-{place:05d}"
        for place, each in enumerate(partners)
    ]
    if customer_id == "inn":
        for row in cards:
            if row["Партнер_Key"] in partners[:2]:
                row["ИНН"] = "7733333333"
        names[0] = names[1] = "7733333333"
    who = [*names, "0000000000", "<script>'"]
    months = [date(2026 - n // 2, (13 - n) % 12 + 1, 1) for n in range(len(who))]
    lines = [(name, months[n], 100 + p) for p, name in enumerate(who) for n in range(p + 1)]
    sales = Transactions(*(list(each) for each in zip(*lines, strict=True)))
    result = analyze(sales, as_of=AS_OF)
    report = sink(customer_id=customer_id).write(result, dry_run=False)
    expected = {"0000000000": "no customer", "<script>'": "no customer"}
    if customer_id == "inn":
        expected["7733333333"] = "2 customers"
    assert report.failed.keys() == expected.keys()
    assert all(reason in report.failed[name] for name, reason in expected.items())
    assert report.written == len(set(names) - set(expected))
    assert set(shown(company, "extra")) == {
        p for p, name in zip(partners, names, strict=True) if name not in expected
    }


def test_deleted_customers_are_not_written(sink: Make, base: Base, company: Company) -> None:
    """A card marked for deletion is not changed."""
    result = analysis(company)
    one = next(iter(expected_segments(result)))
    company.store.get("Catalog_Партнеры", one)["DeletionMark"] = True
    report = sink().write(result, dry_run=False)
    assert list(report.failed) == [one]
    assert one not in shown(company, "extra")


def test_deleted_and_ambiguous_cards_are_not_changed(
    sink: Make, base: Base, company: Company
) -> None:
    """Deleted cards and cards with a shared identifier are unchanged."""
    result = analysis(company)
    sink().write(result, dry_run=False)
    before = shown(company, "extra")
    one, other, third = list(expected_segments(result))[:3]
    company.store.get("Catalog_Партнеры", one)["DeletionMark"] = True
    for row in company.store.rows["Catalog_Контрагенты"]:
        if row["Партнер_Key"] in (other, third):
            row["ИНН"] = "7733333333"
    months = [date(2025, n + 3, 1) for n in range(9)]
    names = ["7733333333", *(f"{7700000000 + place}" for place in range(3, 8))]
    sales = [(name, day, 10 + n) for n, name in enumerate(names) for day in months[: n + 2]]
    columns = (list(each) for each in zip(*sales, strict=True))
    sink(customer_id="inn").write(
        analyze(Transactions(*columns), as_of=AS_OF, settings=Settings(period="12M")),
        dry_run=False,
    )
    after = shown(company, "extra")
    assert {who: after[who] for who in (one, other, third)} == {
        who: before[who] for who in (one, other, third)
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"into": "cards"}, "into is 'cards'"),
        ({"lost": "?"}, "lost is"),
        ({"into": "segment", "profile": "bp"}, "about partners"),
        ({"entity": "partner", "profile": "unf"}, "has no partners"),
    ],
)
def test_options_are_checked(base: Base, options: dict[str, str], message: str) -> None:
    """A wrong option is an error before any request."""
    with pytest.raises(ConfigError, match=message):
        adapter(OneCSink, base.url, "u", "p", native_jobs_off=True, **options)
    assert base.log == []


@pytest.mark.parametrize("into", PLACES)
def test_preflight(sink: Make, base: Base, company: Company, into: str) -> None:
    """Preflight writes nothing, and names the register that is not published."""
    assert len(sink(into).preflight()) == 1
    hidden = {"attributes": "Catalog_Партнеры_ДополнительныеРеквизиты"}.get(into, PLACE[into])
    company.store.unpublished.add(hidden)
    with pytest.raises(ConfigError, match="Администрирование"):
        sink(into).preflight()
    assert base.writes == []

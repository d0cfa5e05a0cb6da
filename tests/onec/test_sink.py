"""The sink against the emulator: 1C shows the classes, and nothing is written in vain."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import attrs
import pytest
from tests.clocks import NoWait
from tests.emulators.onec.base import FAULTS, PROPERTY, Base, Company, Fault
from tests.onec.adapter import adapter

from abcxyz import SEGMENTS, Analysis, Settings, Transactions, analyze
from abcxyz.errors import ConfigError
from abcxyz_onec.sink import PLACES, OneCSink

_EXTRA = "InformationRegister_ДополнительныеСведения"
_PROPERTIES = "ChartOfCharacteristicTypes_ДополнительныеРеквизитыИСведения"
_NATIVE = "InformationRegister_ABCXYZКлассификацияКлиентов"
_MEMBERS = "InformationRegister_ПартнерыСегмента"
_AS_OF = date(2026, 3, 10)
_PLACE = {
    "extra": _EXTRA,
    "attributes": "Catalog_Партнеры",
    "segment": _MEMBERS,
    "ut11": _NATIVE,
}
_LETTERS = {f"{letter}Класс": letter for letter in "ABCXYZ"} | {"НеКлассифицирован": "-"}

Make = Callable[..., OneCSink]


@pytest.fixture
def company(company: Company) -> Company:
    """Add a property for the cards and nine segments of partners."""
    add = company.store.add
    add(_PROPERTIES, Description=PROPERTY, Имя="СегментКарточка", ЭтоДополнительноеСведение=False)
    for segment in SEGMENTS:
        add("Catalog_СегментыПартнеров", Description=f"{PROPERTY} {segment}")
    return company


@pytest.fixture
def sink(base: Base) -> Make:
    def make(into: str = "extra", **options: Any) -> OneCSink:
        common: dict[str, Any] = {
            "property": PROPERTY,
            "timeout": 5,
            "clock": NoWait(),
            "native_jobs_off": True,
        }
        return adapter(OneCSink, base.url, "Робот", "пароль-7Щ", into=into, **(common | options))

    return make


def analysis(company: Company, **changed: float) -> Analysis:
    """Classify what was sold; *changed* maps places of customers to money sold on top."""
    who, day, money, cost, document = (list(each) for each in zip(*company.sold, strict=True))
    partners = list(company.keys)
    for place, more in changed.items():
        who.append(partners[int(place[1:])])
        day.append(date(2026, 2, 20))
        money.append(more)
        cost.append(0.0)
        document.append(f"more {place}")
    sales = Transactions(who, day, money, cost, document)
    return analyze(sales, as_of=_AS_OF, settings=Settings(period="12M"))


def wished(result: Analysis) -> dict[str, str]:
    """List who should show what."""
    snapshot = result.snapshot
    return {
        who: SEGMENTS[code]
        for who, code in zip(snapshot.customers.tolist(), snapshot.segment.tolist(), strict=True)
        if code >= 0
    }


def shown(company: Company, into: str) -> dict[str, str]:
    """Look into the base: who shows what."""
    store = company.store
    if into == "extra":
        return {row["Объект"]: row["Значение"] for row in store.rows[_EXTRA]}
    if into == "attributes":
        return {
            card["Ref_Key"]: row["Значение"]
            for card in store.rows["Catalog_Партнеры"]
            for row in card["ДополнительныеРеквизиты"]
            if store.get(_PROPERTIES, row["Свойство_Key"])["Имя"] == "СегментКарточка"
        }
    if into == "segment":
        names = {
            row["Ref_Key"]: row["Description"][-2:]
            for row in store.rows["Catalog_СегментыПартнеров"]
        }
        return {row["Партнер_Key"]: names[row["Сегмент_Key"]] for row in store.rows[_MEMBERS]}
    last: dict[tuple[str, str], dict[str, Any]] = {}
    for row in sorted(store.rows[_NATIVE], key=lambda each: str(each["Period"])):
        last[row["Партнер_Key"], row["ТипКлассификации"]] = row
    return {
        who: _LETTERS[row["Класс"]] + _LETTERS[last[who, "XYZ"]["Класс"]]
        for (who, axis), row in last.items()
        if axis == "ABC"
    }


@pytest.mark.parametrize("into", PLACES)
def test_written_once(sink: Make, base: Base, company: Company, into: str) -> None:
    """A dry run writes nothing; a run writes all; the next one finds nothing to write."""
    result = analysis(company)
    count = len(wished(result))
    looking = sink(into)
    dry = looking.write(result, dry_run=True)
    assert looking.notes[0].startswith(f"{count} to write, 0 right already; ")
    assert (dry.written, dry.unchanged, dry.failed, base.writes) == (count, 0, {}, [])
    real = sink(into).write(result, dry_run=False)
    assert (real.written, real.unchanged, real.failed) == (count, 0, {})
    assert wished(result) == shown(company, into)
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
    old, new = wished(analysis(company)), wished(result)
    moved = {who for who in new if old.get(who) != new[who]}
    assert [list(company.keys)[3]] == list(moved)
    report = sink(into).write(result, dry_run=False)
    assert new == shown(company, into)
    assert report.failed == {}
    assert report.written == 1
    asked = [each.body.decode() + each.path for each in base.writes[before:]]
    assert moved == {who for who in new if any(who in each for each in asked)}


@pytest.mark.parametrize("into", PLACES)
@pytest.mark.parametrize("lost", ["mark", "delete", "keep"])
def test_lost_customers(sink: Make, base: Base, company: Company, into: str, lost: str) -> None:
    """A customer without sales any more is marked, cleared or kept, as asked."""
    sink(into, lost=lost).write(analysis(company), dry_run=False)
    gone = next(iter(company.keys))
    was = wished(analysis(company))[gone]
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


@pytest.mark.parametrize("into", PLACES)
def test_one_refusal_does_not_stop_the_others(
    sink: Make, base: Base, company: Company, into: str
) -> None:
    """A customer that the configuration refuses is tried once and reported; others are written."""
    result = analysis(company)
    one = next(iter(wished(result)))
    company.store.refuses[_PLACE[into], one] = "Клиент «Секрет» закрыт для изменений"
    report = sink(into).write(result, dry_run=False)
    assert list(report.failed) == [one]
    assert "закрыт для изменений" in report.failed[one]
    assert "Секрет" not in report.failed[one]
    assert {who: s for who, s in wished(result).items() if who != one} == shown(company, into)
    assert sum(one.encode() in each.body or one in each.path for each in base.writes) == 1


@pytest.mark.parametrize("into", PLACES)
@pytest.mark.parametrize("fault", ["reset_before", "reset_after", "busy", "gateway"])
def test_a_lost_answer_is_never_followed_by_the_same_request(
    sink: Make, base: Base, company: Company, into: str, fault: str
) -> None:
    """When an answer is lost the sink looks; what has not arrived waits for the next run."""
    result = analysis(company)
    method = "PATCH" if into == "attributes" else "POST"
    base.faults.append(attrs.evolve(FAULTS[fault], when=method))
    report = sink(into).write(result, dry_run=False)
    sent = [(each.path, each.body) for each in base.writes if each.method == method]
    assert len(sent) == len(set(sent))
    arrived = fault == "reset_after"
    assert len(report.failed) == (0 if arrived else 1)
    last = sink(into).write(result, dry_run=False)
    assert last.failed == {}
    assert wished(result) == shown(company, into)


@pytest.mark.parametrize("into", PLACES)
def test_what_1c_only_says_it_wrote(sink: Make, base: Base, company: Company, into: str) -> None:
    """An answer of success with nothing behind it is found out by reading once more."""
    company.store.deaf.add(_PLACE[into])
    result = analysis(company)
    report = sink(into).write(result, dry_run=False)
    assert report.failed.keys() == wished(result).keys()
    assert report.written == 0
    assert shown(company, into) == {}


@pytest.mark.parametrize(
    ("break_it", "tries"), [("outage", 3), ("no right", 3)], ids=["outage", "no right"]
)
def test_pointless_work_is_given_up(
    sink: Make, base: Base, company: Company, break_it: str, tries: int
) -> None:
    """Three outages in a row, or three refusals of the right, end the work; all is reported."""
    if break_it == "outage":
        base.faults.append(attrs.evolve(FAULTS["busy"], when="POST", times=99))
    base.read_only = break_it == "no right"
    result = analysis(company)
    report = sink().write(result, dry_run=False)
    assert len(base.writes) == tries
    if base.read_only:
        reason = next(iter(report.failed.values()))
        assert "may not change InformationRegister «Дополнительные сведения»" in reason
    assert report.failed.keys() == wished(result).keys()
    assert (
        sum(reason.startswith("not tried") for reason in report.failed.values())
        == len(report.failed) - tries
    )


def test_reasons_in_russian(sink: Make, base: Base, company: Company) -> None:
    """The report speaks the language asked for, what 1C itself said included."""
    result = analysis(company)
    one, other = list(wished(result))[:2]
    company.store.refuses[_EXTRA, one] = "Изменять нельзя"
    company.store.get("Catalog_Партнеры", other)["DeletionMark"] = True
    writer = sink(lang="ru")
    report = writer.write(result, dry_run=False)
    assert report.failed == {
        one: f"1С отказала, {_EXTRA}: Изменять нельзя",
        other: "в 1С нет такого клиента",
    }
    assert writer.notes[0].startswith(f"к записи {len(wished(result)) - 1}, уже верно 0")


def test_a_record_that_appears_meanwhile(sink: Make, base: Base, company: Company) -> None:
    """A key that exists already is changed instead of created."""
    result = analysis(company)
    one = next(iter(wished(result)))
    prop = next(r for r in company.store.rows[_PROPERTIES] if r["ЭтоДополнительноеСведение"])
    base.faults.append(
        Fault(
            when="POST",
            then=lambda: company.store.add(
                _EXTRA,
                Объект=one,
                Объект_Type="StandardODATA.Catalog_Партнеры",
                Свойство_Key=prop["Ref_Key"],
                Значение="??",
                Значение_Type="Edm.String",
            ),
        )
    )
    report = sink().write(result, dry_run=False)
    assert report.failed == {}
    assert wished(result) == shown(company, "extra")


def test_others_with_the_property_are_left_alone(sink: Make, base: Base, company: Company) -> None:
    """Records about other catalogs and other properties stay as they are."""
    prop = next(r for r in company.store.rows[_PROPERTIES] if r["ЭтоДополнительноеСведение"])
    foreign = "ffffffff-0000-4000-8000-000000000001"
    for kind, key in (
        ("Catalog_Контрагенты", prop["Ref_Key"]),
        ("Catalog_Партнеры", "ffffffff-0000-4000-8000-000000000002"),
    ):
        company.store.add(
            _EXTRA,
            Объект=foreign,
            Объект_Type=f"StandardODATA.{kind}",
            Свойство_Key=key,
            Значение="наше",
            Значение_Type="Edm.String",
        )
    sink().write(analysis(company), dry_run=False)
    assert [r["Значение"] for r in company.store.rows[_EXTRA] if r["Объект"] == foreign] == [
        "наше",
        "наше",
    ]


@pytest.mark.parametrize("into", ["extra", "attributes"])
def test_property_must_be_one(sink: Make, base: Base, company: Company, into: str) -> None:
    """A property that is missing, of the other kind or double is an error that says what to do."""
    with pytest.raises(ConfigError, match="Общие настройки"):
        sink(into, property="Нет такого").preflight()
    wrong = "СегментКарточка" if into == "extra" else "СегментABCXYZ"
    with pytest.raises(ConfigError, match="1C has 0"):
        sink(into, property=wrong).write(analysis(company), dry_run=True)
    company.store.add(_PROPERTIES, Description=PROPERTY, ЭтоДополнительноеСведение=into == "extra")
    with pytest.raises(ConfigError, match="1C has 2"):
        sink(into).write(analysis(company), dry_run=True)
    assert base.writes == []


def test_values_of_a_list(sink: Make, company: Company) -> None:
    """A property with a list takes its elements; one that lacks some is an error."""
    prop = next(r for r in company.store.rows[_PROPERTIES] if r["ЭтоДополнительноеСведение"])
    texts = [*SEGMENTS, "Не классифицирован"]
    add = company.store.add
    name = "Catalog_ЗначенияСвойствОбъектов"
    of_text = {t: add(name, Description=t, Owner_Key=prop["Ref_Key"]) for t in texts[:-1]}
    result = analysis(company)
    with pytest.raises(ConfigError, match="lacks Не классифицирован"):
        sink().write(result, dry_run=True)
    of_text[texts[-1]] = add(name, Description=texts[-1], Owner_Key=prop["Ref_Key"])
    assert sink().write(result, dry_run=False).failed == {}
    expected = {who: of_text[segment] for who, segment in wished(result).items()}
    assert expected == shown(company, "extra")
    kinds = {row["Значение_Type"] for row in company.store.rows[_EXTRA]}
    assert kinds == {f"StandardODATA.{name}"}
    assert sink().write(result, dry_run=False).unchanged == len(expected)


def _attribute(company: Company, who: str, value: str = "своё") -> None:
    """Give a card an attribute of somebody else's."""
    other = company.store.add(_PROPERTIES, Description="Отрасль", ЭтоДополнительноеСведение=False)
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
    """The table is written whole, with the rows of others as they were."""
    result = analysis(company)
    one = next(iter(wished(result)))
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
    """A card that moves on between reading and writing is read again where 1C tells."""
    company.store.locking = locking
    result = analysis(company)
    one = next(iter(wished(result)))
    card = company.store.get("Catalog_Партнеры", one)

    def colleague() -> None:
        _attribute(company, one)
        card["DataVersion"] = "AAAAAAAAB9A="

    base.faults.append(Fault(when="PATCH", then=colleague))
    report = sink("attributes").write(result, dry_run=False)
    assert report.failed == {}
    assert shown(company, "attributes") == wished(result)
    values = [row["Значение"] for row in card["ДополнительныеРеквизиты"]]
    assert ("своё" in values) == locking
    assert all("if-match" in each.headers for each in base.writes)


@pytest.mark.parametrize("customer_id", ["inn", "code"])
def test_customers_known_by_another_name(
    sink: Make, base: Base, company: Company, customer_id: str
) -> None:
    """Customers are found by INN or code; who is not is named with the reason."""
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
    result = analyze(sales, as_of=_AS_OF)
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
    """A card marked for deletion is left as it is."""
    result = analysis(company)
    one = next(iter(wished(result)))
    company.store.get("Catalog_Партнеры", one)["DeletionMark"] = True
    report = sink().write(result, dry_run=False)
    assert list(report.failed) == [one]
    assert one not in shown(company, "extra")


def test_what_stands_on_cards_that_are_left_alone(
    sink: Make, base: Base, company: Company
) -> None:
    """Deleted cards, and those that share their name, keep what they show."""
    result = analysis(company)
    sink().write(result, dry_run=False)
    before = shown(company, "extra")
    one, other, third = list(wished(result))[:3]
    company.store.get("Catalog_Партнеры", one)["DeletionMark"] = True
    for row in company.store.rows["Catalog_Контрагенты"]:
        if row["Партнер_Key"] in (other, third):
            row["ИНН"] = "7733333333"
    months = [date(2025, n + 3, 1) for n in range(9)]
    names = ["7733333333", *(f"{7700000000 + place}" for place in range(3, 8))]
    sales = [(name, day, 10 + n) for n, name in enumerate(names) for day in months[: n + 2]]
    columns = (list(each) for each in zip(*sales, strict=True))
    sink(customer_id="inn").write(
        analyze(Transactions(*columns), as_of=_AS_OF, settings=Settings(period="12M")),
        dry_run=False,
    )
    after = shown(company, "extra")
    assert {who: after[who] for who in (one, other, third)} == {
        who: before[who] for who in (one, other, third)
    }


def test_native_records(sink: Make, base: Base, company: Company) -> None:
    """УТ's register gets two records a customer, dated by the window, Latin first letters."""
    prior = {
        "Period": "2026-01-31T00:00:00",
        "Партнер_Key": list(company.keys)[7],
        "ТипПараметраКлассификации": "Выручка",
        "ЗначениеПараметраКлассификации": 5,
        "Класс_Type": "StandardODATA.ОсобыйТип",
    }
    for axis in ("ABC", "XYZ"):
        company.store.add(_NATIVE, ТипКлассификации=axis, Класс=f"{axis[0]}Класс", **prior)
    other = {**prior, "ТипПараметраКлассификации": "Количество", "Класс": "BКласс"}
    company.store.add(_NATIVE, ТипКлассификации="ABC", **other)
    result = analysis(company)
    report = sink("ut11").write(result, dry_run=False)
    assert report.failed == {}
    rows = [r for r in company.store.rows[_NATIVE] if r["Period"] == "2026-02-28T00:00:00"]
    assert len(rows) == 2 * (len(wished(result)) + 1)
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


def test_native_needs_a_word(base: Base) -> None:
    """УТ's own jobs would overwrite it, so the user says that they are off."""
    with pytest.raises(ConfigError, match="native_jobs_off"):
        adapter(OneCSink, base.url, "u", "p", into="ut11")


def test_segments_must_be_there(sink: Make, base: Base, company: Company) -> None:
    """Each of the nine segments that is missing is named; none is created."""
    rows = company.store.rows["Catalog_СегментыПартнеров"]
    rows[0]["DeletionMark"] = True
    with pytest.raises(ConfigError, match=f"'{PROPERTY} AX'"):
        sink("segment").preflight()
    assert base.writes == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"into": "cards"}, "into is 'cards'"),
        ({"lost": "?"}, "lost is"),
        ({"into": "segment", "profile": "bp"}, "about partners"),
        ({"entity": "partner", "profile": "unf"}, "has no partners"),
    ],
)
def test_options_are_checked(base: Base, options: dict[str, str], said: str) -> None:
    """An option that cannot work is refused before anything is asked."""
    with pytest.raises(ConfigError, match=said):
        adapter(OneCSink, base.url, "u", "p", native_jobs_off=True, **options)  # type: ignore[arg-type]
    assert base.log == []


@pytest.mark.parametrize("into", PLACES)
def test_preflight(sink: Make, base: Base, company: Company, into: str) -> None:
    """Looking first writes nothing, and names the register that is not published."""
    assert len(sink(into).preflight()) == 1
    hidden = {"attributes": "Catalog_Партнеры_ДополнительныеРеквизиты"}.get(into, _PLACE[into])
    company.store.unpublished.add(hidden)
    with pytest.raises(ConfigError, match="Администрирование"):
        sink(into).preflight()
    assert base.writes == []

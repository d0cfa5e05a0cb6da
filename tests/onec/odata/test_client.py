# ruff: noqa: DTZ001 - 1C speaks naive local time; parametrised cases read best in a line
"""The client against the emulator, over TCP."""

from __future__ import annotations

import io
import json
import traceback
import tracemalloc
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.clocks import NoWait
from tests.emulators.onec.base import FAULTS, ZERO, Base, Company, Fault, parse

from abcxyz.errors import (
    AbcxyzWarning,
    AdapterError,
    AuthenticationError,
    BadDataError,
    ConfigError,
    InputError,
    UnavailableError,
)
from abcxyz.http import OutcomeUnknownError
from abcxyz_onec.odata import query as q
from abcxyz_onec.odata.answers import (
    ChangedError,
    GoneError,
    RefusedError,
    ShiftedError,
    UnknownNameError,
    failure,
)
from abcxyz_onec.odata.client import Client, Row, connect
from abcxyz_onec.odata.metadata import parse as parse_metadata
from abcxyz_onec.odata.paging import count, table, windows
from abcxyz_onec.odata.query import Query

_SALES = "AccumulationRegister_ВыручкаИСебестоимостьПродаж"
_PARTNERS = Query("Catalog_Партнеры", ("Ref_Key", "Description"))
_FLAT = Query(
    f"{_SALES}_RecordType",
    ("Period", "Recorder", "СуммаВыручки"),
    orderby=("Period", "Recorder", "Recorder_Type", "LineNumber"),
)


class _Kept:
    """Keeps pages as they are."""

    def add(self, rows: list[Row]) -> list[Row]:
        return list(rows)

    def close(self) -> list[Row]:
        return []


@given(st.text(max_size=40))
def test_any_text_survives_quoting(text: str) -> None:
    """Whatever a name holds, the filter reads back as the same text."""
    assert parse(f"Code eq {q.string(text)}")[3] == ("value", text)


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=6, min_value=-(10**30), max_value=10**30
    )
)
def test_numbers_have_no_exponent(value: Decimal) -> None:
    """A number of any size is written in full."""
    assert parse(f"Сумма eq {q.number(value)}")[3] == ("value", value)


def test_split_keeps_to_the_limits() -> None:
    """A long chain becomes several questions, none too long, none of the links lost."""
    links = [
        f"Ref_Key eq {q.guid(f'{n:032x}'[:8] + '-0000-4000-8000-' + f'{n:012x}')}"
        for n in range(101)
    ]
    asked = list(q.split(attrs.evolve(_PARTNERS, where="DeletionMark eq false"), links))
    assert max(len(each.path().partition("?")[2]) for each in asked) <= q.QUERY_LIMIT
    assert sum(each.where.count("Ref_Key eq") for each in asked) == 101
    assert all(each.where.startswith("DeletionMark eq false and (") for each in asked)


def test_a_question_past_the_limits_is_not_sent() -> None:
    """A query string that IIS would cut off is an error here."""
    with pytest.raises(InputError, match="2048"):
        attrs.evolve(_PARTNERS, where="Description eq " + q.string("Ж" * 500)).path()


@pytest.mark.parametrize("name", ["a b", "x)", "a'b", "$filter", ""])
def test_names_cannot_smuggle(name: str) -> None:
    """A name from a profile cannot carry anything but a name."""
    with pytest.raises(InputError, match="cannot be a name"):
        Query("Catalog_X", (name,))


def test_all_rows_once_whatever_the_page(client: Client, company: Company) -> None:
    """Pages of any size hold every row once, though ties come shuffled."""
    client.page_bytes = 2000
    found = [row["Recorder"] for row in table(client, attrs.evolve(_FLAT, where="Active eq true"))]
    rows = company.store.rows[_FLAT.entity]
    assert sorted(found) == sorted(row["Recorder"] for row in rows if row["Active"])
    assert client.traffic.requests > 3


@pytest.mark.parametrize("served", [True, False])
def test_counting(client: Client, base: Base, company: Company, served: bool) -> None:
    """Rows are counted by the base, or by halving where it does not count."""
    base.counts = served
    rows = company.store.rows[_FLAT.entity]
    active = attrs.evolve(_FLAT, where="Active eq true")
    assert sum(row["Active"] for row in rows) == count(client, active)
    assert count(client, attrs.evolve(_FLAT, where="LineNumber eq 77")) == 0


@pytest.mark.parametrize("gone", [True, False])
def test_rows_that_move_while_they_are_read(
    client: Client, base: Base, company: Company, gone: bool
) -> None:
    """A row that comes or goes in front of the page is noticed, and the window is read again."""
    client.page_bytes = 1
    rows = company.store.rows[_FLAT.entity]
    first = min(rows, key=lambda row: row["Period"] if row["Period"] > "1" else "9")
    late = {**first, "Recorder": "z" * 36, "Period": "2025-01-01T00:00:00"}
    moved = (lambda: rows.remove(first)) if gone else (lambda: rows.append(late))
    base.faults.append(Fault(when="$skip=39", then=moved))
    asked = attrs.evolve(_FLAT, where="Period ge datetime'0300-01-01T00:00:00'")
    found = sorted(row["Recorder"] for row in table(client, asked))
    expected = sorted(row["Recorder"] for row in rows if row["Period"] > "1")
    assert expected == found
    assert base.faults == []


def test_a_row_that_comes_twice(client: Client, company: Company) -> None:
    """A set that gives the same key twice, however often it is asked, is an error."""
    rows = company.store.rows[_FLAT.entity]
    rows.append(dict(rows[0]))
    with pytest.raises(ShiftedError, match="changed while it was being read"):
        table(client, _FLAT)


def test_windows_hold_first_and_last_second(client: Client, company: Company) -> None:
    """A month holds its first and last second, and nothing of the next."""
    got = windows(client, _FLAT, "Period", date(2026, 1, 1), date(2026, 2, 1), _Kept)
    found = sorted(row["Period"] for _, _, pages in got for rows in pages for row in rows)
    assert found[0] == "2026-01-01T00:00:00"
    assert found[-1] == "2026-01-31T23:59:59"
    expected = [
        r["Period"] for r in company.store.rows[_FLAT.entity] if r["Period"][:7] == "2026-01"
    ]
    assert found == sorted(expected)


def test_numbers_are_exact(client: Client, company: Company) -> None:
    """A fraction comes as the digits that 1C sent."""
    company.record(ZERO, datetime(2026, 5, 5), "x", "Document_X", 9, СуммаВыручки=0.1)
    rows = table(client, attrs.evolve(_FLAT, where="Recorder_Type eq 'StandardODATA.Document_X'"))
    assert [row["СуммаВыручки"] for row in rows] == [Decimal("0.1")]


@pytest.mark.parametrize(
    "fault", ["busy", "gateway", "timeout", "maintenance", "truncated", "reset_before", "platform"]
)
def test_an_outage_is_waited_out(client: Client, base: Base, fault: str) -> None:
    """A passing outage while reading is not noticed; a lasting one is said to be one."""
    names = [row["Ref_Key"] for row in table(client, _PARTNERS)]
    base.faults.append(attrs.evolve(FAULTS[fault], when="Catalog", times=3))
    assert [row["Ref_Key"] for row in table(client, _PARTNERS)] == names
    base.faults.append(attrs.evolve(FAULTS[fault], when="Catalog", times=99))
    before = len(base.log)
    with pytest.raises(UnavailableError):
        list(table(client, _PARTNERS))
    assert len(base.log) - before == 4


def test_maintenance_by_403_is_not_hammered(client: Client, base: Base) -> None:
    """Logins that are forbidden are reported with 1C's own words, at once."""
    base.faults.append(FAULTS["forbidden"])
    with pytest.raises(UnavailableError, match="Начало сеанса"):
        client.metadata()
    assert len(base.log) == 1


def test_byte_order_marks(client: Client, base: Base) -> None:
    """A mark before each body changes nothing."""
    base.bom = True
    assert len(list(table(client, _PARTNERS))) == 8


def test_cold_start(client: Client, base: Base) -> None:
    """A first answer that is late but within the time-out is waited for; a later one is not."""
    base.cold = 0.3
    client.timeout = 2
    assert len(client.metadata().sets) > 10
    base.cold = 1.5
    client.timeout = 0.2
    with pytest.raises(OutcomeUnknownError):
        client.create("InformationRegister_ПартнерыСегмента", {})


@pytest.mark.slow
def test_cold_start_in_life(client: Client, base: Base) -> None:
    """Forty seconds of starting are within the default time-out."""
    base.cold = 40
    client.timeout = 120.0
    assert len(list(table(client, _PARTNERS))) == 8


def test_business_refusal_is_never_repeated(client: Client, base: Base, company: Company) -> None:
    """Code -1 fails at once, without the names that 1C quotes."""
    one = next(iter(company.keys))
    company.store.refuses["Catalog_Партнеры", one] = "Поле «ИНН» клиента «Ромашка» не заполнено"
    before = len(base.writes)
    with pytest.raises(RefusedError) as caught:
        client.change("Catalog_Партнеры", {"Ref_Key": q.guid(one)}, {"Description": "x"})
    assert len(base.writes) - before == 1
    assert "Ромашка" not in str(caught.value)


@pytest.mark.parametrize("fault", ["reset_before", "reset_after", "busy"])
def test_a_write_is_sent_once(client: Client, base: Base, fault: str) -> None:
    """A write whose answer is lost is not repeated by the client."""
    base.faults.append(FAULTS[fault])
    with pytest.raises(UnavailableError):
        client.create(
            "InformationRegister_ПартнерыСегмента", {"Сегмент_Key": ZERO, "Партнер_Key": ZERO}
        )
    assert len(base.writes) == 1


def test_lost_race(client: Client, company: Company) -> None:
    """A version that has moved on is an error of its own."""
    one = next(iter(company.keys))
    with pytest.raises(ChangedError):
        client.change("Catalog_Партнеры", {"Ref_Key": q.guid(one)}, {"Регион": "x"}, version="old")


def test_gone(client: Client) -> None:
    """A reference to nothing is said to be gone."""
    with pytest.raises(GoneError):
        client.one("Catalog_Партнеры", ZERO)


def test_hidden_rows_are_explained(client: Client, base: Base, company: Company) -> None:
    """Row-level security names allowed_only; with it the rest is read."""
    base.restricted.add("Робот")
    company.store.hidden["Catalog_Партнеры"] = {next(iter(company.keys))}
    with pytest.raises(AuthenticationError, match="allowed_only"):
        list(table(client, _PARTNERS))
    client.allowed_only = True
    with pytest.warns(AbcxyzWarning, match="may not see"):
        assert len(table(client, _PARTNERS)) == 7
    refused = sum(each.status == 401 for each in base.log)
    assert len(table(client, _PARTNERS)) == 7
    assert refused == sum(each.status == 401 for each in base.log)
    keys = Query("Catalog_КлючиАналитикиУчетаПоПартнерам", ("Ref_Key",))
    assert len(table(client, keys)) == sum(map(len, company.keys.values()))


def test_unknown_names_are_not_sent(client: Client, base: Base) -> None:
    """A field that is not published is refused before it is asked for."""
    client.metadata()
    before = len(base.log)
    with pytest.raises(UnknownNameError, match=r"Catalog_Партнеры\.Нет"):
        list(table(client, Query("Catalog_Партнеры", ("Нет",))))
    assert len(base.log) == before


def test_metadata_cache(client: Client, base: Base, company: Company, tmp_path: Path) -> None:
    """The description is read once, kept on disk, and dropped when 1C knows better."""
    client.cache = tmp_path
    first = client.metadata()
    again = connect(base.url, "Робот", "пароль-7Щ", cache=tmp_path, clock=NoWait())
    assert again.metadata() == first
    assert sum(each.path.endswith("$metadata") for each in base.log) == 1
    company.store.unpublished.add("Catalog_Партнеры")
    with pytest.raises(UnknownNameError):
        list(table(again, _PARTNERS))
    assert not again.metadata().has("Catalog_Партнеры")
    for file in tmp_path.iterdir():
        file.write_text("{", encoding="utf-8")
    client.forget()
    assert not client.metadata().has("Catalog_Партнеры")


def test_a_large_description_is_read_as_a_stream() -> None:
    """Megabytes of description never stand in memory as a tree; what is kept is small."""
    field = '<Property Name="Поле{0}" Type="Edm.String"/><NavigationProperty Name="Поле{0}"/>'
    inside = "<Key><PropertyRef Name='Ref_Key'/></Key>" + "".join(map(field.format, range(20)))
    body = "".join(
        f'<{kind} Name="Catalog_{number}">{inside}</{kind}>'
        for number in range(500)
        for kind in ("EntityType", "ComplexType")
    )
    document = f'<e:Edmx xmlns:e="x"><Schema xmlns="y">{body}</Schema></e:Edmx>'.encode()
    tracemalloc.start()
    try:
        found = parse_metadata(io.BytesIO(document))
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (len(found.sets), found.sets["Catalog_7"].key) == (500, ("Ref_Key",))
    # A tree of it would take ten times its length.
    assert peak - kept < len(document)


def test_wrong_password_leaves_no_trace(base: Base) -> None:
    """A refused login says so; no traceback or repr holds the password."""
    client = connect(base.url, "Робот", "S3cret-тайна", clock=NoWait())
    with pytest.raises(AuthenticationError) as caught:
        client.metadata()
    text = (
        "".join(traceback.format_exception(caught.value)) + repr(client) + repr(client.transport)
    )
    assert "S3cret" not in text
    assert "Basic " not in text


def test_netrc_does_not_win(base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry of .netrc for the host does not replace the login of the job."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password wrong\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    client = connect(base.url, "Робот", "пароль-7Щ", clock=NoWait())
    assert len(client.metadata().sets) > 10


@pytest.mark.parametrize(
    "url",
    [
        "https://u:p@host/odata/standard.odata",
        "https://host/base",
        "ftp://x",
        "http://host/odata/standard.odata",
    ],
)
def test_addresses_are_checked(url: str) -> None:
    """An address that cannot work is refused before anything is sent."""
    with pytest.raises(ConfigError):
        connect(url, "u", "p")


def test_a_login_with_a_colon(base: Base) -> None:
    """A login that Basic cannot carry is refused before it is sent."""
    with pytest.raises(ConfigError, match="colon"):
        connect(base.url, "a:b", "p")


_M = 'xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"'


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (404, f"<m:error {_M}><m:code>9</m:code><m:message>x</m:message></m:error>", GoneError),
        (
            400,
            json.dumps({"odata.error": {"code": "14", "message": {"value": "x"}}}),
            BadDataError,
        ),
        (400, json.dumps({"odata.error": {"code": "6", "message": {"value": "x"}}}), ConfigError),
        (404, "<html>404</html>", ConfigError),
        (401, "<html>401</html>", AuthenticationError),
        (500, "<html>1C:Enterprise 8 error by reason: x</html>", UnavailableError),
        (
            500,
            json.dumps({"odata.error": {"code": "-1", "message": {"value": "x"}}}),
            RefusedError,
        ),
        (503, "", UnavailableError),
        (501, "", BadDataError),
        (405, "", BadDataError),
    ],
)
def test_shapes_of_errors(status: int, body: str, expected: type[AdapterError]) -> None:
    """Each shape of an error becomes the library's error for it, byte-order mark or not."""
    for mark in (b"", b"\xef\xbb\xbf"):
        assert isinstance(failure(status, mark + body.encode(), "X"), expected)

# ruff: noqa: DTZ001 - 1C sends naive local time
"""Tests of the OData client against the emulator, over TCP."""

from __future__ import annotations

import traceback
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import attrs
import pytest
from tests.clocks import NoWait
from tests.emulators.onec.base import FAULTS, ZERO, Base, Company, Fault

from abcxyz.errors import (
    AbcxyzWarning,
    AuthenticationError,
    ConfigError,
    UnavailableError,
)
from abcxyz.http import OutcomeUnknownError
from abcxyz_onec.odata import query as q
from abcxyz_onec.odata.client import Client, connect
from abcxyz_onec.odata.errors import (
    ChangedError,
    GoneError,
    RefusedError,
)
from abcxyz_onec.odata.paging import table
from abcxyz_onec.odata.query import Query

_SALES = "AccumulationRegister_ВыручкаИСебестоимостьПродаж"


_PARTNERS = Query("Catalog_Партнеры", ("Ref_Key", "Description"))


_FLAT = Query(
    f"{_SALES}_RecordType",
    ("Period", "Recorder", "СуммаВыручки"),
    orderby=("Period", "Recorder", "Recorder_Type", "LineNumber"),
)


def test_numbers_are_exact(client: Client, company: Company) -> None:
    """A fraction is read as the exact decimal that 1C sent."""
    company.record(ZERO, datetime(2026, 5, 5), "x", "Document_X", 9, СуммаВыручки=0.1)
    rows = table(client, attrs.evolve(_FLAT, where="Recorder_Type eq 'StandardODATA.Document_X'"))
    assert [row["СуммаВыручки"] for row in rows] == [Decimal("0.1")]


@pytest.mark.parametrize(
    "fault", ["busy", "gateway", "timeout", "maintenance", "truncated", "reset_before", "platform"]
)
def test_an_outage_is_retried(client: Client, base: Base, fault: str) -> None:
    """A passing outage of a read is retried; a lasting one is an UnavailableError."""
    names = [row["Ref_Key"] for row in table(client, _PARTNERS)]
    base.faults.append(attrs.evolve(FAULTS[fault], when="Catalog", times=3))
    assert [row["Ref_Key"] for row in table(client, _PARTNERS)] == names
    base.faults.append(attrs.evolve(FAULTS[fault], when="Catalog", times=99))
    before = len(base.log)
    with pytest.raises(UnavailableError):
        list(table(client, _PARTNERS))
    assert len(base.log) - before == 4


def test_a_403_of_maintenance_is_not_retried(client: Client, base: Base) -> None:
    """Forbidden logins are an error at once, with the message of 1C."""
    base.faults.append(FAULTS["forbidden"])
    with pytest.raises(UnavailableError, match="Начало сеанса"):
        client.metadata()
    assert len(base.log) == 1


def test_byte_order_marks(client: Client, base: Base) -> None:
    """A byte-order mark before each body changes nothing."""
    base.bom = True
    assert len(list(table(client, _PARTNERS))) == 8


def test_cold_start(client: Client, base: Base) -> None:
    """A late first answer within the time-out is accepted; a later one is an error."""
    base.cold = 0.3
    client.timeout = 2
    assert len(client.metadata().sets) > 10
    base.cold = 1.5
    client.timeout = 0.2
    with pytest.raises(OutcomeUnknownError):
        client.create("InformationRegister_ПартнерыСегмента", {})


@pytest.mark.slow
def test_cold_start_of_forty_seconds(client: Client, base: Base) -> None:
    """A start of forty seconds is within the default time-out."""
    base.cold = 40
    client.timeout = 120.0
    assert len(list(table(client, _PARTNERS))) == 8


def test_business_refusal_is_never_repeated(client: Client, base: Base, company: Company) -> None:
    """Code -1 fails without a retry and without the names that 1C quotes."""
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


def test_an_outdated_version(client: Client, company: Company) -> None:
    """An outdated version is a ChangedError."""
    one = next(iter(company.keys))
    with pytest.raises(ChangedError):
        client.change("Catalog_Партнеры", {"Ref_Key": q.guid(one)}, {"Регион": "x"}, version="old")


def test_a_missing_object(client: Client) -> None:
    """A reference to no object is a GoneError."""
    with pytest.raises(GoneError):
        client.get_object("Catalog_Партнеры", ZERO)


def test_hidden_rows_are_explained(client: Client, base: Base, company: Company) -> None:
    """The error of row-level security names allowed_only; with it other rows are read."""
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


def test_wrong_password_leaves_no_trace(base: Base) -> None:
    """A refused login is an error; no traceback or repr has the password."""
    client = connect(base.url, "Робот", "S3cret-тайна", clock=NoWait())
    with pytest.raises(AuthenticationError) as caught:
        client.metadata()
    text = (
        "".join(traceback.format_exception(caught.value)) + repr(client) + repr(client.transport)
    )
    assert "S3cret" not in text
    assert "Basic " not in text


def test_netrc_is_not_used(base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


@pytest.mark.parametrize("where", ["$metadata", "Catalog_Партнеры"])
def test_a_page_instead_of_data(client: Client, base: Base, where: str) -> None:
    """An answer 200 with a page for people is an outage, and the message holds its words."""
    page = "<html><head><title>Вход</title></head><body>Работы до&nbsp;14:00</body></html>"
    base.faults.append(Fault(when=where, times=9, status=200, body=page.encode()))
    with pytest.raises(UnavailableError, match="«Вход Работы до 14:00»"):
        table(client, Query("Catalog_Партнеры", ("Ref_Key",)))

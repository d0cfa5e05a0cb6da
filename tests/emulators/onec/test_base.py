"""Strictness of the emulator, compared with observed behaviour of the platform."""

from __future__ import annotations

import base64
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from tests.emulators.onec.base import FAULTS, ZERO, Base, Company, ODataError, parse

_REALISATIONS = "Document_РеализацияТоваровУслуг"
_SALES = "AccumulationRegister_ВыручкаИСебестоимостьПродаж"


def send(
    base: Base, path: str, *, method: str = "GET", raw: str = "", body: Any = None, user: str = ""
) -> requests.Response:
    login = base64.b64encode((user or "Робот:пароль-7Щ").encode()).decode()
    query = raw or "$format=json"
    data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
    return requests.request(
        method,
        f"{base.url}/{quote(path, safe=chr(39) + '(),:/$=')}?{query}",
        headers={"Authorization": f"Basic {login}"},
        data=data,
        timeout=5,
    )


def where(text: str) -> str:
    return "$format=json&$filter=" + quote(text, safe="'(),:/$=")


def code(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["odata.error"]["code"]


def test_plus_is_not_a_space(base: Base) -> None:
    """A plus sign in the query string is refused."""
    answer = send(base, "Catalog_Партнеры", raw="$format=json&$filter=Code+eq+'1'")
    assert code(answer) == (400, "14")


def test_limits_of_length(base: Base) -> None:
    """The web server refuses segments over 260 and query strings over 2048 characters."""
    long_path = send(base, "Catalog_Партнеры(guid'" + "0" * 250 + "')")
    long_query = send(base, "Catalog_Партнеры", raw="$format=json&x=" + "y" * 2048)
    assert (long_path.status_code, "Invalid URL" in long_path.text) == (400, True)
    assert (long_query.status_code, "<html>" in long_query.text) == (404, True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ref_Key gt guid'00000000-0000-0000-0000-000000000000'", (500, "-1")),
        ("Ref_Key in ('a')", (400, "14")),
        ("length(Code) eq 1", (400, "21")),
        ("НетТакого eq 1", (400, "6")),
        ("Code eq 'a", (400, "14")),
    ],
)
def test_strictness_of_filters(base: Base, text: str, expected: tuple[int, str]) -> None:
    """A filter that the platform refuses is refused with its status and code."""
    assert expected == code(send(base, "Catalog_Партнеры", raw=where(text)))


def test_bare_guid_on_composite_is_silently_empty(base: Base, company: Company) -> None:
    """A composite field matches a cast only; a bare guid or a string matches nothing."""
    name = "Catalog_КлючиАналитикиУчетаПоПартнерам"
    one = company.store.rows[name][0]["Контрагент"]
    counts = [
        len(send(base, name, raw=where(f"Контрагент eq {literal}")).json()["value"])
        for literal in (f"guid'{one}'", f"'{one}'", f"cast(guid'{one}','Catalog_Контрагенты')")
    ]
    assert counts == [0, 0, 1]


def test_numbers_on_the_wire(base: Base) -> None:
    """Int64 and counts are strings, an unset resource is null."""
    answer = send(base, f"{_SALES}_RecordType", raw="$format=json&$inlinecount=allpages").json()
    row = answer["value"][0]
    assert answer["odata.count"] == str(len(answer["value"]))
    assert isinstance(row["LineNumber"], str)
    assert row["Количество"] is None


def test_ties_are_shuffled(base: Base) -> None:
    """Rows that tie under the order are shuffled for each request."""
    raw = "$format=json&$orderby=Active"
    orders = {send(base, f"{_SALES}_RecordType", raw=raw).text for _ in range(3)}
    assert len(orders) == 3


def test_silent_failures_of_writing(base: Base, company: Company) -> None:
    """Unknown fields are dropped, long strings are cut, and the version still changes."""
    one = company.store.rows["Catalog_Контрагенты"][0]
    before = one["DataVersion"]
    body = {"Нет": 1, "ИНН": "1234567890123456"}
    path = f"Catalog_Контрагенты(guid'{one['Ref_Key']}')"
    answer = send(base, path, method="PATCH", body=body)
    assert (answer.status_code, answer.json()["ИНН"]) == (200, "123456789012")
    assert before != one["DataVersion"]


@pytest.mark.parametrize(("locking", "expected"), [(True, 412), (False, 200)])
def test_optimistic_locking_is_optional(
    base: Base, company: Company, locking: bool, expected: int
) -> None:
    """Bases with locking check If-Match, others ignore it."""
    company.store.locking = locking
    one = company.store.rows["Catalog_Контрагенты"][0]["Ref_Key"]
    answer = requests.patch(
        f"{base.url}/Catalog_Контрагенты(guid'{one}')?$format=json",
        data=b"{}",
        headers={
            "If-Match": '"AAAA"',
            "Authorization": "Basic " + base64.b64encode("Робот:пароль-7Щ".encode()).decode(),
        },
        timeout=5,
    )
    assert expected == answer.status_code


def test_login_must_be_utf8(base: Base) -> None:
    """A login in the Windows code page is refused."""
    login = base64.b64encode("Робот:пароль-7Щ".encode("cp1251")).decode()
    answer = requests.get(base.url, headers={"Authorization": f"Basic {login}"}, timeout=5)
    assert answer.status_code == 401


def test_row_level_security(base: Base, company: Company) -> None:
    """Hidden rows give code 20, or are left out with allowedOnly."""
    base.restricted.add("Робот")
    rows = company.store.rows["Catalog_Партнеры"]
    company.store.hidden["Catalog_Партнеры"] = {rows[0]["Ref_Key"]}
    seen = send(base, "Catalog_Партнеры", raw="$format=json&allowedOnly=true").json()["value"]
    assert code(send(base, "Catalog_Партнеры")) == (401, "20")
    assert len(rows) - 1 == len(seen)


def test_unpublished_objects_are_unknown(base: Base, company: Company) -> None:
    """An object that is not published is neither served nor in the metadata."""
    company.store.unpublished.add("Catalog_Партнеры")
    assert code(send(base, "Catalog_Партнеры")) == (404, "8")
    assert '"Catalog_Партнеры"' not in send(base, "$metadata").text


def test_xml_error_without_json_format(base: Base) -> None:
    """Without a format the error comes as XML."""
    answer = send(base, "Catalog_Нет", raw="$top=1")
    assert (answer.status_code, "<m:code>8</m:code>" in answer.text) == (404, True)


def test_turnovers_include_the_last_second(base: Base, company: Company) -> None:
    """Turnovers sum active records of all documents, both ends of the period included."""
    path = (
        f"{_SALES}/Turnovers(StartPeriod=datetime'2026-01-01T00:00:00',"
        "EndPeriod=datetime'2026-01-31T23:59:59',Dimensions='АналитикаУчетаПоПартнерам')"
    )
    rows = send(base, path).json()["value"]
    sold = sum(s[2] for s in company.sold if (s[1].year, s[1].month) == (2026, 1))
    assert sold == sum(row["СуммаВыручкиTurnover"] or 0 for row in rows)


def test_posting_an_existing_key(base: Base, company: Company) -> None:
    """A record of an independent register is created with 200; a duplicate is refused."""
    body = {
        "Сегмент_Key": company.rouble,
        "Партнер_Key": next(iter(company.keys)),
    }
    name = "InformationRegister_ПартнерыСегмента"
    assert send(base, name, method="POST", body=body).status_code == 200
    assert code(send(base, name, method="POST", body=body)) == (400, "15")


@pytest.mark.parametrize(("fault", "left"), [("reset_before", 0), ("reset_after", 1)])
def test_resets_around_the_commit(base: Base, company: Company, fault: str, left: int) -> None:
    """A connection may be lost before or after the change is made."""
    base.faults.append(FAULTS[fault])
    body = {"Сегмент_Key": company.rouble, "Партнер_Key": next(iter(company.keys))}
    name = "InformationRegister_ПартнерыСегмента"
    with pytest.raises(requests.ConnectionError):
        send(base, name, method="POST", body=body)
    assert left == len(company.store.rows[name])


def test_filters_of_the_guide_parse(shared_spec: Path) -> None:
    """Every filter in the guide is parsed."""
    text = (shared_spec / "onec_examples" / "12_doc_url_and_filter_grammar.txt").read_text("utf-8")
    filters = re.findall(r"\$filter=([^&\n]+)", text)
    filters = [each.replace("\u2019", "'").strip() for each in filters]
    assert len(filters) > 30
    for each in filters:
        if "guid'value'" not in each:
            parse(each)


def test_observed_date_literals() -> None:
    """A date literal needs a year of four digits."""
    parse("Date ge datetime'0001-01-01T00:00:00'")
    with pytest.raises(ODataError, match=r"\$filter"):
        parse("Date ge datetime'1-01-01T00:00:00'")


def test_example_error_is_shaped_alike(base: Base, shared_spec: Path) -> None:
    """The XML error has the elements, namespace and code of the vendor's example."""
    example = (shared_spec / "onec_examples" / "01_doc_error_m_error_code9.xml").read_text("utf-8")
    answer = send(base, f"Catalog_Партнеры(guid'{ZERO}')", raw="x=1")
    bare = (re.sub(r"<\?.*?\?>", "", text) for text in (answer.text, example))
    ours, theirs = map(ET.fromstring, bare)
    assert [each.tag for each in theirs.iter()] == [each.tag for each in ours.iter()]
    code = "{http://schemas.microsoft.com/ado/2007/08/dataservices/metadata}code"
    assert (theirs.findtext(code), answer.status_code) == (ours.findtext(code), 404)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"Description": "x"}, (200, None)),
        ({"БизнесРегион_Key": "не guid"}, (400, "1")),
        ({"DeletionMark": "да"}, (400, "1")),
        ({"Description": ["x"]}, (500, "-1")),
        ({"БизнесРегион_Key": "11111111-0000-4000-8000-000000000000"}, (200, None)),
        ({"ДополнительныеРеквизиты": [{"LineNumber": "2"}]}, (400, "16")),
        ({"ДополнительныеРеквизиты": [{"Значение": "x"}]}, (500, "-1")),
        ({"DeletionMark": True}, (200, None)),
    ],
)
def test_observed_writes(
    base: Base, company: Company, body: dict[str, Any], expected: tuple[int, str | None]
) -> None:
    """Changing an object answers as was observed on a live base, with the whole object."""
    one = company.store.rows["Catalog_Партнеры"][0]
    answer = send(base, f"Catalog_Партнеры(guid'{one['Ref_Key']}')", method="PATCH", body=body)
    assert answer.status_code == expected[0]
    if expected[1] is None:
        assert answer.json()["Ref_Key"] == one["Ref_Key"]
    else:
        assert code(answer) == expected


def test_observed_deletion(base: Base, company: Company) -> None:
    """A record is deleted for good with 204; deleting or reading it again is 404 code 9."""
    one = next(iter(company.keys))
    name = "InformationRegister_ПартнерыСегмента"
    body = {"Сегмент_Key": company.rouble, "Партнер_Key": one}
    path = f"{name}(Сегмент_Key=guid'{company.rouble}',Партнер_Key=guid'{one}')"
    send(base, name, method="POST", body=body)
    assert send(base, path, method="DELETE").status_code == 204
    assert code(send(base, path, method="DELETE")) == (404, "9")
    assert code(send(base, path)) == (404, "9")


def test_observed_paging_of_a_tabular_section(base: Base, company: Company) -> None:
    """Pages ordered by the reference alone lose rows; ordered by the whole key they do not."""
    card = company.store.rows["Catalog_Партнеры"][0]
    card["ДополнительныеРеквизиты"] = [
        {"Ref_Key": card["Ref_Key"], "LineNumber": str(n), "Значение": str(n)}
        for n in range(1, 31)
    ]
    distinct = {}
    for order in ("Ref_Key", "Ref_Key,LineNumber"):
        rows = [
            row["LineNumber"]
            for skip in range(0, 30, 2)
            for row in send(
                base,
                "Catalog_Партнеры_ДополнительныеРеквизиты",
                raw=f"$format=json&$select=LineNumber&$orderby={order}&$top=2&$skip={skip}",
            ).json()["value"]
        ]
        distinct[order] = len(set(rows))
    assert distinct["Ref_Key"] < 30 == distinct["Ref_Key,LineNumber"]

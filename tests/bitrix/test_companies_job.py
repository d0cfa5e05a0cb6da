"""Leads with nothing but an INN: from a portal over DaData to their classes on the cards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.clocks import skip_waits
from tests.companies.fns import data_sets as made
from tests.emulators import dadata
from tests.emulators.bitrix24.harness import free
from tests.emulators.bitrix24.portal import LEAD, Portal

from abcxyz.cli import main

CONNECTION = 'kind = "bitrix24"\nwebhook = { env = "HOOK" }\ninsecure_loopback = true\n'
JOB = f"""
[window]
period = "12M"

[report]
lang = "en"

[[source]]
{CONNECTION}

[[enricher]]
{CONNECTION}
[enricher.attributes]
inn = "ORIGIN_ID"

[[enricher]]
kind = "KIND"
OPTIONS

[[sink]]
{CONNECTION}
"""
PERSON = made.PERSON
WELL_KNOWN = dadata.record("7825706086", "ООО АГРО")
LARGE, MEDIUM, SMALL = "7707000030", made.PLANT, made.BUILDER


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Portal]:
    """Serve a portal with a customer, and five leads that have an INN and no other attribute."""
    monkeypatch.chdir(tmp_path)
    skip_waits(monkeypatch)
    made = Portal(limits=free())
    made.add_company("Клиент")
    for month in range(1, 11):
        made.add_won_deal(1000.0, f"2026-{month:02}-03T12:00:00+03:00", company=1)
    for inn in (LARGE, MEDIUM, SMALL, PERSON, "9715000051"):
        made.add_lead("Новый", originId=inn)
    with made.serve() as server:
        monkeypatch.setenv("HOOK", server.webhook)
        yield made


def run_job(tmp_path: Path, kind: str, options: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Run the job; return what it printed."""
    job = tmp_path / "job.toml"
    job.write_text(JOB.replace("KIND", kind).replace("OPTIONS", options), encoding="utf-8")
    assert main(["run", str(job), "--as-of", "2026-11-29", "--apply", "--json"]) == 0
    streams = capsys.readouterr()
    assert PERSON not in streams.out + streams.err
    return streams.out


def classes(portal: Portal) -> list[str | None]:
    """Return the classes on the cards of the leads."""
    return [portal.choice(LEAD, lead, "UF_CRM_ABCXYZ_SEGMENT") for lead in range(1, 6)]


def test_leads_with_an_inn_get_classes_from_dadata(
    portal: Portal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """P-A, P-B and P-C with the reasons on the card; a person and an unknown firm get none."""
    firms = [
        WELL_KNOWN,
        dadata.record(LARGE, "АО ПРИМЕР", employees=900, revenue=3_000_000_000),
        dadata.record(MEDIUM, "ООО ПРИМЕР", region="50", employees=120, revenue=640_000_000),
        dadata.record(SMALL, "ООО ПРИМЕР", employees=12, revenue=100_000_000),
    ]
    monkeypatch.setenv("DADATA", dadata.KEY)
    with dadata.serving(*firms) as service:
        options = f'token = {{ env = "DADATA" }}\ncache = "a.db"\nbase_url = "{service.url}"'
        printed = run_job(tmp_path, "dadata", options, capsys)
        assert PERSON not in json.dumps(service.queries)
        asked = service.number
        run_job(tmp_path, "dadata", options, capsys)
        assert service.number == asked
    assert classes(portal)[:3] == ["PA", "PB", "PC"]
    assert classes(portal)[3:] == [None, None]
    advice = str(portal.value(LEAD, 2, "UF_CRM_ABCXYZ_ADVICE"))
    assert "120 staff, wholesale, Moscow region, 640 M a year (2025)" in advice
    assert dadata.KEY not in printed
    notes = json.loads(printed)["enrichment"]
    assert "dadata: 3 of 4 organisations found" in notes
    assert any("1 with the number of a natural person" in note for note in notes)


def test_leads_with_an_inn_get_classes_from_the_index(
    portal: Portal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same without any network, from the open data of the tax service."""
    assert main(["companies", "build", str(made.write_sets(tmp_path / "sets"))]) == 0
    capsys.readouterr()
    printed = run_job(tmp_path, "fns", 'path = "companies.db"', capsys)
    assert classes(portal) == [None, "PB", "PC", None, None]
    advice = str(portal.value(LEAD, 3, "UF_CRM_ABCXYZ_ADVICE"))
    assert "12 staff, construction, Moscow, 118 M a year (2025)" in advice
    assert "fns: 2 of 4 organisations found" in json.loads(printed)["enrichment"]

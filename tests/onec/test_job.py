"""Tests of jobs with 1C: check, dry run, run, repeated run."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import attrs
import pytest
from tests.emulators.bitrix24.harness import free, rig
from tests.emulators.bitrix24.portal import COMPANY
from tests.emulators.onec.base import FAULTS, PROPERTY, Base, Company
from tests.onec.sink_fixtures import shown

import abcxyz_bitrix.plugin
import abcxyz_onec.plugin
from abcxyz import SEGMENTS, config, pipeline, registry
from abcxyz.cli import main
from abcxyz.errors import ConfigError
from abcxyz_bitrix.cards.own_fields import PREFIX
from abcxyz_onec.source import OneCSource

_AS_OF = date(2026, 3, 10)


@pytest.fixture
def job(base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a job file with the password in the environment."""
    monkeypatch.setenv("ONEC_PASSWORD", "пароль-7Щ")
    common = f"""
kind = "onec"
url = "{base.url}"
user = "Робот"
password = {{ env = "ONEC_PASSWORD" }}
profile = "own.toml"
"""
    (tmp_path / "own.toml").write_text('base = "ut11"\ntitle = "УТ"\n', encoding="utf-8")
    file = tmp_path / "job.toml"
    file.write_text(
        f"""
[abc]
rule = "cumulative-mean"
[xyz]
rule = "cumulative-mean"
[[source]]{common}checkpoint = "state"
[enricher]{common}fields = ["inn"]
[[sink]]{common}into = "extra"
property = "{PROPERTY}"
""",
        encoding="utf-8",
    )
    return file


def test_a_job(job: Path, base: Base, company: Company) -> None:
    """A run with apply writes the classes of 1C's sales into 1C; a second run writes nothing."""
    plugins = registry.load(installed=False, extra=[abcxyz_onec.plugin])
    read = config.read_job(job)
    checks = {each.role: each for each in pipeline.check(read, registry=plugins)}
    assert [each.problem for each in checks.values()] == [None, None, None]
    assert any("records:" in note for note in checks["source"].notes)
    dry = pipeline.run(read, as_of=_AS_OF, registry=plugins)
    assert base.writes == []
    assert (dry.exit_code(), shown(company, "extra")) == (0, {})
    done = pipeline.run(read, as_of=_AS_OF, apply=True, registry=plugins)
    assert done.exit_code() == 0
    assert done.sinks[0].report is not None
    assert done.sinks[0].report.notes[0].startswith("7 to write, 0 right already")
    snapshot = done.analysis.snapshot
    segments = zip(snapshot.customers.tolist(), snapshot.segment.tolist(), strict=True)
    assert shown(company, "extra") == {who: SEGMENTS[code] for who, code in segments}
    cards = company.store.rows["Catalog_Партнеры"]
    assert done.analysis.names == {row["Ref_Key"]: row["Description"] for row in cards}
    assert done.analysis.quality is not None
    days = [day for _, day, *_ in company.sold if day in snapshot.periods.lookback]
    issues = {one.kind: one for one in done.analysis.quality.issues}
    outside = [day for day in days if day not in snapshot.periods.window]
    assert (issues.pop("outside_window").count if outside else 0) == len(outside)
    assert done.analysis.quality.used == len(days)
    left_out = sum(one.count for one in issues.values())
    assert done.analysis.quality.rows == len(days) + left_out
    before = len(base.writes)
    assert pipeline.run(read, as_of=_AS_OF, apply=True, registry=plugins).exit_code() == 0
    assert len(base.writes) == before
    assert [file.name[:13] for file in (job.parent / "state").iterdir()] == ["onec-metadata"]


def test_erasing_a_customer_begins_an_interrupted_read_anew(
    job: Path, base: Base, company: Company, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was read of an interrupted read is removed, and the next run reads all of it."""
    base.faults.append(attrs.evolve(FAULTS["busy"], when="ge datetime'2025-09", times=99))
    assert main(["run", str(job), "--as-of", "2026-03-10"]) == 3
    base.faults.clear()

    def parts() -> list[Path]:
        return [one for one in job.parent.glob("state/onec-read-*/**/*") if one.is_file()]

    left = len(parts())
    assert left > 3
    customer = company.store.rows["Catalog_Партнеры"][0]["Ref_Key"]
    capsys.readouterr()
    for apply in ([], ["--apply"]):
        assert len(parts()) == left
        assert main(["forget", customer, str(job), "--json", *apply]) == 0
        erased = json.loads(capsys.readouterr().out)["erased"]
        assert erased == {str(job.parent / "state"): {"entries": left}}
    assert parts() == []
    plugins = registry.load(installed=False, extra=[abcxyz_onec.plugin])
    done = pipeline.run(config.read_job(job), as_of=_AS_OF, registry=plugins)
    assert done.analysis.snapshot.customers.size == len({who for who, *_ in company.sold})


def test_the_password_is_a_secret_option(job: Path, base: Base) -> None:
    """The password is a secret option; the name of a built-in profile is not a path."""
    plugins = registry.load(installed=False, extra=[abcxyz_onec.plugin])
    for role in ("source", "sink", "enricher"):
        options = {one.name: one for one in plugins.get(role, "onec").options}
        assert options["password"].secret
        assert not {"clock"} & set(options)
    bound = plugins.get("source", "onec").bind(
        {"url": base.url, "user": "Робот", "password": "пароль-7Щ", "profile": "unf"},
        folder=job.parent,
    )
    assert OneCSource(**bound)._profile.title == "Управление нашей фирмой 3.0"


def test_checking_names_what_is_missing(job: Path, base: Base, company: Company) -> None:
    """The check of each adapter names its unpublished objects."""
    company.store.unpublished |= {
        "Catalog_Партнеры",
        "InformationRegister_ДополнительныеСведения",
    }
    plugins = registry.load(installed=False, extra=[abcxyz_onec.plugin])
    checks = pipeline.check(config.read_job(job), registry=plugins)
    problems = {each.role: each.problem for each in checks}
    assert all(isinstance(each, ConfigError) for each in problems.values())
    assert "Catalog «Партнеры»" in str(problems["source"])
    assert "Catalog «Партнеры»" in str(problems["sink"])
    company.store.unpublished.discard("Catalog_Партнеры")
    checks = pipeline.check(config.read_job(job), registry=plugins)
    problems = {each.role: each.problem for each in checks}
    assert (problems["source"], problems["enricher"]) == (None, None)
    assert "InformationRegister «Дополнительные сведения»" in str(problems["sink"])


def test_a_job_over_two_systems(
    job: Path, base: Base, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sales of 1C and segments in Bitrix24 are joined by INN; others are counted."""
    partners = list(company.keys)
    for row in company.store.rows["Catalog_Контрагенты"]:
        if row["Партнер_Key"] == partners[3]:
            row["ИНН"] = ""
    with rig(limits=free()) as portal:
        monkeypatch.setenv("BITRIX_WEBHOOK", portal.server.webhook)
        cards = {}
        for place in (0, 1, 2):
            number = portal.portal.add_company(f"Компания {place}")
            cards[f"{7700000000 + place}"] = number
            portal.portal.add_requisite(COMPANY, number, inn=f"{7700000000 + place}")
        text = job.read_text("utf-8")
        source = text[: text.index("[enricher]")] + 'customer_id = "inn"\n'
        job.write_text(
            source
            + """
[[sink]]
kind = "bitrix24"
max_unmatched = 0.6
webhook = { env = "BITRIX_WEBHOOK" }
insecure_loopback = true
customer = "company"
customer_id = "inn"
ledger = "ledger.sqlite"
""",
            encoding="utf-8",
        )
        plugins = registry.load(installed=False, extra=[abcxyz_onec.plugin, abcxyz_bitrix.plugin])
        done = pipeline.run(config.read_job(job), as_of=_AS_OF, apply=True, registry=plugins)
        (sink,) = done.sinks
        assert sink.report is not None
        assert (sink.problem, sink.report.written, dict(sink.report.failed)) == (None, 3, {})
        snapshot = done.analysis.snapshot
        segments = dict(zip(snapshot.customers.tolist(), snapshot.segment.tolist(), strict=True))
        for inn, number in cards.items():
            shown_there = portal.portal.choice(COMPANY, number, f"{PREFIX}SEGMENT")
            assert shown_there == SEGMENTS[segments[inn]]
        assert done.analysis.quality is not None
        kinds = {issue.kind: issue.count for issue in done.analysis.quality.issues}
        assert kinds["customers without the identifier asked for"] == 1
        assert len(segments) == len(cards) + 4

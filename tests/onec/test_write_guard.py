"""Tests of the guard of writes: strangers are refused, and changes of class are counted."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from tests.emulators.onec.base import PROPERTY, Base, Company
from tests.onec.sink_fixtures import AS_OF, PLACE, Make, analysis, company, shown, sink

from abcxyz import Analysis, Transactions, analyze
from abcxyz.cli import main
from abcxyz.errors import ConfigError
from abcxyz.plugins import GuardedSink, WritePlan
from abcxyz_onec.sink import PLACES

__all__ = ["company", "sink"]


def with_strangers(company: Company, count: int) -> Analysis:
    """Classify the sales, and those of customers that 1C does not know."""
    who, day, money, *_ = (list(each) for each in zip(*company.sold, strict=True))
    for number in range(count):
        who += [f"77{number:08d}"] * 12
        day += day[:12]
        money += [100.0 + number] * 12
    return analyze(Transactions(who, day, money), as_of=AS_OF)


@pytest.mark.parametrize("into", PLACES)
@pytest.mark.parametrize("dry_run", [True, False])
def test_strangers_are_refused_before_the_first_write(
    sink: Make, base: Base, company: Company, into: str, dry_run: bool
) -> None:
    """Where most customers have no card, nothing is written; half of them may have none."""
    sink(into).write(analysis(company), dry_run=False)
    before, count = shown(company, into), len(base.writes)
    with pytest.raises(ConfigError, match=r"8 of 15 customers have no card .* customer_id"):
        sink(into).write(with_strangers(company, 8), dry_run=dry_run)
    assert (shown(company, into), len(base.writes)) == (before, count)
    report = sink(into).write(with_strangers(company, 7), dry_run=dry_run)
    assert len(report.failed) == 7


@pytest.mark.parametrize("into", PLACES)
def test_the_plan_counts_changes_of_class(sink: Make, company: Company, into: str) -> None:
    """The guard gets the cards with a class, those that change it, and those that lose it."""
    plans: list[WritePlan] = []

    def planned(result: Analysis, *, dry_run: bool = True) -> WritePlan:
        writer = sink(into)
        assert isinstance(writer, GuardedSink)
        writer.guard_writes(plans.append)
        writer.write(result, dry_run=dry_run)
        return plans.pop()

    first = planned(analysis(company), dry_run=False)
    assert first == WritePlan(customers=7, matched=7)
    assert planned(analysis(company)) == WritePlan(customers=7, matched=7, classified=7)
    changed = planned(analysis(company, p3=5_000.0))
    assert changed == WritePlan(customers=7, matched=7, classified=7, changed=1)
    gone = next(iter(company.keys))
    company.sold[:] = [each for each in company.sold if each[0] != gone]
    left = planned(analysis(company))
    assert (left.customers, left.classified, left.cleared) == (6, 7, 1)
    assert 1 <= left.changed <= 7


def test_a_job_asks_before_it_wipes_classes(
    sink: Make,
    base: Base,
    company: Company,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Where over half of the cards change class, a job asks, and writes with --yes."""
    assert set(PLACE) == set(PLACES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ONEC_PASSWORD", "пароль-7Щ")
    place = f'url = "{base.url}"\nuser = "Робот"\npassword = {{ env = "ONEC_PASSWORD" }}\n'
    Path("job.toml").write_text(
        f'[[source]]\nkind = "onec"\n{place}[[sink]]\nkind = "onec"\n{place}'
        f'property = "{PROPERTY}"\n',
        encoding="utf-8",
    )
    run = ["run", "job.toml", "--apply", "--as-of", "2026-03-10", "--json"]
    assert main([*run, "--yes"]) == 0
    capsys.readouterr()
    before = shown(company, "extra")
    for row in company.store.rows["InformationRegister_ДополнительныеСведения"]:
        row["Значение"] = "CZ" if row["Значение"] != "CZ" else "AX"
    spoiled = shown(company, "extra")
    monkeypatch.setattr("sys.stdin", io.StringIO("no\n"))
    assert main(run) == 3
    assert shown(company, "extra") == spoiled
    capsys.readouterr()
    assert main([*run, "--yes"]) == 0
    assert shown(company, "extra") == before
    [outcome] = json.loads(capsys.readouterr().out)["sinks"]
    assert outcome["plan"]["changed"] == len(before)

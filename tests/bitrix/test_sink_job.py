"""A whole job from a portal back to the same portal, as the command line runs it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from tests.emulators.bitrix24.harness import free
from tests.emulators.bitrix24.portal import COMPANY, Portal

from abcxyz.cli import main

JOB = """
[window]
period = "12M"

[report]
lang = "ru"

[[source]]
kind = "bitrix24"
webhook = { env = "HOOK" }
insecure_loopback = true
plan = "enterprise"
checkpoint = "reading"
names = true

[enricher]
kind = "bitrix24"
webhook = { env = "HOOK" }
insecure_loopback = true
plan = "enterprise"

[[sink]]
kind = "bitrix24"
webhook = { env = "HOOK" }
insecure_loopback = true
plan = "enterprise"
timeline = true
stalled_days = 0
"""


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Portal]:
    """Serve a portal with a year of sales, its webhook in the environment, a job beside."""
    monkeypatch.chdir(tmp_path)
    made = Portal(limits=free())
    random_ = random.Random(3)
    for number in range(20):
        made.add_company(f"Компания {number}", revenue=1e6 * number)
    made.add_lead("Новый", companyId=20)
    for number in range(400):
        month = 1 + number % 12
        day = date(2025 if month > 6 else 2026, month, random_.randint(1, 28))
        amount = random_.randint(1, 9) * 1000 / (1 + number % 20)
        made.add_won_deal(round(amount, 2), f"{day}T12:00:00+03:00", company=1 + number % 20)
    (tmp_path / "job.toml").write_text(JOB, encoding="utf-8")
    with made.serve() as server:
        monkeypatch.setenv("HOOK", server.webhook)
        yield made


def test_job_goes_from_the_portal_back_to_it(
    portal: Portal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dry run reports, the first real run writes every card, the second one nothing."""
    job = str(tmp_path / "job.toml")
    assert main(["check", job]) == 0
    assert "лишние здесь области прав" in capsys.readouterr().out
    assert main(["run", job, "--as-of", "2026-07-15"]) == 0
    assert "карточек к записи 21" in capsys.readouterr().out
    assert portal.state.writes == []
    assert main(["run", job, "--as-of", "2026-07-15", "--apply"]) == 0
    written = [write for write in portal.state.writes if write.method == "crm.item.update"]
    assert len([write for write in written if write.entity == "company"]) == 20
    assert portal.choice(COMPANY, 1, "UF_CRM_ABCXYZ_SEGMENT") is not None
    assert portal.value(COMPANY, 1, "UF_CRM_ABCXYZ_ADVICE")
    before = len(portal.state.writes)
    assert main(["run", job, "--as-of", "2026-07-15", "--apply"]) == 0
    assert len(portal.state.writes) == before
    output = capsys.readouterr()
    assert portal.hook.secret not in output.out + output.err


def test_budget_of_the_command_line(portal: Portal, tmp_path: Path) -> None:
    """The budget of the command line replaces that of the job."""
    job = tmp_path / "job.toml"
    job.write_text(JOB + 'budget = "9h"\n', encoding="utf-8")
    run = ["run", str(job), "--as-of", "2026-07-15", "--apply"]

    def written() -> int:
        return sum(write.method == "crm.item.update" for write in portal.state.writes)

    assert main([*run, "--budget", "0.001s"]) == 0
    assert written() < 21
    assert main([*run, "--budget", "soon"]) == 2
    assert main([*run, "--budget", "1h"]) == 0
    assert written() == 21


def test_check_names_what_the_webhook_lacks(
    portal: Portal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Missing scopes of source, enricher and sink are named, and the exit code is not zero."""
    portal.hook.scopes = frozenset({"im"})
    assert main(["check", str(tmp_path / "job.toml")]) != 0
    output = capsys.readouterr()
    assert "область crm" in output.out + output.err
    assert "область department" in output.out + output.err

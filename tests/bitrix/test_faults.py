"""Faults of the portal and killed processes: the next run completes the work exactly once."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.bitrix.processes import write_once
from tests.bitrix.processes.write_once import segment_of, with_alerts
from tests.emulators.bitrix24.harness import Rig, analysis_of, free, rig
from tests.emulators.bitrix24.portal import COMPANY, Portal

from abcxyz_bitrix.cards.own_fields import PREFIX
from abcxyz_bitrix.rest.connect import connect
from abcxyz_bitrix.sink import BitrixSink

ROOT = Path(__file__).resolve().parents[2]
ALERTS = 12


def portal_of(count: int) -> Portal:
    """Create a portal with *count* companies, on the real clock and without limits."""
    portal = Portal(limits=free(), keep=False)
    for number in range(count):
        portal.add_company(f"{number}")
    return portal


def start(url: str, ledger: Path, count: int) -> subprocess.Popen[str]:
    """Start a process that writes."""
    command = [sys.executable, "-m", "tests.bitrix.processes.write_once", url, str(ledger),
               str(count), str(ALERTS)]  # fmt: skip
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def check(portal: Portal, count: int, lost: int = 1) -> None:
    """Check that every card is right and written once, and that no message is doubled.

    At most the updates of *lost* batches were sent again, and changed nothing the second time.
    """
    field = portal.user_field(COMPANY, f"{PREFIX}SEGMENT")
    wanted = {number: field.choice(segment_of(number)) for number in range(1, count + 1)}
    rows = portal.state.tables[COMPANY].rows
    assert {number: row["ufCrmAbcxyzSegment"] for number, row in rows.items()} == wanted
    touched = {portal.state.touched["company", number] for number in range(1, count + 1)}
    assert touched == {1}
    assert portal.state.noops <= 50 * lost
    for name, key in (("comments", "COMMENT"), ("tasks", "DESCRIPTION"),
                      ("notifications", "MESSAGE")):  # fmt: skip
        texts = [row[key] for row in portal.state.stores[name].rows.values()]
        assert len(texts) == len(set(texts)) == ALERTS
    codes = [uf.code for uf in portal.state.user_fields.values() if uf.entity == "CRM_COMPANY"]
    assert len(codes) == len(set(codes))


def kill_at(portal: Portal, process: list[subprocess.Popen[str]], point: int, kind: str) -> None:
    """Kill the writing process at a request: before it runs, or after it has."""

    def kill(_number: int) -> None:
        os.kill(process[0].pid, signal.SIGKILL)
        process[0].wait()

    portal.faults.add(kind, skip=point, hook=kill)


def trial(count: int, point: int, kind: str, folder: Path) -> None:
    """Kill a write, run again, and check."""
    portal = portal_of(count)
    ledger = folder / f"{kind}-{point}.sqlite"
    process: list[subprocess.Popen[str]] = []
    with portal.serve() as server:
        kill_at(portal, process, point, kind)
        process.append(start(server.webhook, ledger, count))
        process[0].communicate()
        assert process[0].returncode == -signal.SIGKILL
        last = start(server.webhook, ledger, count)
        counts = last.communicate()[0].split()
        assert (last.returncode, counts[2]) == (0, "0")
        assert int(counts[0]) + int(counts[1]) == count
        check(portal, count)


def length_of(count: int, folder: Path) -> int:
    """Count the requests of a whole undisturbed write."""
    portal = portal_of(count)
    with portal.serve() as server:
        write_once.main(server.webhook, str(folder / "whole.sqlite"), count, ALERTS)
        check(portal, count)
    return portal.journal.total


@pytest.mark.slow
def test_killed_write_of_5000_companies_ends_right(tmp_path: Path) -> None:
    """Killed at twenty random requests of a write of 5,000 companies, the next run ends right."""
    length = length_of(5000, tmp_path)
    assert length > 100
    random_ = random.Random(20)
    for _ in range(20):
        kind = random_.choice(["hook", "hook_after"])
        trial(5000, random_.randrange(length), kind, tmp_path)


@pytest.mark.parametrize(
    "phase",
    [pytest.param(0.2, marks=pytest.mark.slow), 0.5, pytest.param(0.99, marks=pytest.mark.slow)],
)
def test_killed_write_ends_right(tmp_path: Path, phase: float) -> None:
    """Killed after a request of any phase of a small write, the next run ends right."""
    point = int(length_of(60, tmp_path) * phase)
    trial(60, point, "hook_after", tmp_path)


@pytest.mark.parametrize("kills", [1, pytest.param(4, marks=pytest.mark.slow)])
def test_killed_reading_goes_on_and_loses_nothing(tmp_path: Path, kills: int) -> None:
    """Killed at random requests, one after the other, a reading ends with each sale once."""
    portal = portal_of(3)
    for number in range(9000):
        day = 1 + number % 28
        portal.add_won_deal(number, f"2026-02-{day:02}T12:00:00+03:00", company=1 + number % 3)
    command = [sys.executable, "-m", "tests.bitrix.processes.read_once"]
    random_ = random.Random(4)
    with portal.serve() as server:
        for _ in range(kills):
            process: list[subprocess.Popen[str]] = []
            kind = random_.choice(["hook", "hook_after"])
            kill_at(portal, process, random_.randrange(9, 13), kind)
            process.append(
                subprocess.Popen(
                    [*command, server.webhook, str(tmp_path / "checkpoint")],
                    cwd=ROOT,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            process[0].communicate()
        portal.faults.clear()
        last = subprocess.run(
            [*command, server.webhook, str(tmp_path / "checkpoint")],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    sales = [(document, amount) for document, amount in json.loads(last.stdout)]
    assert sorted(sales) == sorted((f"D_{number + 1}", float(number)) for number in range(9000))
    assert not (tmp_path / "checkpoint").exists()


@pytest.fixture
def site() -> Iterator[Rig]:
    """Serve a portal with 200 companies."""
    with rig(limits=free()) as made:
        for number in range(200):
            made.portal.add_company(f"{number}")
        yield made


@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(n, marks=pytest.mark.slow) for n in range(2, 20))]
)
def test_storm_of_faults_ends_right(site: Rig, tmp_path: Path, seed: int) -> None:
    """After any faults, a few runs leave the portal right and nothing doubled."""
    random_ = random.Random(seed)
    kinds = ["bad_gateway", "bad_gateway_after", "truncated", "reset_before", "reset_after",
             "query_limit", "operation_limit", "not_json", "empty", "internal"]  # fmt: skip
    for _ in range(12):
        site.portal.faults.add(random_.choice(kinds), skip=random_.randrange(60))
    analysis = with_alerts(200, ALERTS)
    for _ in range(12):
        sink = BitrixSink(
            client=site.client, ledger=tmp_path / "ledger.sqlite", timeline=True,
            tasks=True, notify=True, stalled_days=0, customer="company",
        )  # fmt: skip
        try:
            report = sink.write(analysis, dry_run=False)
        except Exception:  # noqa: BLE001 - the next run has to repair it
            continue
        if (
            not report.written
            and not report.failed
            and not site.portal.faults.strike(set(), before=True)
        ):
            break
    site.portal.faults.clear()
    BitrixSink(
        client=site.client, ledger=tmp_path / "ledger.sqlite", timeline=True, tasks=True,
        notify=True, stalled_days=0, customer="company",
    ).write(analysis, dry_run=False)  # fmt: skip
    check(site.portal, 200, lost=12)
    assert {what for what in site.portal.journal.duplicates if "userfield" in what} == set()


def test_tokens_may_expire_in_the_middle(site: Rig, tmp_path: Path) -> None:
    """Tokens that expire again and again during a write are renewed, and nothing is lost."""
    app = site.portal.access.application()
    access, refresh = site.portal.access.issue(app.client_id)
    tokens = tmp_path / "tokens.json"
    pair = {"access_token": access, "refresh_token": refresh}
    tokens.write_text(json.dumps(pair | {"server_endpoint": f"{site.server.url}/rest/"}))
    tokens.chmod(0o600)
    client = connect(
        client_id=app.client_id, client_secret=app.client_secret, token_file=tokens,
        portal=site.server.url, insecure_loopback=True, clock=site.timer,
    )  # fmt: skip
    for skip in (3, 15, 30, 45):
        site.portal.faults.add(
            "hook", skip=skip, hook=lambda _: site.portal.access.expire_tokens()
        )
    sink = BitrixSink(
        client=client, ledger=tmp_path / "ledger.sqlite", timeline=True, tasks=True,
        notify=True, stalled_days=0, customer="company",
    )  # fmt: skip
    report = sink.write(with_alerts(200, ALERTS), dry_run=False)
    assert (report.written, dict(report.failed)) == (200, {})
    check(site.portal, 200)
    assert (site.portal.access.refreshes, site.portal.access.stale) == (4, 0)


def test_concurrent_changes_of_users_stay(site: Rig) -> None:
    """A title that a user changes during the write stays: only the adapter's fields are sent."""
    site.portal.faults.add(
        "hook", "crm.item.update", hook=lambda _: site.portal.row(COMPANY, 7).update(title="Новое")
    )
    segments = {f"CO_{number}": "AX" for number in range(1, 201)}
    BitrixSink(client=site.client).write(analysis_of(segments), dry_run=False)
    assert site.portal.value(COMPANY, 7, "title") == "Новое"

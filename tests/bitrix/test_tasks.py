"""Tasks that a person has confirmed: each is created once, under any faults."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytest
from attrs import evolve
from tests.bitrix.alert_helpers import store
from tests.emulators.bitrix24.faults import DroppedError
from tests.emulators.bitrix24.harness import Rig, free
from tests.emulators.bitrix24.portal import Portal

from abcxyz.cli import main
from abcxyz.plugins import Task, TaskTarget
from abcxyz.questions import QuestionError
from abcxyz.questions.desk import TaskDesk
from abcxyz_bitrix.crm_source import BitrixCrm

ROOT = Path(__file__).resolve().parents[2]
TASK = Task(
    title="Позвонить [b]в[/b] Ромашку",
    owner="2",
    text="Счёт\nне оплачен",
    customer="CO_1",
    due=date(2026, 6, 2),
)


@pytest.fixture
def desk(site: Rig, tmp_path: Path) -> Callable[[], TaskDesk]:
    """Return a function that opens the desk, as every process does anew."""

    def opened() -> TaskDesk:
        crm = BitrixCrm(client=site.client, zone="Europe/Moscow")
        return TaskDesk(crm, tmp_path / "drafts.sqlite", clock=site.timer)

    return opened


def test_the_source_is_a_target_of_tasks(site: Rig) -> None:
    crm = BitrixCrm(client=site.client, zone="Europe/Moscow")
    assert isinstance(crm, TaskTarget)
    assert crm.task_system().startswith("bitrix24 ")


def test_a_confirmed_task_is_written_once_with_all_its_fields(
    site: Rig, desk: Callable[[], TaskDesk]
) -> None:
    draft = desk().draft(TASK, {"owner": "Анна"})
    assert store(site, "tasks") == []
    assert desk().draft(TASK, {}).token == draft.token
    first, second = (desk().write(draft.token) for _ in range(2))
    assert (first.created, second.created) == (True, False)
    assert first.draft.number == second.draft.number == "1"
    (task,) = store(site, "tasks")
    assert task["TITLE"] == "Позвонить (b)в(/b) Ромашку"
    assert task["DESCRIPTION"] == f"Счёт\nне оплачен\n[abcxyz:task-{draft.token[:16]}]"
    assert (task["RESPONSIBLE_ID"], task["UF_CRM_TASK"]) == (2, ["CO_1"])
    assert site.portal.state.zone.iso(task["DEADLINE"]) == "2026-06-02T18:00:00+03:00"


def test_a_task_without_a_day_is_bound_to_its_deal(
    site: Rig, desk: Callable[[], TaskDesk]
) -> None:
    draft = desk().draft(Task(title="Call", owner="2", deal="D_7"), {})
    desk().write(draft.token)
    (task,) = store(site, "tasks")
    assert (task["UF_CRM_TASK"], task["DEADLINE"]) == (["D_7"], None)


FAULTS = ["reset_after", "truncated", "bad_gateway_after", "empty", "reset_before", "internal"]


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("rest_3", [True, False])
def test_a_lost_answer_doubles_no_task(
    site: Rig, desk: Callable[[], TaskDesk], kind: str, rest_3: bool
) -> None:
    """Whatever became of the first tries, the task is there once, and is found afterwards."""
    site.portal.state.rest3_route = rest_3
    token = desk().draft(TASK, {}).token
    # The first request of a portal without REST 3.0 is refused by its route.
    site.portal.faults.add(kind, "tasks.task.add", skip=0 if rest_3 else 1)
    site.portal.faults.add("unavailable", "tasks.task.list", times=4)
    numbers, problems = set(), []
    for _ in range(5):
        try:
            numbers.add(desk().write(token).draft.number)
        except QuestionError as problem:
            problems.append(problem)
    assert all(one.code == "unavailable" and "twice" in one.fix for one in problems)
    assert numbers == {"1"}
    assert len(store(site, "tasks")) == 1


def test_two_confirmations_at_once_write_one_task(site: Rig, desk: Callable[[], TaskDesk]) -> None:
    token = desk().draft(TASK, {}).token
    site.portal.state.rest3_route = False
    site.portal.faults.add("delay", "tasks.task.add", seconds=0.3, skip=1)
    made = []

    def act() -> None:
        made.append(desk().write(token))

    threads = [threading.Thread(target=act) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(one.created for one in made) == [False, False, False, True]
    assert len(store(site, "tasks")) == 1


def test_a_refused_task_is_named_and_may_be_confirmed_later(
    site: Rig, desk: Callable[[], TaskDesk]
) -> None:
    token = desk().draft(evolve(TASK, owner="99"), {}).token
    site.portal.state.rest3_route = False
    for _ in range(2):
        with pytest.raises(QuestionError, match="исполнитель") as caught:
            desk().write(token)
        assert caught.value.code == "unavailable"
    assert store(site, "tasks") == []


def test_a_forged_token_a_changed_draft_and_another_portal_write_nothing(
    site: Rig, desk: Callable[[], TaskDesk], tmp_path: Path
) -> None:
    import sqlite3

    token = desk().draft(TASK, {}).token
    forged = ("0" if token[0] != "0" else "1") + token[1:]
    with pytest.raises(QuestionError, match="no draft") as caught:
        desk().write(forged)
    assert caught.value.code == "bad_argument"
    base = sqlite3.connect(tmp_path / "drafts.sqlite")
    base.execute("update drafts set fields = replace(fields, '\"2\"', '\"1\"')")
    base.commit()
    base.close()
    with pytest.raises(QuestionError, match="no draft"):
        desk().write(token)
    assert store(site, "tasks") == []
    for name in ("drafts.sqlite", "drafts.sqlite.key"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0


def test_a_draft_lives_for_a_day(site: Rig, desk: Callable[[], TaskDesk]) -> None:
    token = desk().draft(TASK, {}).token
    site.timer.sleep(24 * 3600 + 1)
    with pytest.raises(QuestionError, match="24 hours"):
        desk().write(token)
    again = desk().draft(TASK, {}).token
    assert again == token
    assert desk().write(token).created
    # The same task on another day is a new one.
    site.timer.sleep(2 * 24 * 3600)
    desk().draft(TASK, {})
    assert desk().write(token).created
    assert len(store(site, "tasks")) == 2


@pytest.fixture
def job(tmp_path: Path) -> Iterator[tuple[Path, Portal]]:
    """Write a job whose CRM is a portal on the real clock."""
    portal = Portal(limits=free(), keep=False)
    portal.add_company("Ромашка")
    with portal.serve() as server:
        path = tmp_path / "job.toml"
        (tmp_path / "hook").write_text(server.webhook)
        (tmp_path / "hook").chmod(0o600)
        (tmp_path / "sales.csv").write_text("customer,date,amount\na,2026-01-01,1\n")
        path.write_text(
            '[[source]]\nkind = "file"\npath = "sales.csv"\n\n'
            '[[sink]]\nkind = "json"\npath = "out.json"\n\n'
            '[crm]\nsource = "bitrix24"\nzone = "Europe/Moscow"\ninsecure_loopback = true\n'
            'webhook = { file = "hook" }\n'
        )
        yield path, portal


def drafted(path: Path) -> str:
    """Draft a task for the CRM of a job, as the server does."""
    from abcxyz.cli.inputs.question_input import open_desk

    with open_desk(str(path)) as desk:
        return desk.draft(Task(title="Call Acme", owner="1"), {"owner": "Ann"}).token


def test_the_command_asks_a_person(
    job: tuple[Path, Portal],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path, portal = job
    token = drafted(path)
    for answer, code, said, count in (
        ("n", 1, "did not agree", 0),
        ("", 1, "did not agree", 0),
        ("y", 0, "The task is written: 1.", 1),
        ("y", 0, "was written before: 1.", 1),
    ):
        monkeypatch.setattr("builtins.input", lambda _, answer=answer: answer)
        assert main(["confirm", token, "--crm", str(path), "--lang", "en"]) == code
        assert said in capsys.readouterr().out
        assert len(portal.state.stores["tasks"].rows) == count
    assert main(["confirm", "0" * 32, "--crm", str(path), "--lang", "en"]) == 2
    assert "no draft of this token" in capsys.readouterr().err


def killed(started: list[subprocess.Popen[str]], before: bool, _number: int) -> None:
    """Kill the process that calls a method; *before*: the method does not run."""
    os.kill(started[0].pid, signal.SIGKILL)
    started[0].wait()
    if before:
        raise DroppedError


@pytest.mark.slow
def test_a_write_killed_before_its_answer_is_found_by_the_next(job: tuple[Path, Portal]) -> None:
    """Killed after the portal created the task, or before: the next one ends with one task."""
    path, portal = job
    token = drafted(path)
    command = [sys.executable, "-m", "abcxyz", "confirm", token, "--crm", str(path)]
    for kind in ("hook", "hook_after"):
        started: list[subprocess.Popen[str]] = []
        portal.faults.add(kind, "tasks.task.add", hook=partial(killed, started, kind == "hook"))
        started.append(subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, text=True))
        started[0].communicate("y\n")
        assert started[0].returncode == -signal.SIGKILL
    last = subprocess.run(
        [*command, "--lang", "en"], cwd=ROOT, input="y\n", text=True, capture_output=True,
        check=False,
    )  # fmt: skip
    assert last.returncode == 0, last.stderr
    assert "was written before" in last.stdout
    assert len(portal.state.stores["tasks"].rows) == 1


@pytest.mark.slow
@pytest.mark.parametrize("era", ["legacy", "auto"])
@pytest.mark.parametrize("agrees", [True, False, None])
def test_an_assistant_drafts_and_the_command_writes_what_a_person_accepts(
    job: tuple[Path, Portal], era: Literal["legacy", "auto"], agrees: bool | None
) -> None:
    """Asked by the client, the person accepts, declines, or cannot be asked at all."""
    pytest.importorskip("mcp")
    from mcp_types import ElicitResult

    from mcp import Client, StdioServerParameters, stdio_client

    path, portal = job
    asked: list[str] = []
    tasks = portal.state.stores["tasks"].rows
    server = ["-m", "abcxyz", "mcp", "--crm", str(path), "--allow-write"]

    async def person(_context: Any, params: Any) -> ElicitResult:
        asked.append(params.message)
        return ElicitResult(action="accept", content={"write": bool(agrees)})

    async def act() -> list[Any]:
        program = StdioServerParameters(command=sys.executable, args=server)
        callback: Any = None if agrees is None else person
        async with Client(
            stdio_client(program), mode=era, elicitation_callback=callback
        ) as client:
            arguments = {"owner": "1", "title": "Call Acme"}
            draft = await client.call_tool("draft_task", arguments)
            token = draft.structured_content["value"]["token"]
            assert not tasks
            answers = [await client.call_tool("confirm", {"token": token}) for _ in range(2)]
            return [token, *(one.structured_content for one in answers)]

    token, first, second = asyncio.run(act())
    if agrees:
        assert [first["status"], second["status"]] == ["ok", "ok"]
        assert "was written before" in second["sentence"]
        assert (len(tasks), len(asked)) == (1, 1)
        assert asked[0].splitlines()[1] == "Title: Call Acme"
        return
    assert {first["status"], second["status"]} == {"refused"}
    assert not tasks
    if agrees is None:
        assert f"abcxyz confirm {token}" in first["sentence"]
        command = [sys.executable, "-m", "abcxyz", "confirm", token, "--crm", str(path)]
        ran = subprocess.run(command, input="y\n", text=True, capture_output=True, check=False)
        assert ran.returncode == 0, ran.stderr
        assert len(tasks) == 1

"""The CRM of a job as a target of tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.pipeline.test_enrichment import Records
from tests.plugins.test_registry import plugin

from abcxyz.errors import AbcxyzError, ConfigError, UnavailableError
from abcxyz.pipeline.task_target import DRAFTS, open_task_target
from abcxyz.plugins import Secret, Task
from abcxyz.registry import Registry, load

JOB = '[[source]]\nkind = "csv"\npath = "no.csv"\n[[sink]]\nkind = "json"\npath = "o.json"\n'
CRM = '[crm]\nsource = "{}"\ntoken = {{ env = "TOKEN" }}\n'
CLOSED = UnavailableError("the CRM is closed; come again")


class Reading(Records):
    """Source of records alone."""

    def __init__(self, *, token: Secret = "") -> None:
        super().__init__()
        self.token = token


class Target(Reading):
    """Source that creates tasks, and keeps what it was asked."""

    calls: list[Any]
    closed: list[str]
    problem: Exception | None = None

    def __repr__(self) -> str:
        return f"Target({self.token})"

    def _answer(self, *words: Any) -> str:
        self.calls.append(words)
        if self.problem is not None:
            raise self.problem
        return f"{words[0]} of {self.token}"

    def task_system(self) -> str:
        return self._answer("system")

    def create_task(self, task: Task, mark: str) -> str:
        return self._answer("created", task, mark)

    def find_task(self, task: Task, mark: str, since: float) -> str | None:
        found = self._answer("found", task, mark, since)
        return None if since < 0 else found

    def close(self) -> None:
        self.closed.append("closed")


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    empty: list[Any] = []
    monkeypatch.setattr(Target, "calls", empty, raising=False)
    monkeypatch.setattr(Target, "closed", [], raising=False)
    monkeypatch.setenv("TOKEN", "s3cr3t")
    offered: Mapping[str, Any] = {"target": Target, "reading": Reading}
    return load(extra=[plugin("mine", abcxyz_crm_sources=offered)])


def job_in(folder: Path, text: str, name: str = "job.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_tasks_go_to_the_crm_alone(tmp_path: Path, registry: Registry, task: Task) -> None:
    """The sources and sinks of the job are not built; the name of the system holds no secret."""
    path = job_in(tmp_path, JOB + CRM.format("target"), "JOB.TOML")
    with open_task_target(str(path), registry) as (target, drafts):
        assert drafts == tmp_path / DRAFTS == tmp_path / "abcxyz-drafts.sqlite"
        assert target.task_system() == "system of ***"
        assert target.create_task(task, "m") == "created of s3cr3t"
        assert target.find_task(task, "m", 5.0) == "found of s3cr3t"
        assert target.find_task(task, "m", -5.0) is None
        assert "s3cr3t" not in repr(target)
        assert Target.closed == []
    assert Target.closed == ["closed"]
    assert Target.calls == [
        *(("system",), ("created", task, "m"), ("found", task, "m", 5.0)),
        ("found", task, "m", -5.0),
    ]


@pytest.fixture
def task() -> Task:
    return Task(title="Call Acme", owner="21")


def test_failures_are_ours_without_secrets(
    tmp_path: Path, registry: Registry, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = job_in(tmp_path, JOB + CRM.format("target"))
    with open_task_target(path, registry) as (target, _):
        monkeypatch.setattr(Target, "problem", ValueError("no right for s3cr3t"))
        acts: list[Callable[[], object]] = [
            target.task_system,
            lambda: target.create_task(task, "m"),
            lambda: target.find_task(task, "m", 1.0),
        ]
        for act in acts:
            with pytest.raises(AbcxyzError) as told:
                act()
            assert "target failed (ValueError: no right for ***)" in str(told.value)
            assert (told.value.__cause__, told.value.__context__) == (None, None)
        monkeypatch.setattr(Target, "problem", CLOSED)
        with pytest.raises(UnavailableError) as caught:
            target.task_system()
        assert caught.value is CLOSED


@pytest.mark.parametrize(
    ("name", "more", "message"),
    [
        (
            "crm.csv", CRM.format("target"),
            ("tasks are written to the CRM of a job, not to crm.csv; name a job with [crm] as "
             "--crm"),
        ),
        (
            "job.toml", "",
            "job.toml names no CRM; add a table [crm] with a source and its options",
        ),
        (
            "job.toml", CRM.format("reading"),
            "the CRM source {} creates no tasks; leave out --allow-write",
        ),
    ],
)  # fmt: skip
def test_what_is_no_target_is_told(
    tmp_path: Path, registry: Registry, name: str, more: str, message: str
) -> None:
    path = job_in(tmp_path, JOB + more, name)
    with pytest.raises(ConfigError) as told, open_task_target(path, registry):
        raise AssertionError
    assert str(told.value) == message.format("reading")

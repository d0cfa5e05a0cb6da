"""Damaged jobs, id maps, scorecards, playbooks and states end in an error of the library."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path

import pytest
from tests.mutations import damaged_text, refusals

from abcxyz.builtin.webhook_sink import WebhookSink
from abcxyz.cli.commands.init import job_text
from abcxyz.config import build, read_job
from abcxyz.config.id_map import read_id_map
from abcxyz.core.advice.playbook import Playbook
from abcxyz.core.prospects.scorecard import DEFAULT
from abcxyz.registry import bundled
from abcxyz.tables.loaders import read_playbook, read_scorecard
from abcxyz.testing import make_analysis
from abcxyz.toolkit import read_secret

JOB = """
[window]
period = "12M"
bucket = "month"

[abc]
rule = "shares"
a = 0.8
b = 0.95

[xyz]
rule = "limits"
first = 0.1
second = 0.25

[alerts]
near = 0.2
deal_days = 5

[history]
path = "history.db"

[report]
lang = "ru"
currency = "RUB"

[[source]]
kind = "csv"
path = "sales.csv"
customer = "who"
id_map = "ids.csv"

[[source]]
kind = "sql"
url = { env = "DATABASE" }
table = "orders"

[[sink]]
kind = "jsonl"
path = "segments.jsonl"
max_unmatched = 0.3

[[sink]]
kind = "webhook"
url = { env = "HOOK" }
headers = { Authorization = { env = "TOKEN" } }
"""
ANALYSIS = make_analysis(["a", "b", "c"])


def _job(path: Path) -> None:
    job = read_job(path)
    job.settings.periods(date(2026, 11, 1))
    build(job, bundled()).close()


def _scorecard(path: Path) -> None:
    card = read_scorecard(path)
    card.explain("ru")
    card.to_json()


def _playbook(path: Path) -> None:
    playbook: Playbook = read_playbook(path)
    for advice in playbook.advice.values():
        advice.text.in_language("ru")


@cache
def _sink() -> WebhookSink:
    return WebhookSink("https://example.com/hook", state="replaced")


def _state(path: Path) -> None:
    sink = _sink()
    sink._state = path
    sink.write(ANALYSIS, dry_run=True)


def _secret(path: Path) -> None:
    path.chmod(0o600)
    read_secret({"file": str(path)}, where="token: ")


def _packaged(package: str, name: str) -> bytes:
    return (resources.files(package) / name).read_bytes()


#: Kind -> name of the file, its content, and what reads it.
FILES: dict[str, tuple[str, bytes, Callable[[Path], object]]] = {
    "job": ("job.toml", JOB.encode(), _job),
    "commented job": ("all.toml", job_text("ru").encode(), _job),
    "id map": (
        "map.csv",
        "shop;common\n1;К-1\n2;К-2\n\n\"3\";\"К 3\"\n".encode(),
        lambda path: read_id_map(path, "job.toml:3: "),
    ),
    "scorecard in TOML": (
        "card.toml", _packaged("abcxyz.core.prospects", "scorecard.toml"), _scorecard,
    ),
    "scorecard in JSON": ("card.json", DEFAULT.to_json().encode(), _scorecard),
    "playbook": (
        "playbook.toml", _packaged("abcxyz.core.advice", "playbook.toml"), _playbook,
    ),
    "state of a webhook": ("sent.json", b'{"ab12": "cd34", "ef56": "0789"}', _state),
    "secret": ("token.key", "s3cr3t-тайна\n".encode(), _secret),
}  # fmt: skip


def _refused(
    kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch, *, count: int, seed: int
) -> int:
    for name in ("DATABASE", "HOOK", "TOKEN"):
        monkeypatch.setenv(name, "sqlite://" if name == "DATABASE" else "https://example.com/x")
    monkeypatch.chdir(folder)
    (folder / "ids.csv").write_text("shop,common\n1,2\n")
    (folder / "sales.csv").write_text("who,date,amount\na,2026-01-05,5\n")
    name, original, read = FILES[kind]
    (folder / name).write_bytes(original)
    read(folder / name)
    return refusals(original, folder / name, read, damage=damaged_text, count=count, seed=seed)


@pytest.mark.parametrize("kind", FILES)
def test_damaged_files(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A damaged file is read or refused, and stays as it is."""
    assert _refused(kind, tmp_path, monkeypatch, count=20, seed=0) <= 20


@pytest.mark.slow
@pytest.mark.parametrize("kind", FILES)
def test_ten_thousand_damaged_files(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None of ten thousand ends in another exception, hangs or is changed."""
    assert _refused(kind, tmp_path, monkeypatch, count=10_000, seed=100) > 0

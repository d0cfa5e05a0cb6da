"""Damaged files of the adapter, and damaged answers of a portal, end in an error of ours."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random

import pytest
from tests.bitrix.source_helpers import YEAR, many
from tests.emulators.bitrix24.harness import free, rig
from tests.mutations import damaged_sqlite, damaged_text, refusals, try_answers

from abcxyz.http import Transport
from abcxyz.toolkit import ManualClock
from abcxyz_bitrix.alerts.ledger import Ledger
from abcxyz_bitrix.rest.credentials import OAuth
from abcxyz_bitrix.rest.shared_limits import SharedTokenBucket
from abcxyz_bitrix.sales.checkpoint import Checkpoint
from abcxyz_bitrix.source import BitrixSource

SALE = ["D_1", "CO_2", "2026-02-03", 100.0, None]


def _content(fill: Callable[[Path], object]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file.sqlite")
        fill(path)
        return path.read_bytes()


def _checkpoint(path: Path) -> None:
    checkpoint = Checkpoint(path)
    checkpoint.begin("print", 500, 1000.0)
    checkpoint.add(0, 50, [SALE] * 3, {"empty": 2})
    checkpoint.add(50, 100, [SALE], {})


def _ledger(path: Path) -> None:
    ledger = Ledger(path)
    ledger.intend("fell_from_a:CO_1", "tasks", 1000.0)
    ledger.intend("stalled:7:2026-05-01", "timeline", 1000.0)
    ledger.confirm("stalled:7:2026-05-01", "timeline", 12)


def _read_checkpoint(path: Path) -> None:
    checkpoint = Checkpoint(path)
    checkpoint.begin("print", None, 1000.5)
    for sales, counts in checkpoint.pieces():
        assert isinstance(sales, list)
        assert isinstance(counts, dict)


def _read_ledger(path: Path) -> None:
    ledger = Ledger(path)
    for channel in ("tasks", "timeline"):
        ledger.state("stalled:7:2026-05-01", channel)
        ledger.objects("stalled:7:", channel)
        ledger.intended_at("fell_from_a:CO_1", channel)


@cache
def _transport() -> Transport:
    return Transport()


def _read_tokens(path: Path) -> None:
    path.chmod(0o600)
    made = OAuth.open("example.bitrix24.ru", "app", "s3cr3t", path, _transport())
    made._server(made._read().get("server_endpoint", ""))


def _read_pace(path: Path) -> None:
    SharedTokenBucket(path, 2.0, 50.0, ManualClock(1000.0)).take()


TOKENS = (
    b'{"access_token": "a1", "refresh_token": "r1", "expires": "1790000000", '
    b'"server_endpoint": "https://oauth.bitrix24.tech/rest/", "member_id": "m", "scope": "crm"}'
)
FILES: dict[str, tuple[str, bytes, Callable[[Path], object]]] = {
    "checkpoint": ("checkpoint.sqlite", _content(_checkpoint), _read_checkpoint),
    "ledger": ("ledger.sqlite", _content(_ledger), _read_ledger),
    "token file": ("tokens.json", TOKENS, _read_tokens),
    "pace file": ("pace.json", b"[12.5, 1000.25]", _read_pace),
}


def _damage_base(raw: bytes, draw: Random) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return damaged_sqlite(raw, draw, Path(folder, "scratch.sqlite"))


DAMAGE = {"checkpoint": _damage_base, "ledger": _damage_base}


def _refused(kind: str, folder: Path, *, count: int, seed: int) -> int:
    name, original, read = FILES[kind]
    (folder / name).write_bytes(original)
    read(folder / name)
    return refusals(
        original,
        folder / name,
        read,
        damage=DAMAGE.get(kind, damaged_text),
        changes=kind != "token file",  # the others are rewritten by their use
        count=count,
        seed=seed,
    )


@pytest.mark.parametrize("kind", FILES)
def test_damaged_files(kind: str, tmp_path: Path) -> None:
    """A damaged file is read, begun anew or refused."""
    assert _refused(kind, tmp_path, count=20, seed=0) <= 20


@pytest.mark.slow
@pytest.mark.parametrize("kind", FILES)
def test_ten_thousand_damaged_files(kind: str, tmp_path: Path) -> None:
    """None of ten thousand ends in another exception or hangs."""
    assert _refused(kind, tmp_path, count=10_000, seed=100) <= 10_000


def _answers(count: int) -> int:
    with rig(limits=free()) as site:
        for number in range(3):
            site.portal.add_company(f"Фирма {number}")
        many(site, 20)

        def read() -> None:
            source = BitrixSource(client=site.client, customer="company")
            for batch in source.transactions(YEAR):
                assert len(batch.customer) == len(batch.amount)
            source.customer_names()

        return try_answers(read, count)


def test_damaged_answers() -> None:
    """Whatever a portal answers, a reading ends in sales or in an error of ours."""
    assert 0 < _answers(20) < 20


@pytest.mark.slow
def test_ten_thousand_damaged_answers() -> None:
    """The same for ten thousand answers."""
    assert 0 < _answers(10_000) < 10_000

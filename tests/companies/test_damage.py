"""Damaged indexes, caches and answers about companies end in an error of the library."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from random import Random

import pytest
from tests.companies.fns import data_sets as made
from tests.emulators import dadata as emulator
from tests.mutations import damaged_sqlite, refusals, try_answers

from abcxyz.companies.dadata.enricher import DadataEnricher
from abcxyz.companies.fns.build import build_index
from abcxyz.companies.fns.enricher import FnsEnricher
from abcxyz.companies.fns.index import CompanyIndex
from abcxyz.toolkit.clock import ManualClock

NOW = 1_795_953_600.0  # 2026-11-29 12:00 UTC
TODAY = date(2026, 11, 29)
INNS = [made.BUILDER, made.PLANT, made.SLEEPER, made.DEBTOR]
FIRMS = [
    emulator.record("7825706086", "ООО АГРО"),
    *(emulator.record(inn, f'ООО "{inn}"', okved="41.20") for inn in INNS[:2]),
]


@cache
def _index() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "companies.db")
        build_index(made.write_sets(Path(folder, "sets")), path, built=TODAY)
        return path.read_bytes()


def _read_index(path: Path) -> None:
    with contextlib.closing(FnsEnricher(path, as_of=TODAY)) as enricher:
        enricher.customers(INNS)
        enricher.preflight()
    with CompanyIndex(path) as index:
        len(index)
        list(index)


def _enricher(path: Path, url: str) -> DadataEnricher:
    return DadataEnricher(token=emulator.KEY, cache=path, base_url=url, clock=ManualClock(NOW))


@cache
def _answers() -> bytes:
    with tempfile.TemporaryDirectory() as folder, emulator.serving(*FIRMS) as service:
        path = Path(folder, "answers.db")
        with contextlib.closing(_enricher(path, service.url)) as enricher:
            enricher.customers(INNS)
        return path.read_bytes()


def _damage(raw: bytes, draw: Random) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return damaged_sqlite(raw, draw, Path(folder, "scratch.db"))


def _refused(
    folder: Path, original: bytes, read: Callable[[Path], None], count: int, seed: int
) -> int:
    path = folder / "file.db"
    path.write_bytes(original)
    read(path)
    return refusals(original, path, read, damage=_damage, count=count, seed=seed, changes=True)


def _cached(folder: Path, count: int, seed: int) -> int:
    with emulator.serving(*FIRMS) as service:

        def read(path: Path) -> None:
            with contextlib.closing(_enricher(path, service.url)) as enricher:
                enricher.customers(INNS)

        return _refused(folder, _answers(), read, count, seed)


def test_damaged_indexes(tmp_path: Path) -> None:
    """A damaged index is read or refused."""
    assert 0 < _refused(tmp_path, _index(), _read_index, 20, 0)


@pytest.mark.slow
def test_ten_thousand_damaged_indexes(tmp_path: Path) -> None:
    """The same for ten thousand."""
    assert 0 < _refused(tmp_path, _index(), _read_index, 10_000, 100)


def test_damaged_caches(tmp_path: Path) -> None:
    """A damaged cache of answers is read, or refused with the advice to remove it."""
    assert 0 < _cached(tmp_path, 20, 0)


@pytest.mark.slow
def test_ten_thousand_damaged_caches(tmp_path: Path) -> None:
    """The same for ten thousand."""
    assert 0 < _cached(tmp_path, 10_000, 100)


def _answered(folder: Path, count: int) -> int:
    with emulator.serving(*FIRMS) as service:

        def read() -> None:
            path = folder / "answers.db"
            path.unlink(missing_ok=True)
            with contextlib.closing(_enricher(path, service.url)) as enricher:
                enricher.customers(INNS)

        return try_answers(read, count)


def test_damaged_answers(tmp_path: Path) -> None:
    """Whatever the service answers, an enrichment ends in attributes or in an error of ours."""
    assert 0 < _answered(tmp_path, 20) < 20


@pytest.mark.slow
def test_ten_thousand_damaged_answers(tmp_path: Path) -> None:
    """The same for ten thousand answers."""
    assert 0 < _answered(tmp_path, 10_000) < 10_000

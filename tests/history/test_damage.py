"""Damaged histories end in an error of the library, and their files stay as they are."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from datetime import date
from functools import cache
from pathlib import Path
from random import Random

import pytest
from tests.mutations import damaged_sqlite, refusals

from abcxyz import Settings, analyze
from abcxyz.errors import HistoryError
from abcxyz.history import History
from abcxyz.testing import make_transactions


@cache
def _stored() -> bytes:
    """Return a history with the snapshots of three months, in one file."""
    sales = make_transactions([f"C{n}" for n in range(12)])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "history.db")
        with History(path) as history:
            for day in (date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1)):
                history.save(analyze(sales, as_of=day, settings=Settings(period="6M")).snapshot)
            history.snooze("fell_from_a:C1", date(2027, 1, 1))
        with contextlib.closing(sqlite3.connect(path)) as base:
            base.execute("PRAGMA journal_mode = DELETE")
        return path.read_bytes()


def _damage(raw: bytes, draw: Random) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return damaged_sqlite(raw, draw, Path(folder, "scratch.db"))


def _read(path: Path) -> None:
    with History(path, create=False) as history:
        for one in history.snapshots():
            history.get(one.dated, fingerprint=one.fingerprint)
        history.latest(date(2026, 10, 15))
        history.customer("C1")
        history.snoozed(date(2026, 11, 1))


def _refused(folder: Path, *, count: int, seed: int) -> int:
    path = folder / "history.db"
    path.write_bytes(_stored())
    _read(path)
    # Opening moves a file to the write-ahead log; what is stored does not change.
    return refusals(_stored(), path, _read, damage=_damage, count=count, seed=seed, changes=True)


@pytest.mark.parametrize("customers", [2**31, -1, 1, "9" * 40])
def test_a_wrong_number_of_rows_is_damage(tmp_path: Path, customers: object) -> None:
    """The number of customers is compared with the rows before memory is taken for them."""
    path = tmp_path / "history.db"
    path.write_bytes(_stored())
    with contextlib.closing(sqlite3.connect(path)) as base:
        base.execute("UPDATE snapshot SET customers = ?", (customers,))
        base.commit()
    with History(path) as history, pytest.raises(HistoryError, match="restore it from a copy"):
        history.latest(date(2026, 10, 15))


@pytest.mark.filterwarnings("ignore")
def test_damaged_histories(tmp_path: Path) -> None:
    """A damaged history is read or refused."""
    assert 0 < _refused(tmp_path, count=20, seed=0) <= 20


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_ten_thousand_damaged_histories(tmp_path: Path) -> None:
    """None of ten thousand ends in another exception or hangs."""
    assert _refused(tmp_path, count=10_000, seed=100) > 0


def test_a_bit_of_any_content_is_noticed(tmp_path: Path) -> None:
    """One changed bit of a column is found by the check, and makes no other state."""
    path = tmp_path / "history.db"
    path.write_bytes(_stored())
    with History(path) as history:
        assert () == history.check()
        assert 3 == len(history.customer("C7"))
    sound = path.read_bytes()
    with contextlib.closing(sqlite3.connect(path)) as base:
        contents = base.execute("SELECT number, content FROM packed").fetchall()
    draw = Random(0)
    for number, content in contents:
        changed = bytearray(content)
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
        path.write_bytes(sound)
        with contextlib.closing(sqlite3.connect(path)) as base, base:
            base.execute("UPDATE packed SET content = ? WHERE number = ?", (changed, number))
        with History(path) as history:
            assert history.check()
            with pytest.raises(HistoryError, match="damaged"):
                history.customer("C7")

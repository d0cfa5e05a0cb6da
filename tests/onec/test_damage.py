"""Damaged profiles, checkpoints and answers of 1C end in an error of the library."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import date
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from tests.clocks import NoWait
from tests.emulators.onec.base import Base, filled
from tests.mutations import damaged, damaged_text, refusals, try_answers
from tests.onec.adapter import adapter
from tests.onec.sales_fixtures import YEAR

from abcxyz_onec.profiles import load
from abcxyz_onec.sales.checkpoint import Checkpoint
from abcxyz_onec.sales.lines import LineColumns
from abcxyz_onec.sales.reader import Part
from abcxyz_onec.source import OneCSource

NAME = "2026-01-01_2026-02-01.npz"


def _stretch() -> bytes:
    columns = LineColumns(
        token=np.array(["a" * 36, "b" * 36, ""]),
        day=np.array(["2026-01-05", "2026-01-06", "2026-01-07"], "M8[D]"),
        revenue=np.array([1.0, 2.0, 3.0]),
        cost=np.zeros(3),
        document=np.array(["d1", "d2", ""]),
        counted=np.array([True, False, True]),
    )
    part = Part(date(2026, 1, 1), date(2026, 2, 1), [columns], 3, "last")
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Checkpoint(Path(folder), {"url": "x"}, now=0.0)
        checkpoint.save("records", part)
        ((_, _, file),) = checkpoint.parts("records")
        return file.read_bytes()


def _load(path: Path) -> None:
    loaded = Checkpoint(path.parent, {}, now=0.0).load(path)
    if loaded is not None:
        for columns in loaded[0]:
            columns.unpacked()


def _profile() -> bytes:
    return (resources.files("abcxyz_onec") / "profiles" / "ut11.toml").read_bytes()


FILES: dict[str, tuple[str, bytes, Callable[[Path], object]]] = {
    "profile": ("mine.toml", _profile(), load),
    "checkpoint": (NAME, _stretch(), _load),
}
DAMAGE = {"checkpoint": damaged}


def _refused(kind: str, folder: Path, *, count: int, seed: int) -> int:
    name, original, read = FILES[kind]
    (folder / name).write_bytes(original)
    read(folder / name)
    return refusals(
        original,
        folder / name,
        read,
        damage=DAMAGE.get(kind, damaged_text),
        count=count,
        seed=seed,
    )


@pytest.mark.parametrize("kind", FILES)
def test_damaged_files(kind: str, tmp_path: Path) -> None:
    """A damaged file is read, left aside or refused, and stays as it is."""
    assert _refused(kind, tmp_path, count=20, seed=0) <= 20


@pytest.mark.slow
@pytest.mark.parametrize("kind", FILES)
def test_ten_thousand_damaged_files(kind: str, tmp_path: Path) -> None:
    """None of ten thousand ends in another exception, hangs or is changed."""
    assert _refused(kind, tmp_path, count=10_000, seed=100) <= 10_000


def _answers(read: str, count: int) -> int:
    with Base(filled().store).serving() as base:

        def sales() -> None:
            source = adapter(
                OneCSource, base.url, "Робот", "пароль-7Щ", timeout=5, clock=NoWait(), read=read
            )
            for batch in source.transactions(YEAR):
                assert len(batch.customer) == len(batch.amount)
            source.customer_names()

        return try_answers(sales, count)


@pytest.mark.parametrize("read", ["records", "documents", "turnovers"])
def test_damaged_answers(read: str) -> None:
    """Whatever 1C answers, a reading ends in sales or in an error of ours."""
    assert 0 < _answers(read, 10) < 10


@pytest.mark.slow
@pytest.mark.parametrize("read", ["records", "documents", "turnovers"])
def test_ten_thousand_damaged_answers(read: str) -> None:
    """The same for ten thousand answers over the ways to read."""
    assert 0 < _answers(read, 3_334) < 3_334

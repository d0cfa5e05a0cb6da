"""Compiled loops over cells, against the vectorised functions."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from abcxyz.loops.compiled import route
from abcxyz.tables.scan.columns import Texts
from abcxyz.tables.scan.hashing import CellHashes, CodeTable, HashCollisionError
from abcxyz.tables.scan.moments import NO_DAY, day_numbers, words_of

pytest.importorskip("numba")


@pytest.mark.parametrize("longest", [0, 7, 8, 30, 1200])
def test_hashes_of_texts_and_numbers(longest: int) -> None:
    draw = np.random.default_rng(longest)
    texts = Texts.of(["я" * size for size in draw.integers(0, longest // 2 + 1, 300).tolist()])
    both = []
    for name in ("numpy", "numba"):
        with route(name):
            hashing = CellHashes(3)
            hashes, checks = hashing.texts(texts.data, texts.ends)
            lines = hashes.copy()
            hashing.add(lines, checks, np.uint64(3))
            both.append((hashes, checks, hashing.numbers(hashes), lines))
            np.testing.assert_array_equal(
                hashing.numbers(hashes, 86_400), hashing.numbers(hashes * np.uint64(86_400))
            )
    for one, other in zip(*both, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("unit", ["D", "h", "s", "ms", "us", "ns"])
@pytest.mark.parametrize("name", ["numpy", "numba"])
def test_days_of_moments(name: str, unit: str) -> None:
    """Against the calendar of Python, on both sides of midnight, of 1970 and of what is known."""
    days = [
        date(1, 1, 3),
        date(1700, 1, 1),
        date(1969, 12, 31),
        date(1970, 1, 1),
        date(2262, 4, 10),
    ]
    days = days[1:] if unit == "ns" else days
    midnights = np.array(days, "M8[D]").astype(f"M8[{unit}]")
    before = [(day - date(1970, 1, 1)).days for day in days]
    with route(name):
        np.testing.assert_array_equal(day_numbers(midnights, 0), before)
        if unit != "D":
            earlier = midnights - np.ones(1, f"m8[{unit}]")
            np.testing.assert_array_equal(day_numbers(earlier, 0), np.array(before) - 1)
        unknown = np.array(["NaT", "NaT"], f"M8[{unit}]")
        if unit != "ns":
            unknown[1] = np.datetime64("0001-01-01", "D")
        assert day_numbers(unknown, 0).tolist() == [NO_DAY, NO_DAY]


@pytest.mark.parametrize("unit", ["D", "h", "s", "ms", "us", "ns", "3s"])
def test_moments_of_one_time_have_one_pattern(unit: str) -> None:
    """Whatever unit a file has them in."""
    moments = np.array(["1969-12-31", "2026-11-30", "2262-04-10"], "M8[D]").astype(f"M8[{unit}]")
    words, factor = words_of(moments)
    expected = moments.astype("M8[us]").view(np.int64)
    np.testing.assert_array_equal((words * np.uint64(factor)).view(np.int64), expected)


def test_days_of_the_furthest_moments() -> None:
    """Where a point in time has more digits than a float."""
    draw = np.random.default_rng(1).integers(-(2**63) + 1, 2**63, 2000)
    edges = draw // 86_400_000_000 * 86_400_000_000
    moments = np.concatenate([draw, edges[abs(edges) < 2**62], edges[abs(edges) < 2**62] - 1])
    with route("numba"):
        found = day_numbers(moments.view("M8[us]"), 0)
    np.testing.assert_array_equal(found, [one // 86_400_000_000 for one in moments.tolist()])


@pytest.mark.parametrize("name", ["numpy", "numba"])
def test_hashes_of_floats(name: str) -> None:
    """A whole number has the hash of an integer, at both ends of the range as well."""
    values = np.array(
        [0.0, -0.0, 5, -5, 2.0**62, -(2.0**63), 0.5, 2.0**63, 1e300, -np.inf, np.nan]
    )
    with route(name):
        hashing = CellHashes(3)
        hashes = hashing.floats(values)
        whole = values[:6].astype(np.int64).view(np.uint64)
        bits = np.concatenate([whole, values[6:].view(np.uint64)])
        np.testing.assert_array_equal(hashes, hashing.numbers(bits))


@pytest.mark.parametrize("checked", [True, False])
def test_codes(checked: bool) -> None:
    """Also past the first size of the table, and on for cells that are known."""
    draw = np.random.default_rng(1)
    hashes = draw.integers(0, 2**64, 180_000, dtype=np.uint64)
    again = np.concatenate([hashes, np.zeros(2, np.uint64), draw.permutation(hashes)])
    both = []
    for name in ("numpy", "numba"):
        with route(name):
            table = CodeTable()
            found = [
                table.add(part, ~part if checked else None) for part in (again[:70_000], again)
            ]
            both.append([each for pair in found for each in pair])
            assert len(table) == 180_001
    for one, other in zip(*both, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["numpy", "numba"])
def test_two_cells_of_one_hash(name: str) -> None:
    with route(name):
        table = CodeTable()
        table.add(np.ones(1, np.uint64), np.ones(1, np.uint64))
        with pytest.raises(HashCollisionError):
            table.add(np.ones(1, np.uint64), np.zeros(1, np.uint64))

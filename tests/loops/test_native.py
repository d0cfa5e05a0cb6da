"""Machine code of loops: stored once, linked without numba, and distrusted where it may be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from abcxyz.loops import cells, landmarks, partitions, rows
from abcxyz.loops.declared import ObjectCode, fetch_ahead, read_word
from abcxyz.loops.native import Loop, native

pytest.importorskip("numba")

SCRIPT = """
import sys
import numpy as np
from abcxyz.loops import cells
hashes = np.empty(3, np.uint64)
cells.hash_numbers(np.arange(3, dtype=np.uint64), np.uint64(1), np.uint64(5), hashes)
print(*hashes, "numba" in sys.modules, cells.hash_numbers.stored(("*u8", "u8", "u8", "*u8")))
"""


@native
def _total(values: np.ndarray, factor: float, bounds: tuple[int, int]) -> float:
    total = 0.0
    for i in range(bounds[0], bounds[1]):
        fetch_ahead(values, i)
        total += values[i] * factor
    return total


@native
def _words(data: np.ndarray, found: np.ndarray) -> int:
    for i in range(len(found)):
        found[i] = read_word(data, i)
    return len(found)


@native
def _greedy(values: np.ndarray) -> int:
    return len(np.zeros(len(values)))


def _run(folder: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "NUMBA_CACHE_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_a_later_process_links_what_the_first_one_stored(tmp_path: Path) -> None:
    """The same results without numba; damaged machine code is compiled anew, never run."""
    first = _run(tmp_path / "code")
    assert first[3] == "True"
    stored = Path(first[4])
    assert stored.stat().st_mode & 0o777 == 0o600
    second = _run(tmp_path / "code")
    assert second[3] == "False"
    assert second[:3] == first[:3]
    whole = stored.read_bytes()
    for damaged in (whole[:-1], whole[:40] + b"\0" + whole[41:], b""):
        stored.write_bytes(damaged)
        assert _run(tmp_path / "code")[:4] == first[:4]
        assert stored.read_bytes()[32:].count(b"\n") == whole[32:].count(b"\n")


@pytest.mark.skipif(sys.platform == "win32", reason="rights of POSIX")
def test_machine_code_that_others_could_have_written_is_not_loaded(tmp_path: Path) -> None:
    stored = Path(_run(tmp_path)[4])
    stored.chmod(0o602)
    assert _run(tmp_path)[3] == "True"
    stored.chmod(0o600)
    tmp_path.chmod(0o777)
    found = _run(tmp_path)
    assert found[3:] == ["True", "None"]


@pytest.mark.skipif(sys.platform == "win32" or os.getuid() != 0, reason="needs another user")
def test_a_user_without_a_home() -> None:
    """As in containers of any user: where no folder can be written, the loop is compiled anew."""
    kept = {
        name: one
        for name, one in os.environ.items()
        if name not in ("HOME", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR")
    }
    code = (
        "import os; from abcxyz.loops import native; os.setgid(54321); os.setuid(54321); "
        "print(len(native._folders()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=kept, capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("1", "")


def test_arguments_and_results() -> None:
    """Arrays, numbers and tuples; a number, nothing; every kind compiled for itself."""
    values = np.arange(10.0)
    assert _total(values, 0.5, (2, 5)) == 4.5
    assert _total(np.arange(10, dtype=np.int32), 2.0, (0, 10)) == 90.0
    data = np.arange(20, dtype=np.uint8)
    words = np.zeros(9, np.uint64)
    assert _words(data, words) == 9
    expected = [int.from_bytes(data[i : i + 8].tobytes(), "little") for i in range(9)]
    assert words.tolist() == expected
    assert [int(read_word(data, i)) for i in range(9)] == expected
    hashes = np.empty(1, np.uint64)
    assert cells.hash_numbers(np.ones(1, np.uint64), np.uint64(1), np.uint64(2), hashes) is None


@pytest.mark.parametrize("values", [np.ones((2, 2, 2)), np.ones(9)[::2]])
def test_other_arrays_are_refused(values: np.ndarray) -> None:
    with pytest.raises(ValueError, match="contiguous arrays of one or two"):
        _total(values, 1.0, (0, 1))


def test_a_loop_that_allocates_is_refused() -> None:
    """Its code would call functions of numba, which is not there in a later process."""
    with pytest.raises(RuntimeError, match="a loop cannot call"):
        _greedy(np.ones(3))


def test_object_code_is_read_as_it_was_written() -> None:
    code = ObjectCode("call", "f8", b"\n\n\0code\n")
    assert ObjectCode.from_bytes(code.to_bytes()) == code
    assert ObjectCode.from_bytes(code.to_bytes()[:-1]) is None


@pytest.mark.parametrize("module", [cells, landmarks, partitions, rows])
def test_usual_kinds_are_those_that_are_compiled_ahead(module: object) -> None:
    """So that a file is read with them in every later process."""
    module.warm_up()  # type: ignore[attr-defined]
    for name, kinds in module.usual_kinds().items():  # type: ignore[attr-defined]
        loop = getattr(module, name)
        assert isinstance(loop, Loop)
        assert loop.is_stored(kinds), name

"""Memory that nothing is in any more goes back to the system."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from abcxyz import _collection

GLIBC = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="other allocators are not told to"
)

_CODE = """
from pathlib import Path
import numpy as np
from abcxyz._collection import free_memory

def pages():
    return int(Path("/proc/self/statm").read_text().split()[1])

before = pages()
arrays = [np.ones(12_000) for _ in range(1000)]
kept = arrays[-1]  # the end of the heap is in use, so what is before it stays with the process
full = pages()
del arrays
freed = pages()
free_memory()
sizes = [(one - before) * 4096 for one in (full, freed, pages())]
print(sizes[0] > 80e6, sizes[1] > 60e6, sizes[2] < 20e6)
"""


_HELD = """
import sys
from pathlib import Path
import numpy as np
from abcxyz._collection import free_arrays_at_once, keep_freed_arrays

def pages():
    return int(Path("/proc/self/statm").read_text().split()[1])

{"at once": free_arrays_at_once, "kept": keep_freed_arrays, "": int}[sys.argv[1]]()
first = np.ones(3_000_000)  # freed once, it teaches the allocator to keep those of its size
del first
before = pages()
arrays = [(np.ones(int(sys.argv[2])), np.ones(12_000)) for _ in range(8)]
kept = [small for _, small in arrays]  # between and behind the large ones
del arrays
print((pages() - before) * 4096)
"""


def _held(told: str, numbers: int) -> int:
    """Return the bytes a process holds after eight arrays of so many numbers were freed."""
    command = [sys.executable, "-c", _HELD, told, str(numbers)]
    return int(
        subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    )


@GLIBC
def test_freed_arrays_go_back_to_the_system() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _CODE], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout.split() == ["True", "True", "True"]


@GLIBC
def test_large_arrays_go_back_at_once() -> None:
    assert _held("", 2_000_000) > 100e6
    assert _held("at once", 2_000_000) < 20e6


@GLIBC
def test_freed_arrays_are_kept_for_the_next_ones() -> None:
    # Larger than the one it learned from, and smaller than what older versions take as a limit.
    assert _held("", 3_500_000) < 20e6
    assert _held("kept", 3_500_000) > 100e6


def test_an_allocator_that_refuses_a_large_threshold_gets_its_largest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As older versions of glibc do; the second call turns off their own rule all the same."""
    kept: dict[int, int] = {}

    def tell(function: str, *arguments: int) -> int:
        name, size = arguments
        if name == _collection._MMAP_THRESHOLD and size > 32 << 20:
            return 0
        kept[name] = size
        return 1

    monkeypatch.setattr(_collection, "_tell_allocator", tell)
    _collection.keep_freed_arrays()
    assert kept == {
        _collection._MMAP_THRESHOLD: 32 << 20,
        _collection._TRIM_THRESHOLD: 256 << 20,
    }

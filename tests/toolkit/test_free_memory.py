"""Memory that nothing is in any more goes back to the system."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

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


_LARGE = """
import sys
from pathlib import Path
import numpy as np
from abcxyz._collection import free_arrays_at_once

def pages():
    return int(Path("/proc/self/statm").read_text().split()[1])

if sys.argv[1:]:
    free_arrays_at_once()
first = np.ones(3_000_000)  # freed once, it teaches the allocator to keep those of its size
del first
before = pages()
arrays = [(np.ones(2_000_000), np.ones(12_000)) for _ in range(8)]
kept = [small for _, small in arrays]  # between and behind the large ones
del arrays
print((pages() - before) * 4096)
"""


_AGAIN = """
import sys
import resource
import numpy as np
from abcxyz._collection import keep_freed_arrays

if sys.argv[1:]:
    keep_freed_arrays()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    np.zeros(1_000_000).sum()
    np.ones(8_000_000).sum()  # of more than the allocator keeps by itself
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators are not told to")
def test_kept_arrays_are_not_cleared_by_the_system_again() -> None:
    faults = [
        int(
            subprocess.run(
                [sys.executable, "-c", _AGAIN, *words],
                capture_output=True, text=True, check=True, timeout=60,
            ).stdout
        )
        for words in ([], ["keep"])
    ]  # fmt: skip
    assert faults[1] < faults[0] / 4


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators are not told to")
def test_freed_arrays_go_back_to_the_system() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _CODE], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout.split() == ["True", "True", "True"]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators are not told to")
def test_large_arrays_go_back_at_once() -> None:
    held = [
        int(
            subprocess.run(
                [sys.executable, "-c", _LARGE, *words],
                capture_output=True, text=True, check=True, timeout=60,
            ).stdout
        )
        for words in ([], ["at once"])
    ]  # fmt: skip
    assert held[0] > 100e6
    assert held[1] < 20e6

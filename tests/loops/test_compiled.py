"""Compilation where no folder can hold the cache, and without numba."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import abcxyz

SCRIPT = """
import sys
import numpy as np
from abcxyz import classify_abc
from abcxyz.loops import route
with route("numba"):
    result = classify_abc(np.arange(1000.0))
from abcxyz.loops import columns
print(columns.__file__, result.labels[-1], bool(columns.mark.stats.cache_path))
"""


def test_loops_compile_where_no_cache_can_be_written(tmp_path: Path) -> None:
    """Neither beside the module nor in the user's folders: the loops compile in memory."""
    pytest.importorskip("numba")
    package = tmp_path / "abcxyz"
    shutil.copytree(
        Path(abcxyz.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__")
    )
    # A file where the folder should be cannot be written even by root.
    for blocked in (package / "loops" / "__pycache__", tmp_path / "home"):
        blocked.write_text("")
    places = {name: str(tmp_path / "home") for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA")}
    kept = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**kept, **places, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == [str(package / "loops" / "columns.py"), "A", "False"]


def test_numba_is_not_imported_for_little_work() -> None:
    """A short column does not pay for loading numba."""
    code = (
        "import sys, numpy as np, abcxyz; abcxyz.classify_abc(np.arange(1e5));"
        "print('numba' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "False"

"""Temporary folders are removed at the end, and by a later run after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from abcxyz.toolkit.temporary import TemporaryFolder, temporary_folder

_CODE = """
import sys, time
from abcxyz.toolkit.temporary import TemporaryFolder
folder = TemporaryFolder(sys.argv[1])
(folder.path / "lines").write_text("x")
print(folder.path, flush=True)
time.sleep(60)
"""


def _aged(folder: Path) -> None:
    """Make a folder look an hour old."""
    then = time.time() - 3600
    os.utime(folder / "running.lock", (then, then))


def test_removed_at_the_end(tmp_path: Path) -> None:
    """The folder and its files are gone, also after an error."""

    def fail() -> None:
        with temporary_folder(tmp_path) as folder:
            (folder / "lines").write_text("x")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a kill that cannot be caught")
def test_swept_after_a_kill(tmp_path: Path) -> None:
    """A folder of a living process stays; after a kill the next run removes it."""
    child = subprocess.Popen(
        [sys.executable, "-c", _CODE, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    left = Path(child.stdout.readline().strip())
    _aged(left)
    with temporary_folder(tmp_path):
        assert (left / "lines").exists()
    child.kill()
    child.wait()
    child.stdout.close()
    folder = TemporaryFolder(tmp_path)
    assert list(tmp_path.iterdir()) == [folder.path]
    folder.remove()


def test_fresh_and_foreign_folders_stay(tmp_path: Path) -> None:
    """A folder without a lock, or with one of this minute, is left alone."""
    (tmp_path / "abcxyz-run-foreign").mkdir()
    fresh = tmp_path / "abcxyz-run-fresh"
    fresh.mkdir()
    (fresh / "running.lock").touch()
    with temporary_folder(tmp_path):
        pass
    assert {one.name for one in tmp_path.iterdir()} == {"abcxyz-run-foreign", "abcxyz-run-fresh"}

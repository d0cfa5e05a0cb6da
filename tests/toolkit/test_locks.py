"""Locks between threads and processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from abcxyz.errors import ConfigError, UnavailableError
from abcxyz.toolkit import file_lock

HOLDER = """
import sys, time
from pathlib import Path
from abcxyz.toolkit import file_lock
with file_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""
COUNTER = """
import sys
from pathlib import Path
from abcxyz.toolkit import file_lock
path = Path(sys.argv[1])
for _ in range(50):
    with file_lock(path.with_name("lock")):
        path.write_text(str(int(path.read_text()) + 1))
"""


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Subprocess that holds the lock."""
    code = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(code, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_another_process_has_the_lock(tmp_path: Path) -> None:
    """A held lock is a temporary error, at once or after the timeout."""
    path = tmp_path / "lock"
    with holder(path):
        for timeout in (0, 0.1):
            refused = pytest.raises(UnavailableError, match="is locked by another process")
            with refused as caught, file_lock(path, timeout=timeout):
                raise AssertionError("locked twice")
            assert caught.value.retryable


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "ended"])
def test_the_lock_ends_with_its_process(tmp_path: Path, end: signal.Signals) -> None:
    """The lock ends with its process; the remaining file does not lock."""
    path = tmp_path / "lock"
    with holder(path) as process:
        process.send_signal(end)
        process.wait()
        assert path.exists()
        with file_lock(path, timeout=0):
            pass


def test_an_error_lets_go_of_the_lock(tmp_path: Path) -> None:
    """An exception in the block releases the lock."""
    path = tmp_path / "lock"
    with pytest.raises(ValueError, match="inside"), file_lock(path):
        raise ValueError("inside")
    with file_lock(path, timeout=0):
        pass


def test_processes_take_turns(tmp_path: Path) -> None:
    """Two processes incrementing one counter file lose no update."""
    path = tmp_path / "count"
    path.write_text("0")
    made = [subprocess.Popen([sys.executable, "-c", COUNTER, str(path)]) for _ in range(2)]
    assert [process.wait() for process in made] == [0, 0]
    assert path.read_text() == "100"


def test_threads_take_turns(tmp_path: Path) -> None:
    """A thread waits for another one of the same process."""
    path = tmp_path / "lock"
    order: list[str] = []

    def second() -> None:
        with file_lock(path):
            order.append("second")

    with file_lock(path):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.1)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


@pytest.mark.parametrize("kind", ["dangling", "of a file"])
def test_a_link_is_not_followed(tmp_path: Path, kind: str) -> None:
    """A symbolic link in a shared folder neither locks nor creates a file."""
    target = tmp_path / "target"
    if kind == "of a file":
        target.write_text("theirs")
    (tmp_path / "lock").symlink_to(target)
    with pytest.raises(ConfigError, match="cannot be locked"), file_lock(tmp_path / "lock"):
        raise AssertionError("locked through a link")
    assert target.exists() == (kind == "of a file")
    assert not target.exists() or target.read_text() == "theirs"


def test_a_file_in_the_way_is_left_as_it_is(tmp_path: Path) -> None:
    """Locking does not truncate an existing file."""
    path = tmp_path / "lock"
    path.write_text("theirs")
    with file_lock(path):
        pass
    assert path.read_text() == "theirs"


def test_no_folder_is_made(tmp_path: Path) -> None:
    """A missing folder is an error, and is not created."""
    with pytest.raises(ConfigError) as caught, file_lock(tmp_path / "none" / "lock"):
        raise AssertionError("locked in no folder")
    assert caught.value.details["reason"] == "No such file or directory"
    assert list(tmp_path.iterdir()) == []


def test_the_lock_file_is_private(tmp_path: Path) -> None:
    """The lock file is private to its user."""
    with file_lock(tmp_path / "lock"):
        assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.name != "posix", reason="rights of POSIX")
def test_without_a_lock_of_the_system_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system without locks is an error, without a marker file."""
    import errno
    import fcntl

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, "flock", refuse)
    refused = pytest.raises(ConfigError, match="Function not implemented")
    with refused, file_lock(tmp_path / "lock", timeout=0):
        raise AssertionError("locked without flock")

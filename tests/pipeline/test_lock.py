"""Lock that allows one run of a job at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from abcxyz.errors import ConfigError, UnavailableError
from abcxyz.pipeline.prepare import job_lock

NOWHERE = Path("/proc/no-such-folder/job.toml")
CODE = """
import sys
from pathlib import Path
from abcxyz.errors import UnavailableError
from abcxyz.pipeline.prepare import job_lock
try:
    with job_lock(Path(sys.argv[1])):
        print("mine")
except UnavailableError as problem:
    print(problem)
"""


def other(job: Path) -> str:
    """Try to take the lock in another process."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(job)], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize("job", [None, NOWHERE], ids=["beside", "elsewhere"])
def test_another_process_has_to_wait(tmp_path: Path, job: Path | None) -> None:
    """The lock works beside a read-only folder, and another job is not locked."""
    job = tmp_path / "job.toml" if job is None else job
    with job_lock(job):
        message = "the job job.toml is running already; wait until it has ended"
        assert message == other(job)
        with pytest.raises(UnavailableError, match=message), job_lock(job):
            raise AssertionError("locked twice")
        assert "mine" == other(tmp_path / "another.toml")
    assert "mine" == other(job)


def test_a_lock_is_not_taken_through_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A symbolic link in place of the lock file is not followed."""
    job, target = tmp_path / "job.toml", tmp_path / "target"
    job.with_name(".job.toml.lock").symlink_to(target)
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/proc/no-such-folder")
    with pytest.raises(ConfigError, match=r"the job job\.toml cannot be locked"), job_lock(job):
        raise AssertionError("locked through a link")
    assert not target.exists()

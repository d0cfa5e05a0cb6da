"""Runs that are killed: no alert is lost and none comes twice, whatever the moment."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from abcxyz.demo import demo_sales

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")

PROGRAM = Path(__file__).with_name("killed_runs.py")


def killed_runs(folder: Path, count: int) -> dict[str, Any]:
    """Run the program over the demo sales."""
    sales = demo_sales(customers=60).transactions
    frame = pd.DataFrame({"customer": sales.customer, "date": sales.day, "amount": sales.amount})
    frame.to_csv(folder / "sales.csv", index=False)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", PROGRAM, folder, str(count)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("count", [2, pytest.param(0, marks=pytest.mark.slow)])
def test_a_killed_run_loses_and_doubles_no_alert(tmp_path: Path, count: int) -> None:
    """The next run, of the same month or a later one, delivers the rest to each sink once."""
    answer = killed_runs(tmp_path, count)
    assert any(key.startswith("fell_from_a") for key in answer["usual"][0])
    # What a run of November found, and what is still true in December.
    events = {key for key in answer["three"][0] if key.startswith("fell_from_a")}
    fallen = {key.split(":")[1] for key in events if key.endswith("2026-10-31")}
    regained = {key.split(":")[1] for key in events if key.endswith("2026-11-30")}
    assert fallen - regained
    for one in answer["runs"]:
        assert one["killed"], one["step"]
        for sink, usual in zip(one["again"], answer["usual"], strict=True):
            assert sorted(sink) == sorted(usual), one["step"]
        for sink in one["later"]:
            assert len(sink) == len(set(sink)), one["step"]
            named = {key.split(":")[1] for key in sink if key.startswith("fell_from_a")}
            assert fallen - regained <= named, one["step"]

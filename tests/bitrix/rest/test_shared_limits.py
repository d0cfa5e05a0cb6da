"""Rate limit shared by all processes of a machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.emulators.bitrix24.harness import START, Rig

from abcxyz.errors import (
    ConfigError,
)
from abcxyz_bitrix.rest.shared_limits import SharedTokenBucket


def test_programs_of_a_machine_share_one_rate_limit(site: Rig, tmp_path: Path) -> None:
    """Two independent programs share the tokens of one file."""
    path = tmp_path / "pace"
    buckets = [SharedTokenBucket(path, 2.0, 50.0, site.timer) for _ in range(2)]
    for _ in range(60):
        for bucket in buckets:
            bucket.take()
    assert site.clock() - START == pytest.approx(35.0)
    buckets[0].drain()
    buckets[1].take()
    assert site.clock() - START == pytest.approx(35.5)


def test_damaged_pace_file_is_no_obstacle(site: Rig, tmp_path: Path) -> None:
    """An unreadable file counts as a full bucket; a folder in its place is refused."""
    path = tmp_path / "pace"
    path.write_text("{half")
    SharedTokenBucket(path, 2.0, 50.0, site.timer).take()
    assert json.loads(path.read_text())[0] == 49.0
    with pytest.raises(ConfigError, match="pace_file"):
        SharedTokenBucket(tmp_path, 2.0, 50.0, site.timer).take()


def test_client_uses_the_pace_file(site: Rig, tmp_path: Path) -> None:
    """A client with a pace file takes its tokens there."""
    client = site.another(pace_file=tmp_path / "pace")
    client.call("profile")
    assert json.loads((tmp_path / "pace").read_text())[0] == pytest.approx(49.0, abs=0.1)

"""Resumption of interrupted readings."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from tests.bitrix.source_helpers import YEAR, lines, many, read
from tests.emulators.bitrix24.harness import Rig

from abcxyz.core.sales.calendar import Window
from abcxyz.core.sales.transactions import concat
from abcxyz_bitrix.source import BitrixSource


@pytest.mark.parametrize(
    ("deals", "crashes", "left"),
    [(4500, (1,), 0.9), pytest.param(9000, (1, 2, 3), 0.5, marks=pytest.mark.slow)],
)
def test_reading_resumes_behind_a_crash(
    site: Rig, tmp_path: Path, deals: int, crashes: tuple[int, ...], left: float
) -> None:
    """After a crash at any piece, reading goes on there; no deal is lost or doubled."""
    many(site, deals)
    path = tmp_path / "folder" / "reading.sqlite"
    expected = lines(read(site))
    before = site.portal.journal.run["crm.stagehistory.list"]
    for crash in crashes:
        broken = BitrixSource(client=site.client, checkpoint=path).transactions(YEAR)
        for _ in range(crash):
            next(broken)
        del broken
    source = BitrixSource(client=site.client, checkpoint=path)
    start = site.portal.journal.run["crm.stagehistory.list"]
    assert lines(concat(source.transactions(YEAR))) == expected
    assert any("continuing" in note for note in source.notes)
    assert site.portal.journal.run["crm.stagehistory.list"] - start < before * left
    assert not path.exists()


def test_checkpoint_of_other_options_is_not_used(site: Rig, tmp_path: Path) -> None:
    """A checkpoint is valid only for the same options, and only for a day."""
    many(site, 2100)
    path = tmp_path / "reading.sqlite"
    next(BitrixSource(client=site.client, checkpoint=path).transactions(YEAR))
    other = Window(YEAR.since, date(2026, 3, 1))
    assert lines(read(site, other, checkpoint=path)) == lines(read(site, other))
    next(BitrixSource(client=site.client, checkpoint=path).transactions(YEAR))
    site.clock.advance(86400.0)
    source = BitrixSource(client=site.client, checkpoint=path)
    assert lines(concat(source.transactions(YEAR))) == lines(read(site))
    assert source.notes == []


def test_checkpoint_holds_no_secret(site: Rig, tmp_path: Path) -> None:
    """The checkpoint file does not hold the webhook's secret."""
    many(site, 2100)
    path = tmp_path / "reading.sqlite"
    next(BitrixSource(client=site.client, checkpoint=path).transactions(YEAR))
    assert site.portal.hook.secret.encode() not in path.read_bytes()

"""Tests of the checkpoint: interrupted reads, damaged and old parts."""

from __future__ import annotations

import os
import time
from datetime import date
from pathlib import Path
from urllib.parse import unquote

import attrs
import pytest
from tests.emulators.onec.base import FAULTS, Base, Company
from tests.onec.sales_fixtures import YEAR, Make, lines, sold

from abcxyz.errors import (
    UnavailableError,
)
from abcxyz.toolkit import ManualClock
from abcxyz_onec.sales.checkpoint import Checkpoint
from abcxyz_onec.sales.reader import Part


def data_queries(base: Base) -> list[str]:
    """Return the queries of amounts, without the checks of what was read before."""
    queries = [unquote(each.query) for each in base.log]
    return [each for each in queries if "СуммаВыручки" in each]


def test_an_interrupted_read_is_resumed(
    source: Make, base: Base, company: Company, tmp_path: Path
) -> None:
    """Parts read before an outage are not read again, and the result is the same."""
    outage = attrs.evolve(FAULTS["busy"], when="ge datetime'2025-09", times=99)
    base.faults.append(outage)
    with pytest.raises(UnavailableError):
        list(source(checkpoint=tmp_path).transactions(YEAR))
    base.faults.clear()
    base.log.clear()
    assert sold(company, cost=False) == lines(source(checkpoint=tmp_path).transactions(YEAR))
    assert not any("ge datetime'2025-01-01" in each for each in data_queries(base))
    assert list(tmp_path.glob("onec-read-*")) == []


def test_damaged_and_foreign_checkpoints_are_not_used(
    source: Make, base: Base, company: Company, tmp_path: Path
) -> None:
    """Damaged parts and parts of another read are read again."""
    base.faults.append(attrs.evolve(FAULTS["busy"], when="ge datetime'2025-09", times=99))
    with pytest.raises(UnavailableError):
        list(source(checkpoint=tmp_path).transactions(YEAR))
    base.faults.clear()
    parts = sorted(tmp_path.glob("onec-read-*/*/*.npz"))
    assert len(parts) > 3
    if os.name == "posix":
        places = [parts[0], *list(parts[0].parents)[:2]]
        assert [oct(one.stat().st_mode & 0o777) for one in places] == ["0o600", "0o700", "0o700"]
    parts[0].write_bytes(b"PK\x03\x04 torn")
    (parts[0].parent / "foreign.npz").write_bytes(b"?")
    base.log.clear()
    profit = source(checkpoint=tmp_path, metric="profit")
    assert sold(company) == lines(profit.transactions(YEAR))
    assert any("ge datetime'2025-01-01" in each for each in data_queries(base))
    base.log.clear()
    assert sold(company, cost=False) == lines(source(checkpoint=tmp_path).transactions(YEAR))
    queries = data_queries(base)
    assert any("ge datetime'2025-01-01" in each for each in queries)
    assert not any("ge datetime'2025-01-31" in each for each in queries)


def test_a_checkpoint_of_yesterday(
    source: Make, base: Base, company: Company, tmp_path: Path
) -> None:
    """Parts older than a day are read again."""
    base.faults.append(attrs.evolve(FAULTS["busy"], when="ge datetime'2025-09", times=99))
    with pytest.raises(UnavailableError):
        list(source(checkpoint=tmp_path).transactions(YEAR))
    base.faults.clear()
    for hours, again in ((23, False), (25, True)):
        base.log.clear()
        later = source(checkpoint=tmp_path, clock=ManualClock(time.time() + hours * 3600))
        next(later.transactions(YEAR))
        assert any("ge datetime'2025-01-01" in each for each in data_queries(base)) == again


def test_the_folder_of_checkpoints_is_made_with_those_above_it(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "jobs" / "read"
    checkpoint = Checkpoint(folder, {"from": "2025"}, now=time.time())
    checkpoint.save("sales", Part(date(2025, 1, 1), date(2025, 2, 1), [], 0, ""))
    assert [one[:2] for one in checkpoint.parts("sales")] == [(date(2025, 1, 1), date(2025, 2, 1))]
    assert [one.parent.parent.parent for *_, one in checkpoint.parts("sales")] == [folder]


@pytest.mark.parametrize("hours", [24.0, 0.5])
def test_a_part_is_used_for_so_many_hours_to_the_second(tmp_path: Path, hours: float) -> None:
    now = 1_750_000_000.0
    Checkpoint(tmp_path, {}, now=now).save(
        "sales", Part(date(2025, 1, 1), date(2025, 2, 1), [], 0, "")
    )
    known = Checkpoint(tmp_path, {}, now=now, hours=hours)
    ((*_, file),) = Checkpoint(tmp_path, {}, now=now, hours=1e9).parts("sales")
    for age, parts in ((hours * 3600, 1), (hours * 3600 + 1, 0), (0, 1), (-5, 1)):
        os.utime(file, (now - age, now - age))
        assert len(known.parts("sales")) == parts

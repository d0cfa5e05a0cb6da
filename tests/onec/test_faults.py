"""Tests of recovery: the run after any failure is correct."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import attrs
import pytest
from tests.clocks import NoWait
from tests.emulators.onec.base import FAULTS, PROPERTY, Base, Company, Fault
from tests.onec.sales_fixtures import YEAR, lines, sold
from tests.onec.sink_fixtures import analysis, expected_segments, shown

from abcxyz.errors import AdapterError
from abcxyz_onec.connection import Connection
from abcxyz_onec.sink import OneCSink
from abcxyz_onec.source import OneCSource

_ROOT = Path(__file__).resolve().parents[2]
_READ = """
import sys
from pathlib import Path
from datetime import date
from abcxyz import Window
from abcxyz_onec.connection import Connection
from abcxyz_onec.source import OneCSource
connection = Connection(sys.argv[1], "Робот", "пароль-7Щ")
source = OneCSource(connection, checkpoint=Path(sys.argv[2]))
for batch in source.transactions(Window(date(2025, 1, 1), date(2027, 1, 1))):
    print(len(batch), flush=True)
"""
_WRITE = """
import sys
from tests.emulators.onec.base import PROPERTY, filled
from tests.onec.sink_fixtures import analysis
from abcxyz_onec.connection import Connection
from abcxyz_onec.sink import OneCSink
sink = OneCSink(Connection(sys.argv[1], "Робот", "пароль-7Щ"), property=PROPERTY)
sink.write(analysis(filled()), dry_run=False)
"""


def _run_and_kill(script: str, base: Base, until: Callable[[], bool], *arguments: str) -> None:
    """Run a script until a condition holds, and kill it."""
    running = subprocess.Popen(
        [sys.executable, "-c", script, base.url, *arguments],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        for _ in range(2000):
            if until() or running.poll() is not None:
                break
            time.sleep(0.01)
        assert running.poll() is None, running.communicate()[1].decode()
    finally:
        running.kill()
        running.communicate()


_PLACES = ("$metadata", "Catalog_Партнеры", "ge datetime'2025-09")


@pytest.mark.parametrize(
    ("name", "where"),
    [
        # Every kind of outage at one place, and with the slow tests at the others.
        pytest.param(name, where, marks=() if place == row % 3 else pytest.mark.slow)
        for row, name in enumerate(sorted(FAULTS))
        for place, where in enumerate(_PLACES)
    ],
)
def test_reading_after_an_outage(
    source: Callable[..., OneCSource],
    base: Base,
    company: Company,
    tmp_path: Path,
    name: str,
    where: str,
) -> None:
    """A lasting outage at any request is an AdapterError; the next run is correct."""
    base.faults.append(attrs.evolve(FAULTS[name], when=where, times=9999))
    with pytest.raises(AdapterError) as caught:
        list(source(checkpoint=tmp_path).transactions(YEAR))
    assert "пароль" not in f"{caught.value!r} {caught.value.__context__!r}"
    base.faults.clear()
    again = source(checkpoint=tmp_path)
    assert sold(company, cost=False) == lines(again.transactions(YEAR))


@pytest.mark.parametrize("name", sorted(set(FAULTS) - {"forbidden"}))
def test_a_passing_outage_changes_nothing(
    source: Callable[..., OneCSource], base: Base, company: Company, name: str
) -> None:
    """Sales are read in full despite passing outages."""
    for where in _PLACES:
        base.faults.append(attrs.evolve(FAULTS[name], when=where, times=2))
    assert sold(company, cost=False) == lines(source().transactions(YEAR))
    assert base.faults == []


def test_a_reader_killed_in_the_middle(
    source: Callable[..., OneCSource], base: Base, company: Company, tmp_path: Path
) -> None:
    """Parts read by a killed process are not read again, and all sales are returned."""
    base.faults.append(Fault(when="ge datetime'2025-09", times=99, delay=30))
    _run_and_kill(
        _READ,
        base,
        lambda: len(list(tmp_path.glob("onec-read-*/*/*.npz"))) == 9,
        str(tmp_path),
    )
    base.faults.clear()
    base.log.clear()
    again = source(checkpoint=tmp_path)
    assert sold(company, cost=False) == lines(again.transactions(YEAR))
    # Checks of what the killed process read select no amounts.
    queries = [unquote(each.query) for each in base.log]
    amounts = [each for each in queries if "СуммаВыручки" in each]
    starts = re.findall(r"Period ge datetime'([\d-]+)", " ".join(amounts))
    assert (min(starts), len(set(starts))) == ("2025-09-28", 16)


@pytest.mark.parametrize("committed", [True, False])
def test_a_writer_killed_in_the_middle(
    base: Base, company: Company, committed: bool, source: Any
) -> None:
    """After a kill during writes the next run writes the rest, and nothing twice."""
    result = analysis(company)
    slow = (
        Fault(when="POST", delay=1.0) if committed else Fault(when="POST", delay=1.0, reset=True)
    )
    base.faults += [Fault(when="POST", times=3), slow]
    _run_and_kill(_WRITE, base, lambda: len(base.faults) == 0)
    time.sleep(1.2)  # the request under way is still applied or lost after the kill
    done = shown(company, "extra")
    assert len(done) == (4 if committed else 3)
    before = len(base.writes)
    connection = Connection(base.url, "Робот", "пароль-7Щ", clock=NoWait())
    sink = OneCSink(connection, property=PROPERTY)
    report = sink.write(result, dry_run=False)
    assert report.failed == {}
    assert (report.written, report.unchanged) == (
        len(expected_segments(result)) - len(done),
        len(done),
    )
    assert expected_segments(result) == shown(company, "extra")
    assert len(base.writes) - before == report.written
    assert all(row in expected_segments(result).items() for row in done.items())

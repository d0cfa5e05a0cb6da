"""Tests of pagination against the emulator, over TCP."""

from __future__ import annotations

from datetime import date

import attrs
import pytest
from tests.emulators.onec.base import Base, Company, Fault

from abcxyz_onec.odata.client import Client, Row
from abcxyz_onec.odata.errors import (
    ShiftedError,
)
from abcxyz_onec.odata.paging import count, table, windows
from abcxyz_onec.odata.query import Query

_SALES = "AccumulationRegister_ВыручкаИСебестоимостьПродаж"


_FLAT = Query(
    f"{_SALES}_RecordType",
    ("Period", "Recorder", "СуммаВыручки"),
    orderby=("Period", "Recorder", "Recorder_Type", "LineNumber"),
)


class _Pages:
    """Reducer that returns pages unchanged."""

    def add(self, rows: list[Row]) -> list[Row]:
        return list(rows)

    def close(self) -> list[Row]:
        return []


def test_all_rows_once_whatever_the_page(client: Client, company: Company) -> None:
    """Pages of any size contain every row once, though ties are shuffled."""
    client.page_bytes = 2000
    recorders = [
        row["Recorder"] for row in table(client, attrs.evolve(_FLAT, where="Active eq true"))
    ]
    rows = company.store.rows[_FLAT.entity]
    assert sorted(recorders) == sorted(row["Recorder"] for row in rows if row["Active"])
    assert client.traffic.requests > 3


@pytest.mark.parametrize("served", [True, False])
def test_counting(client: Client, base: Base, company: Company, served: bool) -> None:
    """Rows are counted by the base, or by bisection where it does not count."""
    base.counts = served
    rows = company.store.rows[_FLAT.entity]
    active = attrs.evolve(_FLAT, where="Active eq true")
    assert sum(row["Active"] for row in rows) == count(client, active)
    assert count(client, attrs.evolve(_FLAT, where="LineNumber eq 77")) == 0


@pytest.mark.parametrize("gone", [True, False])
def test_rows_that_shift_while_they_are_read(
    client: Client, base: Base, company: Company, gone: bool
) -> None:
    """A row added or removed before the page is detected, and the set is read again."""
    client.page_bytes = 1
    rows = company.store.rows[_FLAT.entity]
    first = min(rows, key=lambda row: row["Period"] if row["Period"] > "1" else "9")
    late = {**first, "Recorder": "z" * 36, "Period": "2025-01-01T00:00:00"}
    moved = (lambda: rows.remove(first)) if gone else (lambda: rows.append(late))
    base.faults.append(Fault(when="$skip=39", then=moved))
    query = attrs.evolve(_FLAT, where="Period ge datetime'0300-01-01T00:00:00'")
    recorders = sorted(row["Recorder"] for row in table(client, query))
    expected = sorted(row["Recorder"] for row in rows if row["Period"] > "1")
    assert expected == recorders
    assert base.faults == []


def test_a_row_that_comes_twice(client: Client, company: Company) -> None:
    """A set with the same key twice in every attempt is an error."""
    rows = company.store.rows[_FLAT.entity]
    rows.append(dict(rows[0]))
    with pytest.raises(ShiftedError, match="changed while it was being read"):
        table(client, _FLAT)


def test_windows_contain_first_and_last_second(client: Client, company: Company) -> None:
    """A month contains its first and last second, and nothing of the next."""
    stretches = windows(client, _FLAT, "Period", date(2026, 1, 1), date(2026, 2, 1), _Pages)
    pages = [page for stretch in stretches for page in stretch.results]
    periods = sorted(row["Period"] for page in pages for row in page)
    assert periods[0] == "2026-01-01T00:00:00"
    assert periods[-1] == "2026-01-31T23:59:59"
    expected = [
        r["Period"] for r in company.store.rows[_FLAT.entity] if r["Period"][:7] == "2026-01"
    ]
    assert periods == sorted(expected)

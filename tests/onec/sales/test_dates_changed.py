# ruff: noqa: DTZ001 - 1C sends naive local time
"""Tests of documents that get another date while they are read, or after an interruption."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import attrs
import pytest
from tests.emulators.onec.base import FAULTS, Base, Company, Fault
from tests.onec.sales_fixtures import FLAT, SALE, YEAR, Make, by_month, lines, sold

from abcxyz.errors import AbcxyzWarning, UnavailableError

_WAYS = [{"read": "records"}, {"read": "documents"}, {"read": "turnovers", "bucket": "month"}]


def redate(company: Company, document: str, moment: datetime) -> None:
    """Give a document another date, in its card and in its records."""
    store = company.store
    for row in store.rows[FLAT]:
        if row["Recorder"] == document:
            row["Period"] = moment.isoformat()
    store.get(SALE, document)["Date"] = moment.isoformat()
    company.sold[:] = [
        (who, moment.date() if one == document else day, money, cost, one)
        for who, day, money, cost, one in company.sold
    ]


def when_read(company: Company, document: str, moment: datetime, read: str) -> Fault:
    """Redate a document when the window of February is read."""
    place = "StartPeriod=datetime'2026-02" if read == "turnovers" else "ge datetime'2026-0"

    def change() -> None:
        redate(company, document, moment)

    return Fault(when=place, then=change)


_MOVES = [
    (datetime(2025, 2, 3), datetime(2026, 6, 20)),  # from a window read to one not yet read
    (datetime(2026, 6, 20), datetime(2025, 2, 3)),  # and back
    (datetime(2025, 2, 3), datetime(2029, 1, 1)),  # out of the window
]


@pytest.mark.parametrize(
    ("way", "before", "after"),
    [
        # Every way and every move once; the other pairs with the slow tests.
        pytest.param(way, *move, marks=() if row == column else pytest.mark.slow)
        for row, way in enumerate(_WAYS)
        for column, move in enumerate(_MOVES)
    ],
)
def test_a_document_dated_otherwise_counts_once(
    source: Make, base: Base, company: Company, way: dict[str, Any], before: Any, after: Any
) -> None:
    """A document that moves while it is read is returned once, on its new day."""
    first = next(iter(company.keys))
    document = company.sale(first, before, 100_000)
    base.faults.append(when_read(company, document, after, way["read"]))
    sales = lines(source(**way).transactions(YEAR))
    assert base.faults == []
    assert by_month(sold(company)) == by_month(sales)
    days = {day for _, day, _, _, one in sales if one == document}
    assert days == ({after.date()} if after.date() in YEAR else set())


@pytest.mark.parametrize("way", _WAYS[:2])
def test_a_document_dated_otherwise_after_an_interruption(
    source: Make, base: Base, company: Company, tmp_path: Path, way: dict[str, Any]
) -> None:
    """A document that moves between an interrupted run and the next one is returned once."""
    first = next(iter(company.keys))
    document = company.sale(first, datetime(2025, 2, 3), 100_000)
    base.faults.append(attrs.evolve(FAULTS["busy"], when="ge datetime'2025-09", times=99))
    with pytest.raises(UnavailableError):
        list(source(**way, checkpoint=tmp_path).transactions(YEAR))
    base.faults.clear()
    assert list(tmp_path.glob("onec-read-*/*/*.npz"))
    redate(company, document, datetime(2026, 6, 20))
    sales = lines(source(**way, checkpoint=tmp_path).transactions(YEAR))
    assert sold(company, cost=False) == sales


def test_a_base_in_constant_change_is_read_with_a_warning(
    source: Make, base: Base, company: Company
) -> None:
    """Where sales are entered during every check, the read ends with a warning."""
    first = next(iter(company.keys))

    def enter() -> None:
        company.sale(first, datetime(2026, 6, 20), 1)

    # The check of a window asks for two rows of its key.
    base.faults.append(Fault(when="$top=2&$skip", times=9999, then=enter))
    with pytest.warns(AbcxyzWarning, match="dated otherwise in 1C all the time"):
        list(source(read="records").transactions(YEAR))


def test_an_unchanged_base_is_read_once(source: Make, base: Base) -> None:
    """Every sub-period is read once, and the whole window once more to check the sums."""
    list(source(read="turnovers", bucket="month").transactions(YEAR))
    calls = [each.path for each in base.log if "Turnovers" in each.path]
    assert len(calls) == len(set(calls)) == 24 + 1

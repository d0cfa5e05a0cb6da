"""Search of a snapshot for its customers."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from abcxyz import InputError, Settings, Snapshot, Transactions, analyze


class CountedId(str):
    """Identifier that counts how often it is compared."""

    __slots__ = ()
    comparisons = 0

    def __eq__(self, other: object) -> bool:
        type(self).comparisons += 1
        return str.__eq__(self, str(other))

    __hash__ = str.__hash__


def snapshot_of(customers: list[object]) -> Snapshot:
    ids = np.empty(len(customers), dtype=object)
    ids[:] = customers
    days = np.array(["2026-04-05", "2026-05-05", "2026-06-05"], dtype="M8[D]")
    sales = Transactions(
        customer=np.tile(ids, len(days)),
        day=np.repeat(days, len(ids)),
        amount=np.random.default_rng(7).uniform(1, 100, len(days) * len(ids)).round(2),
    )
    return analyze(
        sales, as_of=date(2026, 7, 1), settings=Settings(period="3M", bucket="M")
    ).snapshot


def test_explaining_every_customer_is_linear() -> None:
    """Searching for each of n customers takes comparisons in the order of n, not of n squared."""
    customers = [CountedId(f"C{i}") for i in range(500)]
    snapshot = snapshot_of([*customers])
    CountedId.comparisons = 0
    sentences = [snapshot.explain(CountedId(f"C{i}")) for i in range(500)]
    assert len(sentences) == 500
    assert CountedId.comparisons < 10 * 500


@pytest.mark.parametrize("customers", [["b", "a", "c"], [30, 10, 20], ["1", "2", "10"]])
def test_positions_are_those_of_the_arrays(customers: list[object]) -> None:
    snapshot = snapshot_of(customers)
    assert [snapshot.customers[snapshot.positions[who]] for who in customers] == customers
    with pytest.raises(InputError, match="no customer"):
        snapshot.explain("absent")


def test_places_that_are_noted_are_not_looked_up() -> None:
    """For this very array of customers; for an equal one they are found."""
    sales = Transactions(["a", "b", "c"], [date(2026, 1, 5)] * 3, [5.0, 6.0, 7.0])
    snapshot = analyze(sales, as_of="2026-02-01", settings=Settings(period="2M")).snapshot
    some = np.array(["c", "x", "a"], dtype=object)
    snapshot.note_rows(some, np.ones(3, np.int64))
    assert snapshot.rows_of(some).tolist() == [1, 1, 1]
    assert snapshot.rows_of(some.copy()).tolist() == [2, -1, 0]

"""Transactions whose customers are positions in labels, against the same ones with identifiers."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from attrs import evolve

from abcxyz.core.sales.calendar import Periods
from abcxyz.core.sales.panel import aggregate
from abcxyz.core.sales.transactions import Transactions, concat
from abcxyz.errors import InputError
from abcxyz.loops.compiled import route

YEAR = Periods.parse("12M", date(2026, 11, 1))


def sales(
    labels: list[str], seed: int, *, lines: int = 500, documents: bool = False
) -> Transactions:
    draw = np.random.default_rng(seed)
    return Transactions(
        draw.integers(0, len(labels), lines).astype(np.int32),
        np.datetime64("2024-06-01") + draw.integers(0, 900, lines).astype("m8[D]"),
        draw.integers(-500, 5000, lines) / 100,
        document=draw.integers(0, 50, lines) if documents else None,
        labels=labels,
    )


def plain(batch: Transactions) -> Transactions:
    return evolve(batch, customer=batch.identifiers, labels=None)


@pytest.mark.parametrize("documents", [False, True])
@pytest.mark.parametrize("metric", ["revenue", "count"])
def test_labels_change_no_figure(metric: str, documents: bool) -> None:
    """One batch, parts of it, batches of other labels and without labels: one panel."""
    ann, bob = ["Ann", "Bob", "Eve", "never"], ["Eve", "Zoe", "Ann"]
    one, other = (sales(names, 3, documents=documents) for names in (ann, bob))
    one = one.take(one.customer < 3)
    parts = [one.take(np.arange(0, 200)), one.take(np.arange(200, len(one)))]
    assert parts[0].labels is one.labels
    for batches in ([one], parts, [*parts, other], [plain(other), one], [one, plain(other)]):
        labelled = aggregate(iter(batches), YEAR, metric=metric, rhythm=True)
        twin = aggregate(map(plain, batches), YEAR, metric=metric, rhythm=True)
        assert "never" not in labelled.customers.tolist()
        places = [twin.customers.tolist().index(who) for who in labelled.customers.tolist()]
        assert len(twin) == len(labelled)
        for name in ("value", "sales", "orders", "first_day", "last_day"):
            np.testing.assert_array_equal(
                getattr(labelled, name), getattr(twin, name)[places], err_msg=name
            )
        assert labelled.rhythm is not None
        assert twin.rhythm is not None
        gaps = [labelled.rhythm.gaps[a:b].tolist() for a, b in _spans(labelled.rhythm.starts)]
        spans = _spans(twin.rhythm.starts)
        assert gaps == [twin.rhythm.gaps[slice(*spans[place])].tolist() for place in places]


def _spans(starts: np.ndarray) -> list[tuple[int, int]]:
    return list(zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True))


def test_labels_give_the_order_of_the_customers() -> None:
    """Many lines at once and in batches, by numpy and by compiled loops: one panel."""
    pytest.importorskip("numba")
    many = sales([f"c{number:04}" for number in range(900)], 5, lines=150_000)
    halves = [many.take(np.arange(0, 70_000)), many.take(np.arange(70_000, 150_000))]
    whole = aggregate(many, YEAR)
    assert whole.customers.tolist() == sorted(whole.customers.tolist())
    for name in ("numpy", "numba"):
        with route(name):
            assert aggregate(iter(halves), YEAR) == whole


def test_identifiers_and_concatenation() -> None:
    """Shared labels stay; different ones are replaced by the identifiers."""
    one, other = sales(["Ann", "Bob"], 1), sales(["Bob", "Eve"], 2)
    both = concat([one, one])
    assert both.labels is one.labels
    mixed = concat([one, other])
    assert mixed.labels is None
    assert mixed.customer.tolist() == [*one.identifiers, *other.identifiers]
    assert one.within(YEAR.window).labels is one.labels


@pytest.mark.parametrize(
    ("customer", "labels", "message"),
    [
        ([0, 2], ["Ann", "Bob"], "customer holds '2', and there are 2 labels"),
        ([0, -1], ["Ann", "Bob"], "customer holds '-1'"),
        ([0, 1], ["Ann", "Ann"], "labels holds a label twice"),
        ([0, 1], ["Ann", None], "labels has no value at position 1"),
        (["Ann", "Bob"], ["Ann", "Bob"], "pass positions"),
    ],
)
def test_positions_need_labels(customer: list[object], labels: list[object], message: str) -> None:
    """A position without a label, a doubled and a missing label are refused."""
    with pytest.raises(InputError, match=message):
        Transactions(customer, [date(2026, 1, 5)] * 2, [1, 2], labels=labels)

"""Analysis with a previous snapshot: customers carried over, and determinism."""

from __future__ import annotations

import pickle
from datetime import date

import attrs
import numpy as np
import pytest

from abcxyz import (
    InputError,
    Settings,
    Shares,
    Transactions,
    aggregate,
    analyze,
    compare,
)
from abcxyz.demo import DEMO_AS_OF, demo_sales
from abcxyz.history import History

DEMO = demo_sales(customers=80).transactions
SETTINGS = Settings(period="6M")
BEFORE_DAY = date(2026, 7, 1)


def window(as_of: date) -> Transactions:
    return DEMO.within(SETTINGS.periods(as_of).window)


BEFORE = analyze(window(date(2026, 5, 1)), as_of=date(2026, 5, 1), settings=SETTINGS)
AFTER = analyze(window(DEMO_AS_OF), as_of=DEMO_AS_OF, settings=SETTINGS, previous=BEFORE.snapshot)


def test_former_customers_stay_known() -> None:
    """Every customer of the previous snapshot stays, though only the window is read."""
    here = set(AFTER.snapshot.customers.tolist())
    assert set(BEFORE.snapshot.customers.tolist()) <= here
    read = set(window(DEMO_AS_OF).customer.tolist())
    gone = [i for i, who in enumerate(AFTER.snapshot.customers.tolist()) if who not in read]
    assert gone == list(range(len(read), len(here)))
    assert gone
    for i in gone:
        assert (-1, -1, 0) == (
            AFTER.snapshot.abc[i], AFTER.snapshot.xyz[i], AFTER.snapshot.orders[i]
        )  # fmt: skip
        assert np.isnan(AFTER.panel.sales[i]).all()
        assert not np.isnat(AFTER.snapshot.last_day[i])
    assert len(AFTER.panel) == len(AFTER.abc) == len(AFTER.xyz) == len(AFTER.snapshot)


def test_classes_are_those_without_a_former_snapshot() -> None:
    """Customers without sales change no class of the others."""
    alone = analyze(window(DEMO_AS_OF), as_of=DEMO_AS_OF, settings=SETTINGS)
    n = len(alone.snapshot)
    assert alone.snapshot.customers.tolist() == AFTER.snapshot.customers[:n].tolist()
    assert alone.snapshot.segment.tolist() == AFTER.snapshot.segment[:n].tolist()
    assert alone.abc.cuts == AFTER.abc.cuts
    assert alone.matrix.counts.tolist() == AFTER.matrix.counts.tolist()


def test_a_returning_customer_is_not_new() -> None:
    """A customer back after a run of absence is reactivated and keeps the first day."""
    settings = Settings(period="1M", bucket="W")
    months = {
        1: ["back", "stays"],
        2: ["stays"],
        3: ["back", "stays", "fresh"],
    }
    previous = None
    for month, customers in months.items():
        sales = Transactions(
            customers, [date(2026, month, 10)] * len(customers), [5.0] * len(customers)
        )
        run = analyze(sales, as_of=date(2026, month + 1, 1), settings=settings, previous=previous)
        previous = run.snapshot
    assert run.transitions is not None
    assert (["back"], ["fresh"]) == (
        run.transitions.reactivated.tolist(), run.transitions.new.tolist()
    )  # fmt: skip
    place = run.snapshot.customers.tolist().index("back")
    assert "2026-01-10" == str(run.snapshot.first_day[place])


def test_transitions_are_those_of_the_two_snapshots() -> None:
    """Transitions of the analysis equal those of `compare` along every axis."""
    assert AFTER.transitions is not None
    assert compare(BEFORE.snapshot, AFTER.snapshot) == AFTER.transitions
    for by in ("abc", "xyz", "group"):
        for steadied in (False, True):
            expected = compare(BEFORE.snapshot, AFTER.snapshot, by=by, steadied=steadied)
            assert expected == AFTER.moves(by, steadied=steadied)
    assert BEFORE.transitions is None
    assert BEFORE.moves() is None


def test_a_snapshot_that_is_not_before_is_refused() -> None:
    """A snapshot of the same or a later date or of other settings is refused."""
    with pytest.raises(InputError, match="pass one dated earlier"):
        analyze(DEMO, as_of=DEMO_AS_OF, settings=SETTINGS, previous=AFTER.snapshot)
    with pytest.raises(InputError, match="pass the earlier first"):
        analyze(DEMO, as_of=date(2026, 5, 1), settings=SETTINGS, previous=AFTER.snapshot)
    with pytest.raises(InputError, match="other settings"):
        analyze(
            DEMO,
            as_of=DEMO_AS_OF,
            settings=attrs.evolve(SETTINGS, abc=Shares()),
            previous=BEFORE.snapshot,
        )


def test_same_input_same_bytes() -> None:
    """Repeated runs, from a panel or the history file, agree to the byte."""
    again = analyze(
        window(DEMO_AS_OF), as_of=DEMO_AS_OF, settings=SETTINGS, previous=BEFORE.snapshot
    )
    for name in ("snapshot", "transitions", "alerts", "actions", "metrics", "confidence"):
        assert getattr(AFTER, name) == getattr(again, name)
    assert pickle.dumps(AFTER.snapshot) == pickle.dumps(again.snapshot)
    panel = aggregate([window(DEMO_AS_OF)], SETTINGS.periods(DEMO_AS_OF), rhythm=True)
    summed = analyze(panel, as_of=DEMO_AS_OF, settings=SETTINGS, previous=BEFORE.snapshot)
    assert AFTER.alerts == summed.alerts
    assert AFTER.snapshot == summed.snapshot


def test_a_snapshot_from_the_file_is_as_good(tmp_path: object) -> None:
    """A previous snapshot that was saved and loaded gives the same analysis."""
    with History(f"{tmp_path}/history.db") as history:
        history.save(BEFORE.snapshot)
        stored = history.latest(AFTER.snapshot.dated, SETTINGS)
        assert stored is not None
        again = analyze(window(DEMO_AS_OF), as_of=DEMO_AS_OF, settings=SETTINGS, previous=stored)
        assert (AFTER.snapshot, AFTER.alerts) == (again.snapshot, again.alerts)
        assert AFTER.transitions == again.transitions
        history.save(again.snapshot)
        assert not history.save(AFTER.snapshot)


def test_order_of_lines_changes_nothing_but_order() -> None:
    """Shuffled sales give the same alerts and the same state per customer."""
    sales = window(DEMO_AS_OF)
    kopecks = Transactions(
        sales.customer,
        sales.day,
        np.rint(sales.amount * 100).astype(np.int64),
        None,
        sales.document,
    )
    mixed = kopecks.take(np.random.default_rng(4).permutation(len(kopecks)))
    one, two = (
        analyze(part, as_of=DEMO_AS_OF, settings=SETTINGS, previous=BEFORE.snapshot)
        for part in (kopecks, mixed)
    )
    assert sorted(map(str, one.alerts)) == sorted(map(str, two.alerts))
    states = [
        dict(
            zip(run.snapshot.customers.tolist(), run.snapshot.steady_segment.tolist(), strict=True)
        )
        for run in (one, two)
    ]
    assert states[0] == states[1]
    assert one.metrics == two.metrics


def test_silence_ends_where_sales_are_known() -> None:
    """Days of silence end at the last day with known sales."""
    beyond = analyze(DEMO, as_of=DEMO_AS_OF, settings=SETTINGS)
    within = analyze(window(DEMO_AS_OF), as_of=DEMO_AS_OF, settings=SETTINGS)
    assert np.nanmin(within.silence().days) >= 0
    assert np.nanmin(beyond.silence().days) >= 0
    panel = aggregate([window(DEMO_AS_OF)], SETTINGS.periods(DEMO_AS_OF))
    guessed = analyze(panel, as_of=DEMO_AS_OF, settings=SETTINGS)
    assert guessed.silence().late.sum() <= within.silence().late.sum()

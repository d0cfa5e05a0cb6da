"""Snapshots of deals in the history: every field, every count, every refusal as a whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from abcxyz.errors import HistoryError, InputError
from abcxyz.history import History

MONDAY, TUESDAY, WEDNESDAY, THURSDAY = (date(2026, 3, day) for day in (2, 3, 4, 5))
FIRST = (1, "CO_1", "NEW", "sales", 100.5, "RUB", "ann", 20_520, 1_780_000_000, "")
SECOND = ("D2", None, "WON", "", None, None, None, None, None, "price")


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with History(tmp_path / "history.db") as opened:
        yield opened


def kept(history: History) -> list[tuple[Any, ...]]:
    """Return the stored states: deal, day, customer, stage and amount."""
    return history._db.execute(
        "SELECT deal, dated, customer, stage, amount FROM deal_history ORDER BY dated, deal"
    ).fetchall()


def changed(row: tuple[Any, ...], **fields: Any) -> tuple[Any, ...]:
    """Return a row with other values by column."""
    names = ("deal", "customer", "stage", "funnel", "amount", "currency", "owner", "planned",
             "closed", "lost_reason")  # fmt: skip
    return tuple(fields.get(name, value) for name, value in zip(names, row, strict=True))


def test_states_come_back_whole(history: History) -> None:
    """Each state with the second of its snapshot; a deal that is gone has no state."""
    assert 2 == history.save_deals([FIRST, SECOND], day=MONDAY, at=10, job="a@1")
    assert 0 == history.save_deals([SECOND, FIRST], day=TUESDAY, at=20, job="a@1")
    later = changed(FIRST, stage="LOST")
    assert 2 == history.save_deals([later], day=WEDNESDAY, at=30, job="a@1")
    assert 0 == history.save_deals([later], day=THURSDAY, at=40, job="a@1")
    assert 1 == history.save_deals([SECOND], day=MONDAY, at=50, job="b@2")
    assert [
        (1, 10, *FIRST[2:]),
        (1, 30, *later[2:]),
        ("D2", 10, *SECOND[2:]),
    ] == history.deal_states("a@1")
    assert [("D2", 50, *SECOND[2:])] == history.deal_states("b@2")
    assert [] == history.deal_states() == history.deal_states("a")
    assert (MONDAY, TUESDAY, WEDNESDAY, THURSDAY) == history.deal_days("a@1")
    assert (MONDAY,) == history.deal_days("b@2")
    assert () == history.deal_days()


@pytest.mark.parametrize(
    ("name", "value"),
    [("customer", "CO_2"), ("stage", "OLD"), ("funnel", "x"), ("amount", None),
     ("currency", "USD"), ("owner", None), ("planned", None), ("closed", 5),
     ("lost_reason", None)],
)  # fmt: skip
def test_a_change_of_any_field_is_a_state(history: History, name: str, value: Any) -> None:
    history.save_deals([FIRST, SECOND], day=MONDAY, at=10)
    assert 1 == history.save_deals([changed(FIRST, **{name: value}), SECOND], day=TUESDAY, at=20)
    assert 0 == history.save_deals([changed(FIRST, **{name: value}), SECOND], day=THURSDAY, at=30)


def test_a_deal_may_go_and_return(history: History) -> None:
    """Its absence is one row, and what it was before is not taken for what it is now."""
    counts = [
        history.save_deals(deals, day=day, at=1)
        for deals, day in (
            ([FIRST], MONDAY), ([], TUESDAY), ([], WEDNESDAY), ([FIRST], THURSDAY),
        )
    ]  # fmt: skip
    assert [1, 1, 0, 1] == counts
    assert [
        (1, "2026-03-02", "CO_1", "NEW", 100.5),
        (1, "2026-03-03", None, None, None),
        (1, "2026-03-05", "CO_1", "NEW", 100.5),
    ] == kept(history)


def test_the_same_day_is_replaced(history: History) -> None:
    history.save_deals([FIRST, SECOND], day=MONDAY, at=10)
    assert 1 == history.save_deals([changed(FIRST, amount=5.0)], day=MONDAY, at=20)
    assert [(1, 20, "NEW", "sales", 5.0, *FIRST[5:])] == history.deal_states()
    assert [(1, "2026-03-02", "CO_1", "NEW", 5.0)] == kept(history)


def test_an_earlier_day_is_refused(history: History, tmp_path: Path) -> None:
    """The message names both days, and nothing is changed."""
    history.save_deals([FIRST], day=TUESDAY, at=10)
    with pytest.raises(HistoryError) as refused:
        history.save_deals([SECOND], day=MONDAY, at=20)
    assert str(refused.value) == (
        f"the history {tmp_path / 'history.db'} holds deals of 2026-03-03, so those of 2026-03-02 "
        "cannot be added; they are saved on their day only"
    )
    assert 1 == history.save_deals([SECOND], day=MONDAY, at=20, job="another")
    assert [(1, 10, *FIRST[2:])] == history.deal_states()


@pytest.mark.parametrize(
    ("deal", "reason"), [("\ud800", "surrogates not allowed"), (2**63, "too large to convert")]
)
def test_identifiers_that_cannot_be_stored_are_refused(
    history: History, deal: object, reason: str
) -> None:
    """The refused snapshot leaves nothing, and the next one is saved."""
    with pytest.raises(InputError, match=f"a deal cannot be kept in the history .*{reason}.*; id"):
        history.save_deals([FIRST, changed(FIRST, deal=deal)], day=MONDAY, at=10)
    assert [] == kept(history)
    assert () == history.deal_days()
    assert 1 == history.save_deals([FIRST], day=MONDAY, at=10)


def test_a_customer_is_erased_from_deals(history: History) -> None:
    """By number or text; a mark of absence goes with the last state of its deal."""
    deals = [
        FIRST,
        changed(FIRST, deal=2, customer=7),
        changed(FIRST, deal=3, customer="7"),
        changed(FIRST, deal=4, customer=7),
    ]
    history.save_deals(deals, day=MONDAY, at=10)
    # The fourth was another's before.
    history.save_deals([*deals[:3], changed(deals[3], customer="CO_9")], day=TUESDAY, at=20)
    history.save_deals([], day=WEDNESDAY, at=30)
    whole = kept(history)
    none = {"snapshots": 0, "alerts": 0, "snoozes": 0, "outcomes": 0}
    assert {**none, "deals": 3} == history.erase("7", dry_run=True)
    assert whole == kept(history)
    assert {**none, "deals": 3} == history.erase("7")
    assert [
        (1, "2026-03-02", "CO_1", "NEW", 100.5),
        (4, "2026-03-03", "CO_9", "NEW", 100.5),
        (1, "2026-03-04", None, None, None),
        (4, "2026-03-04", None, None, None),
    ] == kept(history)
    assert {**none, "deals": 0} == history.erase("7")


def test_what_was_over_before_a_day_is_dropped(history: History) -> None:
    """The state that lasts into the day stays, a mark of absence before it does not."""
    history.save_deals([FIRST, SECOND], day=MONDAY, at=10, job="a")
    history.save_deals([changed(FIRST, amount=1.0)], day=TUESDAY, at=20, job="a")
    history.save_deals([changed(FIRST, amount=2.0), SECOND], day=WEDNESDAY, at=30, job="a")
    history.save_deals([FIRST], day=MONDAY, at=10, job="b")
    history.save_deals([], day=TUESDAY, at=20, job="b")
    history.prune_deals(TUESDAY, job="a")
    assert [
        (1, "2026-03-02", "CO_1", "NEW", 100.5),  # of the other job
        (1, "2026-03-03", "CO_1", "NEW", 1.0),
        (1, "2026-03-03", None, None, None),
        ("D2", "2026-03-03", None, None, None),
        (1, "2026-03-04", "CO_1", "NEW", 2.0),
        ("D2", "2026-03-04", None, "WON", None),
    ] == history._db.execute(
        "SELECT deal, dated, customer, stage, amount FROM deal_history "
        "ORDER BY dated, deal, stage IS NULL"
    ).fetchall()
    history.prune_deals(WEDNESDAY + dt.timedelta(days=30), job="a")
    assert [(1, 30, "NEW", "sales", 2.0, *FIRST[5:]), ("D2", 30, *SECOND[2:])] == (
        history.deal_states("a")
    )
    assert [(1, 10, *FIRST[2:])] == history.deal_states("b")
    # A day remains known as long as a state of it does.
    assert (WEDNESDAY,) == history.deal_days("a")
    assert (MONDAY, TUESDAY) == history.deal_days("b")

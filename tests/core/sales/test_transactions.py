"""Columns of transactions: what is taken as a day or an identifier, and what is refused where."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest

from abcxyz import InputError, Transactions, Window, concat
from abcxyz._arrays import freeze
from abcxyz.core.sales.transactions import as_days, as_ids

DAY = date(2026, 1, 5)
LARGE = 2**53


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], []),
        ([DAY, date(1969, 12, 31), date(1, 1, 1)], ["2026-01-05", "1969-12-31", "0001-01-01"]),
        ([datetime(2026, 1, 5, 23, 59, tzinfo=UTC)], ["2026-01-05"]),
        (np.array(["2026-01-05T23:59"], "M8[s]"), ["2026-01-05"]),
    ],
)
def test_days(values: Any, expected: list[str]) -> None:
    days = as_days(values)
    assert days.dtype == np.dtype("M8[D]")
    assert days.astype(str).tolist() == expected
    assert not days.flags.writeable


NO_DATE = "{} has no date at position {}; leave the line out or give it a date"
NO_DAY = "{} holds {!r} at position {}, which is not a date; convert the column to dates first"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([DAY, None], NO_DATE.format("x", 1)),
        ([DAY, None, None], NO_DATE.format("x", 1)),
        (np.array(["2026-01-05", "NaT", "NaT"], "M8[D]"), NO_DATE.format("x", 1)),
        ([DAY, "2026-01-05", 7], NO_DAY.format("x", "2026-01-05", 1)),
        (["2026-01-05"], NO_DAY.format("x", "2026-01-05", 0)),
        (np.array([5, 6]), NO_DAY.format("x", 5, 0)),
    ],
)
def test_what_is_no_day(values: Any, message: str) -> None:
    with pytest.raises(InputError) as told:
        as_days(values, "x")
    assert str(told.value) == message


@pytest.mark.parametrize(
    ("values", "expected", "kind"),
    [
        ([3, -1], [3, -1], "i"),
        (np.array([3], np.uint8), [3], "u"),
        (["a", 1], ["a", 1], "O"),
        ([1, "a"], [1, "a"], "O"),
        (["1", "2"], ["1", "2"], "O"),
        (np.array(["a", "b"]), ["a", "b"], "O"),
        ([1.0, 17850.0, -2.0], [1, 17850, -2], "i"),
        ([float(LARGE - 1)], [LARGE - 1], "i"),
        (np.array([1.0, "a", np.float64(2)], dtype=object), [1, "a", 2], "O"),
        ([True, "a"], [True, "a"], "O"),
        ([], [], "O"),
    ],
)
def test_identifiers(values: Any, expected: list[Any], kind: str) -> None:
    """Whole numbers stay whole, and become whole among fractions; all else is as it is."""
    ids = as_ids(values, "x")
    assert ids.dtype.kind == kind
    assert repr(ids.tolist()) == repr(expected)
    assert not ids.flags.writeable


NO_ID = "x has no value at position {}; leave the line out or name it"
FRACTION = "x holds fractional numbers such as {!r}; pass whole numbers or text"
ODD = "x holds {} at position {}, which is no identifier; pass whole numbers or text"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["a", None], NO_ID.format(1)),
        (["a", ""], NO_ID.format(1)),
        (["a", float("nan"), ""], NO_ID.format(1)),
        ([1.0, float("nan"), float("nan")], NO_ID.format(1)),
        ([1.0, 2.5, 3.5], FRACTION.format(2.5)),
        ([1.0, float(LARGE)], FRACTION.format(float(LARGE))),
        (["a", 2.5], FRACTION.format(2.5)),
        (["a", np.float64(2.5)], FRACTION.format(2.5)),
        (["a", ["b"]], ODD.format("['b']", 1)),
        ([{"b": 1}], ODD.format("{'b': 1}", 0)),
        ([["b"], ["c"]], ODD.format("['b']", 0)),
    ],
)
def test_what_is_no_identifier(values: Any, message: str) -> None:
    with pytest.raises(InputError) as told:
        as_ids(values, "x")
    assert str(told.value) == message


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"amount": [1.0, float("nan")]},
         "amount has no value at position 1; leave the line out or give its money"),
        ({"cost": [float("nan"), 1.0]},
         "cost has no value at position 0; leave the line out or give its money"),
        ({"cost": [1.0]},
         ("columns differ in length: customer 2, day 2, amount 2, cost 1; give every column one "
          "value per line")),
        ({"labels": ["a", "a"]}, "labels holds a label twice; list each one once"),
        ({"labels": ["a"]},
         ("customer holds '1', and there is 1 label; pass positions in the labels, counted from "
          "0")),
        ({"customer": [0, -1], "labels": ["a"]},
         ("customer holds '-1', and there is 1 label; pass positions in the labels, counted "
          "from 0")),
        ({"customer": ["a", "b"], "labels": ["a", "b"]},
         ("customer holds 'a', and there are 2 labels; pass positions in the labels, counted from "
          "0")),
    ],
)  # fmt: skip
def test_columns_that_do_not_fit(more: dict[str, Any], message: str) -> None:
    usual: dict[str, Any] = {"customer": [0, 1], "day": [DAY, DAY], "amount": [1.0, 2.0]}
    with pytest.raises(InputError) as told:
        Transactions(**(usual | more))
    assert str(told.value) == message


SALES = Transactions(
    [0, 1, 0], [DAY, date(2026, 2, 1), date(2026, 3, 1)], [1, 2, 3],
    cost=[0.5, 1, 2], document=["x", 7, "y"], labels=["Ann", "Bob"],
)  # fmt: skip


def test_transactions_as_a_whole() -> None:
    assert repr(SALES) == (
        "Transactions(3 lines; 2026-01-05 … 2026-03-01; customer, day, amount, cost, document)"
    )
    assert repr(Transactions([], [], [])) == "Transactions(0 lines; customer, day, amount)"
    assert len(SALES) == 3
    pytest.importorskip("pandas")
    frame = SALES.to_frame()
    assert list(frame.columns) == ["customer", "day", "amount", "cost", "document"]
    assert frame["customer"].tolist() == ["Ann", "Bob", "Ann"]


def test_lines_are_chosen() -> None:
    """By days: the first of a window and not its end; all of them are the same object."""
    inside = SALES.within(Window(DAY, date(2026, 3, 1)))
    assert inside == Transactions(
        [0, 1], [DAY, date(2026, 2, 1)], [1, 2], cost=[0.5, 1], document=["x", 7],
        labels=["Ann", "Bob"],
    )  # fmt: skip
    assert inside.labels is SALES.labels
    assert SALES.within(Window(DAY, date(2026, 3, 2))) is SALES
    assert len(SALES.within(Window(date(2026, 1, 6), date(2026, 2, 1)))) == 0
    assert SALES.take(np.array([2, 0])).amount.tolist() == [3, 1]
    assert SALES.take(np.array([False, True, False])).identifiers.tolist() == ["Bob"]
    assert SALES.take([False, True, False]) == SALES.take([1]) == SALES.take(slice(1, 2))
    assert len(SALES.take([])) == len(SALES.take(np.array([], bool))) == 0


def test_batches_are_joined() -> None:
    """With shared labels by position, otherwise by name; columns that all of them have."""
    labels = freeze(np.array(["Ann", "Bob"], dtype=object))
    one, two = (Transactions([code], [DAY], [1.0], labels=labels) for code in (1, 0))
    joined = concat([one, Transactions([], [], []), two])
    assert joined.labels is labels
    assert joined.customer.tolist() == [1, 0]
    other = Transactions([7], [DAY], [2], cost=[1], document=[5])
    mixed = concat(iter([one, other]))
    assert (mixed.labels, mixed.customer.tolist()) == (None, ["Bob", 7])
    assert (mixed.cost, mixed.document) == (None, None)
    assert concat([other, other]) == Transactions(
        [7, 7], [DAY, DAY], [2, 2], cost=[1, 1], document=[5, 5]
    )
    text = Transactions(["a"], [DAY], [2], document=["d"])
    papers = concat([other, text]).document
    assert papers is not None
    assert (papers.tolist(), concat([other, text]).cost) == ([5, "d"], None)

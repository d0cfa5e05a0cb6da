"""Bad records: each kind is repaired, left out or refused, and accounted for."""

from __future__ import annotations

import pickle
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from abcxyz.crm import Activities, CrmData, Deals, Leads, Stage, StageChanges, StageMap, TextColumn
from abcxyz.crm.records.clean import possible_duplicates
from abcxyz.crm.reports.cycle import cycle
from abcxyz.errors import InputError

DAY = np.datetime64("2026-05-04T06:00:00", "s")
STAGES = StageMap({"sales": ["NEW", Stage("WON", semantics="S"), Stage("LOST", semantics="F")]})


def at(*days: float) -> Any:
    """Return moments so many days after the start."""
    return np.array([DAY + np.timedelta64(round(day * 86400), "s") for day in days])


def deals(n: int = 2, **changed: Any) -> Deals:
    columns = {
        "deal": np.arange(n),
        "funnel": ["sales"] * n,
        "created": at(*[0] * n),
        "stage": ["NEW"] * n,
        **changed,
    }
    return Deals(**columns)


def changes(*rows: tuple[int, str, float]) -> StageChanges:
    return StageChanges(
        deal=[row[0] for row in rows],
        stage=[row[1] for row in rows],
        entered=at(*(row[2] for row in rows)),
    )


def kinds(crm: CrmData) -> dict[str, int]:
    return {issue.kind: issue.count for issue in crm.quality.issues}


def built(records: Deals, history: StageChanges | None = None, **more: Any) -> CrmData:
    return CrmData(deals=records, changes=history, stages=STAGES, **more)


GOOD = (0, "NEW", 0.0), (1, "NEW", 0.0)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (((0, "", 1),), {"no_stage": 1}),
        (((9, "NEW", 1),), {"unknown_deal": 1}),
        (((0, "NEW", 0),), {"duplicate_change": 1}),
        (((0, "LOST", 0),), {"same_moment": 1, "outcome_differs": 1}),
        (((0, "LOST", -3),), {"created_late": 1}),
        (((0, "WON", 2),), {"outcome_differs": 1}),
    ],
)
def test_bad_changes(rows: tuple[tuple[int, str, float], ...], expected: dict[str, int]) -> None:
    assert kinds(built(deals(), changes(*GOOD, *rows))) == expected


def test_a_change_before_the_creation_moves_it() -> None:
    crm = built(deals(), changes(*GOOD, (0, "LOST", -3)))
    assert crm.deals.created.tolist() == at(-3, 0).tolist()


def test_rare_unknown_stages_are_left_out_and_frequent_ones_refused() -> None:
    many = tuple((i, "NEW", 0.0) for i in range(200))
    crm = built(deals(200), changes(*many, (0, "GONE", 1)))
    assert kinds(crm) == {"unknown_stage": 1}
    with pytest.raises(InputError, match="do not list: GONE"):
        built(deals(), changes(*GOOD, (0, "GONE", 1)))


def test_deals_listed_twice_are_refused() -> None:
    with pytest.raises(InputError, match="lists 5 2 times"):
        built(deals(deal=[5, 5]))


def test_moments_of_the_future_are_left_out() -> None:
    crm = built(deals(created=at(0, 9)), changes(*GOOD[:1], (0, "WON", 8)), until=at(5)[0])
    assert (len(crm.deals), kinds(crm)["future"]) == (1, 2)
    assert crm.outcomes.kind.tolist() == [0]


def test_a_gap_is_no_duration() -> None:
    crm = built(deals(), changes((0, "NEW", 0), (1, "NEW", 3)))
    assert kinds(crm) == {"history_gap": 1}
    with pytest.raises(InputError, match="1 of 2 deals has a gap"):
        cycle(crm)


def test_a_deal_without_a_history_counts_by_its_fields() -> None:
    crm = built(deals(stage=["NEW", "WON"], closed=at(1, 4)), changes(*GOOD[:1]))
    assert kinds(crm) == {"no_history": 1}
    assert crm.outcomes.kind.tolist() == [0, 1]
    assert np.isnat(crm.outcomes.closed[0])  # a planned day


def test_negative_durations_are_left_out() -> None:
    acts = Activities(
        activity=[1, 2, 2],
        kind=["call"] * 3,
        started=at(1, 1, 1),
        ended=at(0, 2, 2),
        seconds=[-1, 5, 5],
    )
    crm = built(deals(), activities=acts)
    assert kinds(crm) == {"repeated_activity": 1, "negative_duration": 2, "long_activity": 1}
    assert crm.activities is not None
    assert np.isnat(crm.activities.ended[0])  # type: ignore[index]


def test_deals_closed_before_their_creation_stay() -> None:
    crm = built(deals(stage=["WON", "NEW"], closed=at(-2, 0)))
    assert kinds(crm) == {"closed_before_created": 1}
    assert crm.outcomes.kind.tolist() == [1, 0]


def test_possible_duplicates() -> None:
    records = deals(4, customer=["a", "a", "a", ""], amount=[5.0, 5.0, 6.0, 5.0])
    assert possible_duplicates(records).tolist() == [True, True, False, False]
    assert kinds(built(records)) == {"possible_duplicate": 2}


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.integers(0, 2)] * 3), min_size=1, max_size=12))
def test_possible_duplicates_are_all_pairs(rows: list[tuple[int, int, int]]) -> None:
    """Every deal that agrees with another in customer, amount and day, and no other."""
    customers, amounts, days = (list(column) for column in zip(*rows, strict=True))
    records = deals(len(rows), customer=customers, amount=amounts, created=at(*days))
    assert possible_duplicates(records).tolist() == [rows.count(row) > 1 for row in rows]


def test_amounts_that_do_not_fit_the_outcome_are_counted() -> None:
    """The history decides the outcome; the records stay as they are."""
    amount = [np.nan, 7.0, 9.0]
    records = deals(3, stage=["WON", "NEW", "NEW"], amount=amount)
    crm = built(records, changes(*GOOD, (2, "NEW", 0), (0, "WON", 1), (1, "LOST", 1)))
    issues = {issue.kind: issue for issue in crm.quality.issues}
    assert (issues["won_without_amount"].examples, issues["lost_with_amount"].amount) == (
        ("0",),
        7.0,
    )
    assert crm.deals.amount is not None
    assert crm.deals.amount.tolist()[1:] == [7.0, 9.0]
    assert "won_without_amount" not in kinds(built(deals(stage=["WON", "NEW"])))


def test_activities_longer_than_a_working_day_are_counted() -> None:
    acts = Activities(
        activity=[1, 2], kind=["meeting"] * 2, started=at(1, 1), ended=at(1 + 1 / 3, 1.4)
    )
    issues = {one.kind: one for one in built(deals(), activities=acts).quality.issues}
    assert (issues["long_activity"].count, issues["long_activity"].examples) == (1, ("2",))


def test_issues_are_counted_once_in_records_made_of_records() -> None:
    """What stays in the records is found again, not added to the count before."""
    records = deals(3, amount=[5.0, 5.0, 6.0], customer=["a", "a", "b"])
    crm = built(records, changes((0, "NEW", 0), (2, "NEW", 2)), until=at(9)[0])
    expected = {"possible_duplicate": 2, "no_history": 1, "history_gap": 1}
    assert kinds(crm) == expected
    assert kinds(crm.as_of(at(5)[0])) == kinds(crm.in_currency("RUB")) == expected


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("created", ["2026-05-04T09:00:00", "2026-05-04"], "without a zone"),
        ("created", [datetime(2026, 5, 4), None], "without a zone"),  # noqa: DTZ001
        ("created", ["soon", "later"], "no moment"),
        ("created", [None, None], "no moment"),
        ("stage", ["NEW", None], "no value at position 1"),
        ("deal", [1, None], "no value at position 1"),
        ("deal", [1.5, 2.0], "fractional"),
        ("amount", ["5", 7], "no number"),
        ("returning", ["yes", "no"], "True or False"),
        ("planned", ["soon", None], "no day"),
        ("owner", ["m1"], "differ in length"),
    ],
)
def test_bad_columns_are_refused(column: str, value: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        deals(**{column: value})


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(InputError, match="Europe/Moscow"):
        built(deals(), zone="Mars/Base")


def test_stages_are_checked() -> None:
    with pytest.raises(InputError, match="P \\(in progress\\)"):
        Stage("X", semantics="Q")
    with pytest.raises(InputError, match="lists a stage twice"):
        StageMap({"sales": ["NEW", "NEW"]})


def test_text_columns_compare_by_content() -> None:
    assert TextColumn(("a", "b"), np.array([0, 1])) == TextColumn(("b", "a"), np.array([1, 0]))
    assert TextColumn(("a",), np.array([0])) != TextColumn(("b",), np.array([0]))


def test_records_pickle_and_compare() -> None:
    crm = built(deals(), changes(*GOOD), leads=Leads(lead=[1], created=at(0)))
    again = pickle.loads(pickle.dumps(crm))
    assert again == crm
    assert again.visits == crm.visits

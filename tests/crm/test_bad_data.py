"""Every kind of bad data in a CRM: what is done with it, and where it is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pytest
from attrs import frozen
from tests.crm.test_quality import GOOD, at, built, changes, deals, kinds

from abcxyz import Window
from abcxyz.crm import (
    Activities,
    CrmData,
    StageMap,
    Users,
    before_after,
    cycle,
    flow,
    funnel,
    losses,
    managers,
    service_levels,
    snapshot,
    stuck_deals,
)
from abcxyz.crm.records.quality import CRM_PROBLEMS
from abcxyz.errors import InputError
from abcxyz.i18n import text

MAY = Window("2026-05-01", "2026-05-31")
EMPTY = Window("2020-01-01", "2020-12-31")


@frozen
class Case:
    """One row of bad data: records, and the kind with its count in the account of them."""

    records: Callable[[], CrmData]
    expected: dict[str, int]
    treatment: str


COUNTED = {
    "change without a stage": Case(
        lambda: built(deals(), changes(*GOOD, (0, "", 1))), {"no_stage": 1}, "left_out"
    ),
    "unknown stage": Case(
        lambda: built(deals(200), changes(*((i, "NEW", 0.0) for i in range(200)), (0, "GONE", 1))),
        {"unknown_stage": 1},
        "left_out",
    ),
    "change before the creation": Case(
        lambda: built(deals(), changes(*GOOD, (0, "NEW", -3))), {"created_late": 1}, "repaired"
    ),
    "closed before the creation": Case(
        lambda: built(deals(stage=["WON", "NEW"], closed=at(-2, 0))),
        {"closed_before_created": 1},
        "duration_left_out",
    ),
    "ended before the start": Case(
        lambda: built(
            deals(),
            activities=Activities(activity=[7], kind=["call"], started=at(1), ended=at(0)),
        ),
        {"negative_duration": 1},
        "duration_left_out",
    ),
    "two changes at one moment": Case(
        lambda: built(deals(stage=["LOST", "NEW"]), changes(*GOOD, (0, "LOST", 0))),
        {"same_moment": 1},
        "kept",
    ),
    "duplicate change": Case(
        lambda: built(deals(), changes(*GOOD, (0, "NEW", 0))), {"duplicate_change": 1}, "left_out"
    ),
    "possible duplicate deals": Case(
        lambda: built(deals(customer=["a", "a"], amount=[5.0, 5.0])),
        {"possible_duplicate": 2},
        "kept",
    ),
    "won without amount": Case(
        lambda: built(deals(stage=["WON", "NEW"], amount=[np.nan, 5.0])),
        {"won_without_amount": 1},
        "kept",
    ),
    "lost with amount": Case(
        lambda: built(deals(stage=["LOST", "NEW"], amount=[4.0, 5.0])),
        {"lost_with_amount": 1},
        "kept",
    ),
    "final stage but open history": Case(
        lambda: built(deals(stage=["WON", "NEW"]), changes(*GOOD)),
        {"outcome_differs": 1},
        "history_wins",
    ),
    "open stage but final history": Case(
        lambda: built(deals(), changes(*GOOD, (0, "WON", 1))),
        {"outcome_differs": 1},
        "history_wins",
    ),
    "gap: the first change is after the creation": Case(
        lambda: built(deals(), changes((0, "NEW", 0), (1, "NEW", 3))),
        {"history_gap": 1},
        "gap_left_out",
    ),
    "gap: the stage is not that of the last change": Case(
        lambda: CrmData(
            deals=deals(stage=["OFFER", "NEW"]),
            changes=changes(*GOOD),
            stages=StageMap({"sales": ["NEW", "OFFER"]}),
        ),
        {"stage_differs": 1},
        "gap_left_out",
    ),
    "moment in the future": Case(
        lambda: built(deals(), changes(*GOOD, (0, "WON", 8)), until=at(5)[0]),
        {"future": 1},
        "left_out",
    ),
}


@pytest.mark.parametrize("name", COUNTED)
def test_bad_rows_are_counted_with_treatment_and_examples(name: str) -> None:
    case = COUNTED[name]
    crm = case.records()
    assert kinds(crm) == case.expected
    (issue,) = crm.quality.issues
    assert issue.treatment == case.treatment
    assert issue.examples
    english = CRM_PROBLEMS[issue.kind][0]
    assert text(english, "ru") != english


def test_two_final_stages_count_once_in_the_means() -> None:
    """Deals without an amount are no part of the average cheque, and are counted beside it."""
    crm = built(deals(3, stage=["WON", "WON", "LOST"], amount=[100.0, np.nan, 900.0]))
    (row,) = managers(crm).managers
    assert (row.won, row.average_cheque, row.without_amount) == (2, 100.0, 1)


def test_an_unknown_employee_has_a_row_of_its_own() -> None:
    crm = built(
        deals(3, owner=["17", "ann", ""], stage=["WON"] * 3, amount=[1.0, 2.0, 3.0]),
        users=Users(user=["ann"], name=["Ann"]),
    )
    assert {row.name for row in managers(crm).managers} == {
        "user 17 (not known)", "Ann", "(not given)"
    }  # fmt: skip


NO_HISTORY = deals(stage=["LOST", "NEW"], closed=at(3, 0), lost_reason=["price", ""])

REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "frequent unknown stages": (
        lambda: built(deals(), changes(*GOOD, (0, "GONE", 1))),
        "1 of 3 stage changes lead into stages that the funnels do not list: GONE; add them",
    ),
    "the same deal twice": (
        lambda: built(deals(deal=[5, 5])),
        "deals lists 5 2 times; ids must be unique",
    ),
    "gaps in more than a fifth": (
        lambda: cycle(built(deals(), changes((0, "NEW", 0), (1, "NEW", 3)))),
        "1 of 2 deals has a gap in its history of stages",
    ),
    "unknown currency": (
        lambda: managers(built(deals(currency=["RUB", "XTS"], amount=[1.0, 2.0]))),
        r"amounts in RUB \(1\), XTS \(1\), which do not add up; convert them with rates",
    ),
    "no history: cohort funnel": (
        lambda: funnel(built(NO_HISTORY)), "needs the table stage_changes"
    ),
    "no history: flow": (
        lambda: flow(built(NO_HISTORY), MAY), "needs the table stage_changes"
    ),
    "no history: time in stage": (
        lambda: cycle(built(NO_HISTORY)), "needs the table stage_changes"
    ),
    "no history: stuck deals": (
        lambda: stuck_deals(built(NO_HISTORY)), "needs the table stage_changes"
    ),
    "no leads and activities: service levels": (
        lambda: service_levels(built(NO_HISTORY)), "needs the table activities"
    ),
    "no deals before": (
        lambda: before_after((0, 0), (5, 20)), "no deals before the change; choose another"
    ),
    "a horizon beyond the records": (
        lambda: funnel(built(deals(), changes(*GOOD), until=at(5)[0]), horizon=30),
        "the horizon of 30 days is longer than the records; the longest possible is 5 days",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_be_wrong_is_refused_with_reason_and_cure(name: str) -> None:
    make, message = REFUSED[name]
    with pytest.raises(InputError, match=message):
        make()


def test_without_a_history_the_other_reports_work() -> None:
    crm = built(NO_HISTORY)
    assert [one.deals for one in snapshot(crm).stages if one.deals] == [1]
    assert losses(crm).rows()[0].to_dict()["reason"] == "price"


def test_a_window_without_a_deal_is_an_empty_table() -> None:
    crm = built(deals(), changes(*GOOD))
    table = funnel(crm, EMPTY)["sales"]
    assert (table.deals, [one.reached for one in table.stages]) == (0, [0, 0])
    assert all(np.isnan(one.conversion) for one in table.stages)
    assert not losses(crm, EMPTY).rows()


def test_days_of_the_table_are_in_may() -> None:
    """The windows above are meant to hold, and not to hold, these records."""
    crm = built(deals())
    assert crm.inside(crm.deals.created, MAY).all()
    assert not crm.inside(crm.deals.created, EMPTY).any()
    assert date(2026, 5, 4) in MAY

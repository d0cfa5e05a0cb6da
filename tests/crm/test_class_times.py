"""For which class the time goes, by the classes of each day."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from abcxyz.core.sales.calendar import Window
from abcxyz.crm import Activities, CrmData, Deals, Stage, StageMap, analyze_crm
from abcxyz.crm.reports.activity import ActivityReport, activity

ZONE = "Asia/Vladivostok"
STAGES = StageMap({"sales": ["NEW", Stage("WON", semantics="S"), Stage("LOST", semantics="F")]})
FIRST = date(2026, 3, 1)

Past = Mapping[date, Mapping[Any, str]]


def moment(hour: int) -> np.datetime64:
    """Return an hour after the beginning of the first day in UTC."""
    return np.datetime64("2026-03-01T00:00:00", "s") + np.timedelta64(hour, "h")


def records(
    acts: list[tuple[int, int, float]], won: list[tuple[int, int, float]], *, own: bool
) -> CrmData:
    """Return calls (hour, customer or -1, seconds) and won deals (hour, customer, amount).

    With *own* the calls name the customer, otherwise they are of a deal of his.
    """
    of = {customer: i for i, (_, customer, _) in enumerate(won)}
    return CrmData(
        deals=Deals(
            deal=list(range(len(won))),
            funnel=["sales"] * len(won),
            created=[moment(0)] * len(won),
            closed=[moment(hour) for hour, _, _ in won],
            stage=["WON"] * len(won),
            amount=[amount for _, _, amount in won],
            customer=[customer for _, customer, _ in won],
        ),
        activities=Activities(
            activity=list(range(len(acts))),
            kind=["call"] * len(acts),
            started=[moment(hour) for hour, _, _ in acts],
            seconds=[seconds for _, _, seconds in acts],
            **(
                {"customer": [customer for _, customer, _ in acts]}
                if own
                else {"deal": [of.get(customer, -1) for _, customer, _ in acts]}
            ),
        ),
        stages=STAGES,
        zone=ZONE,
        until=moment(24 * 90),
    )


def day_of(hour: int) -> date:
    """Return the day of the business."""
    utc = datetime(2026, 3, 1, tzinfo=ZoneInfo("UTC")) + timedelta(hours=hour)
    return utc.astimezone(ZoneInfo(ZONE)).date()


def class_on(day: date, customer: int, today: Mapping[Any, str], past: Past) -> tuple[str, bool]:
    """Return the class of a customer on a day, and whether it is that of today."""
    known = [one for one in past if one <= day]
    chosen = past[max(known)] if known else today
    return chosen.get(customer, "N"), not known


customers = st.integers(0, 5)
letters = st.dictionaries(customers, st.sampled_from("ABC"), max_size=6)
calls = st.tuples(st.integers(0, 24 * 40), st.integers(-1, 5), st.integers(1, 3000).map(float))
wins = st.tuples(st.integers(1, 24 * 40), customers, st.integers(1, 900).map(float))
days = st.integers(0, 45).map(lambda n: FIRST + timedelta(days=n))


@given(
    st.lists(calls, min_size=1, max_size=25),
    st.lists(wins, min_size=1, max_size=8),
    letters.filter(bool),
    st.dictionaries(days, letters, min_size=1, max_size=4),
    st.booleans(),
)
def test_time_and_money_count_for_the_class_of_their_day(
    acts: list[tuple[int, int, float]],
    won: list[tuple[int, int, float]],
    today: dict[int, str],
    past: dict[date, dict[int, str]],
    own: bool,
) -> None:
    """One call and one deal after the other, by the newest classes on or before its day."""
    report = activity(records(acts, won, own=own), classes=today, past_classes=past)
    owners = {customer for _, customer, _ in won}
    minutes: dict[str, float] = defaultdict(float)
    amounts: dict[str, float] = defaultdict(float)
    counts: dict[str, int] = defaultdict(int)
    before = 0
    for hour, customer, seconds in acts:
        whose = customer if own or customer in owners else -1
        letter, early = class_on(day_of(hour), whose, today, past)
        minutes[letter] += seconds / 60
        counts[letter] += 1
        before += early and letter != "N"
    for hour, customer, amount in won:
        amounts[class_on(day_of(hour), customer, today, past)[0]] += amount
    assert {one.customer_class for one in report.classes} == counts.keys() | amounts.keys()
    for one in report.classes:
        letter = one.customer_class
        assert (one.activities, one.timed) == (counts[letter], counts[letter])
        assert math.isclose(one.minutes, minutes[letter])
        assert math.isclose(one.amount, amounts[letter])
        share = minutes[letter] / sum(minutes.values())
        assert math.isclose(one.time_share, share)
        assert one.low <= one.high
    assert (report.classes_since, report.before_classes) == (min(past), before)


@given(st.lists(calls, min_size=1, max_size=20), letters.filter(bool))
def test_classes_that_never_change_are_those_of_the_report(
    acts: list[tuple[int, int, float]], today: dict[int, str]
) -> None:
    """Intervals too: a customer is drawn with all the time of every class of his."""
    data = records(acts, [(5, 0, 10.0)], own=True)
    one = activity(data, classes=today)
    past = activity(
        data, classes=today, past_classes=dict.fromkeys([FIRST, date(2026, 3, 9)], today)
    )
    assert [row.to_dict() for row in one.classes] == [row.to_dict() for row in past.classes]
    assert (one.classes_since, past.classes_since, past.before_classes) == (None, FIRST, 0)


def changed() -> CrmData:
    """Return an hour for customer 0 in March, and three in April; customer 1 pays in both."""
    acts = [(10, 0, 3600.0), (24 * 31 + 10, 0, 3 * 3600.0), (24 * 31 + 12, 1, 3600.0)]
    return records(acts, [(50, 1, 100.0), (24 * 40, 0, 300.0)], own=True)


def shares(report: ActivityReport) -> dict[str, float]:
    return {one.customer_class: one.time_share for one in report.classes}


def test_a_customer_who_became_a_was_c_before() -> None:
    """The class of today would give all of his four hours to A."""
    past = {FIRST: {0: "C", 1: "B"}, date(2026, 4, 1): {0: "A", 1: "B"}}
    today = {0: "A", 1: "B"}
    assert shares(activity(changed(), classes=today)) == {"A": 0.8, "B": 0.2}
    report = activity(changed(), classes=today, past_classes=past)
    assert shares(report) == {"A": 0.6, "B": 0.2, "C": 0.2}
    assert {one.customer_class: one.amount for one in report.classes} == {
        "A": 300.0,
        "B": 100.0,
        "C": 0.0,
    }
    assert report.explain().endswith(
        "The class is that of the customer on the day of each activity."
    )
    assert report.explain("ru").endswith("Класс взят тот, который был у клиента в день дела.")
    # Without the classes of today they are the newest, and those of the future are not known.
    assert shares(activity(changed(), past_classes=past)) == {"A": 0.6, "B": 0.2, "C": 0.2}
    later = past | {date(2026, 6, 30): {0: "B", 1: "C"}}
    future = activity(changed(), past_classes=later).classes
    assert [row.to_dict() for row in future] == [row.to_dict() for row in report.classes]


def test_what_was_before_the_history_is_said() -> None:
    today, past = {0: "A", 1: "B"}, {date(2026, 4, 1): {0: "C", 1: "B"}}
    report = activity(changed(), classes=today, past_classes=past)
    assert shares(report) == {"A": 0.2, "B": 0.2, "C": 0.6}
    assert (
        "The history of the classes begins on 2026-04-01; earlier activities count for the class "
        "of the day of the report: 1." in report.explain()
    )
    assert "История классов начинается 01.04.2026; более ранние" in report.explain("ru")
    document = json.loads(json.dumps(report.to_dict()))
    assert (document["classes_since"], document["before_classes"]) == ("2026-04-01", 1)
    april = activity(
        changed(), Window(date(2026, 4, 1), date(2026, 5, 1)), classes=today, past_classes=past
    )
    assert april.before_classes == 0
    assert "begins on" not in april.explain()


def test_a_report_of_a_past_day_knows_no_later_classes() -> None:
    """As the report that was made on that day, though the history has gone on."""
    past = {FIRST: {0: "C", 1: "B"}, date(2026, 4, 1): {0: "A", 1: "B"}}
    then = changed().as_of(date(2026, 3, 20))
    made = activity(then, past_classes={FIRST: past[FIRST]})
    assert shares(made) == {"B": 0.0, "C": 1.0}
    assert activity(then, past_classes=past).to_dict() == made.to_dict()


def test_an_analysis_takes_the_classes_of_each_day() -> None:
    past = {FIRST: {0: "C", 1: "B"}, date(2026, 4, 1): {0: "A", 1: "B"}}
    made = analyze_crm(changed(), classes={0: "A", 1: "B"}, past_classes=past)
    report = made.reports["activity"]
    assert isinstance(report, ActivityReport)
    assert shares(report) == {"A": 0.6, "B": 0.2, "C": 0.2}

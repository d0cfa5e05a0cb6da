"""What the daily snapshots of deals keep of a reading, and what of them a reading shows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.pipeline.test_deal_snapshots import JOB

from abcxyz.config import Job, Part, parse_job
from abcxyz.crm import CrmData, Deals, Stage, StageMap
from abcxyz.crm.records.data import midnight
from abcxyz.history import History
from abcxyz.pipeline.deal_snapshots import DealMemory
from abcxyz.toolkit.clock import ManualClock

STAGES = StageMap({"sales": ["NEW", Stage("WON", semantics="S")]})
FIRST = date(2026, 4, 10)
MOSCOW = "Europe/Moscow"


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with History(tmp_path / "history.db") as opened:
        yield opened


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return parse_job(JOB, tmp_path / "job.toml")


def part(job: Job, **names: Any) -> Part:
    assert job.crm is not None
    return Part("crm", job.crm.kind, {}, str, "files", **names)


def clock(day: date, hour: int = 9, minute: int = 0) -> ManualClock:
    return ManualClock(
        datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC).timestamp()
    )


def reading(day: date, zone: str = MOSCOW, **columns: Any) -> CrmData:
    """Records of deals as they are when a day begins."""
    n = len(columns.get("deal", [1]))
    usual: dict[str, Any] = {
        "deal": [1], "funnel": ["sales"] * n, "stage": ["NEW"] * n,
        "created": ["2026-04-01T09:00:00+03:00"] * n,
    }  # fmt: skip
    deals, until = Deals(**(usual | columns)), midnight(day, zone)
    return CrmData(deals=deals, stages=STAGES, zone=zone, until=until)


def kept(history: History) -> list[tuple[Any, ...]]:
    return history._db.execute(
        "SELECT deal, customer, stage, funnel, amount, currency, owner, planned, closed, "
        "lost_reason, dated FROM deal_history ORDER BY dated, typeof(deal), deal"
    ).fetchall()


def test_every_field_of_a_deal_is_kept(history: History, job: Job) -> None:
    """As plain values; what is missing in a column, and a column that was not read, is None."""
    crm = reading(
        FIRST,
        deal=[2, 1],
        stage=["WON", "NEW"],
        customer=[7, -1],
        amount=[10.25, float("nan")],
        currency=["RUB", ""],
        owner=["ann", ""],
        planned=["NaT", "2026-05-02"],
        closed=["2026-04-03T12:00:01+03:00", ""],
    )
    memory = DealMemory(history, job, FIRST, clock(FIRST))
    assert not memory.save()
    memory.shown(crm, part(job, id_prefix="c:"))
    assert memory.save()
    closed = "2026-04-03 09:00:01"
    assert [
        (1, None, "NEW", "sales", None, "", "", "2026-05-02", None, None, "2026-04-10"),
        (2, "c:7", "WON", "sales", 10.25, "RUB", "ann", None, closed, None, "2026-04-10"),
    ] == kept(history)
    # The last second before the day begins, in the time zone of the business.
    last = int(datetime(2026, 4, 9, 20, 59, 59, tzinfo=UTC).timestamp())
    assert [(deal, at) for deal, at, *_ in history.deal_states(job.crm_identity)] == [
        (1, last),
        (2, last),
    ]


def test_deals_without_customers_are_kept(history: History, job: Job) -> None:
    """Where the customers were not read, or are the empty text."""
    for day, customers in ((FIRST, None), (date(2026, 4, 11), ["", "x"])):
        memory = DealMemory(history, job, day, clock(day))
        memory.shown(reading(day, deal=["a", "b"], customer=customers), part(job))
        assert memory.save()
    assert [row[:2] for row in kept(history)] == [("a", None), ("b", None), ("b", "x")]


def values(crm: CrmData) -> list[tuple[Any, ...]]:
    """Return the history of values: deal, field, moment, value."""
    found = crm.values
    assert found is not None
    assert set(found.kind.tolist()) == {"deal"}
    return list(
        zip(
            found.id.tolist(), found.field.tolist(), found.at.astype(str).tolist(),
            found.value.tolist(), strict=True,
        )
    )  # fmt: skip


def test_values_are_the_changes_of_each_deal(history: History, job: Job) -> None:
    """In the forms that a table of values has; only of fields that the reading has."""
    days = [date(2026, 4, day) for day in (10, 11, 12)]
    amounts = [[700.5, 20.0], [700.5, 20.0], [900.0, float("nan")]]
    planned = [["2026-05-02", "NaT"], ["2026-05-03", "NaT"], ["2026-05-03", "NaT"]]
    closed = ["", "2026-04-03T12:00:01+03:00"]
    for day, amount, plan in zip(days, amounts, planned, strict=True):
        memory = DealMemory(history, job, day, clock(day))
        crm = reading(day, deal=[1, 2], amount=amount, planned=plan, closed=closed)
        shown = memory.shown(crm, part(job))
        assert memory.save()
        assert shown.deals.amount is not None
        assert str(shown.deals.amount.tolist()) == str(amount)  # not-a-number is not equal
    at = [f"2026-04-{day:02}T20:59:59" for day in (9, 10, 11)]
    assert sorted(values(shown)) == sorted(
        [
            *((deal, "stage", at[0], "NEW") for deal in (1, 2)),
            *((deal, "funnel", at[0], "sales") for deal in (1, 2)),
            *((1, "amount", at[0], "700.5"), (1, "amount", at[2], "900.0")),
            *((2, "amount", at[0], "20.0"), (2, "amount", at[2], "")),
            *((1, "planned", at[0], "2026-05-02"), (1, "planned", at[1], "2026-05-03")),
            (2, "planned", at[0], ""),
            *((1, "closed", at[0], ""), (2, "closed", at[0], "2026-04-03T09:00:01")),
        ]
    )
    # A reading without the amounts is shown none.
    later = DealMemory(history, job, date(2026, 4, 12), clock(date(2026, 4, 12)))
    bare = later.shown(reading(date(2026, 4, 12), deal=[1, 2]), part(job))
    assert {one[1] for one in values(bare)} == {"stage", "funnel"}


def test_values_of_the_same_day_are_those_of_the_reading(history: History, job: Job) -> None:
    """A repeated run replaces what the first one of the day has kept."""
    for amount in (5.0, 6.0):
        memory = DealMemory(history, job, FIRST, clock(FIRST))
        shown = memory.shown(reading(FIRST, amount=[amount]), part(job))
        assert [one[3] for one in values(shown) if one[1] == "amount"] == [str(amount)]
        assert memory.save()
    assert [row[4] for row in kept(history)] == [6.0]


def test_numbers_and_texts_of_deals_stand_together(history: History, job: Job) -> None:
    """A CRM that was replaced by another one: those of numbers first, each by its days."""
    ids: list[list[Any]] = [["b", "a"], [9, 10], ["b", "c"]]
    for place, deals in enumerate(ids):
        day = date(2026, 4, 10 + place)
        memory = DealMemory(history, job, day, clock(day))
        shown = memory.shown(reading(day, deal=deals, amount=[1.0 + place] * 2), part(job))
        assert memory.save()
    # Those of numbers are texts among texts.
    found = [
        (deal, at[8:10], text) for deal, field, at, text in values(shown) if field == "amount"
    ]
    assert found == [
        *(("9", "10", "2.0"), ("10", "10", "2.0"), ("a", "09", "1.0"), ("b", "09", "1.0")),
        *(("b", "11", "3.0"), ("c", "11", "3.0")),
    ]


def test_a_reading_without_deals_is_kept_too(history: History, job: Job) -> None:
    """It tells which days have a snapshot."""
    crm = reading(FIRST, deal=np.array([], dtype=np.int64))
    memory = DealMemory(history, job, FIRST, clock(FIRST))
    assert memory.shown(crm, part(job)) is crm
    assert memory.save()
    assert history.deal_days(job.crm_identity) == (FIRST,)


@pytest.mark.parametrize(
    ("zone", "hour", "days"),
    [
        # At half past nine in the evening of 10 April, UTC, it is 11 April in Moscow.
        (MOSCOW, 21, [(9, False), (10, True), (11, True), (12, True), (13, False)]),
        (MOSCOW, 12, [(9, False), (10, True), (11, True), (12, False)]),
        # In Los Angeles it is 9 April in the morning of 10 April, UTC.
        ("America/Los_Angeles", 3, [(8, False), (9, True), (10, True), (11, True), (12, False)]),
    ],
)
def test_a_state_of_today_or_tomorrow_is_kept(
    tmp_path: Path, job: Job, monkeypatch: pytest.MonkeyPatch, zone: str, hour: int, days: Any
) -> None:
    """By the day here and by that of the business, whichever allows it."""
    for number, keeps in days:
        day = date(2026, 4, number)
        with History(tmp_path / f"{number}.db") as history:
            memory = DealMemory(history, job, day, clock(FIRST, hour, 30))
            memory.shown(reading(day, zone), part(job))
            assert (number, memory.save()) == (number, keeps)
            assert history.deal_days(job.crm_identity) == ((day,) if keeps else ())


def test_a_state_is_not_kept_after_a_later_one(history: History, job: Job) -> None:
    """A clock that was set back changes nothing; the same day does."""
    for number, keeps in ((11, True), (10, False), (11, True)):
        day = date(2026, 4, number)
        memory = DealMemory(history, job, day, clock(day))
        memory.shown(reading(day), part(job))
        assert memory.save() is keeps
    assert history.deal_days(job.crm_identity) == (date(2026, 4, 11),)


def test_a_past_day_shows_its_values_and_others_its_own(history: History, job: Job) -> None:
    """Only where the day is over."""
    for number, amount in ((10, 5.0), (11, 6.0)):
        day = date(2026, 4, number)
        memory = DealMemory(history, job, day, clock(day))
        memory.shown(reading(day, amount=[amount]), part(job))
        memory.save()
    for today, expected in ((10, 9.0), (11, 5.0), (12, 5.0)):
        memory = DealMemory(history, job, FIRST, clock(date(2026, 4, today)))
        shown = memory.shown(reading(FIRST, amount=[9.0]), part(job))
        assert shown.deals.amount is not None
        assert shown.deals.amount.tolist() == [expected], today
    # Without a history nothing is known of a past day, and nothing is changed.
    crm = reading(FIRST, amount=[9.0])
    with History(history._path.with_name("other.db")) as other:
        assert DealMemory(other, job, FIRST, clock(date(2026, 4, 12))).shown(crm, part(job)) is crm

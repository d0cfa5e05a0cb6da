"""Horizon, landmarks, the sample and the outcomes: values counted by hand."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from abcxyz import InputError, Limits, Settings, Shares, Transactions
from abcxyz.core.landmarks import sample
from abcxyz.core.landmarks.horizon import covered_until, day_of
from abcxyz.core.landmarks.lapse import lapse_of, lapse_outcome
from abcxyz.core.landmarks.orders.customer_sample import identifier_hashes
from abcxyz.core.landmarks.orders.monthly import monthly_sums
from abcxyz.core.landmarks.orders.order_history import OrderHistory, collect_orders, day_number
from abcxyz.core.landmarks.rise import rise_of, rise_outcome
from abcxyz.core.landmarks.sample import LandmarkStudy, landmark_days, sample_rows
from abcxyz.core.landmarks.sources import HistorySource

DAY = date(2026, 7, 1)
SETTINGS = Settings(period="12M", abc=Shares(0.8, 0.95))


def history(lines: dict[str, list[tuple[int, float]]]) -> OrderHistory:
    """Return the history of lines: customer -> days before the day, and money."""
    rows = [
        (who, DAY - timedelta(days=ago), money) for who, own in lines.items() for ago, money in own
    ]
    return collect_orders(Transactions(*map(list, zip(*rows, strict=True))))


def numbered(made: OrderHistory) -> np.ndarray:
    """Return the customers in the order of their numbers in the examples."""
    first = made.days[made.starts]
    return made.customers[np.lexsort((identifier_hashes(made.customers), first))]


def regular(gap: int, money: float, count: int = 5) -> list[tuple[int, float]]:
    return [(gap * k + 1, money) for k in range(count)]


@pytest.mark.parametrize(
    ("gaps", "horizon"),
    [((20, 5), 60), ((9, 40), 30), ((10, 40), 30), ((61, 40), 180), ((60, 5), 180), ((15, 1), 45)],
)
def test_a_horizon_is_three_gaps_of_class_a_within_its_limits(
    gaps: tuple[int, int], horizon: int
) -> None:
    made = history({"a": regular(gaps[0], 1000.0), "c": regular(gaps[1], 1.0)})
    assert HistorySource(made).horizon(DAY, None, SETTINGS) == horizon


def test_without_gaps_in_class_a_those_of_all_count_and_else_90_days() -> None:
    made = history({"a": [(3, 1e6)], "b": regular(20, 1.0), "c": regular(30, 1.0)})
    assert HistorySource(made).horizon(DAY, None, SETTINGS) == 75
    assert HistorySource(history({"a": [(3, 1e6)]})).horizon(DAY, None, SETTINGS) == 90


def test_a_horizon_leaves_a_landmark_with_a_known_outcome() -> None:
    """The first landmark comes 30 days after the first sale, here 100 days before the day."""
    made = history({"a": [(100, 5.0), (1, 5.0)]})
    assert HistorySource(made).horizon(DAY, 70, SETTINGS) == 70
    assert HistorySource(made).horizon(DAY, 1, SETTINGS) == 1
    with pytest.raises(InputError, match=r"begin on 2026-03-23; the longest possible is 70 days"):
        HistorySource(made).horizon(DAY, 71, SETTINGS)
    with pytest.raises(InputError, match="the horizon is 0 days"):
        HistorySource(made).horizon(DAY, 0, SETTINGS)
    with pytest.raises(InputError, match=r"the longest possible is 1 day$"):
        HistorySource(history({"a": [(31, 5.0)]})).horizon(DAY, 2, SETTINGS)
    # Of a shorter history nothing is learned, with any horizon.
    assert HistorySource(history({"a": [(30, 5.0)]})).horizon(DAY, 71, SETTINGS) == 71


def test_sales_may_end_a_month_before_the_day() -> None:
    assert covered_until(history({"a": [(32, 5.0)]}).span, DAY) == DAY
    with pytest.raises(InputError, match=r"end on 2026-05-29, 32 days before .* 2026-05-30"):
        covered_until(history({"a": [(33, 5.0)]}).span, DAY)
    assert (day_of(0), day_of(day_number(DAY))) == (date(1970, 1, 1), DAY)


def test_landmarks_are_thirty_days_apart_and_have_known_outcomes() -> None:
    assert landmark_days(10, 200, 90) == [110, 80, 50]
    assert landmark_days(10, 190, 90) == [100, 70, 40]
    assert landmark_days(11, 190, 90) == [100, 70]
    assert landmark_days(0, 100, 71) == []
    assert len(landmark_days(0, 10_000, 30)) == 24


def test_a_sample_follows_no_order_of_the_customers() -> None:
    assert sample_rows(5, 5).tolist() == [0, 1, 2, 3, 4]
    by_hash = sorted(range(100), key=lambda i: i * 2654435761 % 2**32)
    assert sample_rows(100, 7).tolist() == sorted(by_hash[:7])
    assert len(sample_rows(4_001)) == 4_000


def test_of_many_examples_some_stand_at_some_landmarks_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Four neighbours by number at a time: all at the latest landmark, a third at each earlier."""
    made = history({f"c{i:02}": [(ago, 5.0) for ago in (1, 250)] for i in range(24)})
    study = LandmarkStudy.of(HistorySource(made), DAY, 100, SETTINGS)
    days = landmark_days(made.span[0], day_number(DAY), 100)
    assert len(days) == 5

    def units() -> list[list[int]]:
        (found,) = study.examples(lapse_outcome(study))
        assert found is not None
        return [sorted(found.unit[found.day == day].tolist()) for day in days]

    assert units() == [list(range(24))] * 5
    monkeypatch.setattr(sample, "_MOST_ROWS", 24 * 5)
    assert units() == [list(range(24))] * 5
    monkeypatch.setattr(sample, "_MOST_ROWS", 24 * 5 - 1)
    assert units()[1:] == [[i for i in range(24) if (i // 4 + k) % 2 == 0] for k in range(1, 5)]
    monkeypatch.setattr(sample, "_MOST_ROWS", 24 * 2)
    third = [[i for i in range(24) if (i // 4 + k) % 3 == 0] for k in range(1, 5)]
    assert units() == [list(range(24)), *third]


def test_a_lapse_is_no_order_from_the_landmark_to_the_end_of_the_horizon() -> None:
    """The landmark is 60 days before the day, and the last day of the horizon 31 days before."""
    made = history(
        {
            "before": [(100, 5.0), (61, 5.0)],
            "on": [(100, 5.0), (60, 5.0)],
            "last": [(100, 5.0), (31, 5.0)],
            "after": [(100, 5.0), (30, 5.0)],
            "return": [(100, 5.0), (40, -5.0)],
            "later": [(60, 5.0)],
        }
    )
    study = LandmarkStudy.of(HistorySource(made), DAY, 30, SETTINGS)
    landmark = study.examples(lapse_outcome(study))[0]
    assert landmark is not None
    chosen = landmark.day == day_number(DAY) - 60
    names = numbered(made)[landmark.unit[chosen]].tolist()
    assert names == made.customers[:5].tolist()
    assert landmark.outcome[chosen].tolist() == [True, False, False, True, True]


def test_a_rise_is_class_a_at_an_end_of_thirty_days_within_the_horizon() -> None:
    """By the money of the last full month: of March, and then of April, of May and of June."""
    b = (100, 200.0)  # on the 23rd of March
    lines = {
        "never": [b, (40, 200.0)],
        "first": [b, (80, 1000.0)],
        "second": [b, (45, 1000.0)],
        "end": [b, (10, 1000.0)],
        "late": [b, (0, 1000.0)],
        "already": [(100, 1000.0)],
        "c": [(100, 1.0), (10, 1000.0)],
        "old": [(300, 200.0), (10, 1000.0)],
    }
    made = history(lines)
    study = LandmarkStudy.of(
        HistorySource(made), DAY, 70, Settings(period="1M", bucket="D", abc=Limits(1000, 100))
    )
    (found,) = study.examples(rise_outcome(study))
    assert found is not None
    chosen = found.day == day_number(DAY) - 70
    names = numbered(made)[found.unit[chosen]].tolist()
    assert names == ["never", "first", "second", "end", "late"]
    assert found.outcome[chosen].tolist() == [False, True, True, True, False]
    assert found.columns["value_to_limit"][chosen].tolist() == [0.2] * 5
    assert found.focus.all()


def test_figures_of_the_rule_by_hand() -> None:
    """Money and orders of a horizon go by the pace of the last year, or of 90 days at least."""
    lines = {
        "steady": [(k, 100.0) for k in range(10, 400, 30)],
        "late": [(k, 90.0) for k in range(100, 150, 10)],
        "quiet": [(100, 700.0), (110, 700.0)],
        "young": [(5, 50.0), (20, -20.0)],
        "small": [(200, 1.0), (400, 30.0)],
    }
    made = history(lines)
    settings = Settings(period="12M", abc=Shares(0.9, 0.95))
    risk = lapse_of(made, DAY, 45, settings=settings, learn=False)
    assert (risk.basis, risk.horizon_days) == ("rule", 45)
    assert np.isnan(risk.probability).all()
    assert np.isnan(risk.expected_loss).all()
    rows = {who: i for i, who in enumerate(risk.customers.tolist())}
    # Tenure: 370, 140, 110, 5 and 400 days.
    money = {"steady": 1200 * 45 / 365, "late": 450 * 45 / 140, "quiet": 1400 * 45 / 110,
             "young": 30 * 45 / 90, "small": 1 * 45 / 365}  # fmt: skip
    assert {who: risk.money[i] for who, i in rows.items()} == pytest.approx(money)
    orders = {"steady": 12 * 45 / 365, "late": 5 * 45 / 140, "quiet": 2 * 45 / 110,
              "young": 1 * 45 / 90, "small": 1 * 45 / 365}  # fmt: skip
    assert {who: risk.orders[i] for who, i in rows.items()} == pytest.approx(orders)
    # Class A first, then by the money.
    assert risk.customers.tolist() == ["quiet", "steady", "late", "young", "small"]
    assert risk.abc.tolist() == [0, 0, 0, 2, 2]
    # Silent for 95 days since the last sale of all, where the usual gaps of class A, ten and
    # thirty days, stand in for those of a customer with fewer than five.
    assert risk.late.tolist() == [True, False, True, False, False]
    assert risk.named.tolist() == [0, 2]
    months = np.zeros((2, 24))
    months[0, 20], months[1, 20], months[1, 19] = 1400, 90 * 3, 90 * 2
    assert risk.months.tolist() == months.tolist()
    assert risk.months_of(0) == tuple(months[0])
    assert risk.months_of(1) == ()
    assert risk.segment.tolist() == [-1] * 5
    assert risk.usual_gaps[:2].tolist() == [10.0, 30.0]
    plain = risk.to_dict()
    assert (plain["basis"], plain["horizon_days"], plain["judged"]) == ("rule", 45, None)
    assert plain["customers"][1] == {
        "customer": "steady",
        "segment": "N",
        "probability": None,
        "money": 147.95,
        "expected_loss": None,
        "reasons": [],
    }
    first = plain["customers"][0]
    assert first["reasons"] == ["100 days silent, usual 10, longest 10"]
    part = risk.take(np.array([1, 2, 4]))
    assert part.customers.tolist() == ["steady", "late", "small"]
    assert part.months.tolist() == months[1:].tolist()
    assert (part.months_of(1), part.months_of(0)) == (tuple(months[1]), ())
    assert part.facts_of(1)["tenure"] == 140


def test_money_of_months_before_a_day() -> None:
    made = history({"a": [(1, 5.0), (30, 3.0), (31, 2.0), (31, -1.0)], "b": [(7, 1.0)],
                    "c": [(729, 9.0), (730, 8.0), (731, 7.0)]})  # fmt: skip
    found = monthly_sums(made, DAY, np.array([0, 2]))
    assert found.shape == (2, 24)
    assert found[0, -2:].tolist() == [1.0, 8.0]
    assert found[1, :2].tolist() == [17.0, 0.0]
    # From the 29th of June on: the months end with the 28th.
    found = monthly_sums(made, DAY - timedelta(days=2), np.array([0]))
    assert found[0, -2:].tolist() == [1.0, 3.0]


def test_without_examples_customers_of_b_stand_by_their_value() -> None:
    made = history({"a": [(5, 1000.0)], "b": [(5, 100.0)], "c": [(5, 150.0)], "d": [(5, 1.0)]})
    found = rise_of(made, DAY, 30, settings=Settings(abc=Shares(0.7, 0.999)))
    assert found.basis == "none"
    assert found.customers.tolist() == ["c", "b"]
    assert found.missing.tolist() == [850.0, 900.0]
    assert np.isnan(found.probability).all()
    assert found.certainty(0) == (0, 0)


def test_nobody_without_an_order_is_late() -> None:
    """Whatever the last days of the customers beside it."""
    made = history({
        "a": [(-5, -1.0)],
        "b": [(200 + 7 * k, 10.0) for k in range(9)],
        "c": [(0, -3.0)],
        "d": [(7 * k, 10.0) for k in range(9)],
    })  # fmt: skip
    late = HistorySource(made).late(np.zeros(4, dtype=np.int8), 0.9, 5)
    assert dict(zip(made.customers.tolist(), late.tolist(), strict=True)) == {
        "a": False, "b": True, "c": False, "d": False,
    }  # fmt: skip

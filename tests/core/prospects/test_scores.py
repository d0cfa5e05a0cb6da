"""Lead scores: points, grades, explanations and scorecards."""

from __future__ import annotations

import json
import math
import time
import tomllib
from contextlib import nullcontext
from datetime import date, datetime
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from abcxyz.core.prospects.scorecard import DEFAULT, Bin, Scorecard, default_scorecard
from abcxyz.core.prospects.scores import ProspectScores, score_prospect, score_prospects
from abcxyz.errors import ConfigError, InputError

PRIORITY = """
[[attributes]]
name = "turnover"
kind = "number"
neutral = 20
bins = [
  { upto = 120e6, points = 5, en = "micro firm by turnover", ru = "микропредприятие по обороту", say_en = "micro firm", say_ru = "микропредприятие" },
  { points = 40, en = "large firm by turnover", ru = "крупная компания по обороту", say_en = "large firm", say_ru = "крупная компания" },
]
[[attributes]]
name = "employees"
kind = "number"
neutral = 15
bins = [
  { upto = 15, points = 4, en = "micro firm by staff", ru = "микропредприятие по численности", say_en = "micro firm", say_ru = "микропредприятие" },
  { points = 30, en = "large firm by staff", ru = "крупная компания по численности", say_en = "large firm", say_ru = "крупная компания" },
]
[[attributes]]
name = "industry"
kind = "category"
neutral = 10
bins = [
  { values = ["Стройка"], points = 20, en = "priority industry", ru = "приоритетная отрасль", say_en = "…of a priority industry", say_ru = "…из приоритетной отрасли" },
  { points = 2, en = "no priority industry", ru = "неприоритетная отрасль", say_en = "…outside the priority industries", say_ru = "…не из приоритетной отрасли" },
]
"""  # noqa: E501 - a line per bin
CARD = Scorecard.from_dict(tomllib.loads(PRIORITY))

LEAD = st.fixed_dictionaries(
    {
        "turnover": st.floats(0, 1e12) | st.none(),
        "employees": st.integers(0, 10**6) | st.none(),
        "industry": st.sampled_from(["стройка", " СТРОЙКА ", "еда", "", None]),
        "status": st.sampled_from(["", "active", "банкротство", None]),
    }
)


@given(LEAD)
def test_points_add_up(lead: dict[str, object]) -> None:
    """Points of a lead add up to its score exactly, within 0 and 100."""
    for card in (DEFAULT, CARD):
        one = score_prospect(lead, card)
        exact = sum(Fraction(part) for part in one.points.values())
        assert Fraction(one.score) == exact
        assert 0 <= exact <= 100


@given(st.lists(LEAD, min_size=1, max_size=8))
def test_many_are_scored_as_one_by_one(leads: list[dict[str, object]]) -> None:
    """A table of leads gets the scores of its leads one by one."""
    table = {name: [lead[name] for lead in leads] for name in leads[0]}
    for card in (DEFAULT, CARD):
        assert [score_prospect(lead, card) for lead in leads] == list(score_prospects(table, card))


@pytest.mark.parametrize(
    ("turnover", "points"),
    [
        (120e6, 5),
        (120e6 + 1, 15),
        (800e6, 15),
        (800e6 + 1, 28),
        (2000e6, 28),
        (2000e6 + 1, 40),
    ],
)
def test_class_limits_belong_to_the_lower_class(turnover: float, points: float) -> None:
    """A firm exactly at a legal income limit is in the lower class."""
    assert points == score_prospect({"turnover": turnover}).points["turnover"]


@pytest.mark.parametrize(
    ("staff", "points"), [(15, 4), (16, 12), (100, 12), (101, 21), (250, 21), (251, 30)]
)
def test_staff_limits(staff: int, points: float) -> None:
    """A firm exactly at a legal staff limit is in the lower class."""
    assert points == score_prospect({"employees": staff}).points["employees"]


def test_default_weights() -> None:
    """The default card gives at most 40, 30, 20 and 10 points."""
    data = default_scorecard().to_dict()
    for place, points in ((2, 20), (3, 10)):
        data["attributes"][place]["bins"] = [{"values": ["x"], "points": points}]
    most = [one.most for one in Scorecard.from_dict(data).attributes]
    assert most == [40, 30, 20, 10]


def test_silence_is_not_low() -> None:
    """A lead without any known attribute is not scored, rather than P-C."""
    assert score_prospect({}).grade is None
    unknown = score_prospect({"industry": "retail", "region": "77", "turnover": float("nan")})
    assert (unknown.grade, unknown.coverage) == (None, 0.0)
    assert unknown.sentence("ru") == "Данных мало, лид не оценён. Уточните: оборот, численность."
    assert unknown.verdict.queue == "clarify"


def test_coverage_at_its_limit_is_scored() -> None:
    """A lead with exactly the minimum coverage is graded."""
    weights = {"turnover": 36, "employees": 26, "industry": 28}
    total = sum(weights.values())
    data = CARD.to_dict()
    data["attributes"][0]["bins"][0]["points"] = 4  # weight 36
    data["attributes"][2]["bins"] = [{"values": ["стройка"], "points": 28}]
    data["attributes"][2]["neutral"] = 0
    data["least_coverage"] = 36 / total
    card = Scorecard.from_dict(data)
    assert score_prospect({"turnover": 1}, card).grade == "P-C"
    assert score_prospect({"employees": 1}, card).grade is None


def test_knockout() -> None:
    """A bankrupt firm is P-C for that reason, without points or probability."""
    card = evolve(DEFAULT, calibration=(0.0, 0.1))
    one = score_prospect({"turnover": 9e9, "employees": 999, "status": " Банкротство "}, card)
    assert (one.grade, one.score, one.against_in("ru")) == (
        "P-C",
        0.0,
        ("компания в банкротстве",),
    )
    assert one.probability is None
    assert (
        one.sentence("ru")
        == "Лид с низким потенциалом. Компания в банкротстве. Не звонить без проверки."
    )
    assert one.verdict.queue == "check"


def test_sentence_of_the_salesperson() -> None:
    """Reasons that share a noun are joined into one phrase."""
    one = score_prospect(
        {"turnover": "3 000 000 000,0", "employees": "300", "industry": "стройка"}, CARD
    )
    assert (one.grade, one.score) == ("P-A", 90.0)
    assert (
        one.sentence("ru")
        == "Лид с высоким потенциалом. Крупная компания из приоритетной отрасли. "
        "Рекомендуется личный звонок РОПа."
    )
    assert (
        one.sentence("en") == "A lead of high potential. Large firm of a priority industry. "
        "A personal call by the head of sales is advised."
    )
    assert one.reasons_in("ru") == (
        "крупная компания по обороту",
        "крупная компания по численности",
        "приоритетная отрасль",
    )


def test_sentence_without_a_noun() -> None:
    """A continuing reason gets a noun, and different nouns are written in full."""
    lead = {"turnover": 1, "employees": 300, "industry": "стройка"}
    mixed = score_prospect(lead, evolve(CARD, cuts=(99, 5)))
    assert mixed.reasons_in("ru") == ("крупная компания по численности", "приоритетная отрасль")
    assert "Компания из приоритетной отрасли" in score_prospect(
        {"industry": "стройка"}, evolve(CARD, least_coverage=0.0)
    ).sentence("ru")
    low = score_prospect({"turnover": 1, "industry": "еда"}, evolve(CARD, least_coverage=0.0))
    assert "Микропредприятие не из приоритетной отрасли" in low.sentence("ru")
    sizes = evolve(
        CARD.attributes[1],
        bins=[evolve(CARD.attributes[1].bins[0], points=16), CARD.attributes[1].bins[1]],
    )
    card = evolve(CARD, attributes=[CARD.attributes[0], sizes])
    assert "Крупная компания по обороту, микропредприятие по численности" in score_prospect(
        {"turnover": 9e9, "employees": 1}, card
    ).sentence("ru")


def test_at_most_five_reasons() -> None:
    """Of seven reasons each way the five strongest are listed in order."""
    attributes = [
        {"name": f"a{k}", "kind": "category", "neutral": 7, "bins": [
            {"values": ["good"], "points": 7 + k * 0.5, "en": f"good {k}"},
            {"values": ["bad"], "points": 7 - k * 0.5, "en": f"bad {k}"}]}
        for k in range(1, 8)
    ]  # fmt: skip
    card = Scorecard.from_dict({"attributes": attributes})
    good = score_prospect({f"a{k}": "good" for k in range(1, 8)}, card)
    bad = score_prospect({f"a{k}": "bad" for k in range(1, 8)}, card)
    assert (good.reasons, good.against) == (("good 7", "good 6", "good 5", "good 4", "good 3"), ())
    assert (bad.reasons, bad.against) == ((), ("bad 7", "bad 6", "bad 5", "bad 4", "bad 3"))


def test_special_numbers_and_other_words() -> None:
    """A special number has its bin; unlisted categories fall into the last bin."""
    card = Scorecard.from_dict(
        {
            "attributes": [
                {"name": "pdays", "kind": "number", "neutral": 1, "bins": [
                    {"values": [-1], "points": 9}, {"upto": 10, "points": 5}, {"points": 3}]},
                {"name": "source", "kind": "category", "neutral": 2, "bins": [
                    {"values": ["Site"], "points": 7}, {"points": 4}]},
            ]
        }
    )  # fmt: skip
    scores = score_prospects(
        {"pdays": [-1, -2, 10, 11, None], "source": ["site ", "x", "", None, "SITE"]}, card
    )
    assert scores.points.tolist() == [[9, 7], [5, 4], [5, 2], [3, 2], [1, 7]]
    assert (scores.known.tolist()) == [
        [True] * 2,
        [True] * 2,
        [True, False],
        [True, False],
        [False, True],
    ]


def test_attributes_of_an_enricher() -> None:
    """Attributes of an enricher are scored under their ids."""
    scores = score_prospects(
        {"L_7": {"turnover": 3e9, "employees": 900}, "L_8": {"status": "bankrupt"}, "L_9": {}}
    )
    assert scores.ids.tolist() == ["L_7", "L_8", "L_9"]
    assert scores.grade.tolist() == [0, 2, -1]
    assert len(score_prospects({})) == 0
    assert score_prospects({}).to_records() == []


def test_overdue_and_queue() -> None:
    """P-A leads without timely contact are overdue and lead the queue."""
    scores = score_prospects({"turnover": [3e9] * 4 + [1.0], "employees": [900] * 4 + [1]})
    old, now, later = date(2026, 1, 1), date(2026, 1, 10), date(2026, 1, 11)
    created = [old, old, date(2026, 1, 9), old, old]
    contacted = [None, old, None, later, None]
    assert scores.overdue(created, contacted, as_of=now).tolist() == [0, 3]
    assert scores.to_records()[0]["suggested_queue"] == "head_of_sales"
    assert scores.to_frame()["grade"].tolist() == ["P-A"] * 4 + ["P-C"]
    contacts = ["2025-12-31T23:59:59+03:00", datetime(2026, 1, 1, 9), pd.NaT, "", None]  # noqa: DTZ001
    assert scores.overdue(contacts, [None] * 5, as_of=now).tolist() == [0, 1]
    with pytest.raises(InputError, match="created holds 'soon' at position 0"):
        scores.overdue(["soon", *contacts[1:]], [None] * 5, as_of=now)
    with pytest.raises(InputError, match="5 leads, 1 date "):
        scores.overdue([old], [None], as_of=now)


def test_records_are_json() -> None:
    """A record survives JSON, hostile ids included, and has the routing fields."""
    hostile = ['<script>"=1', "\u202eэто\U0001f600", "x" * 10_000]
    scores = score_prospects({"lead": hostile, "turnover": [3e9] * 3, "employees": [900] * 3})
    records = json.loads(json.dumps(scores.to_records(), allow_nan=False))
    assert hostile == [one["lead"] for one in records]
    wanted = "grade score points coverage confidence probability basis reasons against"
    assert {*wanted.split(), "sentence", "sentence_ru", "suggested_queue"} <= set(records[0])
    assert "<script>" not in scores._repr_html_()
    lines = scores.to_json_lines().split("\n")
    assert [json.loads(line) for line in lines[:-1]] == records
    assert lines[-1] == ""


def test_one_careless_card_does_not_stop_the_others() -> None:
    """Text in a numeric field is refused, or reported and treated as unknown."""
    table = {"employees": ["900", "many", ""], "turnover": [3e9, 3e9, 3e9]}
    with pytest.raises(InputError, match="'many' at position 1"):
        score_prospects(table)
    scores = score_prospects(table, strict=False)
    assert scores.score.tolist() == [85.0, 70.0, 70.0]
    assert [(one.position, one.attribute, one.value) for one in scores.unreadable] == [
        (1, "employees", "many")
    ]


def test_confidence_follows_coverage() -> None:
    """Confidence is high with all attributes known, medium or low with fewer."""
    levels = [
        score_prospect(lead).confidence
        for lead in ({"turnover": 1, "employees": 1}, {"employees": 1})
    ]
    assert levels == ["high", "low"]


def test_rewritten_words() -> None:
    """A scorecard may replace texts and the queue of a grade."""
    data = DEFAULT.to_dict() | {
        "verdicts": {"P-A": {"advice_ru": "Звонит директор", "queue": "vip"}}
    }
    one = score_prospect({"turnover": 3e9, "employees": 900}, Scorecard.from_dict(data))
    assert one.sentence("ru") == "Лид с высоким потенциалом. Крупная компания. Звонит директор."
    assert one.to_record()["suggested_queue"] == "vip"


def test_a_million_leads_in_seconds() -> None:
    """A million leads are scored in far less than ten seconds."""
    n, rng = 1_000_000, np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "turnover": rng.lognormal(18, 2, n),
            "employees": rng.integers(1, 2000, n),
            "industry": rng.choice(np.array(["a", "b", "стройка"], dtype=object), n),
            "status": rng.choice(np.array(["active", "bankrupt"], dtype=object), n),
        }
    )
    start = time.perf_counter()
    scores = score_prospects(frame, CARD)
    assert time.perf_counter() - start < 10
    assert n == len(scores)
    some = rng.integers(0, n, 50).tolist()
    rows = frame.iloc[some].to_dict("records")
    assert [score_prospect(row, CARD) for row in rows] == [scores[i] for i in some]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cuts": [40, 70]}, "cuts"),
        ({"basis": "guess"}, "guess"),
        ({"least_coverage": 2}, "least_coverage"),
        ({"calibration": [float("nan"), 1]}, "calibration"),
        ({"unknown": 1}, "cannot be read"),
        ({"attributes": []}, "at least one"),
        ({"attributes": [{"nam": "x"}]}, "cannot be read"),
        ({"attributes": [{"name": "x", "kind": "text", "neutral": 0}]}, "'text'"),
        ({"attributes": [{"name": "x", "kind": "number", "neutral": 101}]}, "between"),
        ({"attributes": [{"name": "x", "kind": "number", "neutral": float("inf")}]}, "cannot be"),
        ({"verdicts": {"P-D": {"en": "x"}}}, "P-D"),
        ({"abcxyz_scorecard": 99}, "format 99"),
    ],
)
def test_wrong_cards_are_refused(change: dict[str, Any], words: str) -> None:
    """An invalid scorecard is refused with the wrong key or value."""
    with pytest.raises(ConfigError, match=words):
        Scorecard.from_dict(CARD.to_dict() | change)


@pytest.mark.parametrize(
    ("kind", "bins", "words"),
    [
        ("number", [{"upto": 5, "points": 1}], "let upto rise"),
        ("number", [{"upto": 5, "points": 1}, {"upto": 5, "points": 1}, {"points": 1}], "rise"),
        *(
            (kind, [{"upto": limit, "points": 1, **more}, *last], "let upto rise")
            for kind, more, last in (
                ("number", {}, [{"points": 1}]),
                ("number", {"values": ["1"]}, [{"points": 1}]),
                ("category", {"values": ["a"]}, []),
            )
            for limit in (float("nan"), float("-inf"))
        ),
        ("number", [{"values": ["few"], "points": 1}, {"points": 1}], "'few'"),
        ("category", [{"values": ["a"], "points": 1}, {"values": ["A "], "points": 2}], "once"),
        ("category", [{"points": 1}, {"values": ["a"], "points": 2}], "only the last"),
        ("category", [{"values": "abc", "points": 1}], "square brackets"),
    ],
)
def test_wrong_bins_are_refused(kind: str, bins: list[Any], words: str) -> None:
    """Bins that overlap, leave a gap or have no number are refused."""
    with pytest.raises(ConfigError, match=words):
        Scorecard.from_dict(
            {"attributes": [{"name": "x", "kind": kind, "neutral": 0, "bins": bins}]}
        )


def test_card_survives_json() -> None:
    """A scorecard survives JSON, texts and report included."""
    card = evolve(
        CARD,
        verdicts={"P-A": {"queue": "vip"}},
        report={"date": "2026-11-01"},
        calibration=(-3.25, 0.0625),
        basis="fitted",
    )
    again = Scorecard.from_json(card.to_json())
    assert card == again
    assert dict(card.verdicts) == dict(again.verdicts)
    assert Scorecard.from_json(DEFAULT.to_json()) == DEFAULT
    for damaged in ("", "[1]", "{", "[" * 100_000):
        with pytest.raises(ConfigError):
            Scorecard.from_json(damaged)


def test_results_cannot_be_changed() -> None:
    """The arrays of a result are read-only."""
    scores: ProspectScores = score_prospects({"turnover": [1.0]})
    with pytest.raises(ValueError, match="read-only"):
        scores.score[0] = 100
    assert Bin(1.0) == Bin(1.0)


def test_probability_by_hand() -> None:
    """The logistic function of intercept and slope times score."""
    scores = score_prospects({"turnover": [1, 3e9]}, evolve(DEFAULT, calibration=(-2.0, 0.05)))
    expected = [1 / (1 + math.exp(2.0 - 0.05 * one)) for one in scores.score.tolist()]
    assert scores.probability.tolist() == pytest.approx(expected, abs=1e-15)
    assert 0.1 < scores.probability[0] < scores.probability[1] < 0.9
    none = score_prospects({"turnover": [1]}, evolve(DEFAULT, calibration=None))
    assert np.isnan(none.probability).all()


@pytest.mark.parametrize(
    ("change", "good"),
    [
        ({"cuts": (100, 100)}, True),
        ({"cuts": (100.5, 40)}, False),
        ({"cuts": (0, 0)}, True),
        ({"cuts": (0, -0.5)}, False),
        ({"least_coverage": 0.0}, True),
        ({"least_coverage": -0.01}, False),
        ({"least_coverage": 1.0}, True),
        ({"least_coverage": 1.01}, False),
        ({"calibration": (0.0, 0.0)}, True),
        ({"calibration": (0.0, math.inf)}, False),
    ],
)
def test_limits_of_a_card(change: dict[str, Any], good: bool) -> None:
    """The largest and the smallest values are allowed."""
    with nullcontext() if good else pytest.raises(ConfigError):
        evolve(DEFAULT, **change)


def test_who_is_knocked_out_has_no_probability_among_others() -> None:
    """By the first knock-out of the card as by any other."""
    leads = {"turnover": [9e9] * 3, "status": ["Ликвидация", "Банкротство", None]}
    scores = score_prospects(leads, evolve(DEFAULT, calibration=(0.0, 0.1)))
    assert scores.knockout.tolist() == [0, 1, -1]
    assert np.isnan(scores.probability).tolist() == [True, True, False]
    verdicts = scores.scorecard.verdicts
    assert [scores.verdict(i) for i in range(2)] == [verdicts["knockout"]] * 2
    assert scores.verdict(2) != verdicts["knockout"]


def test_a_card_says_its_cuts_with_one_decimal() -> None:
    card = evolve(DEFAULT, cuts=(62.25, 40))
    assert card.explain().endswith("P-A from 62.2, P-B from 40.0")
    assert card.explain("ru").splitlines()[-1].count(",") == 3

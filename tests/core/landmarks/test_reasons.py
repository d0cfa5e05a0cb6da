"""Reasons of many probabilities at once, against the ranking of one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from abcxyz.core.landmarks.model import Card, Part
from abcxyz.core.landmarks.reasons import (
    GROUPS,
    Reasons,
    is_known,
    pushes_of,
    reason,
    sentences,
    strongest,
)
from abcxyz.core.prospects.attributes import Attribute, Bin
from abcxyz.core.prospects.simple import Curve


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("named", [True, False])
def test_many_are_ranked_like_one(seed: int, named: bool) -> None:
    draw = np.random.default_rng(seed)
    n = 60
    facts = {
        name: np.where(draw.random(n) < 0.3, np.nan, draw.normal(size=n).round(1))
        for name in ("silence", "tenure", "same_season", "missing", "returned")
    }
    names = draw.permutation(list(GROUPS))[: draw.integers(0, len(GROUPS) + 1)].tolist()
    # Rounded log-odds are often equal, so that the names decide, or too small to be a reason.
    pushes = {name: draw.normal(0, 0.4, n).round(1) for name in names}
    late = draw.random(n) < 0.5
    reasons = Reasons(pushes, facts, first=("silence", late) if named else None)
    for i in range(n):
        own = reasons.facts_of(i)
        raising, lowering = strongest(
            {name: float(push[i]) for name, push in pushes.items() if is_known(name, own)}
        )
        if named and late[i] and is_known("silence", own):
            raising = ["silence", *(name for name in raising if name != "silence")]
            lowering = [name for name in lowering if name != "silence"]
        assert reasons.groups(i) == (tuple(raising[:3]), tuple(lowering[:3]))


FACTS = {
    "silence": 41.0, "orders": 5.0, "own_gap": 20.4, "longest": 33.0, "orders_90": 3.0,
    "orders_180": 8.0, "money_90": 1200.0, "money_180": 3000.0, "mean_order": 450.0,
    "irregularity": 0.4, "tenure": 700.0, "same_season": 2.0, "returned": 80.0, "abc": 0.0,
    "before": 1.0, "missing": 500.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("group", "change", "sentence"),
    [
        ("silence", {}, "41 days silent, usual 20, longest 33"),
        ("silence", {"orders": 2.0}, "41 days silent, usual 20, longest 33"),
        ("silence", {"orders": 1.0}, "41 days silent after a single order"),
        ("silence", {"silence": math.nan}, ""),
        ("orders", {}, "orders in 90 days: 3, in the 90 before: 5"),
        ("money", {}, "bought in 90 days for 1,200, in the 90 before for 1,800"),
        ("size", {}, "mean order: 450"),
        ("regularity", {}, "orders at even intervals"),
        ("regularity", {"irregularity": 0.99}, "orders at even intervals"),
        ("regularity", {"irregularity": 1.0}, "orders at uneven intervals"),
        ("tenure", {}, "a customer for 700 days"),
        ("tenure", {"tenure": math.nan}, ""),
        ("season", {}, "orders in this season a year ago: 2"),
        ("season", {"same_season": math.nan}, ""),
        ("returns", {}, "returns in 180 days: 80"),
        ("returns", {"returned": 0.0}, ""),
        ("class", {}, "class A, a quarter ago B"),
        ("class", {"before": 0.0}, "class A, as a quarter ago"),
        ("class", {"abc": 2.0, "before": 3.0}, "class C, a quarter ago N"),
        ("class", {"abc": 3.0, "before": -1.0}, "class N, as a quarter ago"),
        ("value", {}, "500 short of class A"),
        ("value", {"missing": -4.0}, "0 short of class A"),
        ("value", {"missing": math.nan}, ""),
        ("attribute:region", {}, "the attribute region"),
        ("anything", {}, ""),
    ],
)
def test_a_reason_in_words(group: str, change: dict[str, float], sentence: str) -> None:
    facts = {**FACTS, **change}
    assert reason(group, facts, "en") == sentence
    assert sentences(["size", group], facts, "en") == [
        "mean order: 450",
        *filter(None, [sentence]),
    ]
    assert is_known(group, facts) is (sentence != "" or group == "anything")


def test_what_hardly_moves_a_probability_is_no_reason() -> None:
    pushes = {"a": 0.15, "b": -0.15, "c": 0.149, "d": -0.149, "e": 0.3, "f": -0.4, "g": 0.3}
    assert strongest(pushes) == (["e", "g", "a"], ["f", "b"])


def test_groups_move_an_example_off_the_average() -> None:
    def part(name: str, values: list[float], mean: float) -> Part:
        bins = (Bin(points=0, upto=10), Bin(points=1))
        attribute = Attribute(name=name, kind="number", neutral=0, bins=bins)
        return Part(attribute, np.array(values), mean, 1.0)

    card = Card(
        -3.0,
        (
            part("silence", [-1.0, 2.0, 0.5], 0.25),
            part("rhythm", [0.0, 1.0, 0.0], 0.5),
            part("attribute:staff", [0.1, 0.2, 0.3], 0.2),
        ),
    )
    columns = {
        "silence": np.array([5.0, 20.0, math.nan]),
        "rhythm": np.array([20.0, 5.0, 20.0]),
        "attribute:staff": np.array([1.0, 11.0, math.nan]),
        "other": np.zeros(3),
    }
    found = pushes_of(card, columns)
    assert list(found) == ["silence", "attribute:staff"]
    assert found["silence"] == pytest.approx([-1 - 0.25 + 0.5, 2 - 0.25 - 0.5, 0.5 - 0.25 + 0.5])
    assert found["attribute:staff"] == pytest.approx([-0.1, 0.0, 0.1])
    assert pushes_of(None, columns) == {}
    curve = Curve("silence", False, 7.0, 1.0, 2.0)
    found = pushes_of(curve, columns)
    # Log-odds of 11, 41 and 15, the middle one of which is the average.
    assert list(found) == ["silence"]
    assert found["silence"].tolist() == [-4.0, 26.0, 0.0]
    assert pushes_of(curve, {"silence": np.zeros(0)})["silence"].tolist() == []

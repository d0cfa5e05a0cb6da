"""Cuts of the tangent rule by one pass against the passes one after the other."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from abcxyz import Tangent, classify_abc
from abcxyz.core import one_pass
from abcxyz.core.classes.classify import cut_amounts
from abcxyz.core.exact_sums import BLOCK
from abcxyz.core.one_pass import survey_once
from abcxyz.core.sums import Survey, survey
from abcxyz.errors import InputError
from abcxyz.loops import route

pytest.importorskip("numba")

SIZE = 40 * BLOCK + 777


@pytest.fixture(autouse=True)
def large_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """Estimate as closely as for a column ten times as long."""
    monkeypatch.setattr(one_pass, "_STRETCH", 1024)


def money() -> Any:
    return np.round(np.random.default_rng(8).lognormal(8, 0.7, SIZE), 2)


def at(place: int, value: float) -> Callable[[], Any]:
    return lambda: np.where(np.arange(SIZE) == place, value, money())


def small() -> Any:
    return np.sort(np.round(np.random.default_rng(9).lognormal(1, 0.3, SIZE), 2))


def draw() -> Any:
    return np.random.default_rng(9).random(SIZE)


COLUMNS: dict[str, Callable[[], Any]] = {
    "any order": money,
    "whole blocks": lambda: money()[: 40 * BLOCK],
    "few of them differ": lambda: np.floor(draw() * 400) / 4,
    "even": draw,
    "rising": small,
    "falling": lambda: small()[::-1].copy(),
    "one has nearly all": at(5, 1e14),
    "many zeros": lambda: np.where(draw() < 0.6, 0.0, money()),
    "all equal": lambda: np.full(SIZE, 0.1),
    "all zero": lambda: np.zeros(SIZE),
    "a return": at(SIZE - 5, -1.0),
    "a return among them": at(5 * BLOCK, -1.0),
    "a missing one": at(SIZE // 2, math.nan),
    "less than the smallest normal number": lambda: money() * 1e-313,
    "whole numbers": lambda: (money() * 100).astype(np.int64),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_the_classes_are_those_of_three_passes(kind: str) -> None:
    values = COLUMNS[kind]()
    with route("numba"):
        (cuts, codes), column = cut_amounts(survey(values), Tangent()), survey_once(values)
        (ours, our_codes), plain = cut_amounts(column, Tangent()), survey(values)
    for name in ("count", "total", "low", "high"):
        assert getattr(column, name) == getattr(plain, name), name
    assert ours.first == cuts.first
    assert ours.second == pytest.approx(cuts.second, rel=2**-50)
    assert our_codes.tobytes() == codes.tobytes()


@pytest.mark.parametrize("kind", ["any order", "whole blocks", "falling", "even"])
def test_one_pass_is_enough(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    values = COLUMNS[kind]()
    with route("numba"):
        expected = cut_amounts(survey(values), Tangent())
        column = survey_once(values)
        # A second pass would find other values.
        monkeypatch.setattr(Survey, "below", lambda *_: (1, math.nan))
        monkeypatch.setattr(Survey, "codes", lambda *_: None)
        cuts, codes = cut_amounts(column, Tangent())
    assert cuts.second == pytest.approx(expected[0].second, rel=2**-50)
    assert codes.tobytes() == expected[1].tobytes()


def test_values_on_the_cut_and_on_the_limits_are_decided_as_everywhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Values that equal a cut, or an end of an interval, fall on the side of the better class."""
    values = money()
    with route("numba"):
        limits = one_pass._estimate(values)
        assert limits is not None
        mean = survey(values).total / SIZE
        near = [mean, mean * (1 - 2**-50), math.nextafter(mean, 0), limits.low, limits.high]
        near += [limits.rest_low, limits.rest_high, math.nextafter(limits.low, 0)]
        values[7 : 7 + len(near)] = near
        values[-len(near) :] = near
        monkeypatch.setattr(one_pass, "_estimate", lambda _: limits)
        cuts, codes = cut_amounts(survey_once(values), Tangent())
        again, plain = cut_amounts(survey(values), Tangent())
    assert cuts.second == pytest.approx(again.second, rel=2**-50)
    assert codes.tobytes() == plain.tobytes()


def test_a_wrong_estimate_costs_time_only(monkeypatch: pytest.MonkeyPatch) -> None:
    values = money()
    wrong = one_pass._Limits(3.0, 2.0, 1.5, 1.0)
    with route("numba"):
        expected = cut_amounts(survey(values), Tangent())
        monkeypatch.setattr(one_pass, "_estimate", lambda _: wrong)
        cuts, codes = cut_amounts(survey_once(values), Tangent())
    assert cuts == expected[0]
    assert codes.tobytes() == expected[1].tobytes()


def test_the_last_digit_does_not_depend_on_the_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    values = money()
    found = []
    with route("numba"):
        for threads in (1, 2):
            monkeypatch.setattr("abcxyz.loops.threads.thread_count", lambda n=threads: n)
            found.append(classify_abc(values))
    assert found[0].cuts == found[1].cuts
    assert found[0].codes.tobytes() == found[1].codes.tobytes()


@pytest.mark.parametrize("value", [math.inf, 1e308])
def test_too_large_values_are_refused_as_everywhere(value: float) -> None:
    values = money()
    values[3 * BLOCK : 3 * BLOCK + 9] = value
    with route("numba"), pytest.raises(InputError) as refused:
        survey_once(values)
    with pytest.raises(InputError) as plain:
        survey(values)
    assert str(refused.value) == str(plain.value)

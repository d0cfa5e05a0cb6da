"""Optional traits of a classification rule."""

from __future__ import annotations

from typing import Any

import pytest

from abcxyz import CumulativeMean, Cuts, Limits, Shares, Tangent, classify_abc, classify_xyz
from abcxyz.core.classes.rule_traits import is_signless, single_order_is_z
from abcxyz.core.sums import Survey

ONCE = [[0.0, 30.0], [10.0, 10.0], [-10.0, -20.0]]


class Plain:
    """Custom rule with the `cut` method only."""

    def cut(self, values: Any, /) -> Cuts:
        return Cuts(20.0, 10.0) if max(values) > 20 else Cuts(0.5, 5.0)


class Lenient(Plain):
    """Custom rule without special treatment of single orders and negative means."""

    single_order = False
    signless = True


class Surveyed(Plain):
    """Custom rule with `cut_survey`."""

    def cut_survey(self, column: Survey) -> Cuts:
        return Cuts(column.high, column.high)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Plain(), (True, False)),
        (Lenient(), (False, True)),
        (Tangent(), (True, False)),
        (Limits(), (True, False)),
        (Shares(), (True, False)),
        (CumulativeMean(), (False, True)),
        (object(), (True, False)),
    ],
)
def test_traits(rule: object, expected: tuple[bool, bool]) -> None:
    """By default a rule makes single orders Z and looks at the sign of the mean."""
    assert expected == (single_order_is_z(rule), is_signless(rule))
    for chosen in (True, False):
        assert single_order_is_z(rule, chosen) is chosen


def test_they_decide_the_classes() -> None:
    """The traits decide the classes of single orders and negative means."""
    assert classify_xyz(ONCE, Plain()).labels.tolist()[0] == "Z"
    lenient = classify_xyz(ONCE, Lenient())
    assert lenient.labels.tolist()[0] != "Z"
    assert lenient.cv[2] == pytest.approx(1 / 3)
    assert not classify_xyz(ONCE, Plain()).cv[2] > 0


def test_a_surveyed_column_is_cut_by_it() -> None:
    """`cut_survey` is used instead of `cut` where a rule has it."""
    assert classify_abc([30.0, 15.0, 5.0], Plain()).labels.tolist() == ["A", "B", "C"]
    assert classify_abc([30.0, 15.0, 5.0], Surveyed()).labels.tolist() == ["A", "C", "C"]

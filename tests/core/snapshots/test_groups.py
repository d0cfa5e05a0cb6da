"""Groups of the BCG matrix, with customers who lack a class."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from attrs import evolve

from abcxyz import Grouping, Settings, Snapshot, Transactions, analyze, customer_groups
from abcxyz.core.classes.segments import SEGMENTS
from abcxyz.core.snapshots.groups import group_names


def snapshot(rows: list[tuple[int, int, str]]) -> Snapshot:
    """Return a snapshot of customers: codes of ABC and of XYZ, and the day of the first sale."""
    names = [f"c{i}" for i in range(len(rows))]
    sales = Transactions(names, [date(2026, 1, 5)] * len(rows), [5.0] * len(rows))
    made = analyze(sales, as_of=date(2026, 3, 1), settings=Settings(period="2M")).snapshot
    abc, xyz, first = zip(*rows, strict=True)
    return evolve(
        made,
        abc=np.array(abc, np.int8),
        xyz=np.array(xyz, np.int8),
        first_day=np.array(first, "M8[D]"),
    )


ROWS = [
    (0, 2, "2026-01-05"), (0, 0, "2026-01-05"), (1, 1, "2026-01-05"), (2, 0, "2026-01-05"),
    (-1, 1, "2026-01-05"), (-1, 0, "NaT"), (1, -1, "2026-01-05"), (1, -1, "NaT"),
    (-1, -1, "2025-01-05"), (-1, -1, "NaT"),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::abcxyz.errors.MeaninglessClassesWarning")
def test_who_lacks_a_class_is_a_question_lost_or_a_chance() -> None:
    names = group_names()
    found = [names[code] for code in customer_groups(snapshot(ROWS))]
    assert found == [
        *("stars", "cows", "questions", "dogs"),
        *("questions", "questions", "lost", "potential", "lost", "potential"),
    ]


@pytest.mark.filterwarnings("ignore::abcxyz.errors.MeaninglessClassesWarning")
def test_without_a_group_of_questions_they_are_in_the_last_one() -> None:
    grouping = Grouping({"best": ["AX"], "good": ["AY", "BX"], "fair": ["BY"], "rest": [
        one for one in SEGMENTS if one not in ("AX", "AY", "BX", "BY")
    ]})  # fmt: skip
    assert group_names(grouping) == ("best", "good", "fair", "rest", "potential", "lost")
    found = [group_names(grouping)[code] for code in customer_groups(snapshot(ROWS), grouping)]
    assert found == [
        *("rest", "best", "fair", "rest"),
        *("rest", "rest", "lost", "potential", "lost", "potential"),
    ]
    assert not customer_groups(snapshot(ROWS)).flags.writeable

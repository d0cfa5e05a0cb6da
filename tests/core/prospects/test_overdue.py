"""Leads that were not contacted in time."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest

from abcxyz import InputError
from abcxyz.core.prospects.overdue import overdue_leads

AS_OF = date(2026, 3, 10)


@pytest.mark.parametrize(
    ("created", "contacted", "late"),
    [
        # Two days are the limit: the third is one too many.
        (date(2026, 3, 7), None, True),
        (date(2026, 3, 8), None, False),
        (date(2026, 3, 7), date(2026, 3, 10), False),
        (date(2026, 3, 7), date(2026, 3, 11), True),
        (datetime(2026, 3, 7, 23, tzinfo=UTC), "", True),
        (" 2026-03-07T10:00:00 ", "  ", True),
        ("2026-03-07", "2026-03-09", False),
        (None, None, False),
        (math.nan, None, False),
        (np.datetime64("NaT", "D"), None, False),
        ("2026-03-07", np.datetime64("NaT", "D"), True),
    ],
)
def test_a_lead_of_the_best_grade(created: Any, contacted: Any, late: bool) -> None:
    grades = np.array([1, 0, -1, 0], np.int8)
    found = overdue_leads(grades, [created] * 4, [contacted] * 4, as_of=AS_OF, days=2)
    assert found.tolist() == ([1, 3] if late else [])
    assert found.dtype == np.int64


def test_what_is_no_date_is_told_by_its_place() -> None:
    """Of the leads that count; a long text is cut."""
    grades = np.array([1, 0], np.int8)
    with pytest.raises(InputError) as told:
        overdue_leads(grades, ["soon", "x" * 70], [None, None], as_of=AS_OF, days=1)
    assert str(told.value) == (
        f"created holds '{'x' * 60}' at position 1, which is not a date; write it as 2026-11-01"
    )
    with pytest.raises(InputError, match="contacted holds 'soon' at position 1"):
        overdue_leads(grades, [None, AS_OF], [None, "soon"], as_of=AS_OF, days=1)
    for born, met, dates in (([None], [None] * 2, "date"), ([None] * 2, [None], "dates")):
        with pytest.raises(InputError) as told:
            overdue_leads(grades, born, met, as_of=AS_OF, days=1)
        assert str(told.value) == (
            f"there are 2 leads, {len(born)} {dates} of creation and {len(met)} of contact; pass "
            "one of each per lead"
        )

"""Requests and their answers, beside a search through all activities."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from abcxyz.crm.reports.service.requests import _earliest, _first_after

_pairs = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9)), max_size=12)


def columns(pairs: list[tuple[int, int]]) -> tuple[Any, Any]:
    rows = np.array([one for one, _ in pairs], dtype=np.int64)
    return rows, np.array([one for _, one in pairs], dtype=np.int64).astype("M8[s]")


@given(
    activities=_pairs,
    requests=st.lists(st.tuples(st.integers(-1, 5), st.integers(0, 9)), max_size=8),
    strict=st.booleans(),
)
def test_the_first_answer_is_found(
    activities: list[tuple[int, int]], requests: list[tuple[int, int]], strict: bool
) -> None:
    """Of several requests of one deal each has its own; a request of no deal has none."""
    found = _first_after(*columns(activities), *columns(requests), strict=strict)
    for (deal, since), answer in zip(requests, found.astype(np.int64).tolist(), strict=True):
        after = [at for row, at in activities if row == deal and at >= since + strict]
        assert answer == (min(after) if after else np.iinfo(np.int64).min)


@given(_pairs)
def test_the_earliest_moment_of_every_row(pairs: list[tuple[int, int]]) -> None:
    rows, moments = _earliest(*columns(pairs))
    expected = {row: min(at for one, at in pairs if one == row) for row, _ in pairs}
    assert dict(zip(rows.tolist(), moments.astype(int).tolist(), strict=True)) == expected
    assert rows.tolist() == sorted(expected)

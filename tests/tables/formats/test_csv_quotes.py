"""Quotes of a CSV: the quick look at a block of rows against the careful one."""

from __future__ import annotations

from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from abcxyz.tables.formats import csv_quotes

ROWS = st.text(alphabet='"a,\n\r', max_size=20).map(str.encode)


@given(ROWS, st.integers(1, 4))
def test_quick_look_finds_the_same_suspicious_rows(block: bytes, cached: int) -> None:
    """Whatever part of a block is looked at at once."""
    with mock.patch.object(csv_quotes, "_CACHED", cached):
        quick = list(csv_quotes._suspicious(block, ","))
    with mock.patch.object(csv_quotes, "_are_plain", return_value=False):
        assert quick == list(csv_quotes._suspicious(block, ","))

"""Numbers, tables and short forms of results as people read them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from attrs import field, frozen

from abcxyz.core.display import (
    Tabular,
    brief,
    class_counts,
    html_table,
    percent,
    plain_number,
    points,
    short_repr,
)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0"),
        (7.0, "7"),
        (-7.5, "-7.50"),
        (9_999.5, "9,999.50"),
        (10_000.0, "10,000"),
        (10_000.4, "10,000"),
        (9_999.994, "9,999.99"),
        (-10_000.4, "-10,000"),
        (math.inf, "inf"),
        (math.nan, "nan"),
    ],
)
def test_a_number_has_decimals_where_they_say_something(value: float, written: str) -> None:
    assert plain_number(value) == written


def test_shares_and_their_differences() -> None:
    assert percent(0.71674) == "71.7%"
    assert percent(0.71674, decimals=0) == "72%"
    assert percent(math.nan) == "–"
    assert points(0.0) == "0.0 points"
    assert points(0.0004) == "0.0 points"
    assert points(0.0006) == "+0.1 points"
    assert points(-0.0006) == "-0.1 points"
    assert points(math.nan) == "–"


def test_a_table_escapes_every_cell() -> None:
    assert html_table("<c>", ["<h>", "i"], [["<a>", "b"], ["&", "d"]]) == (
        "<table><caption>&lt;c&gt;</caption>"
        "<thead><tr><th>&lt;h&gt;</th><th>i</th></tr></thead>"
        "<tbody><tr><td>&lt;a&gt;</td><td>b</td></tr><tr><td>&amp;</td><td>d</td></tr></tbody>"
        "</table>"
    )


def test_classes_are_counted_with_those_that_nobody_has() -> None:
    codes = np.array([0, 0, -1, 2, -1, -1], dtype=np.int8)
    assert class_counts(codes, "ABC") == "A 2, B 0, C 1, not classified 3"
    assert class_counts(codes[:2], "ABC") == "A 2, B 0, C 0"
    assert class_counts(np.zeros(1234, np.int8), "AB") == "A 1,234, B 0"


@frozen
class Record:
    """Result with fields of every kind."""

    numbers: object
    few: object = (1, 2, 3, 4, 5)
    many: object = (1, 2, 3, 4, 5, 6)
    hidden: object = field(default=7, repr=False)

    __repr__ = short_repr


def test_large_fields_are_summarised() -> None:
    assert repr(Record(np.zeros((2, 3), np.int8))) == (
        "Record(numbers=int8[2, 3], few=(1, 2, 3, 4, 5), many=tuple[6])"
    )
    text = "x" * 118  # with its quotes as long as a field is shown
    record = Record(text, few=text + "x", many=dict.fromkeys("abcdef"))
    assert repr(record) == f"Record(numbers={text!r}, few=str(…), many=dict[6])"
    assert brief(record, "one", "", "two") == "Record(one; two)"


def test_a_table_says_how_it_is_written() -> None:
    class Silent(Tabular):
        pass

    class Said(Tabular):
        def to_html(self, lang: str = "en") -> str:
            return f"<p>{lang}</p>"

    with pytest.raises(TypeError, match="to_html"):
        Silent()  # type: ignore[abstract]
    assert Said()._repr_html_() == "<p>en</p>"

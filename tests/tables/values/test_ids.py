"""Identifiers: one customer is one text, and lost digits are refused."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz.errors import InputError
from abcxyz.tables.values.ids import id_form, parse_ids, respelled


def read(*cells: object) -> list[str | None]:
    """Read a column of identifiers."""
    ids: list[str | None] = parse_ids(cells, id_form(cells)).tolist()
    return ids


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("17850", "17850"),
        ("17850.0", "17850"),
        ("17850,0", "17850"),
        ("17850.00", "17850"),
        ("17850 ", "17850"),
        ("\u00a017850\u200b", "17850"),
        (17850, "17850"),
        (17850.0, "17850"),
        (Decimal("17850.00"), "17850"),
        (np.int64(4611686018427387905), "4611686018427387905"),
        ("4611686018427387905", "4611686018427387905"),
        ('="00012"', "00012"),
        ("'00012", "00012"),
        ("'+7 900", "+7 900"),
        ("'t Hof", "'t Hof"),
        ("'80s Records", "'80s Records"),
        ("00012", "00012"),
        ("00012.0", "00012.0"),
        ("1.000", "1.000"),
        ("A\u00a0\u2009 B", "A B"),
        ("ООО\u00a0«Е\u0308лка»", "ООО «Ёлка»"),
        ("1E5", "1E5"),
        ("12E+5X", "12E+5X"),
        ("NA", "NA"),
        ("Null", "Null"),
        ("0", "0"),
    ],
)
def test_one_text_for_each(cell: object, expected: str) -> None:
    """A whole number has no fraction, and a text single blanks; zeros in front stay."""
    assert [expected] == read(cell)


def test_fractions_of_a_column_that_has_others() -> None:
    """Where identifiers have decimals, such as sections of a catalogue, ``1.0`` is not 1."""
    assert read("1.0", "1", "1.10") == ["1.0", "1", "1.10"]


@pytest.mark.parametrize(
    "cell",
    ["NULL", r"\N", "#N/A", "nan", "-", "", "  ", "\u200b", None, float("nan"), "#Н/Д", "(пусто)"],
)
def test_missing(cell: object) -> None:
    """Markers of a missing value are no customers."""
    assert read(cell) == [None]


@pytest.mark.parametrize(
    "cell", ["7,70708E+9", "7.70708E+11", "1E+05", "4.61168601842739E18", 4.6e18, "1e+05"]
)
def test_lost_digits_are_refused(cell: object) -> None:
    """An identifier in scientific notation, or a float too large for it, is refused."""
    with pytest.raises(InputError, match=r"scientific notation.*export it again"):
        read(cell)


def test_shortened_numbers_beside_long_ones() -> None:
    """R shortens a number only where it loses no digit."""
    assert read("40436331303", "4.0128e+10") == ["40436331303", "40128000000"]


def test_respelled() -> None:
    """The second spelling of an identifier is counted, one with the same spelling is not."""
    cells = ["Ann", "Ann ", "Bob", "17", "17.0", None]
    assert respelled(cells, parse_ids(cells, id_form(cells))).tolist() == [
        *(False, True, False, False, True, False)
    ]


@given(
    st.lists(st.integers(0, 10**15).map(str), min_size=1, max_size=8),
    st.sampled_from(["{}", "{}.0", " {}", "{}\u00a0", "\u200b{}", "{}.00 ", "\ufeff{}\t"]),
)
def test_spellings_of_whole_numbers(numbers: list[str], spelling: str) -> None:
    """A number has one identifier in any spelling."""
    assert numbers == read(*(spelling.format(one) for one in numbers))

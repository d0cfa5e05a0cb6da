"""Long values as few bytes: numbers by their bytes, texts by their characters, and as text."""

from __future__ import annotations

import gzip
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.report.page.unpack import read, unpacked

from abcxyz.report.page.packing import _gzipped, packed, written

NAN = math.nan
MANY = 70

#: Columns of numbers, of which each is longer than what stays in the JSON.
NUMBERS: dict[str, list[float]] = {
    "small": [float(n % 7) for n in range(MANY)],
    "negative": [float((-1) ** n * n * 1000) for n in range(MANY)],
    "unknown": [NAN if n % 3 else float(n) for n in range(MANY)],
    "falling": [float(10**9 - n * n) for n in range(MANY)],
    "falling, then unknown": [float(MANY - n) if n < 60 else NAN for n in range(MANY)],
    "equal": [5.0] * MANY,
    "hundredths": [n / 100 for n in range(MANY)],
    "negative hundredths": [NAN, *(-n * 0.37 for n in range(1, MANY))],
    "thirds": [n / 3 for n in range(MANY)],
    "large": [1e15 + n for n in range(MANY)],
    "too large": [1e18 * n for n in range(MANY)],
    "nothing known": [NAN] * MANY,
    "few": [1.0, NAN, -2.5],
    "none": [],
}

TEXTS: dict[str, list[str]] = {
    "numbered": [f"C{n}" for n in range(MANY)],
    "filled up": [f"client-{n:05}" for n in range(MANY)],
    "whole": [str(n * 7919) for n in range(MANY)],
    "filled up differently": [f"C{n:0{1 + n % 3}}" for n in range(MANY)],
    "long numbers": [f"{10**20 + n}" for n in range(MANY)],
    "other digits": ["C1", *(f"C{n}٣" for n in range(MANY))],
    "a dot": ["C.1", *(f"CX{n}" for n in range(MANY))],
    "Cyrillic": [f"ООО «Ёлка {n}»" for n in range(MANY)],
    "faces": [f"{chr(0x1F600 + n)} ы" for n in range(MANY)],
    "many characters": ["".join(chr(0x4E00 + 9 * n + k) for k in range(9)) for n in range(MANY)],
    "empty": [""] * MANY,
    "a line end": [f"a\nb{n}" for n in range(MANY)],
    "few": ["a", ""],
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_are_the_same_to_the_last_bit(name: str) -> None:
    column = np.array(NUMBERS[name])
    known = [None if one != one else one for one in column.tolist()]
    assert known == unpacked(packed({"column": column}))["column"]


@pytest.mark.parametrize("name", TEXTS)
def test_texts_are_the_same(name: str) -> None:
    assert TEXTS[name] == unpacked(packed({"column": TEXTS[name]}))["column"]


@given(
    numbers=st.lists(st.integers(-(10**9), 10**9).map(lambda n: n / 100), min_size=MANY),
    texts=st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))),
)
def test_any_columns_are_the_same(numbers: list[float], texts: list[str]) -> None:
    """Beside each other, within other values, and a text alone."""
    joined = "·".join(texts)
    document = {"a": {"b": np.array(numbers)}, "c": [texts, joined, None, 1, {"d": texts}]}
    made = unpacked(packed(document))
    assert {"a": {"b": numbers}, "c": [texts, joined, None, 1, {"d": texts}]} == made


def test_whole_numbers_stay_whole() -> None:
    made = unpacked(packed({"codes": np.arange(-1, MANY), "few": np.array([3, -1])}))
    assert json.dumps(made) == json.dumps({"codes": [*range(-1, MANY)], "few": [3, -1]})


def test_what_cannot_be_encoded_is_replaced() -> None:
    made = unpacked(packed({"long": "a\ud800" * MANY, "short": "\ud800"}))
    assert {"long": "a?" * MANY, "short": "?"} == made


def test_columns_are_smaller_than_as_json() -> None:
    """Sorted amounts, amounts in no order, codes, identifiers and names in Cyrillic."""
    rng = np.random.default_rng(1)
    amounts = rng.lognormal(9, 1.2, 20_000).round()
    who = rng.permutation(100_000)[:20_000].tolist()
    columns: dict[str, tuple[Any, float]] = {
        "sorted": (-np.sort(-amounts), 0.5),
        "amounts": (amounts, 0.85),
        "codes": (rng.integers(0, 40, 20_000), 0.85),
        "ids": ([f"C{n:06}" for n in who], 0.8),
        "names": ([f"ООО «{'аеиоу'[n % 5]}лка{n}»" for n in who], 0.9),
    }
    for name, (column, share) in columns.items():
        listed = column if isinstance(column, list) else column.tolist()
        plain = json.dumps(listed, ensure_ascii=False, separators=(",", ":")).encode()
        assert len(packed({name: column})) < share * len(gzip.compress(plain, 6)), name


def test_amounts_that_look_random_are_smaller_than_their_matches() -> None:
    """The rough amounts of many customers: letters of a few levels in no order."""
    letters = np.frombuffer(b" !#$%&'()*+,-", dtype=np.uint8)
    rough = np.random.default_rng(1).choice(letters, 60_000).tobytes()
    names = b"".join(b'"Company %d",' % n for n in range(5000))
    made = _gzipped(names, rough)
    assert gzip.decompress(made) == names + rough
    assert len(made) < 0.9 * len(gzip.compress(names + rough, 6))


@given(st.binary(max_size=30))
def test_bytes_are_text_without_the_signs_of_tags_and_entities(content: bytes) -> None:
    text = written(content)
    assert content == read(text)
    assert not set('<&"') & set(text)
    assert text.isascii()
    assert text.isprintable()
    assert len(text) == 1 + 2 * math.ceil(len(content) * 8 / 13)

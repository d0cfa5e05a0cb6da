"""Plain values of documents: what each kind of value becomes, and what is refused."""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from abcxyz.core.documents import (
    DOCUMENTS,
    VERSION,
    codes_from,
    days_from,
    finite,
    head,
    json_schema,
    json_text,
    labels_or_none,
    numbers_from,
    or_nan,
    plain_list,
    plain_value,
    reading,
    rounded,
)
from abcxyz.errors import InputError
from abcxyz.toolkit.catalogue import Catalogue


class Mine(float):
    """A number of another class."""


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (None, None), (True, True), (7, 7), ("x", "x"), (1.5, 1.5), (math.nan, None),
        (-math.inf, None), (Mine(2.5), 2.5), (Mine("nan"), None), (np.float64("inf"), None),
        (np.int64(5), 5), (np.bool_(True), True), (np.datetime64("2026-01-02"), "2026-01-02"),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, 3, tzinfo=UTC), "2026-01-02T03:00:00+00:00"),
        ({1: math.nan, "b": (2, [np.int8(3)])}, {"1": None, "b": [2, [3]]}),
        (MappingProxyType({2: {"c": math.inf}}), {"2": {"c": None}}),
        ([math.nan, "x", date(2026, 1, 2)], [None, "x", "2026-01-02"]),
        ((), []),
    ],
)  # fmt: skip
def test_plain_values(value: Any, plain: Any) -> None:
    found = plain_value(value)
    assert found == plain
    assert type(found) is type(plain)


def test_a_message_is_its_english_sentence() -> None:
    found = plain_value({"why": Catalogue().message("learned from {rows} examples", rows=3)})
    assert found == {"why": "learned from 3 examples"}
    assert type(found["why"]) is str


def test_what_is_no_number_is_none_and_back() -> None:
    assert [finite(one) for one in (1, 2.5, math.nan, math.inf, -math.inf)] == [
        1.0, 2.5, None, None, None,
    ]  # fmt: skip
    assert [rounded(one, 1) for one in (2.349, math.nan, math.inf)] == [2.3, None, None]
    assert type(rounded(5, 0)) is float
    assert math.isnan(or_nan(None))
    assert or_nan(3) == 3.0


def test_columns_and_back() -> None:
    days = np.array(["2026-01-02", "NaT"], "M8[s]")
    assert plain_list(days) == ["2026-01-02", None]
    assert plain_list(np.array([1.5, math.nan, math.inf])) == [1.5, None, None]
    assert plain_list(np.array([1, 2])) == [1, 2]
    assert plain_list(np.array(["a", None, math.nan], object)) == ["a", None, None]
    assert days_from(["2026-01-02", None]).astype(str).tolist() == ["2026-01-02", "NaT"]
    whole, broken = numbers_from([1, 2]), numbers_from([1, None])
    assert (whole.tolist(), whole.dtype.kind) == ([1, 2], "i")
    assert (broken[0], math.isnan(broken[1]), broken.dtype.kind) == (1.0, True, "f")
    assert numbers_from([1, 2.0]).dtype.kind == "f"
    assert numbers_from([1, True]).dtype.kind == "f"
    codes = np.array([0, 2, -1], np.int8)
    assert labels_or_none(codes, "ABC") == ["A", "C", None]
    assert codes_from(["A", "C", None], "ABC").tolist() == [0, 2, -1]


def test_lists_have_a_line_for_each_entry() -> None:
    value = {"n": 2, "a": [{"b": [1, 2]}, 3], "none": [], "empty": {}, "late": lambda: {"x": "é"}}
    assert json_text(value) == (
        '{\n  "n": 2,\n  "a": [\n    {"b": [1, 2]},\n    3\n  ],\n  "none": [],\n  "empty": {},\n'
        '  "late": {\n    "x": "é"\n  }\n}'
    )
    assert json.loads(json_text([1, date(2026, 1, 2)])) == [1, "2026-01-02"]
    with pytest.raises(ValueError, match="JSON compliant"):
        json_text({"n": math.nan})


def read(data: Any, kind: str = "alerts") -> None:
    with reading(data, kind):
        data["missing"]


def test_other_documents_are_refused_with_what_they_are() -> None:
    assert (
        head("alerts")
        == {"type": "abcxyz.alerts", "version": VERSION}
        == {
            "type": "abcxyz.alerts",
            "version": 1,
        }
    )
    with pytest.raises(InputError, match=r"of the type None, and 'abcxyz.alerts' is needed"):
        read({})
    with pytest.raises(InputError, match=r"of the type 'list'"):
        read([])
    with pytest.raises(InputError, match=r"of the type 'abcxyz.summary'"):
        read(head("summary"))
    with pytest.raises(InputError, match="is of version 2, and this library reads 1"):
        read({**head("alerts"), "version": 2})
    with pytest.raises(InputError, match=r"document alerts cannot be read \('missing'\)"):
        read(head("alerts"))
    told = InputError("{name} is wrong", name="x")
    with pytest.raises(InputError) as found, reading(head("alerts"), "alerts"):
        raise told
    assert found.value is told


def test_every_document_has_its_schema() -> None:
    for kind in DOCUMENTS:
        schema = json_schema(kind)
        assert schema["properties"]["type"] == {"const": f"abcxyz.{kind}"}
    assert json_schema("analysis")["$defs"]["summary"] == json_schema("summary")
    with pytest.raises(InputError, match="there is no document 'x'; known are summary, snapshot"):
        json_schema("x")


def test_a_value_of_another_kind_stays() -> None:
    """It is left to the writer, who names it."""
    other = object()
    assert plain_value(other) is other
    assert plain_value({"a": [other]}) == {"a": [other]}

"""Arrays, query strings and numbers behave as in PHP."""

from __future__ import annotations

import doctest
from types import ModuleType
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.emulators.bitrix24 import php, portal, schema


@pytest.mark.parametrize("module", [portal, schema])
def test_runs_what_its_pages_show(module: ModuleType) -> None:
    """The examples in the docstrings of the emulator run and give the documented results."""
    seen = doctest.testmod(module)
    assert (seen.attempted > 0, seen.failed) == (True, 0)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("a=1&a=2", {"a": "2"}),
        ("a[]=1&a[]=2", {"a": ["1", "2"]}),
        ("a[x]=1&a[y][z]=2", {"a": {"x": "1", "y": {"z": "2"}}}),
        ("a[1]=x&a[0]=y", {"a": {"1": "x", "0": "y"}}),
        ("a[5]=x&a[]=y", {"a": {"5": "x", "6": "y"}}),
        ("filter[%3Eid]=5&select[0]=id", {"filter": {">id": "5"}, "select": ["id"]}),
        ("filter[>id]=5", {"filter": {">id": "5"}}),
        ("filter[<=id]=5", {"filter_<": "id]=5"}),
        ("a.b=1&c d=2", {"a_b": "1", "c_d": "2"}),
        ("a=%D0%AF+%26", {"a": "Я &"}),
        ("a", {"a": ""}),
        ("=1&&", {}),
        ("a[x]tail=1", {"a": {"x": "1"}}),
        ("a=1&a[x]=2", {"a": {"x": "2"}}),
        ("a[01]=x", {"a": {"01": "x"}}),
    ],
)
def test_reads_a_query_as_php_does(query: str, expected: dict[str, Any]) -> None:
    """Brackets, plus signs, repeated names and unclosed brackets mean what they mean in PHP."""
    assert expected == php.parse_str(query)


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_NAME = st.text("abcxyzЯ>=@!", min_size=1, max_size=5)
_TREE = st.recursive(
    _TEXT,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3), st.dictionaries(_NAME, inner, min_size=1)
    ),
    max_leaves=8,
)


def _encoded(path: str, value: object) -> list[str]:
    if isinstance(value, dict | list):
        return [
            pair
            for key, item in php.entries(value)
            for pair in _encoded(f"{path}[{quote_plus(key)}]", item)
        ]
    return [f"{path}={quote_plus(str(value))}"]


@given(_TREE)
def test_reads_back_what_is_encoded_once(tree: object) -> None:
    """Any nesting of lists and maps comes through a query string unchanged."""
    assert {"v": tree} == php.parse_str("&".join(_encoded("v", tree)))


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        ({}, []),
        ({"0": "a", "1": "b"}, ["a", "b"]),
        ({"1": "b", "0": "a"}, {"1": "b", "0": "a"}),
        ({"0": "a", "2": "b"}, {"0": "a", "2": "b"}),
        ({"c0": "a"}, {"c0": "a"}),
    ],
)
def test_encodes_an_array_as_php_does(array: dict[str, str], expected: object) -> None:
    """Only the keys 0, 1, 2 in this order make a list, and an empty map is one."""
    assert expected == php.shape(array)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", False),
        ("0", False),
        (0, False),
        (None, False),
        ([], False),
        ("false", True),
        ("N", True),
    ],
)
def test_takes_for_true_what_php_does(value: object, expected: bool) -> None:
    """The text "false" is true, and the text "0" is not."""
    assert expected is php.truthy(value)


@pytest.mark.parametrize(
    ("value", "expected"), [("12abc", 12), ("abc", 0), (" 7", 7), (None, 0), (True, 1), (3.9, 3)]
)
def test_takes_the_leading_digits(value: object, expected: int) -> None:
    """A text counts as the number that it begins with."""
    assert expected == php.integer(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$result[user][ID]", "7"),
        ("x$result[user][ID]y", "x7y"),
        ("$result[list][1][id]", "22"),
        ("$result[list][9][id]", "Array"),
        ("$result[nobody]", "Array"),
        ("$results", "$results"),
    ],
)
def test_substitutes_the_deepest_node(text: str, expected: str) -> None:
    """A path that ends too early gives the node where it ends, and an array is a bad text."""
    results = {"user": {"ID": "7"}, "list": [{"id": 11}, {"id": 22}]}
    assert {"v": [expected]} == php.substitute({"v": [text]}, results)

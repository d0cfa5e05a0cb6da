"""JSON that commands print."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz.core.documents import json_parts, json_text

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)  # fmt: skip


@given(values)
def test_json_reads_back_as_it_was(value: Any) -> None:
    assert json.loads(json_text(value)) == value


def test_each_entry_of_a_list_is_one_line() -> None:
    printed = json_text({"alerts": [{"key": "a", "facts": {"days": 3}}, {"key": "two\nlines"}]})
    assert printed.splitlines()[2:4] == [
        '    {"key": "a", "facts": {"days": 3}},',
        '    {"key": "two\\nlines"}',
    ]


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"a": {"b": float("nan")}}])
def test_a_number_that_json_lacks_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        json_text(value)


def test_a_function_is_called_when_its_turn_comes() -> None:
    """The plain values of a later part are not made while an earlier one is written."""
    called: list[str] = []

    def part(name: str) -> dict[str, Any]:
        called.append(name)
        return {"deals": [{"deal": name}]}

    pieces = json_parts({"win": lambda: part("a"), "stuck": lambda: part("b")})
    written = next(pieces)
    while '"deal": "a"' not in written:
        written += next(pieces)
    assert called == ["a"]
    written += "".join(pieces)
    assert written == json_text({"win": part("a"), "stuck": part("b")})

"""Tests of the query builder: literals, length limits, names."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.emulators.onec.base import parse

from abcxyz.errors import (
    InputError,
)
from abcxyz_onec.odata import query as q
from abcxyz_onec.odata.query import Query

_PARTNERS = Query("Catalog_Партнеры", ("Ref_Key", "Description"))


@given(st.text(max_size=40))
def test_any_text_survives_quoting(text: str) -> None:
    """Any quoted text is parsed back as the same text."""
    assert parse(f"Code eq {q.string(text)}")[3] == ("value", text)


@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=6, min_value=-(10**30), max_value=10**30
    )
)
def test_numbers_have_no_exponent(value: Decimal) -> None:
    """A number of any size is written in full."""
    assert parse(f"Сумма eq {q.number(value)}")[3] == ("value", value)


def test_split_respects_the_limits() -> None:
    """A long chain becomes several queries within the limit, with every condition."""
    links = [
        f"Ref_Key eq {q.guid(f'{n:032x}'[:8] + '-0000-4000-8000-' + f'{n:012x}')}"
        for n in range(101)
    ]
    queries = list(q.split(attrs.evolve(_PARTNERS, where="DeletionMark eq false"), links))
    assert max(len(each.path().partition("?")[2]) for each in queries) <= q.QUERY_LIMIT
    assert sum(each.where.count("Ref_Key eq") for each in queries) == 101
    assert all(each.where.startswith("DeletionMark eq false and (") for each in queries)


def test_a_query_past_the_limits_is_refused() -> None:
    """A query string over the limit of IIS is an error before it is sent."""
    with pytest.raises(InputError, match="2048"):
        attrs.evolve(_PARTNERS, where="Description eq " + q.string("Ж" * 500)).path()


@pytest.mark.parametrize("name", ["a b", "x)", "a'b", "$filter", ""])
def test_names_are_validated(name: str) -> None:
    """A name with other characters than letters, digits and underscores is an error."""
    with pytest.raises(InputError, match="cannot be a name"):
        Query("Catalog_X", (name,))

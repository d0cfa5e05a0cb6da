"""Checks that a portal honours the order and the conditions of a list."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from abcxyz.errors import BadDataError
from abcxyz_bitrix.rest.dialect import as_id

__all__ = ["PAGE", "check_among", "check_fields", "check_order", "ignored_selection"]

PAGE = 50
"""Rows of a page; the portal has no other size."""


def check_fields(rows: Iterable[Mapping[str, Any]], names: Iterable[str], method: str) -> None:
    """Check that every row holds these fields, an empty one too.

    Raises
    ------
    BadDataError
        A field is missing: taken for empty, it would give a wrong figure.
    """
    missing = {name for row in rows for name in names if name not in row}
    if missing:
        raise ignored_selection(method, sorted(missing))


def ignored_selection(method: str, names: Iterable[str]) -> BadDataError:
    """Return the error about selected fields that are not in an answer."""
    return BadDataError(
        "the answer to {method} lacks the selected fields {fields}; the portal ignores the "
        "selection, ask its support",
        method=method,
        fields=", ".join(names),
    )


def check_order(ids: Sequence[int], method: str, *, descending: bool = False) -> None:
    """Check that the rows of a full page are ordered by their ids; a short page is the whole list.

    Raises
    ------
    BadDataError
        They are not: the next page would leave rows out.
    """
    if len(ids) >= PAGE and list(ids) != sorted(ids, reverse=descending):
        raise BadDataError(
            "the portal ignores the order in {method}; the list cannot be read without gaps, ask "
            "the support of Bitrix24",
            method=method,
        )


def check_among(
    rows: Iterable[Mapping[str, Any]], name: str, values: Collection[int], method: str
) -> None:
    """Check that a portal honours a condition on the values of a field.

    Raises
    ------
    BadDataError
        A row has another value: then the page may lack rows that belong to it.
    """
    known = set(values)
    if any(name in row and as_id(row[name]) not in known for row in rows):
        raise BadDataError(
            "the portal ignores the condition on {name} in {method}; the list cannot be read "
            "without gaps, ask the support of Bitrix24",
            name=name,
            method=method,
        )

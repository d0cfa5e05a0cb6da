"""Traces of the adapter in the timeline of CRM objects: marks and titles of what it posts."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from abcxyz.toolkit.catalogue import languages
from abcxyz_bitrix.rest.dialect import as_id
from abcxyz_bitrix.words import text

__all__ = ["CONFIRMED", "MARK", "deal_title", "is_task", "made_by_adapter", "plain"]

MARK = "[abcxyz:"
"""Beginning of the mark in everything that the adapter posts."""

CONFIRMED = f"{MARK}task-"
"""Beginning of the mark in a task that a person confirmed, so that it is no alert's."""

_LONGEST = 2000  # characters of a message


def plain(text: str) -> str:
    r"""Disarm the BB codes, tags and control characters of a message.

    Examples
    --------
    >>> plain("[url=x]AB\u202e</b>[/url]")
    '(url=x)AB‹/b›(/url)'
    """
    printable = "".join(
        char if char == "\n" or unicodedata.category(char)[0] != "C" else "" for char in text
    )
    return printable.translate(str.maketrans("[]<>", "()‹›"))[:_LONGEST]


def deal_title(number: int, lang: str) -> str:
    """Return the title of the task about a stalled deal.

    Examples
    --------
    >>> deal_title(17, "en")
    'Deal 17 stands still'
    """
    return text("Deal {number} stands still", lang, number=number)


def is_task(entry: Mapping[str, Any]) -> bool:
    """Whether an entry of the timeline belongs to a task."""
    return "TASK" in str(entry.get("PROVIDER_ID") or "").upper()


def made_by_adapter(
    entry: Mapping[str, Any], deal: int, user: int, *, dedicated: bool = False
) -> bool:
    """Whether the adapter made an entry in the timeline of a deal.

    Parameters
    ----------
    user
        Id of the client's user.
    dedicated
        This user does no work in the CRM.

    Notes
    -----
    The entry of a task shows the task's text on some portals only, so its title counts too.
    """
    content = " ".join(
        str(entry.get(name) or "") for name in ("COMMENT", "DESCRIPTION", "SUBJECT")
    )
    if MARK in content:
        return True
    if as_id(entry.get("AUTHOR_ID")) != user:
        return False
    titles = {deal_title(deal, lang) for lang in languages()}
    return dedicated or any(title in content for title in titles)

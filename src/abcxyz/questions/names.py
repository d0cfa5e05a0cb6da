"""Directories of names: exact names are taken, everything else is only offered."""

from __future__ import annotations

import functools
import re
import tomllib
import unicodedata
from collections.abc import Iterable
from importlib import resources
from typing import Any

from attrs import frozen

from abcxyz.questions.cleaning import plain_id

__all__ = [
    "Directory",
    "Named",
    "is_organisation",
    "normalized",
    "similarity",
    "without_form",
    "word_tables",
]

_MOST_NEAR = 10
_LEAST_SCORE, _WITHIN = 75, 5
_SPLIT = re.compile(r"[^\w]+")


@functools.cache
def word_tables() -> dict[str, Any]:
    """Return the tables of words that questions are understood by."""
    file = resources.files("abcxyz.questions") / "words.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def normalized(written: str) -> str:
    """Return text without case, quotes, dashes and marks, so that spellings compare.

    Examples
    --------
    >>> normalized(" Acme-Trade, «LTD» ")
    'acme trade ltd'
    """
    plain = unicodedata.normalize("NFKC", written).casefold()
    return " ".join(_SPLIT.sub(" ", plain.replace(*word_tables()["same_letter"])).split())


def without_form(name: str) -> str:
    """Return a normalized name without the legal form of a company.

    Examples
    --------
    >>> without_form("acme ltd"), without_form("ltd")
    ('acme', 'ltd')
    """
    forms = word_tables()["legal_forms"]
    words = [one for one in name.split() if one not in forms]
    return " ".join(words) or name


def is_organisation(name: str) -> bool:
    """Return whether a name holds the legal form of a company: that of no natural person.

    Examples
    --------
    >>> is_organisation("Acme Ltd"), is_organisation("John Smith")
    (True, False)
    """
    return without_form(normalized(name)) != normalized(name)


@frozen
class Named:
    """One thing with a name: identifier as it is used, name, and what it belongs to."""

    id: Any
    name: str
    where: str = ""


class Directory:
    """Things of one kind that an argument may name.

    Parameters
    ----------
    things
        The things; a thing without a name has its identifier as the name.

    Examples
    --------
    >>> people = Directory([Named("17", "Smith John"), Named("18", "Smith Anna")])
    >>> [one.id for one in people.exact("smith john")], people.exact("Smith")
    (['17'], [])
    >>> [one.id for one in people.near("Smith")]
    ['17', '18']
    """

    def __init__(self, things: Iterable[Named]) -> None:
        self.things = tuple(things)

    @functools.cached_property
    def _by_id(self) -> dict[str, list[Named]]:
        table: dict[str, list[Named]] = {}
        for one in self.things:
            for key in {str(one.id), plain_id(one.id)}:
                table.setdefault(key, []).append(one)
        return table

    @functools.cached_property
    def _by_name(self) -> dict[str, list[Named]]:
        table: dict[str, list[Named]] = {}
        for one in self.things:
            full = normalized(one.name)
            for key in {full, without_form(full)}:
                table.setdefault(key, []).append(one)
        return table

    @functools.cached_property
    def _plain(self) -> list[str]:
        return [without_form(normalized(one.name)) for one in self.things]

    def with_ids(self, ids: Iterable[Any]) -> Directory:
        """Return a directory with more things, which have no names."""
        known = {one.id for one in self.things}
        return Directory((*self.things, *(Named(i, str(i)) for i in ids if i not in known)))

    def exact(self, written: str) -> list[Named]:
        """Return the things with exactly this identifier, or else exactly this name."""
        found = self._by_id.get(written)
        if found:
            return found
        name = normalized(written)
        return self._by_name.get(name) or self._by_name.get(without_form(name)) or []

    def near(self, written: str, *, least: float = _LEAST_SCORE) -> list[Named]:
        """Return up to ten things of a similar name, or with these words in it; best first."""
        words = set(normalized(written).split())
        parts = [
            one for one in self.things if words and words <= set(normalized(one.name).split())
        ]
        if parts:
            return parts[:_MOST_NEAR]
        return [one for one, _ in self.similar(written, least=least)][:_MOST_NEAR]

    def similar(self, written: str, *, least: float = _LEAST_SCORE) -> list[tuple[Named, float]]:
        """Return things of a similar spelling with their score of 0 to 100, the best first.

        Notes
        -----
        The score is the normalized similarity of edits of ``rapidfuzz``; without that package
        it is the ratio of ``difflib``. Only scores near the best are returned.
        """
        name = without_form(normalized(written))
        scored = [
            (one, similarity(name, without_form(normalized(one.name)))) for one in self.things
        ]
        best = max((score for _, score in scored), default=0.0)
        near = [pair for pair in scored if pair[1] >= max(least, best - _WITHIN)]
        return sorted(near, key=lambda pair: -pair[1])


def similarity(first: str, second: str) -> float:
    """Return how similar two words are, 0 to 100.

    Examples
    --------
    >>> similarity("matrx", "matrix") > 80, similarity("matrix", "weather") < 50
    (True, True)
    """
    try:
        from rapidfuzz.fuzz import ratio
    except ImportError:
        from difflib import SequenceMatcher

        return 100 * SequenceMatcher(None, first, second).ratio()
    return float(ratio(first, second))

"""Names in a question: whole or in part, in any of their forms."""

from __future__ import annotations

import functools
import re
from itertools import permutations

from attrs import evolve, frozen

from abcxyz.questions.names import Directory, Named, normalized, without_form, word_tables
from abcxyz.questions.phrases.tokens import Token, phrase_words

__all__ = ["NameSpan", "name_at", "word_forms"]

_LEAST_PART = 3
_PREFIX = 2
_CODE = re.compile(r"[\w:.-]*\d[\w:.-]*")


@frozen
class NameSpan:
    """A name in the words of a question: places, what it may mean, and whether all of it."""

    start: int
    end: int
    things: tuple[Named, ...]
    whole: bool


@functools.lru_cache(maxsize=50_000)
def word_forms(word: str) -> frozenset[str]:
    """Return a word with the endings of its other forms; Latin words have one form."""
    if not word or word.isascii():
        return frozenset({word})
    vowels = phrase_words()["vowels"]
    for rule in phrase_words()["endings"]:
        ending = rule["nominative"]
        if (
            word.endswith(ending)
            and len(word) > len(ending) + 1
            and (ending or word[-1] not in vowels)
        ):
            stem = word[: len(word) - len(ending)]
            return frozenset({word, *(stem + other for other in rule["others"])})
    return frozenset({word})


def name_at(
    tokens: list[Token], place: int, directory: Directory, *, numbers: bool, parts: bool
) -> NameSpan | None:
    """Return the longest name that begins at a place; whole names come before parts.

    Parameters
    ----------
    numbers
        Whether an identifier of digits alone counts, as after a word for its kind.
    parts
        Whether one word of a name counts.
    """
    token = tokens[place]
    index = _index_of(directory)
    if token.literal:
        found = directory.exact(token.raw)
        return NameSpan(place, place + 1, tuple(found), whole=True) if found else None
    forms = word_tables()["legal_forms"]
    if token.word in forms and place + 1 < len(tokens):
        inner = name_at(tokens, place + 1, directory, numbers=False, parts=False)
        return None if inner is None else evolve(inner, start=place)
    if numbers or not token.raw.isdigit():
        found = index.ids.get(token.raw.casefold(), [])
        if found:
            return NameSpan(place, place + 1, tuple(found), whole=True)
    best: list[Named] = []
    length = 0
    partly: list[Named] = []
    for thing, words in index.words.get(token.word[:_PREFIX], []):
        orders = permutations(words) if len(words) == 2 else (words,)
        for order in orders:
            if len(order) >= max(length, 1) and _matches(tokens, place, tuple(order)):
                best = [*best, thing] if len(order) == length else [thing]
                length = len(order)
                break
        if (
            parts
            and len(token.word) >= _LEAST_PART
            and any(token.word in word_forms(word) for word in words)
        ):
            partly.append(thing)
    if best:
        end = place + length
        while end < len(tokens) and tokens[end].word in forms:
            end += 1
        return NameSpan(place, end, tuple(best), whole=True)
    return NameSpan(place, place + 1, tuple(partly), whole=False) if partly else None


def _matches(tokens: list[Token], place: int, words: tuple[str, ...]) -> bool:
    if place + len(words) > len(tokens):
        return False
    return all(
        not token.literal and token.word in word_forms(word)
        for token, word in zip(tokens[place:], words, strict=False)
    )


@frozen
class _Index:
    """Things by identifier, and by the beginning of each word of their name."""

    ids: dict[str, list[Named]]
    words: dict[str, list[tuple[Named, tuple[str, ...]]]]


@functools.lru_cache(maxsize=16)
def _index_of(directory: Directory) -> _Index:
    index = _Index({}, {})
    for one in directory.things:
        index.ids.setdefault(str(one.id).casefold(), []).append(one)
        if one.name == str(one.id) and _CODE.fullmatch(one.name):
            continue  # found by its identifier
        words = tuple(without_form(normalized(one.name)).split())
        for beginning in {word[:_PREFIX] for word in words}:
            index.words.setdefault(beginning, []).append((one, words))
    return index

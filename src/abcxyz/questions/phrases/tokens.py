"""Words of a question: normalized, with literal names and segment codes kept."""

from __future__ import annotations

import functools
import re
import tomllib
import unicodedata
from importlib import resources
from typing import Any

from attrs import frozen

from abcxyz.core.classes.segments import ABC, SEGMENTS, XYZ, latin_code
from abcxyz.questions.names import normalized

__all__ = ["Token", "fits", "phrase_words", "segment_code", "tokens_of", "words_at"]

_LITERAL = re.compile("«([^«»]+)»|\"([^\"]+)\"|“([^”]+)”|‘([^’]+)’|(?<!\\w)'([^']+)'(?!\\w)")
_POSSESSIVE = re.compile(r"(?<=\w)['’]s\b")
_WORD = re.compile(r"\d{4}-\d{2}-\d{2}|\d{1,2}\.\d{1,2}\.\d{4}|\w+(?::\w+)+|\d+(?:[.,]\d+)?|\w+|₽")


@functools.cache
def phrase_words() -> dict[str, Any]:
    """Return the tables of words of arguments."""
    file = resources.files("abcxyz.questions.phrases") / "words.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


@frozen
class Token:
    """One word of a question: normalized, as written, and whether it was in quotes."""

    word: str
    raw: str
    literal: bool = False


def tokens_of(question: str) -> list[Token]:
    """Split a question into words; text in quotes is one literal token.

    Examples
    --------
    >>> [one.word for one in tokens_of("List 'Acme Ltd': open, C2:NEW?")]
    ['list', 'acme ltd', 'open', 'c2:new']
    """
    plain = _POSSESSIVE.sub("", unicodedata.normalize("NFKC", question))
    found = []
    place = 0
    for match in _LITERAL.finditer(plain):
        found += _words(plain[place : match.start()])
        inside = next(one for one in match.groups() if one is not None)
        found.append(Token(normalized(inside), inside.strip(), literal=True))
        place = match.end()
    return found + _words(plain[place:])


def _words(text: str) -> list[Token]:
    tokens = []
    for match in _WORD.finditer(text):
        raw = match.group()
        if re.fullmatch(r"\d+(?:[.,]\d+)?[^\W\d_]+", raw):
            number, unit = re.match(r"([\d.,]+)(.+)", raw).groups()  # type: ignore[union-attr]
            tokens += [Token(number, number), Token(unit.casefold(), unit)]
            continue
        word = raw.casefold().replace(*_same_letter())
        tokens.append(Token(word, raw))
    return tokens


@functools.cache
def _same_letter() -> tuple[str, str]:
    from abcxyz.questions.names import word_tables

    old, new = word_tables()["same_letter"]
    return old, new


def fits(word: str, pattern: str) -> bool:
    """Return whether a word is that of a pattern; ``*`` stands for any ending."""
    return word.startswith(pattern[:-1]) if pattern.endswith("*") else word == pattern


def words_at(tokens: list[Token], place: int, pattern: str) -> int:
    """Return how many tokens from *place* on a pattern takes; 0 for none."""
    parts = pattern.split("_")
    if place + len(parts) > len(tokens):
        return 0
    for token, part in zip(tokens[place:], parts, strict=False):
        if token.literal or not fits(token.word, part):
            return 0
    return len(parts)


def segment_code(raw: str) -> str:
    """Return the segment or class that a word is, also in letters that look alike; else empty.

    Examples
    --------
    >>> segment_code("ax"), segment_code("b"), segment_code("AD")
    ('AX', 'B', '')
    """
    code = latin_code(raw)
    return code if code in (*SEGMENTS, *ABC, *XYZ, "N") else ""

"""Ways to understand the words of a question: intents, and the names in it."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from importlib import resources
from types import MappingProxyType
from typing import Any

from attrs import frozen

from abcxyz.questions.catalogue import QUESTIONS
from abcxyz.questions.cleaning import plain_id
from abcxyz.questions.names import Directory
from abcxyz.questions.phrases.dates import spans_of
from abcxyz.questions.phrases.slots import Attempt, fill
from abcxyz.questions.phrases.spelling import NameSpan, name_at
from abcxyz.questions.phrases.tokens import Token, phrase_words, segment_code, words_at

__all__ = ["KnownNames", "attempts_of", "intents"]

_EMPTY = Directory(())


@frozen(eq=False)
class KnownNames:
    """Directories of the names that a question may hold, by argument."""

    stage: Directory = _EMPTY
    funnel: Directory = _EMPTY
    owner: Directory = _EMPTY
    source: Directory = _EMPTY
    customer: Directory = _EMPTY
    lead: Directory = _EMPTY

    def of(self, kind: str) -> Directory:
        """Return the directory of an argument."""
        directory: Directory = getattr(self, kind)
        return directory


@functools.cache
def intents() -> Mapping[str, Any]:
    """Return the patterns of the questions, the arguments they accept, and those they need."""
    file = resources.files("abcxyz.questions.phrases") / "intents.toml"
    return MappingProxyType(tomllib.loads(file.read_text(encoding="utf-8")))


def _accepted(tool: str) -> frozenset[str]:
    listed = intents()["accepts"].get(tool)
    if listed is None:
        listed = [one.name for one in QUESTIONS[tool].parameters]
    return frozenset(listed)


def _compare_at(tokens: list[Token]) -> tuple[int, int]:
    for place in range(len(tokens)):
        length = max(words_at(tokens, place, one) for one in phrase_words()["compare"])
        if length:
            return place, length
    return -1, 0


def attempts_of(tokens: list[Token], names: KnownNames, today: date) -> Iterator[Attempt]:
    """Yield every way in which the words of an intent are in a question, with its arguments."""
    compare, length = _compare_at(tokens)
    compared = set(range(compare, compare + length)) if compare >= 0 else set()
    marked = list(_marked(tokens, names))
    taken = {place for _, span, _ in marked for place in range(span.start, span.end)}
    spans = spans_of(tokens, today, taken | compared)
    reserved = {place for one in spans for place in range(one.start, one.end)} | taken | compared
    for tool, patterns in intents()["patterns"].items():
        accepted = _accepted(tool)
        for pattern in patterns:
            attempt = _begin(tool, pattern, accepted, tokens, reserved)
            if attempt is None:
                continue
            if tool == "why_changed":
                attempt.used |= compared
            for kind, span, marker in marked:
                if kind in accepted:
                    _put_name(attempt, kind, span)
                    attempt.used |= {marker} | _origin(tokens, marker)
            fill(attempt, tokens, spans, compare)
            _unmarked(attempt, tokens, names)
            _narrowed(attempt, names)
            yield attempt


def _begin(
    tool: str, pattern: str, accepted: frozenset[str], tokens: list[Token], reserved: set[int]
) -> Attempt | None:
    """Return an attempt if all required words of a pattern are in the question."""
    written, _, fixed = pattern.partition(" => ")
    used: set[int] = set()
    args: dict[str, Any] = dict([fixed.split("=")]) if fixed else {}
    score = 0
    for group in written.split():
        optional = group.startswith("?")
        place, length, key = _find(group.lstrip("?"), tokens, reserved | used)
        if length:
            used |= set(range(place, place + length))
            score += 0 if optional else 1
            if group == "#contact" and key != "any":
                args["kind"] = key
            if group == "#metric":
                args["metric"] = key
        elif not optional:
            return None
    return Attempt(tool, accepted, score, used, args)


def _find(group: str, tokens: list[Token], taken: set[int]) -> tuple[int, int, str]:
    """Return where a group of a pattern stands: place, number of tokens, and key of a table."""
    if group == "#segment":
        for place, token in enumerate(tokens):
            if place not in taken and len(segment_code(token.raw)) == 2 and not token.literal:
                return place, 1, ""
        return 0, 0, ""
    table = phrase_words()[group[1:]] if group.startswith("#") else {"": group.split("|")}
    best = (0, 0, "")
    for place in range(len(tokens)):
        for key, patterns in table.items():
            for one in patterns:
                length = words_at(tokens, place, one)
                if length > best[1] and not taken & set(range(place, place + length)):
                    best = place, length, key
        if best[1]:
            return best
    return best


def _marked(tokens: list[Token], names: KnownNames) -> Iterator[tuple[str, NameSpan, int]]:
    """Yield names after the word for their kind, such as a stage after "stage"."""
    end = 0
    for place in range(len(tokens) - 1):
        if place < end:
            continue
        for kind, words in phrase_words()["markers"].items():
            if not any(words_at(tokens, place, one) for one in words):
                continue
            span = name_at(tokens, place + 1, names.of(kind), numbers=True, parts=kind == "owner")
            if span is not None:
                yield kind, span, place
                end = span.end
                break


def _put_name(attempt: Attempt, kind: str, span: NameSpan) -> None:
    ids = list(dict.fromkeys(plain_id(one.id) for one in span.things))
    if kind in attempt.args or kind in attempt.choices:
        attempt.clear = False
    if len(span.things) == 1:
        attempt.args[kind] = ids[0]
    else:
        attempt.choices[kind] = ids
    attempt.used |= set(range(span.start, span.end))


def _unmarked(attempt: Attempt, tokens: list[Token], names: KnownNames) -> None:
    """Take names that stand alone, the longest first; one that fits two kinds is unclear."""
    kinds = [
        one for one in ("customer", "owner", "stage", "source", "lead") if one in attempt.accepted
    ]
    literal_kinds = kinds + [one for one in ("funnel",) if one in attempt.accepted]
    found: list[tuple[str, NameSpan]] = []
    stop = phrase_words()["stop"]
    for place, token in enumerate(tokens):
        if place in attempt.used or (token.word in stop and not token.literal):
            continue
        for kind in literal_kinds if token.literal else kinds:
            span = name_at(tokens, place, names.of(kind), numbers=False, parts=kind == "owner")
            if span is not None and not attempt.used & set(range(span.start, span.end)):
                found.append((kind, span))
    found.sort(key=lambda pair: (not pair[1].whole, pair[1].start - pair[1].end))
    taken: set[int] = set()
    for kind, span in found:
        places = set(range(span.start, span.end))
        rivals = [
            other
            for other, one in found
            if one.start == span.start
            and one.end == span.end
            and one.whole == span.whole
            and other != kind
        ]
        if places & taken:
            continue
        if rivals:
            attempt.clear = False
        _put_name(attempt, kind, span)
        if kind == "source":
            attempt.used |= _origin(tokens, span.start)
        taken |= places


def _origin(tokens: list[Token], place: int) -> set[int]:
    """Return the place of a preposition such as "from" before a place; empty without one."""
    named = place > 0 and tokens[place - 1].word in phrase_words()["from_words"]
    return {place - 1} if named else set()


def _narrowed(attempt: Attempt, names: KnownNames) -> None:
    """Let a funnel decide between stages of one name."""
    funnel = attempt.args.get("funnel")
    ids = attempt.choices.get("stage")
    if funnel is None or ids is None:
        return
    left = [one for one in names.stage.things if plain_id(one.id) in ids and one.where == funnel]
    if len(left) == 1:
        del attempt.choices["stage"]
        attempt.args["stage"] = plain_id(left[0].id)

"""From a question in words to the call that answers it."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from attrs import evolve, field, frozen

from abcxyz.questions.cleaning import plain_id
from abcxyz.questions.data import QuestionData
from abcxyz.questions.names import similarity
from abcxyz.questions.phrases.dates import day_at
from abcxyz.questions.phrases.matching import KnownNames, attempts_of, intents
from abcxyz.questions.phrases.slots import Attempt
from abcxyz.questions.phrases.spelling import name_at
from abcxyz.questions.phrases.tokens import Token, phrase_words, tokens_of, words_at
from abcxyz.toolkit.catalogue import languages

__all__ = ["KnownNames", "Reading", "known_names", "question_language", "understand"]

_LEAST, _WITHIN, _MOST = 75, 5, 3
_SHORTEST = 4
_LONGEST_QUESTION = 500
_SAID = ("stage", "source")


def known_names(data: QuestionData) -> KnownNames:
    """Return the names that the data hold."""
    return KnownNames(
        data.stages, data.funnels, data.owners, data.sources, data.all_customers, data.leads
    )


def question_language(question: str) -> str | None:
    """Return the language of a question by its letters; None where they do not tell it."""
    found = (
        lang
        for lang, letters in phrase_words()["letters"].items()
        if lang in languages() and re.search(letters, question.casefold())
    )
    return next(found, None)


@frozen(kw_only=True)
class Reading:
    """What a question was understood as.

    Parameters
    ----------
    outcome
        ``call`` run it; ``choices`` a name fits several things; ``propose`` not understood
        exactly; ``unknown`` not understood.
    tool, args
        The call.
    argument, ids
        The argument that fits several things, or nothing, and the identifiers it fits.
    calls
        Proposed calls, the best first.
    said
        The words that were not understood.
    """

    outcome: str
    tool: str = ""
    args: Mapping[str, Any] = field(factory=dict)
    argument: str = ""
    ids: tuple[str, ...] = ()
    calls: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    said: str = ""


def understand(question: str, names: KnownNames, today: date) -> Reading:
    """Return the call that a question means, or what it may mean; never a guess.

    Parameters
    ----------
    question
        The question in words, in Russian or English.
    names
        The known names.
    today
        The current day.

    Notes
    -----
    A call is returned only where every word of the question has a meaning in it, and no other
    call of the same weight has. A similar spelling is only proposed.

    Examples
    --------
    >>> reading = understand("who is in segment AX?", KnownNames(), date(2026, 11, 28))
    >>> reading.tool, dict(reading.args)
    ('list_segment', {'segment': 'AX'})
    >>> understand("delete all deals", KnownNames(), date(2026, 11, 28)).outcome
    'unknown'
    """
    if len(question) > _LONGEST_QUESTION:
        return Reading(outcome="unknown")
    tokens = tokens_of(question)
    if any(words_at(tokens, 0, one) for one in phrase_words()["task"]["begin"]):
        return _task(question, names, today)
    exact = _exact(tokens, names, today)
    if exact.outcome in ("call", "choices") or exact.calls:
        return exact
    return _proposed(tokens, names, today, exact)


def _exact(tokens: list[Token], names: KnownNames, today: date) -> Reading:
    attempts = list(attempts_of(tokens, names, today))
    whole = [one for one in attempts if _is_complete(one, tokens)]
    if whole:
        best = max(one.score for one in whole)
        calls = {
            (one.tool, repr(sorted(one.args.items()))): one for one in whole if one.score == best
        }
        chosen = list(calls.values())
        if len(chosen) == 1 and chosen[0].clear:
            one = chosen[0]
            if one.choices:
                argument, ids = next(iter(one.choices.items()))
                return Reading(
                    outcome="choices", tool=one.tool, args=one.args, argument=argument,
                    ids=tuple(ids),
                )  # fmt: skip
            return Reading(outcome="call", tool=one.tool, args=one.args)
        unclear = [
            (one.tool, {**one.args, **more})
            for one in chosen
            for more in (({},) if one.clear else _meanings(one))
        ]
        return Reading(outcome="propose", calls=tuple(unclear[:_MOST]))
    return Reading(outcome="unknown")


def _meanings(attempt: Attempt) -> list[dict[str, str]]:
    """Return what an unclear attempt may mean: deals created or closed in its window."""
    if "since" not in attempt.args or attempt.choices:
        return []
    return [{"by": "created", "outcome": "any"}, {"by": "closed", "outcome": "any"}]


def _is_complete(attempt: Attempt, tokens: list[Token]) -> bool:
    have = attempt.args.keys() | attempt.choices.keys()
    for group in intents()["needs"].get(attempt.tool, []):
        if not set(group.split("|")) & have:
            return False
    stop = phrase_words()["stop"]
    return all(
        place in attempt.used or (token.word in stop and not token.literal)
        for place, token in enumerate(tokens)
    )


def _task(question: str, names: KnownNames, today: date) -> Reading:
    """Read "set a task for OWNER: TITLE, until DAY"."""
    head, colon, title = question.partition(":")
    tokens = tokens_of(head)
    begin = max(words_at(tokens, 0, one) for one in phrase_words()["task"]["begin"])
    rest = tokens[begin:]
    span = name_at(rest, 0, names.owner, numbers=True, parts=True) if rest else None
    args: dict[str, Any] = {}
    if not colon or span is None or span.end < len(rest):
        return Reading(outcome="unknown", argument="owner")
    words = tokens_of(title)
    written = title.strip()
    for place in range(len(words) - 1):
        if words[place].word in phrase_words()["relative"]["until"]:
            day = day_at(words, place + 1, today)
            if day is not None and place + 1 + day[0] == len(words):
                args["due"] = day[1].isoformat()
                cut = written.casefold().rfind(words[place].raw.casefold() + " ")
                written = written[:cut].rstrip(" ,")
                words = words[:place]
                break
    if len(written) < 3:
        return Reading(outcome="unknown", argument="title")
    args["title"] = written
    customers = {
        plain_id(one.id)
        for place in range(len(words))
        for known in [name_at(words, place, names.customer, numbers=False, parts=False)]
        if known is not None
        for one in known.things
    }
    if len(customers) == 1:
        args["customer"] = customers.pop()
    ids = tuple(dict.fromkeys(plain_id(one.id) for one in span.things))
    if len(ids) > 1:
        return Reading(outcome="choices", tool="draft_task", args=args, argument="owner", ids=ids)
    return Reading(outcome="call", tool="draft_task", args={"owner": ids[0], **args})


def _proposed(tokens: list[Token], names: KnownNames, today: date, exact: Reading) -> Reading:
    """Propose calls for a question with a misspelt word or name; else say what was not known."""
    named = _near_names(tokens, names, today)
    if named is not None:
        return named
    calls: dict[str, tuple[str, Mapping[str, Any]]] = {}
    vocabulary = _vocabulary()
    for place, token in enumerate(tokens):
        if token.literal or len(token.word) < _SHORTEST or token.word.isdigit():
            continue
        scored = sorted(
            ((similarity(token.word, word), word) for word in vocabulary), reverse=True
        )
        for score, word in scored:
            if score < max(_LEAST, scored[0][0] - _WITHIN) or word == token.word:
                break
            changed = [*tokens[:place], evolve(token, word=word), *tokens[place + 1 :]]
            reading = _exact(changed, names, today)
            if reading.outcome == "call":
                calls.setdefault(
                    repr((reading.tool, dict(reading.args))), (reading.tool, reading.args)
                )
    if calls:
        return Reading(outcome="propose", calls=tuple(calls.values())[:_MOST])
    return exact


@functools.cache
def _vocabulary() -> tuple[str, ...]:
    """Return the beginnings of the words that intents and arguments are known by."""
    words = set()
    for patterns in intents()["patterns"].values():
        for pattern in patterns:
            for group in pattern.partition(" => ")[0].split():
                words |= set() if "#" in group else set(group.lstrip("?").split("|"))
    for table in ("outcome", "by", "contact", "metric", "span", "months"):
        for listed in phrase_words()[table].values():
            words |= set(listed)
    plain = {word.rstrip("*") for word in words if "_" not in word}
    return tuple(sorted(word for word in plain if len(word) >= _SHORTEST))


def _near_names(tokens: list[Token], names: KnownNames, today: date) -> Reading | None:
    """Propose names near the words after a marker; None without such words."""
    for place in range(len(tokens) - 1):
        for kind, words in phrase_words()["markers"].items():
            if not any(words_at(tokens, place, one) for one in words):
                continue
            if name_at(tokens, place + 1, names.of(kind), numbers=True, parts=kind == "owner"):
                continue
            calls = []
            for end in range(len(tokens), place + 1, -1):
                said = " ".join(one.raw for one in tokens[place + 1 : end])
                for thing, _ in names.of(kind).similar(said)[:_MOST]:
                    literal = Token("", str(thing.id), literal=True)
                    changed = [*tokens[: place + 1], literal, *tokens[end:]]
                    reading = _exact(changed, names, today)
                    call = (reading.tool, reading.args)
                    if reading.outcome == "call" and call not in calls:
                        calls.append(call)
                if calls:
                    return Reading(outcome="propose", calls=tuple(calls[:_MOST]))
            placeholder = [*tokens[: place + 1]]
            if (
                kind in ("stage", "source")
                and _exact(placeholder[:-1], names, today).outcome == "call"
            ):
                said = " ".join(one.raw for one in tokens[place + 1 :])
                return Reading(outcome="unknown", argument=kind, said=said)
    return None

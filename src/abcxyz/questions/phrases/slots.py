"""Arguments in the words of a question that are left after its intent and its names."""

from __future__ import annotations

from typing import Any

from attrs import define, field

from abcxyz.questions.phrases.dates import Span
from abcxyz.questions.phrases.tokens import Token, phrase_words, segment_code, words_at

__all__ = ["Attempt", "fill"]

_DEALS = frozenset({"outcome", "by"})


@define
class Attempt:
    """One way to understand a question: the tool, the words used so far, the arguments.

    Parameters
    ----------
    tool
        Name of the question.
    accepted
        Arguments that it takes.
    score
        Number of words that told the intent.
    used
        Places of the words that have a meaning.
    args
        The arguments.
    choices
        Argument -> identifiers, where a name fits several things.
    clear
        False where two meanings of the same words are possible.
    """

    tool: str
    accepted: frozenset[str]
    score: int
    used: set[int]
    args: dict[str, Any] = field(factory=dict)
    choices: dict[str, list[str]] = field(factory=dict)
    clear: bool = True

    def put(self, name: str, value: Any) -> bool:
        """Set an argument; a second value for it makes the attempt unclear."""
        if name not in self.accepted:
            return False
        if name in self.args and self.args[name] != value:
            self.clear = False
        self.args[name] = value
        return True


def _longest(
    tokens: list[Token], place: int, table: dict[str, list[str]], free: set[int]
) -> tuple[int, str]:
    """Return how many unused tokens the longest word of a table takes, and its key."""
    best = (0, "")
    for key, patterns in table.items():
        for pattern in patterns:
            length = words_at(tokens, place, pattern)
            if length > best[0] and set(range(place, place + length)) <= free:
                best = length, key
    return best


def _free(tokens: list[Token], attempt: Attempt) -> set[int]:
    return set(range(len(tokens))) - attempt.used


def fill(attempt: Attempt, tokens: list[Token], spans: list[Span], compare: int) -> None:
    """Add the arguments that the unused words give.

    Parameters
    ----------
    spans
        Windows of days in the question.
    compare
        Place of the words that compare two windows; -1 without.
    """
    _codes(attempt, tokens)
    _table(attempt, tokens, "dimension", "by")
    _table(attempt, tokens, "outcome", "outcome")
    if "outcome" in attempt.accepted:
        _table(attempt, tokens, "by", "by")
    _table(attempt, tokens, "rule", "rule")
    if attempt.tool == "alerts":
        _table(attempt, tokens, "kind", "kind")
    _share(attempt, tokens)
    _attributes(attempt, tokens)
    _numbers(attempt, tokens)
    _windows(attempt, spans, compare)
    _implied(attempt)


def _table(attempt: Attempt, tokens: list[Token], name: str, argument: str) -> None:
    if argument not in attempt.accepted:
        return
    if (name == "dimension") != (attempt.tool == "why_changed") and argument == "by":
        return
    for place in range(len(tokens)):
        length, key = _longest(tokens, place, phrase_words()[name], _free(tokens, attempt))
        if length and attempt.put(argument, key):
            attempt.used |= set(range(place, place + length))


def _codes(attempt: Attempt, tokens: list[Token]) -> None:
    """Take segments; one letter counts only in upper case, after a word for it."""
    words = phrase_words()
    for place, token in enumerate(tokens):
        code = "" if token.literal or place in attempt.used else segment_code(token.raw)
        if not code:
            continue
        before = tokens[place - 1] if place else None
        named = before is not None and any(
            words_at(tokens, place - 1, one) for one in words["segment_words"]
        )
        origin = before is not None and before.word in words["from_words"]
        target = before is not None and before.word in words["to_words"]
        if len(code) == 1 and not (token.raw.isupper() and (named or origin or target)):
            continue
        if attempt.tool == "transitions":
            done = (origin and attempt.put("from_segment", code)) or (
                target and attempt.put("to_segment", code)
            )
        elif attempt.tool == "why_segment":
            done = True
        else:
            done = attempt.put("segment", code)
        if done:
            attempt.used.add(place)
            if named or origin or target:
                attempt.used.add(place - 1)


def _share(attempt: Attempt, tokens: list[Token]) -> None:
    if "share" not in attempt.accepted:
        return
    for place in range(len(tokens)):
        length, _ = _longest(tokens, place, phrase_words()["share"], _free(tokens, attempt))
        if length and attempt.put("share", True):
            attempt.used |= set(range(place, place + length))


def number_at(tokens: list[Token], place: int, free: set[int]) -> tuple[int, float] | None:
    """Return a number with its multiplier, and how many tokens it takes."""
    if place not in free or tokens[place].literal:
        return None
    try:
        value = float(tokens[place].word.replace(",", "."))
    except ValueError:
        return None
    length, key = _longest(tokens, place + 1, phrase_words()["multiplier"], free)
    return 1 + length, value * (float(key) if length else 1.0)


def _whole(value: float) -> int | float:
    return int(value) if value.is_integer() else value


def _attributes(attempt: Attempt, tokens: list[Token]) -> None:
    if "attributes" not in attempt.accepted:
        return
    found: dict[str, Any] = {}
    table = phrase_words()["attribute"]
    for place in range(len(tokens)):
        number = number_at(tokens, place, _free(tokens, attempt))
        if number is None:
            continue
        length, value = number
        for start in (place + length, place - 1):
            more, key = (
                _longest(tokens, start, table, _free(tokens, attempt)) if start >= 0 else (0, "")
            )
            if more == 1 and key not in found:
                found[key] = _whole(value)
                attempt.used |= {*range(place, place + length), start}
                break
    if found:
        attempt.put("attributes", found)


def _numbers(attempt: Attempt, tokens: list[Token]) -> None:
    """Take numbers with their units: days, periods, money."""
    words = phrase_words()
    for place in range(len(tokens)):
        free = _free(tokens, attempt)
        number = number_at(tokens, place, free)
        if number is None:
            continue
        length, value = number
        more, unit = _longest(tokens, place + length, words["unit"], free)
        bound = 0
        for start in (place - 2, place - 1):
            if start >= 0 and bound == 0:
                least = max(words_at(tokens, start, one) for one in words["at_least"]["words"])
                bound = least if start + least == place and start in free else 0
        taken = set(range(place - bound, place + length + more))
        whole = _whole(value)
        done = False
        if unit == "days" and isinstance(whole, int):
            done = attempt.put("days", whole)
        elif unit == "weeks" and isinstance(whole, int):
            done = attempt.put("days", 7 * whole)
        elif unit == "periods" and not bound and isinstance(whole, int):
            done = attempt.put("periods", whole)
        elif unit in ("money", "") and bound:
            done = attempt.put("min_money", whole)
        if done:
            attempt.used |= taken


def _windows(attempt: Attempt, spans: list[Span], compare: int) -> None:
    free = [one for one in spans if not attempt.used & set(range(one.start, one.end))]
    if attempt.tool == "why_changed":
        _compared(attempt, free, compare)
        return
    if not free or len(free) > 1 or compare >= 0:
        return
    span = free[0]
    if span.earlier:
        return
    taken = set(range(span.start, span.end))
    if span.today and _is_now(attempt):
        attempt.used |= taken
    elif "since" in attempt.accepted:
        if attempt.accepted >= _DEALS and not attempt.args.keys() & _DEALS:
            # Created or closed in the window: the question does not say.
            attempt.clear = False
        attempt.used |= taken
        attempt.put("since", span.since.isoformat())
        if span.until is not None:
            attempt.put("until", span.until.isoformat())


def _is_now(attempt: Attempt) -> bool:
    """Return whether "today" means the present state and not a window."""
    if "since" not in attempt.accepted or attempt.tool == "transitions":
        return True
    return attempt.args.get("outcome") == "open" and "by" not in attempt.args


def _compared(attempt: Attempt, spans: list[Span], compare: int) -> None:
    if len(spans) != 2 or compare < 0 or not spans[0].start < compare < spans[1].start:
        return
    after, before = spans
    if after.until is None or before.until is None or after.earlier:
        return
    if before.earlier:
        if (before.since.month, before.until.month) != (after.since.month, after.until.month):
            return
        since = before.since.replace(year=after.since.year - 1)
        until = before.until.replace(year=after.until.year - 1)
    else:
        since, until = before.since, before.until
    for one in spans:
        attempt.used |= set(range(one.start, one.end))
    attempt.put("since", after.since.isoformat())
    attempt.put("until", after.until.isoformat())
    attempt.put("before_since", since.isoformat())
    attempt.put("before_until", until.isoformat())


def _implied(attempt: Attempt) -> None:
    """Add what won, lost and created imply for deals."""
    if not attempt.accepted >= _DEALS:
        return
    outcome, by = attempt.args.get("outcome"), attempt.args.get("by")
    if outcome in ("won", "lost") and by is None:
        attempt.args["by"] = "closed"
    if by is not None and outcome is None:
        attempt.args["outcome"] = "any"
    if attempt.args.get("outcome") == "any" and "since" in attempt.args and by is None:
        attempt.clear = False

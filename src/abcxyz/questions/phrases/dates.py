"""Windows of days in a question, half-open; weeks begin on Monday."""

from __future__ import annotations

from datetime import date, timedelta

from attrs import evolve, frozen

from abcxyz.core.sales.calendar import period_start, shift_period
from abcxyz.questions.phrases.tokens import Token, phrase_words, words_at

__all__ = ["Span", "day_at", "spans_of"]


@frozen
class Span:
    """A window in the words of a question.

    Parameters
    ----------
    start, end
        Places of its words.
    since, until
        Its days; *until* None for a window to date.
    today
        Whether it is only the word for today.
    earlier
        Whether it is the month of an earlier year, as in "last October": its meaning depends on
        the window that it is compared with.
    """

    start: int
    end: int
    since: date
    until: date | None
    today: bool = False
    earlier: bool = False


def _either(tokens: list[Token], place: int, patterns: list[str]) -> int:
    return max((words_at(tokens, place, one) for one in patterns), default=0)


def _number(tokens: list[Token], place: int, patterns: dict[str, list[str]]) -> tuple[int, str]:
    """Return how many tokens the longest word of a table takes, and its key."""
    return max(
        ((_either(tokens, place, words), key) for key, words in patterns.items()),
        default=(0, ""),
    )


def _year(tokens: list[Token], place: int) -> int | None:
    if place < len(tokens) and tokens[place].word.isdigit() and len(tokens[place].word) == 4:
        year = int(tokens[place].word)
        return year if 1990 <= year <= 2100 else None
    return None


def day_at(tokens: list[Token], place: int, today: date) -> tuple[int, date] | None:
    """Return a day and how many tokens it takes; a day without a year is the next one."""
    word = tokens[place].word
    try:
        if word.count("-") == 2:
            return 1, date.fromisoformat(word)
        if word.count(".") == 2:
            day, month, year = map(int, word.split("."))
            return 1, date(year, month, day)
        if word.isdigit() and place + 1 < len(tokens) and int(word) <= 31:
            length, key = _number(tokens, place + 1, phrase_words()["months"])
            if length:
                year_ = _year(tokens, place + 2)
                if year_ is not None:
                    return 3, date(year_, int(key), int(word))
                found = date(today.year, int(key), int(word))
                return 2, found if found >= today else found.replace(year=today.year + 1)
    except ValueError:
        return None
    return None


def _period(tokens: list[Token], place: int, today: date) -> Span | None:
    """Return the window whose words begin at a place."""
    words = phrase_words()
    relative = words["relative"]
    if length := _either(tokens, place, relative["today"]):
        return Span(place, place + length, today, today + timedelta(days=1), today=True)
    if length := _either(tokens, place, relative["yesterday"]):
        return Span(place, place + length, today - timedelta(days=1), today)
    if length := _either(tokens, place, relative["begin"]):
        more, unit = _number(tokens, place + length, words["span"])
        if more:
            return Span(place, place + length + more, period_start(today, unit), None)
        return None
    for name in ("before", "now"):
        if not (length := _either(tokens, place, relative[name])):
            continue
        after = place + length
        more, unit = _number(tokens, after, words["span"])
        if more:
            start = period_start(today, unit)
            if name == "now":
                return Span(place, after + more, start, None)
            return Span(place, after + more, shift_period(start, unit, -1), start)
        more, key = _number(tokens, after, words["months"])
        if more:
            month = _month(int(key), today, None)
            return evolve(Span(place, after + more, *month), earlier=name == "before")
        return None
    known = day_at(tokens, place, today)
    if known is not None and (known[0] != 2 or known[1] <= today):
        return Span(place, place + known[0], known[1], known[1] + timedelta(days=1))
    if known is not None:
        past = known[1].replace(year=known[1].year - 1)
        return Span(place, place + 2, past, past + timedelta(days=1))
    length, key = _number(tokens, place, words["months"])
    if length:
        year = _year(tokens, place + length)
        return Span(place, place + length + (year is not None), *_month(int(key), today, year))
    year = _year(tokens, place)
    if year is not None:
        length = _either(tokens, place + 1, words["span"]["year"])
        return Span(place, place + 1 + length, date(year, 1, 1), date(year + 1, 1, 1))
    return None


def _month(month: int, today: date, year: int | None) -> tuple[date, date]:
    """Return the days of a month; without a year that of the last one begun."""
    if year is None:
        year = today.year if month <= today.month else today.year - 1
    first = date(year, month, 1)
    return first, shift_period(first, "month", 1)


def spans_of(tokens: list[Token], today: date, taken: set[int]) -> list[Span]:
    """Return the windows in a question, in the order of its words.

    A window after a word that makes it an end, such as "until", is left out, so that its words
    stay without a meaning.
    """
    found = []
    place = 0
    while place < len(tokens):
        span = None if place in taken or tokens[place].literal else _period(tokens, place, today)
        if span is None or taken & set(range(span.start, span.end)):
            place += 1
            continue
        before = tokens[place - 1].word if place and place - 1 not in taken else ""
        place = span.end
        if before in phrase_words()["relative"]["ends"]:
            continue
        if before in phrase_words()["relative"]["since"]:
            span = evolve(span, start=span.start - 1, until=None)
        found.append(span)
    return found

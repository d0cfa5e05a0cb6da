"""Resolving of names in arguments, and pages of long lists."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from attrs import frozen

from abcxyz.core.sales.calendar import Window
from abcxyz.questions.answer import Answer, Choice, Remark
from abcxyz.questions.cleaning import clean_name, plain_id, quoted, safe_id
from abcxyz.questions.cursor import Cursor, fingerprint_of, stale
from abcxyz.questions.data import QuestionData
from abcxyz.questions.names import Directory, Named
from abcxyz.questions.problems import QuestionError, message
from abcxyz.toolkit.catalogue import Phrases, plural, text, translate

__all__ = [
    "Page",
    "SeveralFitError",
    "definition_of",
    "first_ids",
    "page_of",
    "resolved",
    "shared_fields",
    "start_of",
]

_MOST_CHOICES = 10
_PAGE_SIZE = 14_000


class SeveralFitError(Exception):
    """A name fits several things: what the argument may mean."""

    def __init__(self, argument: str, choices: tuple[Choice, ...], written: str) -> None:
        super().__init__(argument)
        self.argument = argument
        self.choices = choices
        self.written = written

    def answer(self, as_of: date, lang: str) -> Answer:
        """Return the answer that offers the choices."""
        return Answer(
            status="choose",
            sentence=plural(
                "{name} is not exactly a name here; {n} thing may be meant.|"
                "{name} may mean {n} things.",
                len(self.choices),
                lang,
                name=quoted(self.written),
            ),
            definition=text(
                "Ask again with the identifier of one of the choices as {argument}.",
                lang,
                argument=self.argument,
            ),
            as_of=as_of,
            rows=len(self.choices),
            choices=self.choices,
            lang=lang,
        )


def resolved(
    argument: str,
    written: str,
    directory: Directory,
    *,
    shown: Callable[[Named], str] = lambda one: one.name,
    among: Callable[[Named], bool] = bool,
) -> Any:
    """Return the identifier that an argument names.

    Parameters
    ----------
    argument
        Name of the argument.
    written
        Identifier or name.
    directory
        The things of this kind.
    shown
        Name of a thing as it is shown.
    among
        Whether a thing is possible, given the other arguments.

    Raises
    ------
    SeveralFitError
        The name fits several things, or only resembles some.
    QuestionError
        Nothing resembles it.
    """
    exact = [one for one in directory.exact(written) if among(one)]
    if len({(one.id, one.where) for one in exact}) == 1:
        return exact[0].id
    near = exact or [one for one in directory.near(written) if among(one)]
    if not near:
        raise QuestionError(
            "the argument {argument} names nothing that is known here",
            code="bad_argument",
            fix=message(
                "read the names of {argument}, in a list or the resource of names, and call again "
                "with an identifier",
                argument=argument,
            ),
            argument=argument,
        )
    # The same identifier in several places is told apart by the place.
    by_place = len({one.id for one in near}) < len(near)
    choices = tuple(
        Choice(
            argument="funnel" if by_place else argument,
            id=plain_id(one.where if by_place else one.id),
            name=clean_name(shown(one)),
            where=clean_name(one.where),
        )
        for one in near[:_MOST_CHOICES]
    )
    raise SeveralFitError(argument, choices, written)


def definition_of(what: str, filters: Mapping[str, Any], lang: str) -> str:
    """Return a definition with its filters; identifiers that are no plain codes are left out.

    Parameters
    ----------
    what
        What is counted, translated.
    filters
        Argument -> value; None is no filter.
    """
    used = {name: value for name, value in filters.items() if value is not None}
    if not used:
        return what
    parts = []
    for name, value in used.items():
        known = safe_id(value)
        parts.append(f"{name} = {known}" if known else message("{name} as asked", name=name))
    listed = ", ".join(translate(one, lang) for one in Phrases(parts).parts)
    return text("{what} Only: {filters}.", lang, what=what, filters=listed)


def start_of(
    data: QuestionData,
    question: str,
    arguments: Mapping[str, Any],
    cursor: str | None,
    as_of: date,
) -> Cursor:
    """Return the place where a page begins: that of the cursor, or the first row.

    Raises
    ------
    QuestionError
        The cursor is of another question, other arguments or older data.
    """
    here = Cursor(question, fingerprint_of(arguments), as_of, data.version(as_of), 0)
    if cursor is None:
        return here
    there = Cursor.opened(cursor, data.key)
    if (there.question, there.arguments, there.as_of, there.version) != (
        here.question,
        here.arguments,
        here.as_of,
        here.version,
    ):
        raise stale()
    return there


@frozen
class Page:
    """Rows of one page, and the cursor of the next."""

    rows: list[dict[str, Any]]
    next_cursor: str | None


def page_of(
    data: QuestionData,
    start: Cursor,
    count: int,
    limit: int,
    make: Callable[[int], dict[str, Any]],
) -> Page:
    """Return a page of a list of *count* rows; it ends early where it would get too large.

    Parameters
    ----------
    make
        Function that returns row number *i*.
    """
    rows: list[dict[str, Any]] = []
    size = 0
    for place in range(start.place, min(start.place + limit, count)):
        row = make(place)
        size += len(json.dumps(row, ensure_ascii=False))
        if rows and size > _PAGE_SIZE:
            break
        rows.append(row)
    after = start.place + len(rows)
    if after >= count:
        return Page(rows, None)
    following = Cursor(start.question, start.arguments, start.as_of, start.version, after)
    return Page(rows, following.sealed(data.key))


def shared_fields(
    as_of: date, data_until: date, window: Window | None, warnings: list[Remark], lang: str
) -> dict[str, Any]:
    """Return the fields of an answer that do not depend on the question."""
    return {
        "as_of": as_of,
        "data_until": data_until,
        "window": window,
        "warnings": tuple(warnings),
        "lang": lang,
    }


def first_ids(rows: Sequence[Mapping[str, Any]], name: str) -> tuple[str, ...]:
    """Return the identifiers of up to ten rows."""
    return tuple(str(row[name]) for row in rows[:10])

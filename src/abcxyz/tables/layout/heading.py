"""Heading of a table: the rows that name its columns, below lines of title."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from attrs import frozen

from abcxyz.errors import InputError
from abcxyz.tables.layout.options import ShapeOptions
from abcxyz.tables.roles import ROLES

__all__ = ["HEAD_ROWS", "Heading", "find_heading", "is_blank_cell", "roles_of_heading"]

HEAD_ROWS = 200
"""Rows in which the heading is looked for."""

_MOST_LEVELS = 3
_WORD = re.compile(r"[^\W\d_]+")
_VALUE = re.compile(r"[^\W\d_]{0,3}[\s\d.,:;()+\-\u2212\u2013/%₽$€₸₴₹'’]+[^\W\d_]{0,3}\.?")
_YEAR = re.compile(r"(?:19|20)\d\d(?:\s*(?:г\.?|год))?")
_LONGEST = 80


@frozen
class Heading:
    """Place and names of a heading.

    Parameters
    ----------
    place
        Row of the heading, counted from 0.
    levels
        Number of its rows.
    names
        Names of the columns; empty where a column has none.
    titles
        Texts of the lines above it.
    """

    place: int
    levels: int
    names: tuple[str, ...]
    titles: tuple[str, ...] = ()

    @property
    def below(self) -> int:
        """Row of the first line below the heading."""
        return self.place + self.levels


def is_blank_cell(cell: Any) -> bool:
    """Return whether a cell of a row is blank."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


@cache
def _words_of_roles() -> dict[str, frozenset[str]]:
    return {
        role: frozenset(word for name in names for word in _words(name))
        for role, names in ROLES.items()
    }


def _words(text: str) -> Iterator[str]:
    return (word.replace("ё", "е") for word in _WORD.findall(text.casefold().replace("_", " ")))


def roles_of_heading(cell: Any) -> set[str]:
    """Return the roles whose usual names share a word with a heading.

    Examples
    --------
    >>> sorted(roles_of_heading("Сумма без НДС, руб."))
    ['amount', 'cost']
    """
    if not isinstance(cell, str) or len(cell) > _LONGEST or cell.rstrip().endswith(":"):
        return set()
    words = set(_words(cell.partition(":")[0]))
    return {role for role, usual in _words_of_roles().items() if words & usual}


def _is_value(cell: Any) -> bool:
    """Return whether a cell is a number or a date, as cells below a heading are."""
    if is_blank_cell(cell):
        return False
    if not isinstance(cell, str):
        return not (isinstance(cell, (int, float)) and 1990 <= cell <= 2100 and cell == int(cell))
    text = cell.strip()
    return bool(
        any(map(str.isdigit, text)) and _VALUE.fullmatch(text) and not _YEAR.fullmatch(text)
    )


def find_heading(
    rows: Sequence[Sequence[Any]],
    options: ShapeOptions,
    *,
    is_period: Any = None,
    merged: Sequence[tuple[int, int, int, int]] = (),
) -> Heading:
    """Find the heading of a table.

    Parameters
    ----------
    rows
        First rows of the table, at least one of them not blank.
    options
        Options set by the user.
    is_period
        Cell -> whether it names a period of time, as headings of months do.
    merged
        Merged cells: first row, first column, last row, last column.

    Returns
    -------
    Heading
        The row in which most headings are usual names of columns or periods, and the rows below
        it that name columns too.

    Raises
    ------
    InputError
        More lines are to be skipped than there are.
    """
    period = is_period or (lambda _: False)
    width = max(map(len, rows))
    rows = [[*row, *[None] * (width - len(row))] for row in rows]
    if options.skip_rows is not None:
        place = _first_row(rows, options.skip_rows)
    else:
        place = _top(rows, _best_row(rows, period), period, merged)
    levels = options.header_rows or _levels(rows, place, period, merged)
    levels = min(levels, len(rows) - place)
    names = _names(rows[place : place + levels], place, period, merged)
    titles = tuple(
        str(cell).strip() for row in rows[:place] for cell in row if not is_blank_cell(cell)
    )
    return Heading(place, levels, names, titles)


def _first_row(rows: Sequence[Sequence[Any]], skip: int) -> int:
    for place in range(skip, len(rows)):
        if not all(map(is_blank_cell, rows[place])):
            return place
    raise InputError(
        "--skip-rows {skip} leaves no line for the heading; give a smaller number", skip=skip
    )


def _best_row(rows: Sequence[Sequence[Any]], is_period: Any) -> int:
    best, most = None, 1
    fills = [sum(not is_blank_cell(cell) for cell in row) for row in rows]
    for place, row in enumerate(rows):
        if fills[place] < 2 or any(_is_value(cell) and not is_period(cell) for cell in row):
            continue
        roles: set[str] = set()
        for cell in row:
            roles |= roles_of_heading(cell)
        hits = min(len(roles), fills[place]) + min(sum(map(is_period, row)), 6)
        if hits > most:
            best, most = place, hits
    if best is not None:
        return best
    if not any(fills):
        return 0
    usual = Counter(fill for fill in fills if fill).most_common(1)[0][0]
    return next(place for place, fill in enumerate(fills) if fill and fill >= min(usual, 2))


def _top(
    rows: Sequence[Sequence[Any]],
    place: int,
    is_period: Any,
    merged: Sequence[tuple[int, int, int, int]],
) -> int:
    """Return the first row of a heading, of which a row below may hold the usual names."""
    while place and _levels(rows, place - 1, is_period, merged) > 1:
        above, row = rows[place - 1], rows[place]
        named = [at for at, cell in enumerate(above) if not is_blank_cell(cell)]
        alone = any(at >= len(row) or is_blank_cell(row[at]) for at in named)
        across = any(first == place - 1 and last > at for first, at, _, last in merged)
        if len(named) < 2 or not (alone or across) or any(_is_label(above[at]) for at in named):
            break
        place -= 1
    return place


def _is_label(cell: Any) -> bool:
    """Return whether a cell is the label of a value beside it, as in lines of title."""
    return isinstance(cell, str) and cell.rstrip().endswith(":")


def _levels(
    rows: Sequence[Sequence[Any]],
    place: int,
    is_period: Any,
    merged: Sequence[tuple[int, int, int, int]],
) -> int:
    """Count the rows of a heading: a row below that names parts of the columns above."""
    levels = 1
    while levels < _MOST_LEVELS and place + levels + 1 < len(rows):
        above, row = rows[place + levels - 1], rows[place + levels]
        after = rows[place + levels + 1]
        named = [at for at, cell in enumerate(row) if not is_blank_cell(cell)]
        if len(named) < 2 or any(_is_value(cell) and not is_period(cell) for cell in row):
            break
        across = any(
            first == place + levels - 1 and last_column > column and last == first
            for first, column, last, last_column in merged
        )
        blank_above = [at for at in named if at >= len(above) or is_blank_cell(above[at])]
        if not (across or blank_above) or not any(map(_is_value, after)):
            break
        if not across and not all(_is_part(above, row, at) for at in blank_above):
            break
        levels += 1
    return levels


def _is_part(above: Sequence[Any], row: Sequence[Any], at: int) -> bool:
    """Return whether a name stands below the blank that follows a name, as below merged cells."""
    left = next((i for i in range(at - 1, -1, -1) if not is_blank_cell(above[i])), None)
    return left is not None and not is_blank_cell(row[left])


def _names(
    rows: Sequence[Sequence[Any]],
    place: int,
    is_period: Any,
    merged: Sequence[tuple[int, int, int, int]],
) -> tuple[str, ...]:
    """Return one name per column: that of the last row, with those above if it is not enough."""
    width = max(map(len, rows))
    parts: list[list[str]] = [[] for _ in range(width)]
    for level, row in enumerate(rows):
        last = level == len(rows) - 1
        spans = {
            at: column
            for first, column, _, last_column in merged
            if first == place + level
            for at in range(column, min(last_column + 1, width))
        }
        text = ""
        for at in range(width):
            cell = row[at] if at < len(row) else None
            if not is_blank_cell(cell):
                text = _text(cell)
            elif last or (spans and at not in spans) or not _named_below(rows, level, at):
                continue
            if text and text not in parts[at]:
                parts[at].append(text)
    own = Counter(one[-1] for one in parts if one)
    return tuple(
        one[-1]
        if len(one) > 1 and own[one[-1]] == 1 and not any(map(is_period, one))
        else " ".join(one)
        for one in parts
    )


def _named_below(rows: Sequence[Sequence[Any]], level: int, at: int) -> bool:
    return any(at < len(row) and not is_blank_cell(row[at]) for row in rows[level + 1 :])


def _text(cell: Any) -> str:
    """Return a heading as one line of text; a number without a fraction has none."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return " ".join(str(cell).split())

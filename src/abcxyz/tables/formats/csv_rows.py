"""Rows of a CSV: line numbers, cells beyond the heading, quotes that are not closed."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from attrs import frozen

from abcxyz.errors import InputError
from abcxyz.tables.formats.csv_quotes import repair_quotes, swallowed
from abcxyz.tables.table import Batch
from abcxyz.tables.values.columns import cells_of, objects

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "LONGEST",
    "CsvRows",
    "has_long_line",
    "read_rows",
    "refuse_long_cells",
    "swallows_rows",
]

LONGEST = 1 << 20
"""Largest number of characters of a cell."""

_MANY = 100  # rows whose numbers would not always have as many digits
_NUMBER = re.compile(r"[-+\u2212(]?\s*[$€£₽₸₴]?\d{1,3}(?:,\d{3})+(?:\.\d+)?[-)]?", re.ASCII)
_FRACTION = re.compile(r"[-+\u2212(]?\s*[$€£₽₸₴]?\d+,\d{1,3}[-)]?", re.ASCII)


@frozen(eq=False)
class CsvRows:
    """Rows of a CSV below its heading.

    Parameters
    ----------
    batch
        Cells as text.
    joined
        Number of rows whose cells were joined, because a number held the delimiter.
    column
        Position of the column of these numbers.
    requoted
        Number of rows in which quotes inside quoted cells were not doubled.
    """

    batch: Batch
    joined: int = 0
    column: int | None = None
    requoted: int = 0


def read_rows(
    text: str, delimiter: str, names: Sequence[str], where: str, first_line: int
) -> CsvRows:
    r"""Read the rows of a CSV.

    Parameters
    ----------
    text
        Text below the heading.
    delimiter
        Field separator.
    names
        Headings, each once.
    where
        Name of the file, for errors.
    first_line
        Line of the file where *text* begins.

    Raises
    ------
    InputError
        A row has more cells than the heading or quotes that are not doubled, and cannot be
        repaired with certainty, or a quote swallows lines; the message names the line.

    Notes
    -----
    A row with too many cells is repaired only if joining neighbouring cells gives a number with a
    comma, and one and the same column is the only such place in every row. Where every row has a
    cell more than the heading, the heading may lack a column: then the digits behind the comma
    must show that they are no numbers.

    Examples
    --------
    >>> rows = read_rows("Ann,9,525.00\n\nBob,7.00\n", ",", ["customer", "amount"], "s.csv", 2)
    >>> rows.batch.lines.tolist(), rows.batch.listed("amount"), rows.joined
    ([2, 4], ['9,525.00', '7.00'], 1)
    """
    width = len(names)
    quoted = '"' in text
    requoted = 0
    if quoted:
        text, requoted = repair_quotes(text, delimiter, width, where, first_line)
    if quoted or _is_ragged(text, delimiter, width):
        rows, lines = _parsed(text, delimiter, width, where, first_line)
        wide = [place for place, row in enumerate(rows) if len(row) > width]
        if wide:
            column = _join(rows, wide, width, delimiter, where, lines)
            padded = [row + [None] * (width - len(row)) for row in rows]
            cells = [objects(column) for column in zip(*padded, strict=True)]
            batch = Batch(names, cells, np.array(lines))
            return CsvRows(batch, len(wide) if column is not None else 0, column, requoted)
        if quoted:
            frame = _frame(text, delimiter, names, where, blanks=False)
            if len(frame) == len(lines):
                return CsvRows(_batch(frame, np.array(lines)), requoted=requoted)
    frame = _frame(text, delimiter, names, where, blanks=True)
    batch = _batch(frame, np.arange(first_line, first_line + len(frame)))
    empty = (frame.isna() | (frame == "")).all(axis=1).to_numpy()
    return CsvRows(batch.rows(~empty) if empty.any() else batch, requoted=requoted)


def _batch(frame: pd.DataFrame, lines: npt.NDArray[np.int64]) -> Batch:
    cells = [cells_of(frame.iloc[:, place]) for place in range(frame.shape[1])]
    return Batch(frame.columns, cells, lines)


def has_long_line(text: str | bytearray) -> bool:
    """Return whether a line is longer than a cell may be."""
    end = "\n" if isinstance(text, str) else b"\n"
    place = 0
    while len(text) - place > LONGEST:
        after = text.rfind(end, place, place + LONGEST + 1)  # type: ignore[arg-type]
        if after < 0:
            return True
        place = after + 1
    return False


def refuse_long_cells(text: str, delimiter: str, where: str) -> None:
    """Raise an error if a cell of a text is longer than any of a table.

    Raises
    ------
    InputError
        The message names the line and the size.
    """
    if not has_long_line(text):
        return
    for line, row in enumerate(text.split("\n"), 1):
        longest = max(map(len, row.split(delimiter))) if len(row) > LONGEST else 0
        if longest > LONGEST:
            raise InputError(
                "{path}, line {line} has a field of {size} characters, and more than {most} are "
                "no field of a table; check the quotes and the delimiter",
                path=where,
                line=line,
                size=longest,
                most=LONGEST,
            )


@contextmanager
def _long_fields() -> Iterator[None]:
    """Let the reader of the standard library read fields of the longest size."""
    usual = csv.field_size_limit(max(csv.field_size_limit(), LONGEST))
    try:
        yield
    finally:
        csv.field_size_limit(usual)


def _frame(
    text: str, delimiter: str, names: Sequence[str], where: str, *, blanks: bool
) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.read_csv(
            io.StringIO(text),
            sep=delimiter,
            header=None,
            names=list(names),
            dtype=str,
            keep_default_na=False,
            na_values=[],
            index_col=False,
            quoting=csv.QUOTE_MINIMAL,
            skip_blank_lines=not blanks,
        )
    except pd.errors.EmptyDataError:
        return pd.DataFrame(columns=list(names), dtype=str)
    except (pd.errors.ParserError, ValueError) as problem:
        raise InputError(
            "{path} is not a regular table ({reason}); check the quotes and the delimiter",
            path=where,
            reason=str(problem).strip(),
        ) from problem


def _is_ragged(text: str, delimiter: str, width: int) -> bool:
    """Return whether any line has more cells than the heading; only without quotes."""
    return any(line.count(delimiter) >= width for line in text.split("\n"))


def _parsed(
    text: str, delimiter: str, width: int, where: str, first_line: int
) -> tuple[list[list[str]], list[int]]:
    """Return the rows that are not blank, and the line at which each begins."""
    rows: list[list[str]] = []
    lines: list[int] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    start = first_line
    try:
        with _long_fields():
            for row in reader:
                end = first_line + reader.line_num - 1
                if end > start and swallows_rows(row, delimiter, width):
                    raise swallowed(where, start, end)
                if any(cell.strip() for cell in row):
                    rows.append(row)
                    lines.append(start)
                start = end + 1
    except csv.Error as problem:
        raise InputError(
            "{path} is not a regular table ({reason}); check the quotes and the delimiter",
            path=where,
            reason=f"line {start}: {problem}",
        ) from None
    return rows, lines


def swallows_rows(row: Sequence[str], delimiter: str, width: int) -> bool:
    r"""Return whether a cell with line breaks holds whole rows, or is a number.

    Examples
    --------
    >>> swallows_rows(["Ann;2026;5\nBob", "2026", "6"], ";", 3), swallows_rows(["A\nB"], ";", 3)
    (True, False)
    """
    for cell in row:
        parts = cell.splitlines()
        if len(parts) > 1 and (
            len(cell) > LONGEST
            or any(part.count(delimiter) >= max(width - 1, 1) for part in parts)
            or all(re.fullmatch(r"[-+\d.,\s]*", part) for part in parts)
        ):
            return True
    return False


def _join(
    rows: list[list[str]],
    wide: Sequence[int],
    width: int,
    delimiter: str,
    where: str,
    lines: Sequence[int],
) -> int | None:
    """Join the cells of rows that have too many, in place; return the column of the numbers."""
    places: set[int] | None = None
    for at in wide:
        row = rows[at]
        while len(row) > width and not row[-1].strip():
            row.pop()  # a delimiter at the end of the line
        if len(row) == width:
            continue
        here = {
            place
            for place in range(width)
            if delimiter == "," and _is_number(row[place : place + len(row) - width + 1])
        }
        places = here if places is None else places & here
        if len(places) != 1 and (not places or at == wide[-1]):
            raise _too_many(row, width, where, lines[at])
    if places is None:
        return None
    (column,) = places
    if len(wide) == len(rows) and not _are_fractions(rows, column, width):
        raise _too_many(rows[wide[0]], width, where, lines[wide[0]])
    for at in wide:
        row = rows[at]
        if len(row) > width:
            end = column + len(row) - width + 1
            row[column:end] = [delimiter.join(row[column:end])]
    return column


def _are_fractions(rows: Sequence[Sequence[str]], column: int, width: int) -> bool:
    """Return whether the cells behind numbers can be no column of their own.

    If every row has a cell more than the heading, the heading may lack one: only digits after a
    decimal comma or a thousands separator begin with a zero, or are always as many.
    """
    behind = [row[column + 1].strip() for row in rows if len(row) == width + 1]
    if len(behind) < len(rows):
        return True
    same = len({len(text) for text in behind if text}) == 1 and len(max(behind)) > 1
    return same and (len(rows) >= _MANY or any(text.startswith("0") for text in behind))


def _is_number(cells: Sequence[str]) -> bool:
    text = ",".join(cells).strip()
    return bool(_NUMBER.fullmatch(text) or (len(cells) == 2 and _FRACTION.fullmatch(text)))


def _too_many(row: Sequence[str], width: int, where: str, line: int) -> InputError:
    return InputError(
        "{path}, line {line} has {cells} {cells:field|fields}, and the heading has {width}; "
        "put cells with the delimiter in quotes, or use another delimiter",
        path=where,
        line=line,
        cells=len(row),
        width=width,
    )

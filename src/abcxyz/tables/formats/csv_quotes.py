"""Quotes inside the quoted cells of a CSV that are not doubled."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz.errors import InputError

__all__ = ["QuoteRules", "damaged_rows", "repair_quotes", "swallowed"]

_QUOTE = ord('"')
_CACHED = 1 << 17  # bytes that the caches hold
_QUOTED = r'"[^"]*+(?:""[^"]*+)*+'


class QuoteRules:
    """Patterns of the rows of a CSV with a delimiter: whole, not closed, and closing.

    Parameters
    ----------
    delimiter
        Field separator.
    """

    def __init__(self, delimiter: str) -> None:
        mark = re.escape(delimiter)
        cell = rf'(?:{_QUOTED}"|(?!")[^{mark}]*+)'
        rest = rf"(?:{mark}{cell})*+"
        inside = r'[^"]*+(?:""[^"]*+)*+'
        self.delimiter = delimiter
        self._whole = re.compile(cell + rest)
        self._opens = re.compile(rf"(?:{cell}{mark})*?{_QUOTED}")
        self._closes = re.compile(rf'{inside}"{rest}')
        self._goes_on = re.compile(rf'{inside}(?:"{rest}{mark}{_QUOTED})?')

    def is_whole(self, line: str) -> bool:
        """Return whether every quoted cell of a line is closed, with its quotes doubled."""
        return self._whole.fullmatch(line) is not None

    def opens(self, line: str) -> bool:
        """Return whether the last cell of a line is quoted and goes on in the next line."""
        return self._opens.fullmatch(line) is not None

    def closes(self, line: str) -> bool:
        """Return whether a line ends the quoted cell of the line before."""
        return self._closes.fullmatch(line) is not None

    def goes_on(self, line: str) -> bool:
        """Return whether a line begins and ends inside of a quoted cell."""
        return self._goes_on.fullmatch(line) is not None


def repair_quotes(
    text: str, delimiter: str, width: int, where: str, first_line: int
) -> tuple[str, int]:
    r"""Double the quotes inside quoted cells, where the cells of the row are certain.

    Parameters
    ----------
    text
        Rows.
    delimiter
        Field separator.
    width
        Number of headings.
    where
        Name of the file, for errors.
    first_line
        Line of the file where *text* begins.

    Returns
    -------
    text : str
        Rows in which every quote inside a quoted cell is doubled.
    count : int
        Number of rows that were changed.

    Raises
    ------
    InputError
        A row is damaged and has several readings, or a quote is not closed; the message names the
        line.

    Notes
    -----
    A row is repaired if its line has as many cells as the heading when it is split at every
    delimiter, and the quotes inside each cell are in pairs.

    Examples
    --------
    >>> repair_quotes('"OOO "Luch" 1";5\n', ";", 2, "sales.csv", 2)
    ('"OOO ""Luch"" 1";5\n', 1)
    """
    rules = QuoteRules(delimiter)
    lines = text.split("\n")
    count, opened = 0, 0
    for place, line in enumerate(lines):
        if '"' not in line:
            continue
        body = line.removesuffix("\r")
        number = first_line + place
        if opened:
            if rules.closes(body):
                opened = 0
            elif not rules.goes_on(body):
                raise swallowed(where, opened, number)
        elif rules.is_whole(body):
            continue
        elif rules.opens(body):
            opened = number
        else:
            repaired = _repaired(body, delimiter, width)
            if repaired is None:
                raise InputError(
                    "{path}, line {line} has a quote inside a quoted cell that is not doubled, "
                    'so that its cells are not certain: {text}; write it twice, as in "a ""b"" c"',
                    path=where,
                    line=number,
                    text=body if len(body) <= 80 else f"{body[:79]}…",
                )
            lines[place] = repaired + line[len(body) :]
            count += 1
    if opened:
        raise swallowed(where, opened, first_line + len(lines) - 1)
    return ("\n".join(lines) if count else text), count


def swallowed(where: str, start: int, end: int) -> InputError:
    """Return the error for a quote without its twin, which makes one cell of several rows."""
    return InputError(
        "{path}, line {line}: a quote opens a cell that goes on to line {end} and "
        "swallows rows; close or double the quote",
        path=where,
        line=start,
        end=end,
    )


def _repaired(line: str, delimiter: str, width: int) -> str | None:
    cells = line.split(delimiter)
    while len(cells) > width and not cells[-1].strip():
        cells.pop()
    if len(cells) != width:
        return None
    repaired = [_repaired_cell(cell) for cell in cells]
    whole = [cell for cell in repaired if cell is not None]
    return delimiter.join(whole) if len(whole) == len(cells) else None


def _repaired_cell(cell: str) -> str | None:
    """Return a cell with its inner quotes doubled; None where they are not in pairs."""
    if not cell.startswith('"'):
        return cell
    if QuoteRules("\0").is_whole(cell):
        return cell
    inner = cell[1:-1] if len(cell) > 1 and cell.endswith('"') else cell
    inner = inner.replace('\\"', '"')
    if inner.count('"') % 2:
        return None
    doubled = inner.replace('"', '""')
    return f'"{doubled}"'


def damaged_rows(block: bytes | bytearray, delimiter: str) -> bool:
    r"""Return whether a block of rows may hold quotes that are not doubled.

    Examples
    --------
    >>> damaged_rows(b'"OOO ""Luch"" 1";5\nOOO "Luch";6\n', ";")
    False
    >>> damaged_rows(b'"OOO "Luch" 1";5\n', ";")
    True
    """
    rules = QuoteRules(delimiter)
    for row in _suspicious(block, delimiter):
        line = row.decode("utf-8", "replace").removesuffix("\r")
        if not (rules.is_whole(line) or rules.opens(line) or rules.closes(line)):
            return True
    return False


def _suspicious(block: bytes | bytearray, delimiter: str) -> Iterator[bytes | bytearray]:
    """Yield the lines with a cell in quotes and a run of quotes that a whole row rarely has."""
    data = np.frombuffer(b"\n" + block + b"\n", np.uint8)
    if _are_plain(data, delimiter):
        return
    quotes = np.flatnonzero(data == _QUOTE)
    ends_cell = np.zeros(256, dtype=bool)
    ends_cell[[ord(delimiter), ord("\n"), ord("\r")]] = True
    first = quotes[data[quotes - 1] != _QUOTE]
    last = quotes[data[quotes + 1] != _QUOTE]
    before, after = ends_cell[data[first - 1]], ends_cell[data[last + 1]]
    odd = (last - first) % 2 == 0
    inside = ~before & ~after & odd
    half = (before ^ after) & ~odd
    places = first[inside | half]
    if not len(places):
        return
    breaks = np.flatnonzero(data == ord("\n"))
    rows = np.intersect1d(_rows(breaks, places), _rows(breaks, first[before]))
    for row in rows.tolist():
        yield block[int(breaks[row - 1]) : int(breaks[row]) - 1]


def _are_plain(data: npt.NDArray[np.uint8], delimiter: str) -> bool:
    """Return whether every quote stands alone, at an end of its cell; a few passes over bytes."""
    for start in range(0, len(data), _CACHED):
        part = data[start : start + _CACHED + 2]
        quote = part == _QUOTE
        if (quote[1:] & quote[:-1]).any():
            return False
        inside = (part != ord(delimiter)) & (part != ord("\n")) & (part != ord("\r"))
        if (quote[1:-1] & inside[:-2] & inside[2:]).any():
            return False
    return True


def _rows(
    breaks: npt.NDArray[np.intp], places: npt.NDArray[np.intp]
) -> npt.NDArray[np.signedinteger[Any]]:
    return np.unique(np.searchsorted(breaks, places))

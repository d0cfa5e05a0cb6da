"""Identifiers of customers and documents: one text for each, however it is written."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import frozen

from abcxyz._arrays import EXACT, Bools
from abcxyz.errors import InputError
from abcxyz.tables.values.text import MISSING_MARKERS, clean_text, is_missing

__all__ = ["PLAIN", "IdForm", "are_plain", "id_form", "parse_ids", "respelled"]

#: A whole number that a spreadsheet wrote as a fraction. Three zeros would be thousands.
_POINT_ZERO = re.compile(r"(-?(?:0|[1-9]\d*))[.,]0{1,2}", re.ASCII)
_FRACTION = re.compile(r"-?\d+[.,]\d+", re.ASCII)
_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?[eE]\+\d{1,3}|\d[.,]\d+[eE]\d{1,3}", re.ASCII)
#: Scientific notation of R, which writes a number so only where no digit is lost.
_SHORTENED = re.compile(r"\d(?:\.\d{1,14})?e\+\d{2}", re.ASCII)
_DAMAGED = "\N{REPLACEMENT CHARACTER}"
#: Characters of identifiers that are taken as they are written.
PLAIN = (string.ascii_letters + string.digits + "_-/:#").encode()


@frozen
class IdForm:
    """How a column writes identifiers.

    Parameters
    ----------
    point_zero
        Whether ``17850.0`` is the whole number 17850: no identifier of the column has other
        decimals.
    """

    point_zero: bool = True

    def name_of(self, cell: object) -> str | None:
        """Return the identifier in a cell, or None where it is missing."""
        if is_missing(cell):
            return None
        if isinstance(cell, (float, np.floating, Decimal)):
            return str(int(cell)) if cell == int(cell) else str(cell)
        text = clean_text(str(cell))
        if self.point_zero and text[-1] == "0" and (whole := _POINT_ZERO.fullmatch(text)):
            return whole[1]
        if _SHORTENED.fullmatch(text):
            return str(int(Decimal(text)))
        return text


def id_form(cells: Sequence[Any], *, name: str = "customer") -> IdForm:
    """Decide from all distinct cells of a column how it writes identifiers.

    Parameters
    ----------
    cells
        Distinct cells.
    name
        Heading of the column, for errors.

    Raises
    ------
    InputError
        An identifier has lost digits: it is in scientific notation, or a float above 2**53.

    Examples
    --------
    >>> id_form(["17850", "17850.0"]).point_zero, id_form(["1.0", "1.1"]).point_zero
    (True, False)
    """
    point_zero, longest = True, 0
    shortened: list[str] = []
    for cell in cells:
        if isinstance(cell, str):
            text = clean_text(cell)
            if text.isdigit():
                longest = max(longest, len(text))
            elif not text[:1].isdigit():
                continue
            elif _SHORTENED.fullmatch(text):
                shortened.append(text)
            elif _SCIENTIFIC.fullmatch(text):
                raise _lost_digits(text, name)
            elif _FRACTION.fullmatch(text) and not _POINT_ZERO.fullmatch(text):
                point_zero = False
        elif isinstance(cell, (float, np.floating)) and abs(float(cell)) >= EXACT:
            raise _lost_digits(repr(float(cell)), name)
    for text in shortened:
        # A program that writes long numbers whole has shortened this one for its zeros.
        if len(str(int(Decimal(text)))) > longest:
            raise _lost_digits(text, name)
    return IdForm(point_zero)


def _lost_digits(text: str, name: str) -> InputError:
    return InputError(
        "the column {name!r} holds {value}, a number in scientific notation whose last digits are "
        "lost, so several may look like one; format the column as text in the "
        "original file and export it again, or name another column",
        name=name,
        value=text,
    )


def parse_ids(cells: Sequence[Any], form: IdForm) -> npt.NDArray[np.object_]:
    r"""Return the identifier of each cell.

    Parameters
    ----------
    cells
        (n,) distinct cells.
    form
        Form of the column.

    Returns
    -------
    numpy.ndarray
        (n,) of ``str``, or None where it is missing. One with bytes invalid in the encoding of its
        file is the only other identifier of the column that it may be, if there is one.

    Examples
    --------
    >>> cells = ["17850", "17850.0", "17850 ", 17850.0, "00012", "NULL", "A\u00a0 B"]
    >>> parse_ids(cells, id_form(cells)).tolist()
    ['17850', '17850', '17850', '17850', '00012', None, 'A B']
    """
    ids = np.empty(len(cells), dtype=object)
    ids[:] = [form.name_of(cell) for cell in cells]
    damaged = {one for one in ids if one is not None and _DAMAGED in one}
    if damaged:
        whole = "\n".join({one for one in ids if one is not None} - damaged)
        repaired = {one: _whole_name(one, whole) for one in damaged}
        ids[:] = [repaired.get(one, one) for one in ids]
    return ids


def _whole_name(damaged: str, names: str) -> str:
    """Return the only name, of those in lines, that a name with invalid bytes may be."""
    pattern = ".{0,2}".join(map(re.escape, re.split(f"{_DAMAGED}+", damaged)))
    matches = re.findall(f"^{pattern}$", names, re.MULTILINE)
    return matches[0] if len(matches) == 1 else damaged


def are_plain(cells: Sequence[Any]) -> bool:
    """Return whether all cells are identifiers that are taken as they are written.

    Examples
    --------
    >>> are_plain(["C-7", "00012"]), are_plain(["C-7 "]), are_plain(["17850.0"]), are_plain(["-"])
    (True, False, False, False)
    """
    if not set(map(type, cells)) <= {str} or "" in cells:
        return False
    joined = "".join(cells)
    plain = joined.isascii() and not joined.encode().translate(None, PLAIN)
    return plain and MISSING_MARKERS.isdisjoint(cells)


def respelled(cells: Sequence[Any], ids: npt.NDArray[np.object_]) -> Bools:
    """Return which cells spell an identifier otherwise than an earlier cell.

    Parameters
    ----------
    cells
        (n,) distinct cells.
    ids
        (n,) identifiers of the cells.

    Examples
    --------
    >>> cells = ["Ann", " Ann", "Bob"]
    >>> respelled(cells, parse_ids(cells, IdForm())).tolist()
    [False, True, False]
    """
    spellings: dict[str, str] = {}
    return np.array(
        [
            one is not None and spellings.setdefault(one, _spelling(cell)) != _spelling(cell)
            for cell, one in zip(cells, ids, strict=True)
        ],
        dtype=bool,
    )


def _spelling(cell: object) -> str:
    return cell if isinstance(cell, str) else str(cell)

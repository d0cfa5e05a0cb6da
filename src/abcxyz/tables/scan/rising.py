"""Whether the numbers of documents rise from line to line, so that no two lines are equal."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from abcxyz.tables.values.columns import Cells, are_text, without_arrow

__all__ = ["RisingNumbers"]

_HEAD = 1000  # cells that show it of most columns


class RisingNumbers:
    """Whole numbers of a column, read batch by batch, while each is above the one before it.

    Examples
    --------
    >>> numbers = RisingNumbers()
    >>> [numbers.add(np.array(batch)) for batch in ([1, 2], [3, 7], [7, 8])]
    [True, True, False]
    """

    def __init__(self) -> None:
        self._last: int | None = None

    def add(self, cells: Cells) -> bool:
        """Return whether the cells are whole numbers that rise from the last one on."""
        for part in (cells[:_HEAD], cells[_HEAD:]):
            if not len(part):
                continue
            numbers = _integers(part)
            if numbers is None or (self._last is not None and numbers[0] <= self._last):
                return False
            if not (numbers[1:] > numbers[:-1]).all():
                return False
            self._last = int(numbers[-1])
        return True


def _integers(cells: Cells) -> npt.NDArray[np.integer[Any]] | None:
    """Return cells that are whole numbers, or text of their digits; None for any other."""
    if are_text(cells):
        pa = sys.modules["pyarrow"]
        if cells.null_count or hasattr(cells, "dictionary"):
            return None
        try:
            cells = cells.cast(pa.int64())
        except pa.ArrowInvalid:
            return None
    held = without_arrow(cells)
    return held if held.dtype.kind in "iu" else None

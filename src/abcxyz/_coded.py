"""Columns of which few values differ."""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import frozen

from abcxyz._arrays import Codes, Ints

__all__ = ["Coded"]


@frozen(eq=False)
class Coded:
    """Column of n values of which few differ: a code per row.

    Parameters
    ----------
    codes
        (n,) positions in *values*; -1 is the last of them.
    values
        The values, in a sequence or an Arrow array.
    """

    codes: Ints | Codes
    values: Any

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: slice) -> Coded:
        return Coded(self.codes[rows], self.values)

    def tolist(self) -> list[Any]:
        """Return the column value by value."""
        values = np.empty(len(self.values), dtype=object)
        values[:] = self.values
        plain: list[Any] = values[self.codes].tolist()
        return plain

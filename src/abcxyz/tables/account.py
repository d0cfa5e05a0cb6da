"""The account of data quality: every doubtful line counted, named, and dealt with in the open."""

from __future__ import annotations

import math
from collections.abc import Iterable
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from abcxyz._arrays import Bools, Floats
from abcxyz.core.sales.quality import Quality, QualityIssue
from abcxyz.report.vocabulary import KINDS, TREATMENTS

__all__ = ["KINDS", "TREATMENTS", "Ledger", "merged"]

_NOTED = MappingProxyType({"converted": "converted", "no_cost": "cost_zero"})
_EXAMPLES = 3


class Ledger:
    """Keep account of the lines of one file.

    A line that cannot be used is counted once, under the first reason met; a line that is only
    noted stays in use, and may be noted for several reasons.

    Parameters
    ----------
    rows
        How many lines there are.
    first_line
        The number of the first of them in the file, for the examples.
    """

    def __init__(self, rows: int, *, first_line: int = 2) -> None:
        self._rows = rows
        self._first_line = first_line
        self._used: Bools = np.ones(rows, dtype=bool)
        self._issues: list[QualityIssue] = []

    @property
    def used(self) -> Bools:
        """The lines in use."""
        return self._used

    def leave_out(
        self,
        kind: str,
        found: npt.NDArray[Any],
        amounts: Floats | None,
        cells: pd.Series[Any] | None = None,
    ) -> None:
        """Take the lines *found* out of use."""
        hit = np.asarray(found, dtype=bool) & self._used
        self._add(kind, hit, amounts, "left_out", cells)
        self._used &= ~hit

    def note(self, kind: str, found: npt.NDArray[Any], amounts: Floats | None) -> None:
        """Count the lines *found* and keep them."""
        hit = np.asarray(found, dtype=bool) & self._used
        self._add(kind, hit, amounts, _NOTED.get(kind, "kept"), None)

    def _add(
        self,
        kind: str,
        hit: Bools,
        amounts: Floats | None,
        treatment: str,
        cells: pd.Series[Any] | None,
    ) -> None:
        count = int(np.count_nonzero(hit))
        if not count:
            return
        places = np.flatnonzero(hit)[:_EXAMPLES]
        lines = [f"line {place + self._first_line}" for place in places]
        if cells is not None:
            written = [str(cells.iloc[place]) for place in places]
            lines = [f"{line}: {cell}" for line, cell in zip(lines, written, strict=True)]
        self._issues.append(
            QualityIssue(
                kind=kind,
                count=count,
                amount=None if amounts is None else _total(amounts[hit]),
                treatment=treatment,
                examples=tuple(lines),
            )
        )

    def quality(self) -> Quality:
        """Close the account."""
        return Quality(
            rows=self._rows, used=int(np.count_nonzero(self._used)), issues=tuple(self._issues)
        )


def _total(amounts: Floats) -> float:
    """Add to the last kopeck, so that an account can be checked against another program's."""
    return math.fsum(amounts[~np.isnan(amounts)])


def merged(accounts: Iterable[Quality]) -> Quality:
    """Add accounts up: issues of one kind and treatment become one.

    Examples
    --------
    >>> one = Quality(3, 2, [QualityIssue("zero", 1, 0.0, "kept", ["line 2"])])
    >>> both = merged([one, one])
    >>> both.rows, both.issues[0].count, both.issues[0].examples
    (6, 2, ('line 2', 'line 2'))
    """
    rows, used = 0, 0
    found: dict[tuple[str, str], QualityIssue] = {}
    for account in accounts:
        rows, used = rows + account.rows, used + account.used
        for issue in account.issues:
            key = issue.kind, issue.treatment
            earlier = found.get(key)
            found[key] = issue if earlier is None else _together(earlier, issue)
    return Quality(rows, used, found.values())


def _together(one: QualityIssue, other: QualityIssue) -> QualityIssue:
    money = None if one.amount is None or other.amount is None else one.amount + other.amount
    return QualityIssue(
        one.kind,
        one.count + other.count,
        money,
        one.treatment,
        (*one.examples, *other.examples)[:_EXAMPLES],
    )

"""Data quality account: doubtful lines counted by kind, with their money and treatment."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from abcxyz._arrays import Bools, Floats
from abcxyz.core.sales.calendar import Window
from abcxyz.core.sales.quality import TREATMENT_OF, Quality, QualityIssue
from abcxyz.core.sales.transactions import Transactions
from abcxyz.errors import InputError

__all__ = ["LineAccount", "issue_of", "merged", "nothing_usable", "outside_window"]

_EXAMPLES = 3


def issue_of(
    kind: str, count: int, amount: float | None, examples: Iterable[str] = ()
) -> QualityIssue:
    """Return the issue of a kind of lines; the kind determines the treatment.

    Examples
    --------
    >>> issue_of("no_customer", 2, 30.0).treatment
    'left_out'
    """
    return QualityIssue(kind, count, amount, TREATMENT_OF[kind], examples)


def outside_window(sales: Transactions, window: Window | None) -> list[QualityIssue]:
    """Return the issue of the lines outside a window; empty without such lines."""
    if window is None:
        return []
    outside = ~window.holds(sales.day)
    count = int(np.count_nonzero(outside))
    if not count:
        return []
    return [issue_of("outside_window", count, float(np.sum(sales.amount[outside])))]


def nothing_usable(where: str, quality: Quality, columns: Mapping[str, str]) -> InputError:
    """Return the error for a table without usable lines.

    Parameters
    ----------
    where
        Name of the file.
    quality
        Its quality account.
    columns
        Role -> column in the file.
    """
    return InputError(
        "{where} has no usable line among {rows}: {reasons}; check the columns {columns}",
        where=where,
        rows=quality.rows,
        reasons=", ".join(f"{one.kind} {one.count}" for one in quality.issues) or "empty",
        columns=", ".join(f"{role}={column}" for role, column in columns.items()),
    )


class LineAccount:
    """Quality account of lines in memory, with the set of lines in use.

    A line that cannot be used is counted once, under the first reason; a line that is only noted
    stays in use, and may be noted for several reasons.

    Parameters
    ----------
    rows
        Number of lines.
    numbers
        (rows,) numbers of the lines in the file, for the examples.
    """

    def __init__(self, rows: int, numbers: npt.NDArray[Any]) -> None:
        self._rows = rows
        self._numbers = numbers
        self._used: Bools = np.ones(rows, dtype=bool)
        self._issues: list[QualityIssue] = []

    @property
    def used(self) -> Bools:
        """(rows,) booleans: the lines in use."""
        return self._used

    def leave_out(
        self,
        kind: str,
        lines: npt.NDArray[Any],
        amounts: Floats | None,
        cells: pd.Series[Any] | None = None,
    ) -> None:
        """Remove lines from use, and count those that were in use."""
        hit = np.asarray(lines, dtype=bool) & self._used
        self._add(kind, hit, amounts, cells)
        self._used &= ~hit

    def note(self, kind: str, lines: npt.NDArray[Any], amounts: Floats | None) -> None:
        """Count lines and leave them in use."""
        self._add(kind, np.asarray(lines, dtype=bool) & self._used, amounts, None)

    def _add(
        self, kind: str, hit: Bools, amounts: Floats | None, cells: pd.Series[Any] | None
    ) -> None:
        count = int(np.count_nonzero(hit))
        if not count:
            return
        places = np.flatnonzero(hit)[:_EXAMPLES]
        lines = [f"line {self._numbers[place]}" for place in places]
        if cells is not None:
            written = [str(cells.iloc[place]) for place in places]
            lines = [
                f"{line}: {cell}" if cell.strip() and cell != "nan" else line
                for line, cell in zip(lines, written, strict=True)
            ]
        amount = None if amounts is None else _total(amounts[hit])
        self._issues.append(issue_of(kind, count, amount, lines))

    def quality(self) -> Quality:
        """Return the finished account."""
        return Quality(self._rows, int(np.count_nonzero(self._used)), self._issues)


def _total(amounts: Floats) -> float:
    """Return the exact sum, rounded to kopecks, comparable with that of other programs."""
    return math.fsum(amounts[~np.isnan(amounts)])


def merged(accounts: Iterable[Quality]) -> Quality:
    """Merge accounts: issues of the same kind and treatment are added up, sentences joined.

    Examples
    --------
    >>> one = Quality(3, 2, [QualityIssue("zero", 1, 0.0, "kept", ["line 2"])])
    >>> both = merged([one, one])
    >>> both.rows, both.issues[0].count, both.issues[0].examples
    (6, 2, ('line 2', 'line 2'))
    """
    rows, used = 0, 0
    issues: dict[tuple[str, str], QualityIssue] = {}
    remarks: dict[str, None] = {}
    notices: dict[str, None] = {}
    for account in accounts:
        remarks.update(dict.fromkeys(account.remarks))
        notices.update(dict.fromkeys(account.notices))
        rows, used = rows + account.rows, used + account.used
        for issue in account.issues:
            key = issue.kind, issue.treatment
            earlier = issues.get(key)
            issues[key] = issue if earlier is None else _together(earlier, issue)
    return Quality(rows, used, issues.values(), remarks, notices)


def _together(one: QualityIssue, other: QualityIssue) -> QualityIssue:
    money = None if one.amount is None or other.amount is None else one.amount + other.amount
    return QualityIssue(
        one.kind,
        one.count + other.count,
        money,
        one.treatment,
        (*one.examples, *other.examples)[:_EXAMPLES],
    )

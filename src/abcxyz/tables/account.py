"""Data quality account: doubtful lines counted by kind, with their money and treatment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import frozen

from abcxyz._arrays import Bools, Floats, Ints
from abcxyz.core.exact_sums import exact_parts, rounded_sum, sum_of_parts
from abcxyz.core.sales.calendar import Window
from abcxyz.core.sales.quality import KINDS, TREATMENT_OF, Quality, QualityIssue
from abcxyz.core.sales.transactions import Transactions
from abcxyz.errors import InputError
from abcxyz.tables.columns.notices import cure_of, left_out_money, same_money

__all__ = [
    "AccountSums",
    "LineAccount",
    "account_of",
    "check_account",
    "issue_of",
    "merged",
    "outside_window",
]

_EXAMPLES = 3
_HEAD = 100_000  # lines looked through first for examples


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
    return [issue_of("outside_window", count, rounded_sum(sales.amount[outside]))]


def check_account(where: str, quality: Quality, columns: Mapping[str, str], money: float) -> None:
    """Raise an error if the account of a table shows that it was not understood.

    Parameters
    ----------
    where
        Name of the file.
    quality
        Its quality account.
    columns
        Role -> column in the file.
    money
        Amount of the lines used.

    Raises
    ------
    InputError
        No line is usable, or the lines add up to twice or three times the total rows, because the
        sums of groups are among them.
    """
    if not quality.used:
        raise InputError(
            "{where} has no usable line among {rows}: {reasons}; see {option}, and check the "
            "columns {columns}",
            where=where,
            rows=quality.rows,
            reasons=", ".join(map(_reason, quality.issues)) or "empty",
            option=cure_of(max(quality.issues, key=lambda one: one.count, default=None)),
            columns=", ".join(f"{role}={column}" for role, column in columns.items()),
        )
    kinds = {one.kind: one.amount or 0.0 for one in quality.issues}
    total = kinds.get("total_row", 0.0)
    if not total or "other_currency" in kinds or "converted" in kinds:
        return
    lines = money + left_out_money(quality)
    for times in (2, 3):
        if same_money(lines, times * total):
            raise InputError(
                "the lines of {where} add up to {lines}, {times} times the total rows ({total}): "
                "the sums of groups are among them; export it without groups, one line per sale",
                where=where,
                lines=round(lines, 2),
                times=times,
                total=round(total, 2),
            )


def _reason(issue: QualityIssue) -> str:
    examples = f" ({'; '.join(issue.examples)})" if issue.examples else ""
    return f"{issue.kind} {issue.count}{examples}"


class LineAccount:
    """Quality account of lines in memory, with the set of lines in use.

    A line that cannot be used is counted once, under the first reason; a line that is only noted
    stays in use, and may be noted for several reasons.

    Parameters
    ----------
    rows
        Number of lines.
    line_of
        Positions -> numbers of the lines in the file, for the examples.

    Attributes
    ----------
    counts
        Kind -> the lines of that kind.
    """

    def __init__(self, rows: int, line_of: Callable[[Ints], Ints]) -> None:
        self._line_of = line_of
        self._used: Bools = np.ones(rows, dtype=bool)
        self.counts: dict[str, KindCount] = {}

    @property
    def used(self) -> Bools:
        """(n,) booleans: the lines in use."""
        return self._used

    def leave_out(
        self,
        kind: str,
        lines: npt.NDArray[Any] | None,
        amounts: Floats | None,
        cell: Callable[[int], object] | None = None,
    ) -> None:
        """Remove lines from use, and count those that were in use; None for no lines.

        *cell* returns the cell of a line by its position, for the examples.
        """
        if lines is None:
            return
        hit = np.asarray(lines, dtype=bool) & self._used
        if self._add(kind, hit, amounts, cell):
            self._used &= ~hit

    def note(self, kind: str, lines: npt.NDArray[Any] | None, amounts: Floats | None) -> None:
        """Count lines and leave them in use; None for no lines."""
        if lines is not None:
            self._add(kind, np.asarray(lines, dtype=bool) & self._used, amounts, None)

    def _add(
        self,
        kind: str,
        hit: Bools,
        amounts: Floats | None,
        cell: Callable[[int], object] | None,
    ) -> int:
        count = int(np.count_nonzero(hit))
        if count:
            places = _first_places(hit)
            examples = tuple(
                (int(line), _example(int(line), None if cell is None else cell(int(place))))
                for place, line in zip(places, self._line_of(places), strict=True)
            )
            parts = None if amounts is None else tuple(_parts(amounts[hit]))
            self.counts[kind] = KindCount(count, parts, examples)
        return count

    def sums(self) -> AccountSums:
        """Return the sums of the account, without the lines."""
        return AccountSums(len(self._used), int(np.count_nonzero(self._used)), dict(self.counts))

    def quality(self) -> Quality:
        """Return the finished account."""
        return account_of([self.sums()])


@frozen
class AccountSums:
    """Number of lines, of those in use, and the lines of each kind."""

    rows: int
    used: int
    counts: Mapping[str, KindCount]


@frozen
class KindCount:
    """Lines of one kind: their number, money, and examples by number of the line."""

    count: int
    amounts: tuple[float, ...] | None  # numbers with the exact sum
    examples: tuple[tuple[int, str], ...]

    def __add__(self, other: KindCount) -> KindCount:
        amounts = None
        if self.amounts is not None and other.amounts is not None:
            amounts = (*self.amounts, *other.amounts)
        examples = sorted((*self.examples, *other.examples))[:_EXAMPLES]
        return KindCount(self.count + other.count, amounts, tuple(examples))

    def issue(self, kind: str) -> QualityIssue:
        """Return the issue of these lines."""
        amount = None if self.amounts is None else sum_of_parts(self.amounts)
        return issue_of(kind, self.count, amount, [text for _, text in self.examples])


def account_of(parts: Iterable[AccountSums]) -> Quality:
    """Return the account of a table from those of its parts."""
    rows, used = 0, 0
    counts: dict[str, KindCount] = {}
    for part in parts:
        rows, used = rows + part.rows, used + part.used
        for kind, count in part.counts.items():
            counts[kind] = counts[kind] + count if kind in counts else count
    issues = [counts[kind].issue(kind) for kind in KINDS if kind in counts]
    return Quality(rows, used, issues)


def _example(line: int, cell: object) -> str:
    written = "" if cell is None else str(cell)
    return f"line {line}: {written}" if written.strip() and written != "nan" else f"line {line}"


def _first_places(hit: Bools) -> Ints:
    """Return the first positions, without a list of all."""
    places = np.flatnonzero(hit[:_HEAD])
    if len(places) < _EXAMPLES:
        places = np.flatnonzero(hit)
    return places[:_EXAMPLES].astype(np.int64)


def _parts(amounts: Floats) -> list[float]:
    return exact_parts(amounts[~np.isnan(amounts)])


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

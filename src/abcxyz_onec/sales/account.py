"""Data quality of a read: lines used, and lines left out by reason."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from types import MappingProxyType

from abcxyz import Quality, QualityIssue

__all__ = ["HIDDEN_SALES", "KINDS", "REASONS", "UNKNOWN_ORDERS", "Account"]

#: Objects with rows that the user may not see; customers without sales may have hidden ones.
HIDDEN_SALES = "objects of 1C with sales that the user may not see"
#: Lines that stand for all sales of a sub-period.
UNKNOWN_ORDERS = "sums of sub-periods, counted as one sale on the first day"

#: Reasons why lines are left out, and their texts.
REASONS = MappingProxyType(
    {
        "predefined": "sales of predefined customers of 1C",
        "deleted": "sales of customers marked for deletion",
        "folder": "sales of folders of customers",
        "empty": "sales without a customer",
        "dangling": "sales by a key that is missing from the catalog of keys",
        "unknown": "sales of customers that are missing from the catalog",
        "other": "sales to parties that are not customers",
    }
)

#: Problems of identifiers, and their texts.
KINDS = MappingProxyType(
    {
        "absent": "customers without the identifier asked for",
        "shared": "customers that share their identifier with another",
        "several": "customers with several INN, identified by the most frequent one",
    }
)


class Account:
    """Counters of the lines of a read: used, and left out by reason."""

    def __init__(self) -> None:
        self._rows = self._used = 0
        self._left_out: defaultdict[str, list[float]] = defaultdict(lambda: [0, 0.0])
        self._ids: Counter[str] = Counter()
        self._hidden = self._sums = 0

    def note_hidden(self, objects: int) -> None:
        """Count the objects with sales that the user may not see."""
        self._hidden = objects

    def note_ids(self, id_problems: Mapping[str, tuple[str, ...]], customers: set[str]) -> None:
        """Count the *customers* with a problem of the identifier."""
        self._ids = Counter(kind for each in customers for kind in id_problems.get(each, ()))

    def note_sums(self, lines: int) -> None:
        """Count lines that stand for all sales of a sub-period."""
        self._sums += lines

    def left_out(self, reason: str, count: int, money: float) -> None:
        """Count lines that were left out for a reason."""
        sums = self._left_out[reason]
        sums[0] += count
        sums[1] += money

    def rows(self, read: int, used: int) -> None:
        """Count lines read and lines used."""
        self._rows += read
        self._used += used

    def quality(self) -> Quality:
        """Return the counters as quality issues."""
        issues = [
            QualityIssue(REASONS[reason], int(count), money, "left_out")
            for reason, (count, money) in sorted(self._left_out.items())
        ]
        issues += [
            QualityIssue(KINDS[kind], count, None, "kept")
            for kind, count in sorted(self._ids.items())
        ]
        if self._sums:
            issues.append(QualityIssue(UNKNOWN_ORDERS, self._sums, None, "kept"))
        if self._hidden:
            issues.append(QualityIssue(HIDDEN_SALES, self._hidden, None, "left_out"))
        return Quality(self._rows, self._used, tuple(issues))

"""Account of a reading: lines used, and lines left out by reason."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from types import MappingProxyType

from abcxyz import Quality, QualityIssue

__all__ = ["KINDS", "REASONS", "Account"]

#: Why lines are left out, as people read it.
REASONS = MappingProxyType(
    {
        "predefined": "sales of predefined customers of 1C",
        "deleted": "sales of customers marked for deletion",
        "folder": "sales of folders of customers",
        "empty": "sales without a customer",
        "dangling": "sales by a key that is missing from the catalog of keys",
        "unknown": "sales of customers that are missing from the catalog",
        "other": "sales to somebody who is no customer",
    }
)

#: What is doubtful about identifiers, as people read it.
KINDS = MappingProxyType(
    {
        "absent": "customers without the identifier asked for",
        "shared": "customers that share their identifier with another",
    }
)


class Account:
    """Account of the lines of a reading: used, and left out by reason."""

    def __init__(self) -> None:
        self._rows = self._used = 0
        self._left: defaultdict[str, list[float]] = defaultdict(lambda: [0, 0.0])
        self._ids: Counter[str] = Counter()

    def note_ids(self, lacking: Mapping[str, str], met: set[str]) -> None:
        """Count the customers that were met and lack their identifier."""
        self._ids = Counter(lacking[each] for each in met if each in lacking)

    def left_out(self, reason: str, count: int, money: float) -> None:
        """Count lines that were left out for a reason."""
        found = self._left[reason]
        found[0] += count
        found[1] += money

    def rows(self, met: int, used: int) -> None:
        """Count lines."""
        self._rows += met
        self._used += used

    def quality(self) -> Quality:
        """Return the account as quality issues."""
        issues = [
            QualityIssue(REASONS[reason], int(count), money, "left_out")
            for reason, (count, money) in sorted(self._left.items())
        ]
        issues += [
            QualityIssue(KINDS[kind], count, None, "kept")
            for kind, count in sorted(self._ids.items())
        ]
        return Quality(self._rows, self._used, tuple(issues))

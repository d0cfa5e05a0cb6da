"""Record of one sale, filter of the objects that count as sales, and counters of a reading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from attrs import define, field, frozen

from abcxyz import Quality, QualityIssue
from abcxyz_bitrix.crm.customers import Party, key_of, party_of
from abcxyz_bitrix.crm.entities import Fields
from abcxyz_bitrix.crm.stages import Stages
from abcxyz_bitrix.rest.lists import Row

__all__ = ["CODES", "Sale", "SaleFilter", "Tally", "day_of", "getter"]

CODES = (
    "ID", "CATEGORY_ID", "STAGE_ID", "STAGE_SEMANTIC_ID", "COMPANY_ID", "CONTACT_ID",
    "CONTACT_IDS", "OPPORTUNITY", "CURRENCY_ID", "MOVED_TIME", "CLOSEDATE", "IS_RECURRING",
)  # fmt: skip
"""Fields of a sale to read; none holds personal data."""

_ISSUES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "no_customer": ("no_customer", "left_out"),
        "no_date": ("no_date", "left_out"),
        "deleted_stage": ("deals in a deleted stage", "left_out"),
        "template": ("templates of recurring deals", "left_out"),
        "imported": ("imported deals, dated by their closing date", "kept"),
        "without_moved_time": ("deals without a time of their last move", "kept"),
        "unknown_cost": ("sales whose purchase prices have no rate of exchange", "kept"),
        "without_key": ("customers without the chosen key", "kept"),
        "day_from_moved_time": ("deals dated by their last move", "kept"),
        "day_from_closedate": ("deals dated by their closing date", "kept"),
    }
)
"""Counter -> kind and treatment of the quality issue."""


@frozen
class Sale:
    """One sale."""

    party: Party
    day: date
    amount: Decimal
    currency: str
    document: str
    cost: Decimal | None = None

    def pack(self) -> list[Any]:
        """Return the sale as JSON values."""
        cost = None if self.cost is None else str(self.cost)
        return [
            key_of(self.party), self.day.isoformat(), str(self.amount), self.currency,
            self.document, cost,
        ]  # fmt: skip

    @classmethod
    def unpack(cls, packed: Sequence[Any]) -> Sale:
        """Restore a sale from the values of `pack`."""
        party = party_of(packed[0])
        assert party is not None
        cost = None if packed[5] is None else Decimal(packed[5])
        return cls(
            party, date.fromisoformat(packed[1]), Decimal(packed[2]), packed[3], packed[4], cost
        )


@define
class Tally:
    """Counters of omitted objects by reason, and of the sources of a sale's day."""

    counts: Counter[str] = field(factory=Counter)

    def add(self, kind: str, many: int = 1) -> None:
        """Add *many* to a counter."""
        if many:
            self.counts[kind] += many

    def quality(self) -> Quality:
        """Return the counters as quality issues of the sales."""
        issues = [
            QualityIssue(kind=kind, count=self.counts[name], amount=None, treatment=treatment)
            for name, (kind, treatment) in _ISSUES.items()
            if self.counts[name]
        ]
        left_out = sum(issue.count for issue in issues if issue.treatment == "left_out")
        used = self.counts["used"] + self.counts["outside_window"]
        return Quality(rows=used + left_out, used=used, issues=issues)


def day_of(moment: datetime, zone: tzinfo | None) -> date:
    """Return the day of a moment in the business time zone; None is that of the portal."""
    return (moment if zone is None else moment.astimezone(zone)).date()


@frozen
class SaleFilter:
    """Filter of the objects that count as sales.

    Parameters
    ----------
    stages
        Stages with their semantics.
    funnels
        Numbers of the funnels that count.
    without
        Ids of stages that do not count.
    out
        Companies and contacts that are no customers.
    customer
        Choice of the customer, as in `BitrixSource`.
    zone
        Time zone of the business; None is that of the portal.
    dated_by
        Name of the field that dates a sale; None takes the moment of winning.
    imported
        Days on which sales of earlier days were imported.
    """

    stages: Stages
    funnels: frozenset[int]
    without: frozenset[str]
    out: set[Party]
    customer: str
    zone: tzinfo | None
    dated_by: str | None = None
    imported: frozenset[date] = frozenset()


def getter(names: Fields) -> Callable[[Row, str], Any]:
    """Return the function that reads one of `CODES` from a row; None where it is absent."""
    known = {code: names.find(code) for code in CODES}

    def get(row: Row, code: str) -> Any:
        name = known[code]
        return row.get(name) if name is not None else None

    return get

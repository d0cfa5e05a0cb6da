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
"""Fields that are read of a sale; nothing about people among them."""

_ISSUES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "no_customer": ("no_customer", "left_out"),
        "no_date": ("no_date", "left_out"),
        "deleted_stage": ("deals in a deleted stage", "left_out"),
        "template": ("templates of recurring deals", "left_out"),
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
        """Return it as values of JSON."""
        cost = None if self.cost is None else str(self.cost)
        return [
            key_of(self.party), self.day.isoformat(), str(self.amount), self.currency,
            self.document, cost,
        ]  # fmt: skip

    @classmethod
    def unpack(cls, packed: Sequence[Any]) -> Sale:
        """Read what `pack` wrote."""
        party = party_of(packed[0])
        assert party is not None
        cost = None if packed[5] is None else Decimal(packed[5])
        return cls(
            party, date.fromisoformat(packed[1]), Decimal(packed[2]), packed[3], packed[4], cost
        )


@define
class Tally:
    """What was left out and why, and where the day of a sale came from."""

    counts: Counter[str] = field(factory=Counter)

    def add(self, kind: str, many: int = 1) -> None:
        """Count."""
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
    """Take the day of a moment in the business time zone; None is the portal's own."""
    return (moment if zone is None else moment.astimezone(zone)).date()


@frozen
class SaleFilter:
    """Which objects count as sales, and of whom.

    Parameters
    ----------
    stages
        With their semantics.
    funnels
        Numbers of the funnels that count.
    without
        Ids of stages that do not count.
    out
        Companies and contacts that are no customers.
    customer
        As of the source.
    zone
        Of the business; None is that of the portal.
    """

    stages: Stages
    funnels: frozenset[int]
    without: frozenset[str]
    out: set[Party]
    customer: str
    zone: tzinfo | None


def getter(names: Fields) -> Callable[[Row, str], Any]:
    """Make the function that takes one of `CODES` out of a row; None where it is absent."""
    known = {code: names.find(code) for code in CODES}

    def get(row: Row, code: str) -> Any:
        name = known[code]
        return row.get(name) if name is not None else None

    return get

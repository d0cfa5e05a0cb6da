"""Plan and report of a write by a sink."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import field, frozen

from abcxyz._maps import frozen_map
from abcxyz.errors import ConfigError

__all__ = ["MAX_UNMATCHED", "WritePlan", "WriteReport"]

#: Largest share of customers without a card with which a sink writes, by default.
MAX_UNMATCHED = 0.5


def _lines(notes: Iterable[str]) -> tuple[str, ...]:
    return tuple(notes)


@frozen(kw_only=True)
class WriteReport:
    """Report of a write, or of the write that ``dry_run`` simulated.

    Parameters
    ----------
    written
        Number of changed customers (or files, or messages).
    unchanged
        Number that were up to date already.
    failed
        Customer -> the reason why it could not be written, without secrets.
    notes
        Further lines of text, such as the changes that a dry run would have made.
    alerts_left
        Keys of alerts that were not raised, for lack of time or because of an error. The next
        run raises them again.

    Examples
    --------
    >>> WriteReport(written=2, unchanged=5, failed={"C7": "deleted"}).complete
    False
    """

    written: int = 0
    unchanged: int = 0
    failed: Mapping[str, str] = field(factory=dict, converter=frozen_map)
    notes: tuple[str, ...] = field(default=(), converter=_lines)
    alerts_left: tuple[str, ...] = field(default=(), converter=_lines)

    @property
    def complete(self) -> bool:
        """Whether nothing failed."""
        return not self.failed


@frozen(kw_only=True)
class WritePlan:
    """What a sink is about to write, before the first write.

    Parameters
    ----------
    customers
        Number of classified customers in the analysis.
    matched
        How many of them the target knows.
    classified
        Number of cards that show a class now; 0 before the first write.
    changed
        How many of these are about to show another class, or none.
    cleared
        How many of these are about to show none.

    Examples
    --------
    >>> WritePlan(customers=200, matched=50, classified=40, changed=30).unmatched_share
    0.75
    """

    customers: int
    matched: int
    classified: int = 0
    changed: int = 0
    cleared: int = 0

    @property
    def unmatched_share(self) -> float:
        """Share of the customers that the target does not know; 0 without customers."""
        return 1.0 - self.matched / self.customers if self.customers else 0.0

    def check_matched(self, limit: float = MAX_UNMATCHED) -> None:
        """Check that the customers of the analysis are those of the target.

        Parameters
        ----------
        limit
            Share of customers without a card that is allowed.

        Raises
        ------
        ConfigError
            A larger share has none.
        """
        if self.unmatched_share > limit:
            raise ConfigError(
                "{missing} of {customers} {customers:customer|customers} {missing:has no card "
                "under its|have no card under their} key, which is more than max_unmatched = "
                "{limit} allows; nothing was written, correct customer_id or raise "
                "max_unmatched",
                missing=self.customers - self.matched,
                customers=self.customers,
                limit=limit,
            )

    @property
    def changed_share(self) -> float:
        """Share of the cards with a class that are about to show another one, or none."""
        return self.changed / self.classified if self.classified else 0.0

"""Matches of customers of an analysis with cards of 1C."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from abcxyz import SEGMENTS
from abcxyz_onec.catalogs.customers import Directory
from abcxyz_onec.targets.writes import Wanted

if TYPE_CHECKING:
    from abcxyz import Analysis

__all__ = ["Matches", "references_of"]


def references_of(directory: Directory) -> Mapping[str, tuple[str, ...]]:
    """Return customer to references, also for customers named by their reference."""
    by_reference = {
        f"ref:{each}": (each,) for each in directory.names if each not in directory.excluded
    }
    return by_reference | dict(directory.references())


class Matches:
    """Matches of customers of the analysis with cards of 1C, or of *only* some of them."""

    def __init__(
        self, directory: Directory, analysis: Analysis, only: frozenset[str] | None
    ) -> None:
        references = references_of(directory)
        snapshot = analysis.snapshot
        self._names: dict[str, str] = {}
        self.wanted: dict[str, Wanted] = {}
        self.unmatched: dict[str, int] = {}
        self.customers = 0
        skip: set[str] = set(directory.excluded)
        columns = (
            snapshot.customers.tolist(),
            snapshot.segment.tolist(),
            snapshot.abc.tolist(),
            snapshot.xyz.tolist(),
            snapshot.value.tolist(),
            snapshot.cv.tolist(),
        )
        for customer, segment, abc, xyz, value, cv in zip(*columns, strict=True):
            name = str(customer)
            cards = references.get(name, ())
            if segment < 0 or (only is not None and name not in only):
                continue
            self.customers += 1
            if len(cards) != 1:
                self.unmatched[name] = len(cards)
                skip |= set(cards)
                continue
            self._names[cards[0]] = name
            self.wanted[cards[0]] = Wanted(SEGMENTS[segment], abc, xyz, float(value), float(cv))
        # A card that is missing here is hidden from the user, or deleted: its class stays.
        self.changeable = frozenset(directory.names.keys() - skip)
        identifiers = directory.references().items()
        self._identifiers = {each: name for name, cards in identifiers for each in cards}

    def name(self, reference: str) -> str:
        """Return the identifier of the customer of a card in the analysis."""
        return self._names.get(reference) or self._identifiers.get(reference, reference)

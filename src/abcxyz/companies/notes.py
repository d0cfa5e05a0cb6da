"""Counts of an enrichment, as sentences."""

from __future__ import annotations

from collections import Counter

from attrs import define, field

from abcxyz.companies.attributes import AttributeSet
from abcxyz.toolkit.catalogue import Catalogue, Figure, Message

__all__ = ["EnrichmentCounts", "contradiction_notes"]

_SAY = Catalogue()


@define
class EnrichmentCounts:
    """What was asked, and what was found, left out or skipped."""

    asked: int = 0
    matched: int = 0
    persons: int = 0
    values: Counter[str] = field(factory=Counter)
    stale: Counter[tuple[str, int]] = field(factory=Counter)

    def add(self, known: AttributeSet) -> None:
        """Count one organisation that was found."""
        self.matched += 1
        self.values.update(name for name in known.values if f"{name}_source" in known.values)
        self.stale.update(known.stale.items())

    def notes(self) -> list[Message]:
        """Return the counts as sentences, those of nothing left out."""
        if not (self.asked or self.persons):
            return []
        notes = [
            _SAY.message(
                "{matched} of {asked} {asked:organisation|organisations} found",
                matched=Figure(self.matched),
                asked=Figure(self.asked),
            )
        ]
        if self.persons:
            notes.append(
                _SAY.message(
                    "{persons} with the number of a natural person were not looked up",
                    persons=Figure(self.persons),
                )
            )
        every = self.values + Counter({name: n for (name, _), n in self.stale.items()})
        for (name, year), n in sorted(self.stale.items()):
            notes.append(
                _SAY.message(
                    "{attribute}: {n} of {every} {every:value|values} {n:is|are} of {year} and "
                    "left out as too old",
                    attribute=name,
                    n=Figure(n),
                    every=Figure(every[name]),
                    year=str(year),
                )
            )
        return notes


def contradiction_notes(
    source: str, contradictions: Counter[str], *, replaced: bool = False
) -> list[Message]:
    """Return a sentence about values of another class than those that stand, if there are any.

    Examples
    --------
    >>> contradiction_notes("fns", Counter({"employees": 3, "region": 1}))
    ['fns: its values are of another class than those that stand: employees 3, region 1']
    """
    counts = ", ".join(f"{name} {n}" for name, n in sorted(contradictions.items()))
    if not counts:
        return []
    if replaced:
        return [
            _SAY.message(
                "{source}: its values replace others of another class: {counts}",
                source=source,
                counts=counts,
            )
        ]
    return [
        _SAY.message(
            "{source}: its values are of another class than those that stand: {counts}",
            source=source,
            counts=counts,
        )
    ]

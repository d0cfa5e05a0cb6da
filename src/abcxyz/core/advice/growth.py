"""Growth list: customers of class B who may reach class A, the largest expected gain first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import attrs
from attrs import field, frozen

from abcxyz._arrays import same_numbers
from abcxyz.core.advice.owner_cap import first_of_owners
from abcxyz.core.display import brief
from abcxyz.core.documents import plain_value, rounded
from abcxyz.core.landmarks.reasons import sentences
from abcxyz.toolkit.catalogue import Message, translate

__all__ = ["GrowthList", "RisingCustomer"]


@frozen(kw_only=True, field_transformer=same_numbers)
class RisingCustomer:
    """One customer of class B who may reach class A.

    Parameters
    ----------
    customer
        Identifier.
    segment
        Segment; ``N`` is not classified.
    owner
        Responsible employee; None if not known.
    value
        The value over the window.
    missing
        What lacks to the limit of class A.
    probability
        Chance to be of class A within the horizon; NaN if none was learned.
    expected_gain
        Chance times what is missing; NaN without a chance.
    like
        Number of held-back past cases with a like chance, and of those who rose.
    """

    __hash__ = None  # type: ignore[assignment]

    customer: Any
    segment: str
    value: float
    missing: float
    owner: str | None = None
    probability: float = math.nan
    expected_gain: float = math.nan
    like: tuple[int, int] = (0, 0)
    _facts: Mapping[str, float] = field(factory=dict, eq=False, repr=False)
    _because: tuple[str, ...] = field(default=(), eq=False, repr=False)
    _against: tuple[str, ...] = field(default=(), eq=False, repr=False)

    def reasons(self, lang: str = "en") -> list[str]:
        """Return what speaks for a rise, as sentences, the strongest first."""
        return sentences(self._because, self._facts, lang)

    def against(self, lang: str = "en") -> list[str]:
        """Return what speaks against a rise."""
        return sentences(self._against, self._facts, lang)

    def to_dict(self, lang: str = "en") -> dict[str, Any]:
        """Return plain values, ready for JSON; reasons in *lang*."""
        return {
            "customer": plain_value(self.customer),
            "segment": self.segment,
            "owner": self.owner,
            "value": rounded(self.value, 2),
            "missing": rounded(self.missing, 2),
            "probability": rounded(self.probability, 4),
            "expected_gain": rounded(self.expected_gain, 2),
            "like_cases": self.like[0],
            "like_risen": self.like[1],
            "reasons": self.reasons(lang),
            "against": self.against(lang),
        }


@frozen(kw_only=True)
class GrowthList(Sequence[RisingCustomer]):
    """Customers of class B with the best chance to reach class A, the largest gain first.

    Without chances those near the limit of A, who lack most first.

    Parameters
    ----------
    as_of, horizon_days, basis, why
        As in `RiseChance`; the basis ``none`` also stands for the value alone.
    customers
        The customers.
    held_back
        Others as likely, beyond the number per responsible employee.
    """

    __hash__ = None  # type: ignore[assignment]

    as_of: date
    horizon_days: int
    basis: str
    why: Message
    customers: tuple[RisingCustomer, ...]
    held_back: int = 0

    def __len__(self) -> int:
        return len(self.customers)

    def __iter__(self) -> Iterator[RisingCustomer]:
        return iter(self.customers)

    def __getitem__(self, place: Any) -> Any:
        return self.customers[place]

    def __repr__(self) -> str:
        return brief(self, f"{len(self):,} may reach A")

    def to_dict(self, lang: str = "en") -> dict[str, Any]:
        """Return plain values, ready for JSON; reasons in *lang*."""
        own = attrs.asdict(self, recurse=False)
        plain: dict[str, Any] = plain_value(
            {**own, "why": translate(self.why, lang), "customers": None}
        )
        return plain | {"customers": [one.to_dict(lang) for one in self.customers]}

    def first_of_owners(self, per_owner: int) -> GrowthList:
        """Return the list in its order, with so many customers per responsible employee.

        Parameters
        ----------
        per_owner
            Customers per employee; 0 for all. Those without one are not counted.
        """
        ordered = sorted(self.customers, key=_rank)
        chosen = first_of_owners(ordered, per_owner)
        return attrs.evolve(
            self, customers=tuple(chosen), held_back=self.held_back + len(ordered) - len(chosen)
        )


def _rank(one: RisingCustomer) -> tuple[float, float]:
    gain = 0.0 if math.isnan(one.expected_gain) else one.expected_gain
    return (-gain, -one.missing)

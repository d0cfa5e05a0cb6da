"""Deals at risk, as records with their reasons in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

from attrs import field, frozen

from abcxyz.core.advice.risk_reasons import reason_text
from abcxyz.core.display import plain_number
from abcxyz.crm.deals.win_record import WinProbability
from abcxyz.crm.reports.base import Report, Row
from abcxyz.toolkit.catalogue import plural, text

__all__ = ["DealRisk", "DealRisks"]


@frozen(kw_only=True)
class DealRisk(Row):
    """One open deal at risk.

    Parameters
    ----------
    deal, stage, owner, customer
        The deal, and where it stands.
    amount
        Amount; NaN if not known.
    probability
        Probability that it is won within the horizon; NaN if there is none.
    at_risk
        Money at risk: the amount times what lacks of the probability that won deals at the same
        stage and age had; without such a lack the expected amount, and without a probability the
        amount. NaN if the amount is not known.
    kinds
        Some of `~abcxyz.core.advice.risk_reasons.RISKS`, in their order.
    important
        Whether the customer is of class A.
    facts
        What the reasons say.
    """

    deal: Any
    stage: str
    owner: str
    customer: Any
    amount: float
    probability: float
    at_risk: float
    kinds: tuple[str, ...]
    important: bool
    facts: Mapping[str, Any] = field(repr=False, eq=False)

    def reasons(self, lang: str = "en") -> list[str]:
        """Return why the deal is at risk, the most urgent reason first."""
        listed = [reason_text(kind, self.facts[kind], lang) for kind in self.kinds]
        if self.important:
            listed.append(text("the customer is of class A", lang))
        return listed

    def evidence(self, lang: str = "en") -> str:
        """Return the reasons in one line."""
        return "; ".join(self.reasons(lang))

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name, ready for JSON, with the reasons in English."""
        plain = super().to_dict()
        del plain["facts"]
        return {**plain, "reasons": self.reasons()}


@frozen(kw_only=True, slots=False)
class DealRisks(Report):
    """Result of `deal_risks`.

    Parameters
    ----------
    as_of
        The day before which everything is known.
    deals
        Deals at risk, the most money first.
    open_deals
        Number of open deals.
    win
        The win probability of all open deals, and its model.
    """

    as_of: date
    deals: tuple[DealRisk, ...]
    open_deals: int
    win: WinProbability

    __hash__ = None  # type: ignore[assignment]

    @property
    def money(self) -> float:
        """Sum of the money at risk, as far as amounts are known."""
        return math.fsum(one.at_risk for one in self.deals if not math.isnan(one.at_risk))

    def rows(self) -> list[Row]:
        """Return the deals."""
        return list(self.deals)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name, ready for JSON."""
        return {
            "as_of": self.as_of.isoformat(),
            "basis": self.win.basis,
            "why": str(self.win.model.why),
            "drift": self.win.drift_verdict,
            "open_deals": self.open_deals,
            "money": round(self.money, 2),
            "deals": [one.to_dict() for one in self.deals],
        }

    def title(self, lang: str = "en") -> str:
        """Return the name of the report."""
        return text("Deals at risk", lang)

    def explain(self, lang: str = "en") -> str:
        """Return the number of deals at risk, their money, and the largest."""
        if not self.deals:
            none = plural(
                "Of {n} open deal none is at risk.|Of {n} open deals none is at risk.",
                self.open_deals,
                lang,
            )
            return " ".join([none, *self.win.warnings(lang)])
        head = plural(
            "{n} of {all} open deals is at risk, and with it {money}.|"
            "{n} of {all} open deals are at risk, and with them {money}.",
            len(self.deals),
            lang,
            all=self.open_deals,
            money=plain_number(round(self.money), lang),
        )
        first = self.deals[0]
        lines = [
            head,
            text(
                "The largest is {deal}: {reasons}.",
                lang,
                deal=first.deal,
                reasons="; ".join(first.reasons(lang)),
            ),
            *self.win.warnings(lang),
        ]
        return " ".join(lines)

"""Win probability of the open deals, as records with reasons in words."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from datetime import date
from typing import Any

from attrs import field, frozen

from abcxyz.core.display import plain_number
from abcxyz.core.landmarks.fit import LEARNED
from abcxyz.core.prospects.metrics import stability_verdict
from abcxyz.crm.deals.win_model import WinModel
from abcxyz.crm.deals.win_reasons import sentences
from abcxyz.crm.reports.base import Report, Row
from abcxyz.toolkit.catalogue import plural, text, translate
from abcxyz.toolkit.numbers import date_text, number

__all__ = ["WinDeal", "WinProbability"]


@frozen(kw_only=True)
class WinDeal(Row):
    """One open deal.

    Parameters
    ----------
    deal, stage, owner, customer
        The deal, and where it stands.
    amount
        Amount; NaN if not known.
    probability
        Probability that it is won within the horizon; NaN if there is none.
    expected
        Amount times probability; NaN if either is not known.
    pushes
        Group of features -> log-odds by which it moves the probability off the average.
    facts
        Features of the deal.
    model
        The model, for the reasons.
    """

    deal: Any
    stage: str
    owner: str
    customer: Any
    amount: float
    probability: float
    expected: float
    pushes: Mapping[str, float] = field(repr=False, eq=False)
    facts: Mapping[str, Any] = field(repr=False, eq=False)
    model: WinModel = field(repr=False, eq=False)

    def reasons(self, lang: str = "en") -> list[str]:
        """Return what speaks for winning it, the strongest reason first."""
        return sentences(self.pushes, self.facts, self.model, self.stage, lang)[0]

    def against(self, lang: str = "en") -> list[str]:
        """Return what speaks against winning it, the strongest reason first."""
        return sentences(self.pushes, self.facts, self.model, self.stage, lang)[1]

    def evidence(self, lang: str = "en") -> str:
        """Return the reasons for and against in one line."""
        return "; ".join([*self.reasons(lang), *self.against(lang)])

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name, ready for JSON, with the reasons in English."""
        plain = super().to_dict()
        for name in ("pushes", "facts", "model"):
            del plain[name]
        return {**plain, "reasons": self.reasons(), "against": self.against()}


@frozen(kw_only=True, slots=False)
class WinProbability(Report):
    """Result of `win_probability`.

    Parameters
    ----------
    as_of
        The day before which everything is known; the horizon begins on it.
    model
        What the past says, how it was judged, and why this basis.
    deals
        Open deals, the largest expected amount first.
    expected
        Sum of the expected amounts: the weighted pipeline.
    low, high
        Its 90 % interval, if the deals are decided independently of each other.
    without_amount
        Open deals with a probability and without an amount.
    left_out
        Field -> why it is not used, as a sentence.
    drift
        Feature -> stability index of the open deals against the examples of a saved model; empty
        for a model that was fitted here, and where too few deals are open.
    """

    as_of: date
    model: WinModel
    deals: tuple[WinDeal, ...]
    expected: float
    low: float
    high: float
    without_amount: int
    left_out: Mapping[str, str] = field(factory=dict)
    drift: Mapping[str, float] = field(factory=dict)

    __hash__ = None  # type: ignore[assignment]

    @property
    def basis(self) -> str:
        """Where the probabilities come from: ``learned``, ``stage_rates`` or ``none``."""
        return self.model.basis

    @property
    def drift_verdict(self) -> str:
        """Whether the open deals are like those of the fit, by the feature that moved most.

        ``stable``, ``watch``, ``shifted``, or ``unknown`` where nothing was compared.
        """
        return stability_verdict(max(self.drift.values(), default=math.nan))

    def warnings(self, lang: str = "en") -> list[str]:
        """Return the features of which the open deals differ in kind from the fit's, if any."""
        moved = [name for name, one in self.drift.items() if stability_verdict(one) == "shifted"]
        if not moved:
            return []
        moved.sort(key=lambda name: -self.drift[name])
        return [
            text(
                "The open deals are of another kind than those of the fit of {day}: do not trust "
                "the probabilities, fit again. Stability index: {features}.",
                lang,
                day=date_text(self.model.as_of, lang),
                features=", ".join(
                    f"{name} {number(self.drift[name], lang, 2)}" for name in moved
                ),
            )
        ]

    @functools.cached_property
    def positions(self) -> Mapping[Any, int]:
        """Deal -> index in `deals`."""
        return {one.deal: i for i, one in enumerate(self.deals)}

    def rows(self) -> list[Row]:
        """Return the deals."""
        return list(self.deals)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name, ready for JSON."""
        return {
            "as_of": self.as_of.isoformat(),
            "basis": self.basis,
            "why": str(self.model.why),
            "horizon_days": self.model.horizon_days,
            "expected": _plain(self.expected),
            "low": _plain(self.low),
            "high": _plain(self.high),
            "without_amount": self.without_amount,
            "drift": {
                "verdict": self.drift_verdict,
                "features": {name: round(one, 4) for name, one in self.drift.items()},
            },
            "left_out": {name: str(why) for name, why in self.left_out.items()},
            "model": self.model.to_dict(),
            "deals": [one.to_dict() for one in self.deals],
        }

    def title(self, lang: str = "en") -> str:
        """Return the name of the report."""
        return text("Which deals will close", lang)

    def explain(self, lang: str = "en") -> str:
        """Return the weighted pipeline, what it rests on, and how good that is."""
        lines = [self._pipeline(lang)]
        basis = translate(self.model.why, lang)
        lines.append(text("Basis: {why}.", lang, why=basis))
        if self.model.tried:
            lines.append(self._judged(lang))
        lines += self.warnings(lang)
        lines += [translate(why, lang) for why in self.left_out.values()]
        return " ".join(lines)

    def _pipeline(self, lang: str) -> str:
        n = len(self.deals)
        if not n:
            return text("No deal is open.", lang)
        if self.basis == "none":
            return plural("{n} deal is open.|{n} deals are open.", n, lang)
        with_amount = (
            n - self.without_amount - sum(math.isnan(one.probability) for one in self.deals)
        )
        if with_amount <= 0:
            wins = sum(one.probability for one in self.deals if not math.isnan(one.probability))
            return plural(
                "Of {n} open deal {wins} is expected to be won within {days} days.|"
                "Of {n} open deals {wins} are expected to be won within {days} days.",
                n,
                lang,
                wins=number(wins, lang, 1),
                days=plain_number(self.model.horizon_days, lang),
            )
        return plural(
            "{n} open deal: {expected} expected within {days} days, with 90% certainty between "
            "{low} and {high}.|"
            "{n} open deals: {expected} expected within {days} days, with 90% certainty between "
            "{low} and {high}.",
            n,
            lang,
            expected=plain_number(round(self.expected), lang),
            days=plain_number(self.model.horizon_days, lang),
            low=plain_number(round(self.low), lang),
            high=plain_number(round(self.high), lang),
        )

    def _judged(self, lang: str) -> str:
        rates, card = self.model.tried["stage"], self.model.tried[LEARNED]
        return text(
            "On {rows} later examples: AUC {auc} ({low} to {high}), stage rates {rate_auc}; "
            "Brier score {brier}, stage rates {rate_brier}, base rate {base}; calibration slope "
            "{slope}, stage rates {rate_slope}.",
            lang,
            rows=number(card.rows, lang),
            auc=number(card.auc, lang, 3),
            low=number(card.auc_low, lang, 3),
            high=number(card.auc_high, lang, 3),
            rate_auc=number(rates.auc, lang, 3),
            brier=number(card.brier, lang, 4),
            rate_brier=number(rates.brier, lang, 4),
            base=number(rates.brier_base, lang, 4),
            slope=number(card.slope, lang, 2),
            rate_slope=number(rates.slope, lang, 2),
        )


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 2)

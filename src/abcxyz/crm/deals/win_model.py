"""Model of the win probability: points, stage rates, how they were judged, and the model file."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date
from typing import Any

import attrs
import numpy as np
from attrs import field, frozen

from abcxyz._arrays import Floats, Ints, frozen_map
from abcxyz.core.landmarks.fit import LEARNED
from abcxyz.core.landmarks.model import Card, Judged, Levels
from abcxyz.core.prospects.attributes import Attribute, Bin
from abcxyz.core.prospects.lead_table import place_values
from abcxyz.core.prospects.logit import sigmoid
from abcxyz.core.prospects.metrics import Gain, ReliabilityBin, stability_index
from abcxyz.core.prospects.scorecard import Scorecard
from abcxyz.errors import ConfigError
from abcxyz.toolkit.catalogue import Catalogue, Figure, Message
from abcxyz.toolkit.parsing import parse_json

__all__ = [
    "LEAST_DECIDED",
    "LEAST_DRIFT",
    "LEAST_OF_EITHER",
    "SHARES",
    "SLOPE",
    "WIN_BASES",
    "WinModel",
    "places_of",
    "points_card",
]

WIN_BASES = (LEARNED, "stage_rates", "none")
"""Where probabilities come from: a learned card, the won share by stage, or nowhere."""

LEAST_OF_EITHER = 200
"""Won, and lost, deals of some life below which nothing is learned."""

LEAST_DRIFT = 100
"""Open deals below which a saved model is not compared with the present."""

LEAST_DECIDED = 30
"""Decided deals below which there are not even stage rates."""

SHARES = (0.02, 0.98)
"""Won share of the decided deals outside of which nothing is learned."""

SLOPE = (0.7, 1.3)
"""Calibration slope outside of which a learned card is not used."""

_FORMAT = 1
_POINTS = 99.5  # the rounding of points may add to the sum
_SAY = Catalogue()


def points_card(card: Card, levels: Levels) -> Scorecard:
    """Return a card as points that add up to 0 … 100, and the logit over their sum."""
    (base, slope), _ = levels
    least = [float(part.values.min()) for part in card.parts]
    span = sum(float(part.values.max()) for part in card.parts) - sum(least)
    scale = _POINTS / span if span > 0 else 1.0
    attributes = []
    for part, low in zip(card.parts, least, strict=True):
        points = ((part.values - low) * scale).tolist()
        bins = [
            attrs.evolve(one, points=value)
            for one, value in zip(part.attribute.bins, points, strict=False)
        ]
        attributes.append(
            attrs.evolve(
                part.attribute,
                bins=bins,
                neutral=points[-1],
                typical=(part.mean - low) * scale,
            )
        )
    return Scorecard(
        attributes,
        basis="fitted",
        calibration=(base + slope * (card.intercept + sum(least)), slope / scale),
    )


@frozen(kw_only=True)
class WinModel:
    """What the past of a CRM says about winning open deals.

    Parameters
    ----------
    as_of
        Day of the fit: nothing of it or later was known.
    basis
        One of `WIN_BASES`.
    verdict
        Why this basis, see `why`.
    horizon_days
        Days within which a deal is to be won.
    age_hours
        Age at which a deal is judged, once; None for any age.
    fields
        Fields of the deals that were named.
    card
        Points of a learned card.
    rates
        Stage -> won share within the horizon.
    base
        The same of all.
    rows, events, deals
        Number of examples, of those that were won in time, and of deals among them.
    won, lost
        Decided deals of at least two days and two stage changes; all decided ones where these
        decide the verdict.
    tried
        ``learned`` or ``stage`` -> quality on the held-back, later examples.
    gain
        How much the Brier score of the card is below that of the stage rates.
    well
        Attribute of the card -> mean points of the examples that were won in time.
    profile
        Attribute of the card -> share of the examples in each bin; the last is unknown values.
    """

    as_of: date
    basis: str
    verdict: str
    horizon_days: float
    age_hours: float | None = None
    fields: tuple[str, ...] = ()
    card: Scorecard | None = None
    rates: Mapping[str, float] = field(factory=dict, converter=frozen_map)
    base: float = math.nan
    rows: int = 0
    events: int = 0
    deals: int = 0
    won: int = 0
    lost: int = 0
    tried: Mapping[str, Judged] = field(factory=dict, converter=frozen_map)
    gain: Gain | None = None
    well: Mapping[str, float] = field(factory=dict, converter=frozen_map)
    profile: Mapping[str, tuple[float, ...]] = field(factory=dict, converter=frozen_map)

    __hash__ = None  # type: ignore[assignment]

    @property
    def why(self) -> Message:
        """Why this basis, as a sentence that `abcxyz.toolkit.translate` translates."""
        gain = self.gain
        return _SAY.message(
            _WHY[self.verdict],
            rows=self.rows,
            deals=self.deals,
            won=self.won,
            lost=self.lost,
            decided=self.won + self.lost,
            share=Figure(100 * self.won / max(self.won + self.lost, 1), 1),
            days=Figure(self.horizon_days, 0),
            least=LEAST_OF_EITHER,
            least_decided=LEAST_DECIDED,
            slope="" if LEARNED not in self.tried else Figure(self.tried[LEARNED].slope, 2),
            low="" if gain is None else Figure(gain.low, 4),
            high="" if gain is None else Figure(gain.high, 4),
        )

    def probability(self, columns: Mapping[str, Any]) -> Floats:
        """Return the (n,) probabilities of deals by their features; NaN for the basis ``none``."""
        stages = columns["stage"].tolist()
        if self.basis == "none":
            return np.full(len(stages), math.nan)
        if self.card is None:
            return np.array([self.rates.get(one, self.base) for one in stages], dtype=np.float64)
        return self.of_score(sum(self.points(columns).values(), np.zeros(len(stages))))

    def of_score(self, score: Floats) -> Floats:
        """Return the (n,) probabilities of sums of points."""
        assert self.card is not None
        assert self.card.calibration is not None
        base, slope = self.card.calibration
        return sigmoid(base + slope * score)

    def points(self, columns: Mapping[str, Any]) -> dict[str, Floats]:
        """Return attribute of the card -> (n,) points; empty without a card."""
        if self.card is None:
            return {}
        return {
            one.name: _points(one)[places_of(columns[one.name], one)]
            for one in self.card.attributes
        }

    def drift(self, columns: Mapping[str, Any]) -> dict[str, float]:
        """Return attribute of the card -> stability index of deals against the examples.

        Parameters
        ----------
        columns
            Feature -> (n,) values of the deals.

        Returns
        -------
        dict
            Empty without a learned card, and for fewer than `LEAST_DRIFT` deals, whose shares
            differ by chance alone.
        """
        if self.card is None or len(columns["stage"]) < LEAST_DRIFT:
            return {}
        found = {}
        for one in self.card.attributes:
            now = np.bincount(places_of(columns[one.name], one), minlength=len(one.bins) + 1)
            index = stability_index(self.profile.get(one.name, ()), now)
            if not math.isnan(index):
                found[one.name] = index
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; `from_dict` reads them back."""
        return {
            "abcxyz_win_model": _FORMAT,
            "as_of": self.as_of.isoformat(),
            "basis": self.basis,
            "verdict": self.verdict,
            "why": str(self.why),
            "horizon_days": self.horizon_days,
            "age_hours": self.age_hours,
            "fields": list(self.fields),
            "n": {
                "examples": self.rows,
                "events": self.events,
                "deals": self.deals,
                "won": self.won,
                "lost": self.lost,
            },
            "figures": {name: _judged_dict(one) for name, one in self.tried.items()},
            "gain": None if self.gain is None else attrs.asdict(self.gain),
            "base": None if math.isnan(self.base) else self.base,
            "rates": dict(self.rates),
            "card": None if self.card is None else self.card.to_dict(),
            "well": dict(self.well),
            "profile": {name: list(shares) for name, shares in self.profile.items()},
        }

    def to_json(self) -> str:
        """Return the text of a model file as JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=1, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, document: str) -> WinModel:
        """Read the text of a model file.

        Raises
        ------
        ConfigError
            It is not JSON, or not such a model.
        """
        try:
            data = parse_json(document)
            version = data["abcxyz_win_model"]
            if version != _FORMAT:
                raise ConfigError(
                    "the model of the win probability is of format {version!r}, but this version "
                    "reads format {known}; update abcxyz or fit it again",
                    version=version,
                    known=_FORMAT,
                )
            if data["basis"] not in WIN_BASES or data["verdict"] not in _WHY:
                raise ValueError(f"{data['basis']!r}, {data['verdict']!r}")
            n = data["n"]
            return cls(
                as_of=date.fromisoformat(data["as_of"]),
                basis=data["basis"],
                verdict=data["verdict"],
                horizon_days=float(data["horizon_days"]),
                age_hours=data["age_hours"],
                fields=tuple(data["fields"]),
                card=None if data["card"] is None else Scorecard.from_dict(data["card"]),
                rates={str(name): float(rate) for name, rate in data["rates"].items()},
                base=math.nan if data["base"] is None else float(data["base"]),
                rows=int(n["examples"]),
                events=int(n["events"]),
                deals=int(n["deals"]),
                won=int(n["won"]),
                lost=int(n["lost"]),
                tried={name: _judged(one) for name, one in data["figures"].items()},
                gain=None if data["gain"] is None else Gain(**data["gain"]),
                well={str(name): float(one) for name, one in data["well"].items()},
                profile={name: tuple(map(float, one)) for name, one in data["profile"].items()},
            )
        except ConfigError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            raise ConfigError(
                "the model of the win probability cannot be read ({reason}); fit it again",
                reason=str(problem),
            ) from problem


_WHY: Mapping[str, str] = frozen_map(
    {
        "learned": "learned from {rows} examples of {deals} deals: on later ones better than the "
        "stage rates, with the whole interval",
        "not_better": "stage rates: on later examples learning did not beat them with its whole "
        "interval ({low} to {high})",
        "slope": "stage rates: on later examples the calibration slope of the learned card is "
        "{slope}, outside of 0.7 to 1.3",
        "short": "stage rates: the history is too short to judge anything learned by later time",
        "few": (
            "stage rates: {won} won and {lost} lost {lost:deal|deals} of two days and two "
            "stage changes; {least} of either are needed to learn"
        ),
        "few_outcomes": "stage rates: {events} of {rows} past examples were won in time, which "
        "leaves too few of one outcome to learn",
        "lopsided": "stage rates: {share}% of the decided deals were won, which leaves nothing "
        "to tell apart",
        "too_few": (
            "no probabilities: {decided} decided {decided:deal|deals} {decided:is|are} too "
            "few; {least_decided} are needed even for stage rates"
        ),
        "few_examples": (
            "no probabilities: only {rows} {rows:time|times} was a deal open on a past Monday "
            "whose outcome {days} {days:day|days} later is known; {least_decided} are needed "
            "even for stage rates"
        ),
        "no_history": "no probabilities: there is no history of the stages; add the table "
        "stage_changes to the source",
        "no_past": "no probabilities: no deal was open on a past Monday whose outcome is known",
    }
)


def places_of(column: Any, attribute: Attribute) -> Ints:
    """Return the bin of every value; the one after the last for unknown values."""
    places, _, _ = place_values(column, attribute, strict=False)
    return np.where(places < 0, len(attribute.bins), places)


def _points(attribute: Attribute) -> Floats:
    parts: tuple[Bin, ...] = attribute.bins
    return np.array([*(one.points for one in parts), attribute.neutral])


def _judged_dict(one: Judged) -> dict[str, Any]:
    values = attrs.asdict(one)
    return {
        name: None if isinstance(value, float) and math.isnan(value) else value
        for name, value in values.items()
    }


def _judged(data: Mapping[str, Any]) -> Judged:
    values: dict[str, Any] = {
        name: math.nan if value is None else value for name, value in data.items()
    }
    values["deciles"] = tuple(ReliabilityBin(**one) for one in values["deciles"])
    return Judged(**values)

"""The score of one lead, and how it is told to a salesperson."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from abcxyz.core.prospects.attributes import Verdict

__all__ = ["ProspectScore", "Reason"]


@frozen
class Reason:
    """One attribute that speaks for or against a lead.

    Parameters
    ----------
    points
        Above (or below) those of the average lead.
    en, ru
        The reason by itself.
    say_en, say_ru
        Its words within the sentence.
    """

    points: float
    en: str
    ru: str
    say_en: str = ""
    say_ru: str = ""


@frozen
class ProspectScore:
    """The score of one lead; ``sum(points.values()) == score`` exactly.

    Parameters
    ----------
    score
        0..100.
    grade
        ``P-A``, ``P-B``, ``P-C``, or ``None`` where too little is known.
    points
        Attribute to points.
    coverage
        Share of the scorecard's weight that is known, 0..1.
    confidence
        ``high`` from a coverage of 0.8, ``medium`` from 0.6, else ``low``.
    good, bad
        Up to five reasons for and against, the strongest first.
    basis
        ``rules`` or ``fitted``.
    probability
        Of becoming an A customer *if the lead buys*; ``None`` where the scorecard was not fitted.
    knocked_out
        Whether a knock-out decided.
    unknown
        Names of the attributes that are not known, the weightiest first, in English and Russian.
    verdict
        The words of the grade.
    """

    score: float
    grade: str | None
    points: Mapping[str, float]
    coverage: float
    confidence: str
    good: tuple[Reason, ...]
    bad: tuple[Reason, ...]
    basis: str
    probability: float | None
    knocked_out: bool
    unknown: tuple[tuple[str, str], ...]
    verdict: Verdict

    @property
    def reasons(self) -> tuple[str, ...]:
        """Up to five reasons for the lead, in English."""
        return tuple(one.en for one in self.good)

    @property
    def against(self) -> tuple[str, ...]:
        """Up to five reasons against the lead, in English."""
        return tuple(one.en for one in self.bad)

    @property
    def reasons_ru(self) -> tuple[str, ...]:
        """Up to five reasons for the lead, in Russian."""
        return tuple(one.ru for one in self.good)

    @property
    def against_ru(self) -> tuple[str, ...]:
        """Up to five reasons against the lead, in Russian."""
        return tuple(one.ru for one in self.bad)

    def sentence(self, lang: str = "en") -> str:
        """Say it to a salesperson in *lang*, ``en`` or ``ru``.

        Examples
        --------
        >>> from abcxyz.core.prospects.scores import score_prospect
        >>> score_prospect({"turnover": 3e9, "employees": 900}).sentence("en")
        'A lead of high potential. Large firm. A personal call by the head of sales is advised.'
        """
        russian = lang == "ru"
        head = self.verdict.ru if russian else self.verdict.en
        advice = self.verdict.advice_ru if russian else self.verdict.advice_en
        if self.grade is None and self.unknown:
            advice += ": " + ", ".join(names[russian] for names in self.unknown)
        told = self.bad if self.grade == "P-C" else self.good or self.bad
        why = "" if self.grade is None else _phrase(told, russian=russian)
        parts = [head, why[:1].upper() + why[1:], advice]
        return ". ".join(part for part in parts if part) + "."

    def to_record(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return {
            "grade": self.grade,
            "score": self.score,
            "points": dict(self.points),
            "coverage": self.coverage,
            "confidence": self.confidence,
            "probability": self.probability,
            "basis": self.basis,
            "reasons": list(self.reasons),
            "against": list(self.against),
            "reasons_ru": list(self.reasons_ru),
            "against_ru": list(self.against_ru),
            "sentence": self.sentence("en"),
            "sentence_ru": self.sentence("ru"),
            "suggested_queue": self.verdict.queue,
        }


def _phrase(reasons: tuple[Reason, ...], *, russian: bool) -> str:
    """Join reasons: one noun where all agree on it, then what continues it."""
    full = [one.ru if russian else one.en for one in reasons]
    said = [one.say_ru if russian else one.say_en for one in reasons]
    nouns = dict.fromkeys(
        said_one for said_one in said if said_one and not said_one.startswith("…")
    )
    tails = [one.removeprefix("…").strip() for one in said if one.startswith("…")]
    plain = [whole for whole, short in zip(full, said, strict=True) if not short]
    if len(nouns) > 1:
        # "Large firm, small firm" contradicts itself; "by turnover" and "by staff" do not.
        sized = zip(full, said, strict=True)
        nouns = dict.fromkeys(whole for whole, short in sized if short in nouns)
    firm = "компания" if russian else "firm"
    first = ", ".join(nouns) or (firm if tails else "")
    joined = " ".join(part for part in (first, *tails) if part)
    return ", ".join(part for part in (joined, *plain) if part)

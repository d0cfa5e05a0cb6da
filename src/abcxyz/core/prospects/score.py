"""Score of one lead, with reasons and an explanation for salespeople."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from abcxyz.core.display import brief
from abcxyz.core.prospects.attributes import Verdict
from abcxyz.core.prospects.public_data import describe_public_data
from abcxyz.toolkit.catalogue import SOURCE, Texts, languages, text

__all__ = ["ProspectScore", "Reason"]


@frozen
class Reason:
    """One reason for or against a lead.

    Parameters
    ----------
    points
        Difference to the points of the average lead.
    text
        The reason as a separate text.
    phrase
        Wording within a sentence, if it differs.
    """

    points: float
    text: Texts
    phrase: Texts = field(factory=Texts)


@frozen
class ProspectScore:
    """The score of one lead; ``sum(points.values()) == score`` exactly.

    Parameters
    ----------
    score
        Sum of the points, 0..100.
    grade
        ``P-A``, ``P-B``, ``P-C``, or ``None`` if too little is known.
    points
        Attribute -> points.
    coverage
        Share of the scorecard's weight in known attributes, 0..1.
    confidence
        ``high`` from a coverage of 0.8, ``medium`` from 0.6, else ``low``.
    good, bad
        Up to five reasons for and against, the strongest first.
    basis
        ``rules`` or ``fitted``.
    probability
        Probability of becoming an A customer *if the lead buys*; ``None`` if the scorecard was
        not fitted.
    knocked_out
        Whether a knock-out matched.
    unknown
        Labels of the unknown attributes, by decreasing weight.
    verdict
        Texts of the grade.
    public
        Values that have a source, see `describe_public_data`.
    """

    score: float
    grade: str | None
    points: Mapping[str, float] = field(hash=False)
    coverage: float
    confidence: str
    good: tuple[Reason, ...]
    bad: tuple[Reason, ...]
    basis: str
    probability: float | None
    knocked_out: bool
    unknown: tuple[Texts, ...]
    verdict: Verdict = field(hash=False)
    public: Mapping[str, object] = field(factory=dict, hash=False)

    def __repr__(self) -> str:
        grade = self.grade or "not scored"
        return brief(self, grade, f"{self.score:g} points", f"coverage {self.coverage:.0%}")

    @property
    def reasons(self) -> tuple[str, ...]:
        """Up to five reasons for the lead, in English."""
        return self.reasons_in(SOURCE)

    @property
    def against(self) -> tuple[str, ...]:
        """Up to five reasons against the lead, in English."""
        return self.against_in(SOURCE)

    def reasons_in(self, lang: str) -> tuple[str, ...]:
        """Return up to five reasons for the lead in *lang*, the strongest first."""
        return tuple(one.text.in_language(lang) for one in self.good)

    def against_in(self, lang: str) -> tuple[str, ...]:
        """Return up to five reasons against the lead in *lang*, the strongest first."""
        return tuple(one.text.in_language(lang) for one in self.bad)

    def explain(self, lang: str = "en") -> str:
        """Explain the score to a salesperson in *lang*.

        Examples
        --------
        >>> from abcxyz.core.prospects.scores import score_prospect
        >>> score_prospect({"turnover": 3e9, "employees": 900}).explain("en")
        'A lead of high potential. Large firm. A personal call by the head of sales is advised.'
        """
        advice = self.verdict.advice.in_language(lang)
        if self.grade is None and self.unknown:
            advice += ": " + ", ".join(label.in_language(lang) for label in self.unknown)
        reasons = self.bad if self.grade == "P-C" else self.good or self.bad
        why = "" if self.grade is None else _phrase(reasons, lang)
        known = describe_public_data(self.public, lang)
        parts = [self.verdict.text.in_language(lang), _capital(why), _capital(known), advice]
        return ". ".join(part for part in parts if part) + "."

    sentence = explain

    def to_record(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; ``sentence_ru`` is the Russian sentence."""
        others = [lang for lang in languages() if lang != SOURCE]
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
            **{f"reasons_{lang}": list(self.reasons_in(lang)) for lang in others},
            **{f"against_{lang}": list(self.against_in(lang)) for lang in others},
            "sentence": self.explain(SOURCE),
            **{f"sentence_{lang}": self.explain(lang) for lang in others},
            "suggested_queue": self.verdict.queue,
            **({"public": dict(self.public)} if self.public else {}),
        }


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _phrase(reasons: tuple[Reason, ...], lang: str) -> str:
    """Join reasons to a phrase: the common noun once, then its continuations, then the rest."""
    full = [one.text.in_language(lang) for one in reasons]
    short = [one.phrase.in_language(lang) for one in reasons]
    nouns = dict.fromkeys(one for one in short if one and not one.startswith("…"))
    tails = [one.removeprefix("…").strip() for one in short if one.startswith("…")]
    plain = [whole for whole, part in zip(full, short, strict=True) if not part]
    if len(nouns) > 1:
        # "Large firm, small firm" contradicts itself; "by turnover" and "by staff" do not.
        sized = zip(full, short, strict=True)
        nouns = dict.fromkeys(whole for whole, part in sized if part in nouns)
    joined = " ".join([", ".join(nouns), *tails] if nouns else tails)
    if tails and not nouns:
        joined = text("firm {tails}", lang, tails=joined)
    return ", ".join(part for part in (joined, *plain) if part)

"""Question about a lead: its grade by the scorecard, with the reasons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from abcxyz.core.prospects.score import ProspectScore
from abcxyz.core.prospects.scorecard import DEFAULT, Scorecard
from abcxyz.core.prospects.scores import score_prospect
from abcxyz.crm.records.personal import describes_person
from abcxyz.questions.answer import Answer
from abcxyz.questions.answers.selection import same_id
from abcxyz.questions.answers.snapshots import money_share
from abcxyz.questions.cleaning import plain_id
from abcxyz.questions.data import QuestionData
from abcxyz.questions.parameters import Attributes, Language, Lead
from abcxyz.questions.problems import QuestionError, message
from abcxyz.questions.resolving import definition_of, resolved
from abcxyz.toolkit.catalogue import text

__all__ = ["score_lead"]


def score_lead(
    data: QuestionData,
    *,
    lead: Lead = None,
    attributes: Attributes = None,
    lang: Language = "en",
) -> Answer:
    """Return the grade of a lead of the CRM, or of one that is described, with the reasons."""
    if (lead is None) == (attributes is None):
        raise QuestionError(
            "a lead is named by its identifier or described by its attributes",
            code="bad_argument",
            fix=message("call again with either lead or attributes"),
        )
    if lead is None:
        score: ProspectScore | None = _described(data.scorecard or DEFAULT, attributes or {})
        used: dict[str, Any] = dict(attributes or {})
        as_of = data.today()
    else:
        name = resolved("lead", lead, data.leads)
        score, used = _graded(data, name), {"lead": plain_id(name)}
        as_of = data.today() if data.analysis is None else data.analysis.snapshot.as_of
    definition = definition_of(
        text(
            "Potential of the lead if it buys, by the points of the scorecard: not the "
            "probability that it buys. A probability is that of becoming an A customer then.",
            lang,
        ),
        used,
        lang,
    )
    if score is None:
        nothing = text("Nothing that the scorecard reads is known of this lead.", lang)
        return Answer(
            status="unknown", sentence=nothing, definition=definition, as_of=as_of, lang=lang
        )
    # Values with a source may hold text of the CRM, which belongs into fields only.
    sentence = evolve(score, public={}).explain(lang)
    if score.grade is None and not score.knocked_out:
        return Answer(
            status="unknown", sentence=sentence, definition=definition, as_of=as_of, lang=lang
        )
    return Answer(
        value={
            "grade": score.grade,
            "score": round(score.score, 2),
            "points": {one: round(points, 2) for one, points in score.points.items()},
            "reasons": list(score.reasons_in(lang)),
            "against": list(score.against_in(lang)),
            "unknown": [one.in_language(lang) for one in score.unknown],
            "coverage": money_share(score.coverage),
            "confidence": score.confidence,
            "basis": score.basis,
            "probability": None if score.probability is None else money_share(score.probability),
        },
        sentence=sentence,
        definition=definition,
        as_of=as_of,
        rows=1,
        first_ids=() if lead is None else (used["lead"],),
        lang=lang,
    )


def _described(card: Scorecard, attributes: Mapping[str, Any]) -> ProspectScore:
    """Grade a lead by what is known of it.

    Raises
    ------
    QuestionError
        An attribute describes a person, or is none of the scorecard.
    InputError
        A value is no number where one is needed.
    """
    known = [one.name for one in card.attributes]
    known += [one.attribute for one in card.knockouts if one.attribute not in known]
    listed = ", ".join(dict.fromkeys(known))
    if any(describes_person(name) for name in attributes):
        raise QuestionError(
            "an attribute describes a person, and no grade may rest on that",
            code="not_allowed",
            fix=message("call again with attributes of the company: {known}", known=listed),
        )
    if not set(attributes) <= set(known):
        raise QuestionError(
            "the scorecard reads no attribute of this name",
            code="bad_argument",
            fix=message("call again with attributes of the company: {known}", known=listed),
        )
    return score_prospect(attributes, card)


def _graded(data: QuestionData, lead: Any) -> ProspectScore | None:
    """Return the grade of a lead of the job; None where nothing is known of it."""
    scores = None if data.analysis is None else data.analysis.prospects
    if scores is None:
        return None
    places = same_id(scores.ids, lead).nonzero()[0]
    return scores[int(places[0])] if len(places) else None

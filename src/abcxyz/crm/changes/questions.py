"""Hypotheses about a change, as questions, each with the test that would decide it."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from abcxyz.crm.reports.base import Row
from abcxyz.toolkit.catalogue import text

__all__ = ["Question", "questions_about"]


@frozen
class Question(Row):
    """A hypothesis as a question.

    Parameters
    ----------
    subject
        The group, stage or figure that it is about.
    question, test
        Templates of the question, and of the test that would decide it.
    """

    subject: str
    question: str
    test: str

    def sentence(self, lang: str = "en") -> str:
        """Return the question and its test in a language."""
        subject = text(self.subject, lang)
        return " ".join(text(one, lang, subject=subject) for one in (self.question, self.test))


_ASKED = {
    "mix": (
        "Did another kind of deals come in ({subject}): a campaign, a partner, a season?",
        (
            "Compare the number of deals of each group by week with the dates of campaigns; the "
            "figure within each group stays as it was if the mix is all."
        ),
    ),
    "source": (
        "Did the leads of {subject} change: another audience, another offer, another form?",
        (
            "Compare {subject} with the other sources over the same weeks (difference in "
            "differences); a fall of the others too speaks against it."
        ),
    ),
    "product": (
        "Did price, stock or a competitor of {subject} change?",
        (
            "Compare {subject} with the other products over the same weeks, and its losses "
            "before and after."
        ),
    ),
    "owner": (
        "Did {subject} get other leads, more of them, or less time?",
        (
            "Compare wins with those expected at equal leads, and the activities per deal, "
            "before and after."
        ),
    ),
    "stage": (
        "Did something change in the step {subject}: people, rules, a form, a price list?",
        (
            "Compare the passage by the day of entering the step: a jump on one day speaks for a "
            "change of that day, a slope against it."
        ),
    ),
    "group": (
        "What is different about {subject} since then?",
        "Compare {subject} with the other groups over the same weeks (difference in differences).",
    ),
    "even": (
        "Did something change for everybody at once: season, price, market, records?",
        "Compare with the same weeks a year ago, and with a figure that it cannot touch.",
    ),
}


def questions_about(dimension: str, subjects: Sequence[str]) -> tuple[Question, ...]:
    """Return the questions about what carries a change.

    Parameters
    ----------
    dimension
        The dimension, ``stage``, ``mix``, or ``even`` if nothing carries it.
    subjects
        Groups or stages; one question each.
    """
    question, test = _ASKED.get(dimension, _ASKED["group"])
    return tuple(Question(one, question, test) for one in subjects)

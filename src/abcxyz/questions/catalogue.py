"""List of the questions, and the one function that answers them by name."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from attrs import frozen

from abcxyz.errors import AbcxyzError
from abcxyz.questions.answer import Answer
from abcxyz.questions.answers.snapshots import NoSnapshotError
from abcxyz.questions.data import QuestionData
from abcxyz.questions.parameters import (
    Parameter,
    check_arguments,
    input_schema,
    parameters_of,
)
from abcxyz.questions.problems import QuestionError, explained, message
from abcxyz.questions.resolving import SeveralFitError
from abcxyz.toolkit.catalogue import translate

__all__ = ["GROUPS", "QUESTIONS", "Question", "answer_question", "available"]

GROUPS = ("segments", "leads", "crm", "offers", "write")
"""Groups of the questions; ``write`` is there only where writing is allowed."""

_GROUP_OF = {"tasks": "write", "segments": "segments", "scorecard": "leads", "lines": "offers"}


@frozen(kw_only=True, eq=False, slots=False)
class Question:
    """One question.

    Parameters
    ----------
    name
        Name, the same in Python, on the command line and for an assistant.
    group
        One of `GROUPS`.
    title, help
        Title and description, messages of the catalogue; both are constants.
    module
        Module of `abcxyz.questions.answers` with the function of this name.
    needs
        Kinds of data it needs, see `QuestionData.offers`.

    Notes
    -----
    The module is loaded when the question is listed or asked: a server over a history alone does
    not load the reports of a CRM.
    """

    name: str
    group: str
    title: str
    help: str
    module: str
    needs: frozenset[str]

    @functools.cached_property
    def function(self) -> Callable[..., Answer]:
        """Function that answers it."""
        module = importlib.import_module(f"abcxyz.questions.answers.{self.module}")
        function: Callable[..., Answer] = getattr(module, self.name)
        return function

    @functools.cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """Its parameters, from the signature of the function."""
        return parameters_of(self.function)

    def schema(self, lang: str = "en") -> dict[str, Any]:
        """Return the JSON Schema of the arguments."""
        return input_schema(self.parameters, lang)


def _question(path: str, title: str, help_: str, *needs: str) -> tuple[str, Question]:
    module, _, name = path.partition(".")
    group = next((group for need, group in _GROUP_OF.items() if need in needs), "crm")
    return name, Question(
        name=name,
        group=group,
        title=title,
        help=help_,
        module=module,
        needs=frozenset(needs),
    )


QUESTIONS: Mapping[str, Question] = MappingProxyType(
    dict(
        [
            _question(
                "segments.customer_segment",
                message("Customer segment"),
                message(
                    "Segment, value and rhythm of one customer, since when, and the advice for it."
                ),
                "segments",
            ),
            _question(
                "segments.list_segment",
                message("List segment"),
                message("Customers of a segment, the largest first."),
                "segments",
            ),
            _question(
                "segments.matrix",
                message("Matrix"),
                message("The nine segments: customers and money in each."),
                "segments",
            ),
            _question(
                "segments.why_segment",
                message("Why segment"),
                message(
                    "Why a customer has its segment: figures against the thresholds, how near the "
                    "next class is."
                ),
                "segments",
            ),
            _question(
                "changes.transitions",
                message("Transitions"),
                message("Who changed segment between two days."),
                "segments",
                "history",
            ),
            _question(
                "changes.alerts",
                message("Alerts"),
                message(
                    "Alerts that hold today: fell from A, lapsed, became unsteady, stalled deals, "
                    "waiting leads."
                ),
                "segments",
            ),
            _question(
                "segments.advice",
                message("Advice"),
                message("What to do with a customer or a segment, by the playbook."),
                "segments",
            ),
            _question(
                "forecasts.forecast",
                message("Forecast"),
                message(
                    "Expected sales of the coming periods with a range, in all or of one segment."
                ),
                "segments",
            ),
            _question(
                "leads.score_lead",
                message("Score a lead"),
                message(
                    "Grade P-A, P-B, P-C of a lead, with reasons; potential if it buys, not the "
                    "probability that it does."
                ),
                "scorecard",
            ),
            _question(
                "deals.count_deals",
                message("Count deals"),
                message(
                    "How many deals, and their money, by stage, funnel, manager, source, outcome, "
                    "window."
                ),
                "crm",
            ),
            _question(
                "deals.list_deals",
                message("List deals"),
                message("The deals themselves, the largest amount first."),
                "crm",
            ),
            _question(
                "deals.last_activity",
                message("Last activity"),
                message("When, how and by whom a customer was last contacted."),
                "crm",
                "activities",
            ),
            _question(
                "reports.funnel",
                message("Funnel"),
                message("Stages of a funnel with conversion, intervals and the costliest leak."),
                "crm",
                "changes",
            ),
            _question(
                "reports.managers",
                message("Managers"),
                message(
                    "Managers compared, also at equal leads; a difference is named only where it "
                    "is shown."
                ),
                "crm",
            ),
            _question(
                "reports.losses",
                message("Losses"),
                message("Why deals were lost: number and money by reason."),
                "crm",
            ),
            _question(
                "reports.stuck_deals",
                message("Stuck deals"),
                message(
                    "Open deals that stand longer in their stage than nine in ten that went on, "
                    "and are silent."
                ),
                "crm",
                "changes",
            ),
            _question(
                "risks.risk_deals",
                message("Deals at risk"),
                message("Open deals likely to be lost, with reasons, by money at risk."),
                "crm",
                "changes",
            ),
            _question(
                "reports.sla",
                message("Service levels"),
                message("Share of requests answered in time, overdue ones, by person."),
                "crm",
                "activities",
                "leads",
            ),
            _question(
                "explanations.why_changed",
                message("Why changed"),
                message("Why a figure changed between two windows: parts that add up."),
                "crm",
            ),
            _question(
                "explanations.offers",
                message("Offers"),
                message(
                    "What to offer a customer next, with the evidence; bestsellers where nothing "
                    "beats them."
                ),
                "crm",
                "lines",
            ),
            _question(
                "tasks.draft_task",
                message("Draft task"),
                message(
                    "Prepare a task for a person: returns exactly what would be written, and a "
                    "token. Writes nothing."
                ),
                "crm",
                "tasks",
            ),
            _question(
                "tasks.confirm",
                message("Confirm"),
                message(
                    "Write what a token stands for, once, after a person has agreed; called again "
                    "it finds what was written."
                ),
                "crm",
                "tasks",
            ),
        ]
    )
)
"""Name -> question, in the order in which they are listed."""


def available(data: QuestionData) -> tuple[Question, ...]:
    """Return the questions that the data can answer."""
    return tuple(one for one in QUESTIONS.values() if one.needs <= data.offers)


def answer_question(name: str, data: QuestionData, arguments: Mapping[str, Any]) -> Answer:
    """Answer a question by its name.

    Parameters
    ----------
    name
        One of `QUESTIONS`.
    data
        The data.
    arguments
        Its arguments as plain values; days may be text.

    Raises
    ------
    QuestionError
        An unknown question or argument, an argument that cannot be used, or data that are not
        there or cannot be read.

    Examples
    --------
    >>> from datetime import date
    >>> from abcxyz.crm import CrmData, Deals
    >>> deals = Deals(deal=[1], funnel=["sales"], stage=["NEW"], amount=[500.0],
    ...               created=["2026-05-01T09:00:00+03:00"])
    >>> data = QuestionData(crm=CrmData(deals=deals), today=lambda: date(2026, 5, 2))
    >>> answer_question("count_deals", data, {"stage": "new"}).sentence
    '«NEW»: 1 deal, worth 500.'
    """
    if name not in QUESTIONS:
        raise QuestionError(
            "there is no question {name!r}",
            code="bad_argument",
            fix=message("ask one of {known}", known=", ".join(QUESTIONS)),
            name=name[:40],
        )
    question = QUESTIONS[name]
    checked = check_arguments(question.parameters, arguments)
    missing = sorted(question.needs - data.offers)
    if missing:
        raise QuestionError(
            "the data for this question are not there: {missing}",
            code="unavailable",
            fix=message(
                "start with a source of {missing}, or ask something else",
                missing=", ".join(missing),
            ),
            missing=", ".join(missing),
        )
    lang = checked.get("lang", "en")
    try:
        return question.function(data, **checked)
    except SeveralFitError as several:
        return several.answer(checked.get("as_of") or data.today(), lang)
    except NoSnapshotError as nothing:
        return nothing.answer(lang)
    except AbcxyzError as problem:
        raise explained(problem) from problem


def described(question: Question, lang: str = "en") -> str:
    """Return the description of a question in a language."""
    return translate(question.help, lang)

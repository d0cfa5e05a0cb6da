"""Parameters of questions: types, limits, descriptions, JSON Schema."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated, Any, get_type_hints

from attrs import evolve, frozen

from abcxyz.core.advice.alerts import ALERTS
from abcxyz.core.classes.segments import ABC, SEGMENTS, XYZ
from abcxyz.core.forecasts.sales_forecast import MOST_PERIODS
from abcxyz.questions.answer import object_schema
from abcxyz.questions.problems import QuestionError, message
from abcxyz.toolkit.catalogue import languages, translate

__all__ = [
    "CONTACTS",
    "MOMENTS",
    "MOST_ROWS",
    "OUTCOMES",
    "RULES",
    "Parameter",
    "check_arguments",
    "choose",
    "input_schema",
    "parameters_of",
]

_LONGEST = 120
MOST_ROWS = 100
"""Most rows of a page."""

OUTCOMES: Mapping[str, str] = MappingProxyType(
    {
        "open": message("Open deals."),
        "won": message("Won deals."),
        "lost": message("Lost deals."),
        "any": message("Deals of any outcome."),
    }
)
"""Outcome -> what is counted."""

MOMENTS: Mapping[str, str] = MappingProxyType(
    {
        "created": message("The window is of their creation."),
        "closed": message("The window is of their closing."),
        "stage": message("The window is of entering their present stage."),
    }
)
"""What a window applies to -> how a definition says it."""

CONTACTS: Mapping[str, str] = MappingProxyType(
    {
        "any": message("activity"),
        "call": message("call"),
        "meeting": message("meeting"),
        "letter": message("letter"),
        "message": message("message"),
        "task": message("task"),
    }
)
"""Kind of activity -> its word."""

RULES: Mapping[str, str] = MappingProxyType(
    {"answer": "answer", "proposal": "proposal", "follow_up": "call"}
)
"""Rule of service -> its name in the report."""


@frozen(kw_only=True)
class Parameter:
    """One parameter of a question.

    Parameters
    ----------
    kind
        ``text``, ``day``, ``choice``, ``count``, ``number``, ``flag`` or ``object``.
    help
        Description, a message of the catalogue.
    choices
        Accepted values of a ``choice``.
    least, most
        Limits of a ``count`` or ``number``.
    shortest, longest
        Limits of the length of a ``text``.
    pattern
        What a ``text`` is made of, a regular expression; empty for anything.
    name, required, default
        Set by the signature of the question.
    """

    kind: str
    help: str
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    shortest: int = 1
    longest: int = _LONGEST
    pattern: str = ""
    name: str = ""
    required: bool = False
    default: Any = None

    def schema(self, lang: str = "en") -> dict[str, Any]:
        """Return the JSON Schema of the argument."""
        types = {"count": "integer", "number": "number", "flag": "boolean", "object": "object"}
        written: dict[str, Any] = {"type": types.get(self.kind, "string")}
        if self.kind == "day":
            written["format"] = "date"
        if self.choices:
            written["enum"] = list(self.choices)
        if self.kind == "text":
            written["maxLength"] = self.longest
            if self.shortest > 1:
                written["minLength"] = self.shortest
            if self.pattern:
                written["pattern"] = self.pattern
        if self.least is not None:
            written["minimum"] = self.least
        if self.most is not None:
            written["maximum"] = self.most
        if self.kind == "object":
            written["additionalProperties"] = {"type": ["string", "number", "null"]}
            written["maxProperties"] = 30
        written["description"] = translate(self.help, lang)
        if self.default is not None:
            written["default"] = self.default
        return written

    def checked(self, value: Any) -> Any:
        """Return the value of an argument, a day as a `date`.

        Raises
        ------
        QuestionError
            It is of another type or outside of the limits.
        """
        check = getattr(self, f"_{self.kind}")
        return check(value)

    def _wrong(self, wanted: str) -> QuestionError:
        return QuestionError(
            "the argument {name} cannot be used: it must be {wanted}",
            code="bad_argument",
            fix=message("call again with {name} as {wanted}", name=self.name, wanted=wanted),
            name=self.name,
            wanted=wanted,
        )

    def _text(self, value: Any) -> str:
        limits = {"least": self.shortest, "most": self.longest}
        if not isinstance(value, str) or len(value) > self.longest:
            raise self._wrong(message("text of {least} to {most} characters", **limits))
        written = value.strip()
        if len(written) < self.shortest:
            raise self._wrong(message("text of {least} to {most} characters", **limits))
        if self.pattern and not re.fullmatch(self.pattern, written):
            raise self._wrong(message("text of the form {pattern}", pattern=self.pattern))
        return written

    def _day(self, value: Any) -> date:
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        try:
            return date.fromisoformat(value)
        except (TypeError, ValueError):
            raise self._wrong(message("a day written as 2026-11-28")) from None

    def _choice(self, value: Any) -> str:
        if value not in self.choices:
            raise self._wrong(message("one of {known}", known=", ".join(self.choices)))
        return str(value)

    def _count(self, value: Any) -> int:
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or not self._inside(value):
            limits = {"least": self.least, "most": self.most}
            raise self._wrong(message("a whole number from {least} to {most}", **limits))
        return int(value)

    def _number(self, value: Any) -> float:
        usual = isinstance(value, int | float) and not isinstance(value, bool)
        if not usual or not math.isfinite(value) or not self._inside(value):
            raise self._wrong(message("a number from {least}", least=self.least))
        return float(value)

    def _inside(self, value: float) -> bool:
        low = -math.inf if self.least is None else self.least
        return low <= value <= (math.inf if self.most is None else self.most)

    def _flag(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise self._wrong(message("true or false"))
        return value

    def _object(self, value: Any) -> dict[str, Any]:
        plain = isinstance(value, Mapping) and all(
            isinstance(one, str | int | float | None) for one in value.values()
        )
        if not plain or len(value) > 30:
            raise self._wrong(message("an object of up to 30 texts and numbers"))
        return dict(value)


def _name(what: str) -> Any:
    return Parameter(kind="text", help=what)


def choose(help_: str, *names: str) -> Any:
    """Return a parameter that is one of some names."""
    return Parameter(kind="choice", help=help_, choices=names)


_classes = (*SEGMENTS, "N", *ABC)
Customer = Annotated[str, _name(message("Identifier or exact name of a customer"))]
Stage = Annotated[str | None, _name(message("Identifier or exact name of a stage"))]
Funnel = Annotated[str | None, _name(message("Identifier or exact name of a funnel"))]
Owner = Annotated[str | None, _name(message("Identifier or exact name of a manager"))]
SourceName = Annotated[str | None, _name(message("Identifier or exact name of a source"))]
OneCustomer = Annotated[str | None, _name(message("Identifier or exact name of a customer"))]
AsOf = Annotated[
    date | None,
    Parameter(
        kind="day",
        help=message("Day the answer holds for: nothing of it or later enters; default: now"),
    ),
]
Since = Annotated[date | None, Parameter(kind="day", help=message("First day of the window"))]
Until = Annotated[
    date | None, Parameter(kind="day", help=message("Day after the last day of the window"))
]
Limit = Annotated[
    int, Parameter(kind="count", help=message("Rows to return"), least=1, most=MOST_ROWS)
]
CursorText = Annotated[
    str | None,
    Parameter(kind="text", help=message("next_cursor of the page before"), longest=400),
]
Flag = Annotated[bool, Parameter(kind="flag", help=message("Shares instead of amounts"))]
AnySegment = Annotated[
    str,
    choose(message("Segment, or one letter for a row or column of the matrix"), *_classes, *XYZ),
]
FromSegment = Annotated[str | None, choose(message("Segment or class before the move"), *_classes)]
ToSegment = Annotated[str | None, choose(message("Segment or class after the move"), *_classes)]
OneSegment = Annotated[str | None, choose(message("One of the segments"), *SEGMENTS, "N")]
AlertKind = Annotated[str | None, choose(message("Kind of alert"), *ALERTS)]
Outcome = Annotated[str, choose(message("Outcome at as_of"), *OUTCOMES)]
Moment = Annotated[str, choose(message("What the window applies to"), *MOMENTS)]
Contact = Annotated[str, choose(message("Kind of activity"), *CONTACTS)]
Days = Annotated[
    int | None,
    Parameter(kind="count", help=message("At least so many days"), least=1, most=1000),
]
MinMoney = Annotated[
    float | None, Parameter(kind="number", help=message("At least so much money at risk"), least=0)
]
Rule = Annotated[str, choose(message("Rule of service"), *RULES)]
BeforeSince = Annotated[
    date, Parameter(kind="day", help=message("First day of the window before"))
]
BeforeUntil = Annotated[date, Parameter(kind="day", help=message("Day after its last day"))]
FirstDay = Annotated[date, Parameter(kind="day", help=message("First day of the window after"))]
LastDay = Annotated[date, Parameter(kind="day", help=message("Day after its last day"))]
OfferCount = Annotated[
    int, Parameter(kind="count", help=message("Number of offers"), least=1, most=20)
]
PeriodCount = Annotated[
    int, Parameter(kind="count", help=message("Periods ahead"), least=1, most=MOST_PERIODS)
]
SalesSegment = Annotated[str | None, choose(message("Segment, or a class"), *_classes)]
OneOwner = Annotated[str, _name(message("Identifier or exact name of a manager"))]
Lead = Annotated[str | None, _name(message("Identifier of a lead"))]
Attributes = Annotated[
    dict[str, Any] | None,
    Parameter(
        kind="object",
        help=message(
            "Or what is known of the company: turnover, employees, industry, region, status"
        ),
    ),
]
OneDeal = Annotated[str | None, _name(message("Identifier of a deal"))]
TaskTitle = Annotated[
    str, Parameter(kind="text", help=message("Title of the task"), shortest=3, longest=120)
]
TaskText = Annotated[
    str | None, Parameter(kind="text", help=message("Text of the task"), longest=2000)
]
Due = Annotated[date | None, Parameter(kind="day", help=message("Day it is due"))]
Token = Annotated[
    str,
    Parameter(
        kind="text",
        help=message("Token of draft_task"),
        shortest=32,
        longest=64,
        pattern="^[0-9a-f]+$",
    ),
]
Language = Annotated[str, choose(message("Language of the sentence"), *languages())]


def parameters_of(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    """Return the parameters of a question's function, from its annotated signature."""
    hints = get_type_hints(function, include_extras=True)
    return tuple(
        evolve(
            hints[name].__metadata__[0],
            name=name,
            required=one.default is inspect.Parameter.empty,
            default=None if one.default is inspect.Parameter.empty else one.default,
        )
        for name, one in inspect.signature(function).parameters.items()
        if one.kind is inspect.Parameter.KEYWORD_ONLY
    )


def input_schema(parameters: tuple[Parameter, ...], lang: str = "en") -> dict[str, Any]:
    """Return the JSON Schema of the arguments; others are refused."""
    return object_schema(
        [one.name for one in parameters if one.required],
        {one.name: one.schema(lang) for one in parameters},
    )


def check_arguments(
    parameters: tuple[Parameter, ...], arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the checked arguments that were passed.

    Raises
    ------
    QuestionError
        One is unknown, missing, or cannot be used.
    """
    known = {one.name: one for one in parameters}
    unknown = [name for name in arguments if name not in known]
    if unknown:
        raise QuestionError(
            "there is no argument of this name",
            code="bad_argument",
            fix=message(
                "the arguments are {known}; call again with these", known=", ".join(known)
            ),
        )
    missing = [one.name for one in parameters if one.required and arguments.get(one.name) is None]
    if missing:
        raise QuestionError(
            "the argument {name} is missing",
            code="bad_argument",
            fix=message("call again with {name}", name=missing[0]),
            name=missing[0],
        )
    return {
        name: known[name].checked(value) for name, value in arguments.items() if value is not None
    }

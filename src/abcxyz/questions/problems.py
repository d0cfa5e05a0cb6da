"""Errors of questions: a code, a message and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from abcxyz.errors import AbcxyzError, InputError
from abcxyz.questions.answer import object_schema
from abcxyz.toolkit.catalogue import Catalogue, translate

__all__ = ["CODES", "PROBLEM_SCHEMA", "QuestionError", "explained"]

CODES = ("bad_argument", "unavailable", "stale_cursor", "too_slow", "not_allowed")
"""Codes of the errors."""

_TEXT = {"type": "string"}
_FIELDS = {"code": {**_TEXT, "enum": list(CODES)}, "message": _TEXT, "fix": _TEXT}

PROBLEM_SCHEMA: Mapping[str, Any] = MappingProxyType(
    {
        "title": "Problem",
        **object_schema(list(_FIELDS), _FIELDS),
    }
)
"""JSON Schema (draft 2020-12) of `QuestionError.to_dict`."""

message = Catalogue().message


class QuestionError(InputError):
    """A question that cannot be answered as it was put.

    Parameters
    ----------
    template, **details
        The message, as in `abcxyz.errors.AbcxyzError`.
    code
        One of `CODES`.
    fix
        What to do: a message of the catalogue. It holds no text of the CRM.
    """

    def __init__(self, template: str, /, *, code: str, fix: str, **details: object) -> None:
        super().__init__(template, **details)
        self.code = code
        self.fix = fix

    def to_dict(self, lang: str = "en") -> dict[str, str]:
        """Return ``code``, ``message`` and ``fix`` in a language."""
        values = (self.code, translate(self, lang), translate(self.fix, lang))
        return dict(zip(_FIELDS, values, strict=True))


def explained(problem: AbcxyzError) -> QuestionError:
    """Turn another error of the library into one of a question.

    A wrong argument of a report is ``bad_argument``; everything else is ``unavailable``, because
    the data cannot be read.
    """
    if isinstance(problem, QuestionError):
        return problem
    wrong = isinstance(problem, InputError)
    fix: Any = (
        message("change the argument that the message names, and ask again")
        if wrong
        else message("the data cannot be read now; tell the person who runs the server")
    )
    return QuestionError(
        "{problem}", code="bad_argument" if wrong else "unavailable", fix=fix, problem=problem
    )

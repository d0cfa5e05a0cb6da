"""Mapping of Bitrix24 error codes to exceptions, and classification of the failures.

The HTTP status and the description never decide the class.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from abcxyz.errors import BadDataError, UnavailableError
from abcxyz.http import NotSentError, OutcomeUnknownError
from abcxyz_bitrix.rest.auth_errors import AccessDeniedError
from abcxyz_bitrix.rest.errors import (
    BitrixError,
    InternalServerError,
    NotJsonError,
    PortalMovedError,
    UnexpectedAnswerError,
)

__all__ = ["ERRORS", "concerns_one", "error_class", "maybe_done", "refusal"]

_SCOPES: Mapping[str, str] = MappingProxyType({"tasks": "task", "user": "user_brief"})
_LONGEST = 200  # characters of the portal's description in a message

ERRORS: Mapping[str, type[BitrixError]] = MappingProxyType(
    {code: error for error in BitrixError.__subclasses__() for code in error.codes}
)
"""Error code in upper case -> its class."""


def error_class(code: object) -> type[BitrixError]:
    """Return the class of an error code in any spelling.

    Examples
    --------
    >>> error_class("query_limit_exceeded").__name__, error_class(0).__name__
    ('QueryLimitExceededError', 'UnnamedError')
    >>> error_class("SOMETHING_NEW").__name__
    'BitrixError'
    """
    return ERRORS.get(str(code).strip().upper(), BitrixError)


def refusal(
    code: object, description: object, *, status: int, method: str, hide: Iterable[str] = ()
) -> BitrixError:
    """Build the error of a refused call.

    Parameters
    ----------
    code, description
        ``error`` and ``error_description`` of the answer.
    status, method
        HTTP status and method of the call.
    hide
        Secrets that the description must not repeat.
    """
    spelt = "" if code is None else str(code).strip()
    text = " ".join(str(description or "").split())[:_LONGEST]
    for secret in hide:
        text = text.replace(secret, "***") if secret else text
    error = error_class(spelt)
    return error(
        error.answer_template,
        code=spelt,
        description=text,
        status=status,
        method=method,
        scope=scope_of(method),
    )


def scope_of(method: str) -> str:
    """Return the scope that a method needs.

    Examples
    --------
    >>> scope_of("tasks.task.add"), scope_of("crm.deal.list")
    ('task', 'crm')
    """
    module = method.partition(".")[0].lower()
    return _SCOPES.get(module, module)


def maybe_done(problem: BaseException) -> bool:
    """Whether the failed call may have been carried out."""
    if isinstance(problem, (OutcomeUnknownError, NotJsonError)):
        return True
    if isinstance(problem, BitrixError):
        return isinstance(problem, (InternalServerError, UnexpectedAnswerError))
    return isinstance(problem, UnavailableError) and not isinstance(
        problem, (NotSentError, PortalMovedError)
    )


def concerns_one(problem: BaseException) -> bool:
    """Whether the error is about one object alone, so that the others can go on."""
    if isinstance(problem, AccessDeniedError):
        # 403 is the tariff of the whole portal; 400 and "inside a batch" are this object.
        return problem.status in (0, 400)
    return isinstance(problem, BadDataError)

"""What Bitrix24 may answer instead of a result: one class for each code.

Bitrix24 names its errors by a word, a number or nothing at all. `error_class` finds the class
of a code; every class is a `BitrixError` and also a child of the matching class of
`abcxyz.errors`. The HTTP status and the description never decide anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

from abcxyz.errors import (
    AdapterError,
    AuthenticationError,
    BadDataError,
    RateLimitError,
    UnavailableError,
)
from abcxyz.http import NotSentError, OutcomeUnknownError

__all__ = [
    "ERRORS",
    "AccessDenied",
    "BitrixError",
    "ExpiredToken",
    "InvalidArgValue",
    "NotFound",
    "NotJsonError",
    "OperationTimeLimit",
    "OverloadLimit",
    "PortalMovedError",
    "QueryLimitExceeded",
    "UnnamedError",
    "concerns_one",
    "error_class",
    "maybe_done",
    "refusal",
]

_SAID = 200  # characters of the portal's own words in a message


class BitrixError(AdapterError):
    """Bitrix24 refused a call.

    Parameters
    ----------
    template, **details
        As of every error.
    code
        As the portal spelt it; may be empty.
    status
        Of HTTP; 0 for a command inside a batch.
    method
        What was called.
    """

    def __init__(
        self,
        template: str,
        /,
        *,
        code: str = "",
        status: int = 0,
        method: str = "",
        **details: object,
    ) -> None:
        # The generated classes put one of the tree's own classes behind this one.
        super().__init__(template, code=code, status=status, method=method, **details)
        self.code = code
        self.status = status
        self.method = method


class NotJsonError(OutcomeUnknownError):
    """The answer is no answer of Bitrix24: a page of a proxy, or cut short."""


class PortalMovedError(UnavailableError):
    """The portal has another address now, and it is not one that may be trusted unasked."""

    retryable = False


_OTHER = "Bitrix24 refused {method} ({code}, HTTP {status}: {said})"
_WRONG_HOOK = (
    "Bitrix24 does not accept the webhook or its rights for {method} ({code}); make a new "
    "incoming webhook and check the scopes and the CRM rights of its owner"
)
_AGAIN = (
    "Bitrix24 no longer accepts the application's tokens ({code}); authorise the application "
    "again and store the new pair in the token file"
)
_SCOPE = (
    "the webhook or application lacks a scope for {method} ({code}: {said}); add the scope in "
    "its settings"
)
_DENIED = (
    "Bitrix24 denies {method} (HTTP {status}: {said}); give the owner of the webhook rights to "
    "read and change these CRM objects, and check that the plan includes REST"
)
_BUSY = "Bitrix24 asks to wait ({code}) and still refuses {method}; run again later"
_BLOCKED = (
    "Bitrix24 blocked REST on this portal by hand ({code}); ask the support of Bitrix24, do not "
    "try again before"
)
_BROKEN = "Bitrix24 failed inside {method} ({code}, HTTP {status}); run again later"
_DELETED = "this portal was deleted ({code}); correct the address of the webhook"
_NO_METHOD = (
    "this portal does not know the method {method}; it is too old or a module is not installed"
)
_UNNAMED = "Bitrix24 refused {method} without naming a reason by a code ({said})"

ERRORS: dict[str, type[BitrixError]] = {}
"""Code in upper case -> its class."""

_TEMPLATES: dict[str, str] = {}


def _camel(code: str) -> str:
    return "".join(part.capitalize() for part in code.lower().split("_"))


def _define(parent: type[AdapterError], template: str, codes: str, *, retryable: bool) -> None:
    for code in codes.split():
        name = _camel(code)
        made: type[BitrixError] = type(
            name,
            (BitrixError, parent),
            {
                "__doc__": f"The portal answered ``{code}``.",
                "__module__": __name__,
                "retryable": retryable,
            },
        )
        ERRORS[code.upper()] = made
        _TEMPLATES[code.upper()] = template
        globals()[name] = made  # so that it can be imported and pickled


_define(RateLimitError, _BUSY, "QUERY_LIMIT_EXCEEDED OPERATION_TIME_LIMIT", retryable=True)
_define(
    UnavailableError,
    _BROKEN,
    "INTERNAL_SERVER_ERROR ERROR_UNEXPECTED_ANSWER",
    retryable=False,
)
_define(UnavailableError, _BLOCKED, "OVERLOAD_LIMIT", retryable=False)
_define(UnavailableError, _DELETED, "PORTAL_DELETED", retryable=False)
_define(
    AuthenticationError,
    _WRONG_HOOK,
    "NO_AUTH_FOUND INVALID_CREDENTIALS METHOD_CONFIRM_WAITING METHOD_CONFIRM_DENIED "
    "user_access_error allowed_only_intranet_user",
    retryable=False,
)
_define(AuthenticationError, _SCOPE, "insufficient_scope invalid_scope", retryable=False)
_define(AuthenticationError, _DENIED, "ACCESS_DENIED", retryable=False)
_define(
    AuthenticationError,
    _AGAIN,
    "expired_token INVALID_TOKEN WRONG_AUTH_TYPE ERROR_OAUTH invalid_grant invalid_client "
    "PAYMENT_REQUIRED WRONG_CLIENT NOT_INSTALLED",
    retryable=False,
)
_define(BadDataError, _NO_METHOD, "ERROR_METHOD_NOT_FOUND", retryable=False)
_define(
    BadDataError,
    _OTHER,
    "INVALID_REQUEST ERROR_BATCH_METHOD_NOT_ALLOWED ERROR_BATCH_LENGTH_EXCEEDED INVALID_ARG_VALUE "
    "NOT_FOUND ENTITY_TYPE_NOT_SUPPORTED CRM_FIELD_ERROR_VALUE_NOT_VALID CRM_FIELD_ERROR_REQUIRED "
    "UPDATE_DYNAMIC_ITEM_RESTRICTED MAX_IMPORT_BATCH_SIZE_EXCEEDED WRONG_DATETIME_FORMAT "
    "WRONG_ENCODING ERROR_MANIFEST_IS_NOT_AVAILABLE ERROR_CORE",
    retryable=False,
)


class UnnamedError(BitrixError, BadDataError):
    """The portal gave an empty code, or a number that says nothing."""


for _code in ("", "0", "100"):
    ERRORS[_code] = UnnamedError
    _TEMPLATES[_code] = _UNNAMED

QueryLimitExceeded = ERRORS["QUERY_LIMIT_EXCEEDED"]
OperationTimeLimit = ERRORS["OPERATION_TIME_LIMIT"]
OverloadLimit = ERRORS["OVERLOAD_LIMIT"]
ExpiredToken = ERRORS["EXPIRED_TOKEN"]
AccessDenied = ERRORS["ACCESS_DENIED"]
NotFound = ERRORS["NOT_FOUND"]
InvalidArgValue = ERRORS["INVALID_ARG_VALUE"]

TEMPLATES = MappingProxyType(_TEMPLATES)


def error_class(code: object) -> type[BitrixError]:
    """Find the class of a code, however it is spelt.

    Examples
    --------
    >>> error_class("query_limit_exceeded").__name__, error_class(0).__name__
    ('QueryLimitExceeded', 'UnnamedError')
    >>> error_class("SOMETHING_NEW").__name__
    'BitrixError'
    """
    return ERRORS.get(str(code).strip().upper(), BitrixError)


def refusal(
    code: object, said: object, *, status: int, method: str, hide: Iterable[str] = ()
) -> BitrixError:
    """Build the error of a refused call.

    Parameters
    ----------
    code, said
        ``error`` and ``error_description`` of the answer.
    status, method
        Of the call.
    hide
        Secrets that the description must not repeat.
    """
    spelt = "" if code is None else str(code).strip()
    words = " ".join(str(said or "").split())[:_SAID]
    for secret in hide:
        words = words.replace(secret, "***") if secret else words
    template = _TEMPLATES.get(spelt.upper(), _OTHER)
    return error_class(spelt)(template, code=spelt, said=words, status=status, method=method)


def maybe_done(problem: BaseException) -> bool:
    """Whether the call that failed so may have been carried out."""
    if isinstance(problem, (OutcomeUnknownError, NotJsonError)):
        return True
    if isinstance(problem, BitrixError):
        return problem.code.upper() in ("INTERNAL_SERVER_ERROR", "ERROR_UNEXPECTED_ANSWER")
    return isinstance(problem, UnavailableError) and not isinstance(
        problem, (NotSentError, PortalMovedError)
    )


def concerns_one(problem: BaseException) -> bool:
    """Whether the error is about one object alone, so that the others can go on."""
    if isinstance(problem, AccessDenied):
        # 403 is the plan of the whole portal; 400 and "inside a batch" are this object.
        return problem.status in (0, 400)
    return isinstance(problem, BadDataError)

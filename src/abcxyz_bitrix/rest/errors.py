"""Error classes of the Bitrix24 REST API: limits, failures and refused data.

Bitrix24 names its errors by a word, a number or nothing at all. Every class stands for one error
code and is a `BitrixError` and a child of the matching class of `abcxyz.errors`. Errors of
credentials and rights are in `abcxyz_bitrix.rest.auth_errors`.
"""

from __future__ import annotations

from typing import ClassVar

from abcxyz.errors import (
    AdapterError,
    BadDataError,
    RateLimitError,
    UnavailableError,
)
from abcxyz.http import OutcomeUnknownError

__all__ = [
    "BatchLengthExceededError",
    "BatchMethodNotAllowedError",
    "BitrixError",
    "BusyPageError",
    "CoreError",
    "DynamicItemRestrictedError",
    "EntityTypeNotSupportedError",
    "FieldRequiredError",
    "FieldValueNotValidError",
    "ImportBatchSizeExceededError",
    "InternalServerError",
    "InvalidArgValueError",
    "InvalidRequestError",
    "ManifestNotAvailableError",
    "MethodNotFoundError",
    "NotFoundError",
    "NotJsonError",
    "OperationTimeLimitError",
    "OverloadLimitError",
    "PortalDeletedError",
    "PortalMovedError",
    "QueryLimitExceededError",
    "UnexpectedAnswerError",
    "UnnamedError",
    "WrongDatetimeFormatError",
    "WrongEncodingError",
]

_REFUSED = (
    "Bitrix24 refused {method} ({code}, HTTP {status}: {description}); check the options of the "
    "job and the rights of the owner of the webhook"
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
_UNNAMED = (
    "Bitrix24 refused {method} without naming a reason by a code ({description}); check the "
    "rights of the owner of the webhook, or ask the support of Bitrix24"
)


class BitrixError(AdapterError):
    """Bitrix24 refused a call.

    ``codes`` are the error codes that mean the class, in upper case; ``answer_template`` is the
    message.

    Parameters
    ----------
    template, **details
        As in every `AdapterError`.
    code
        Error code in the portal's spelling; may be empty.
    status
        HTTP status; 0 for a command inside a batch.
    method
        REST method that was called.
    """

    codes: ClassVar[tuple[str, ...]] = ()
    answer_template: ClassVar[str] = _REFUSED

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
        # Subclasses also inherit from a class of `abcxyz.errors`, next in the resolution order.
        super().__init__(template, code=code, status=status, method=method, **details)
        self.code = code
        self.status = status
        self.method = method


class NotJsonError(OutcomeUnknownError):
    """The answer is not JSON of Bitrix24: a page of a proxy, or cut short."""


class BusyPageError(RateLimitError):
    """The portal answers with a page instead of data: it limits requests or is maintained."""


class PortalMovedError(UnavailableError):
    """The portal redirects to an address that the job does not allow."""

    retryable = False


class QueryLimitExceededError(BitrixError, RateLimitError):
    """More requests per second than the tariff allows."""

    codes = ("QUERY_LIMIT_EXCEEDED",)
    answer_template = _BUSY


class OperationTimeLimitError(BitrixError, RateLimitError):
    """One method has used up its seconds of the running ten minutes."""

    codes = ("OPERATION_TIME_LIMIT",)
    answer_template = _BUSY


class InternalServerError(BitrixError, UnavailableError):
    """The portal failed inside a method; the call may have been carried out."""

    codes = ("INTERNAL_SERVER_ERROR",)
    answer_template = _BROKEN
    retryable = False


class UnexpectedAnswerError(BitrixError, UnavailableError):
    """A method returned no usable answer to the portal's server; it may have been carried out."""

    codes = ("ERROR_UNEXPECTED_ANSWER",)
    answer_template = _BROKEN
    retryable = False


class OverloadLimitError(BitrixError, UnavailableError):
    """REST was blocked on this portal by hand."""

    codes = ("OVERLOAD_LIMIT",)
    answer_template = _BLOCKED
    retryable = False


class PortalDeletedError(BitrixError, UnavailableError):
    """The portal does not exist any more."""

    codes = ("PORTAL_DELETED",)
    answer_template = _DELETED
    retryable = False


class MethodNotFoundError(BitrixError, BadDataError):
    """The portal does not know the method."""

    codes = ("ERROR_METHOD_NOT_FOUND",)
    answer_template = _NO_METHOD


class InvalidRequestError(BitrixError, BadDataError):
    """The request is malformed, or not sent over HTTPS."""

    codes = ("INVALID_REQUEST",)


class BatchMethodNotAllowedError(BitrixError, BadDataError):
    """The method cannot be called inside a batch."""

    codes = ("ERROR_BATCH_METHOD_NOT_ALLOWED",)


class BatchLengthExceededError(BitrixError, BadDataError):
    """More than fifty commands in a batch."""

    codes = ("ERROR_BATCH_LENGTH_EXCEEDED",)


class InvalidArgValueError(BitrixError, BadDataError):
    """A parameter has a wrong value, such as a field that cannot be filtered by."""

    codes = ("INVALID_ARG_VALUE",)


class NotFoundError(BitrixError, BadDataError):
    """There is no such object."""

    codes = ("NOT_FOUND",)


class EntityTypeNotSupportedError(BitrixError, BadDataError):
    """The method does not know this type of CRM objects."""

    codes = ("ENTITY_TYPE_NOT_SUPPORTED",)


class FieldValueNotValidError(BitrixError, BadDataError):
    """A field does not accept the value."""

    codes = ("CRM_FIELD_ERROR_VALUE_NOT_VALID",)


class FieldRequiredError(BitrixError, BadDataError):
    """A mandatory field is empty."""

    codes = ("CRM_FIELD_ERROR_REQUIRED",)


class DynamicItemRestrictedError(BitrixError, BadDataError):
    """The portal's tariff does not allow changes to this object."""

    codes = ("UPDATE_DYNAMIC_ITEM_RESTRICTED",)


class ImportBatchSizeExceededError(BitrixError, BadDataError):
    """An import holds more objects than allowed at once."""

    codes = ("MAX_IMPORT_BATCH_SIZE_EXCEEDED",)


class WrongDatetimeFormatError(BitrixError, BadDataError):
    """A date cannot be read."""

    codes = ("WRONG_DATETIME_FORMAT",)


class WrongEncodingError(BitrixError, BadDataError):
    """A text is not UTF-8."""

    codes = ("WRONG_ENCODING",)


class ManifestNotAvailableError(BitrixError, BadDataError):
    """The manifest of an export or import is not available."""

    codes = ("ERROR_MANIFEST_IS_NOT_AVAILABLE",)


class CoreError(BitrixError, BadDataError):
    """The portal's core refused the call without details."""

    codes = ("ERROR_CORE",)


class UnnamedError(BitrixError, BadDataError):
    """The error code is empty, or a number without a meaning."""

    codes = ("", "0", "100")
    answer_template = _UNNAMED

"""Error classes of the Bitrix24 REST API: credentials, scopes and rights."""

from __future__ import annotations

from abcxyz.errors import AuthenticationError
from abcxyz_bitrix.rest.errors import BitrixError

__all__ = [
    "AccessDeniedError",
    "ExpiredTokenError",
    "InsufficientScopeError",
    "IntranetUserOnlyError",
    "InvalidClientError",
    "InvalidCredentialsError",
    "InvalidGrantError",
    "InvalidScopeError",
    "InvalidTokenError",
    "MethodConfirmDeniedError",
    "MethodConfirmWaitingError",
    "NoAuthFoundError",
    "NotInstalledError",
    "OAuthError",
    "PaymentRequiredError",
    "UserAccessError",
    "WrongAuthTypeError",
    "WrongClientError",
]

_WEBHOOK = (
    "Bitrix24 does not accept the webhook or its rights for {method} ({code}); make a new "
    "incoming webhook and check the scopes and the CRM rights of its owner"
)
_REAUTHORISE = (
    "Bitrix24 does not accept the application or its tokens for {method} ({code}); authorise the "
    "application again by abcxyz bitrix24 login"
)
_SCOPE = (
    "the webhook or application lacks the scope {scope} for {method} ({code}: {description}); add "
    "the scope in its settings"
)
_DENIED = (
    "Bitrix24 denies {method} (HTTP {status}: {description}); give the owner of the webhook "
    "rights to read and change these CRM objects, and check that the plan includes REST"
)


class NoAuthFoundError(BitrixError, AuthenticationError):
    """The call carried no credentials that the portal knows."""

    codes = ("NO_AUTH_FOUND",)
    answer_template = _WEBHOOK


class InvalidCredentialsError(BitrixError, AuthenticationError):
    """The webhook or its owner lacks the right for this call."""

    codes = ("INVALID_CREDENTIALS",)
    answer_template = _WEBHOOK


class MethodConfirmWaitingError(BitrixError, AuthenticationError):
    """The method waits for an administrator's consent."""

    codes = ("METHOD_CONFIRM_WAITING",)
    answer_template = _WEBHOOK


class MethodConfirmDeniedError(BitrixError, AuthenticationError):
    """An administrator refused consent to the method."""

    codes = ("METHOD_CONFIRM_DENIED",)
    answer_template = _WEBHOOK


class UserAccessError(BitrixError, AuthenticationError):
    """The owner of the webhook has no access to the application."""

    codes = ("USER_ACCESS_ERROR",)
    answer_template = _WEBHOOK


class IntranetUserOnlyError(BitrixError, AuthenticationError):
    """The method is open to employees only, not to external users."""

    codes = ("ALLOWED_ONLY_INTRANET_USER",)
    answer_template = _WEBHOOK


class InsufficientScopeError(BitrixError, AuthenticationError):
    """The webhook or application lacks a scope."""

    codes = ("INSUFFICIENT_SCOPE",)
    answer_template = _SCOPE


class InvalidScopeError(BitrixError, AuthenticationError):
    """The tokens were issued for another scope."""

    codes = ("INVALID_SCOPE",)
    answer_template = _SCOPE


class AccessDeniedError(BitrixError, AuthenticationError):
    """No right to this object, or no REST in the portal's tariff; see `concerns_one`."""

    codes = ("ACCESS_DENIED",)
    answer_template = _DENIED


class ExpiredTokenError(BitrixError, AuthenticationError):
    """The access token is older than an hour."""

    codes = ("EXPIRED_TOKEN",)
    answer_template = _REAUTHORISE


class InvalidTokenError(BitrixError, AuthenticationError):
    """The access token is not one of this portal."""

    codes = ("INVALID_TOKEN",)
    answer_template = _REAUTHORISE


class WrongAuthTypeError(BitrixError, AuthenticationError):
    """The method does not accept this kind of credentials."""

    codes = ("WRONG_AUTH_TYPE",)
    answer_template = _REAUTHORISE


class OAuthError(BitrixError, AuthenticationError):
    """The portal's authorisation server failed."""

    codes = ("ERROR_OAUTH",)
    answer_template = _REAUTHORISE


class InvalidGrantError(BitrixError, AuthenticationError):
    """The refresh token was used before or has expired."""

    codes = ("INVALID_GRANT",)
    answer_template = _REAUTHORISE


class InvalidClientError(BitrixError, AuthenticationError):
    """The application's id and secret do not match."""

    codes = ("INVALID_CLIENT",)
    answer_template = _REAUTHORISE


class PaymentRequiredError(BitrixError, AuthenticationError):
    """The application's subscription or the portal's tariff has ended."""

    codes = ("PAYMENT_REQUIRED",)
    answer_template = _REAUTHORISE


class WrongClientError(BitrixError, AuthenticationError):
    """The authorisation server does not know the application."""

    codes = ("WRONG_CLIENT",)
    answer_template = _REAUTHORISE


class NotInstalledError(BitrixError, AuthenticationError):
    """The application is not installed on this portal."""

    codes = ("NOT_INSTALLED",)
    answer_template = _REAUTHORISE

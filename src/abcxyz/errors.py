"""Every error the library raises on purpose.

::

    AbcxyzError
    |- InputError (ValueError)        arrays, thresholds, dates
    |- ConfigError (ValueError)       job file or options; names the key and what is accepted
    |- PluginError                    unknown, broken or clashing adapter; cause chained
    |- AdapterError                   an outside system failed; `retryable`
    |  |- AuthenticationError
    |  |- RateLimitError              `retry_after`
    |  |- UnavailableError            network, time-out, 5xx
    |  `- BadDataError                it answered, but not as agreed
    `- HistoryError                   damaged file or newer schema

A message names the value, the reason and the cure. It is written as a template with named
fields, so that the command line can say the same thing in another language.
"""

from __future__ import annotations

__all__ = [
    "AbcxyzError",
    "AbcxyzWarning",
    "AdapterError",
    "AuthenticationError",
    "BadDataError",
    "ConfigError",
    "HistoryError",
    "InputError",
    "MeaninglessClassesWarning",
    "PluginError",
    "RateLimitError",
    "UnavailableError",
]


class AbcxyzError(Exception):
    """Base of all errors of this library.

    Parameters
    ----------
    template
        The message in English, with ``{named}`` fields where *details* go.
    **details
        Values of the fields. Never a secret.

    Examples
    --------
    >>> str(InputError("{name} holds {value!r}", name="amount", value="ten"))
    "amount holds 'ten'"
    """

    def __init__(self, template: str, /, **details: object) -> None:
        super().__init__(template.format(**details) if details else template)
        self.template = template
        self.details = details

    def __reduce__(self) -> tuple[object, ...]:
        """Survive pickling: keyword details are not in ``args``."""
        return (type(self), self.args, self.__dict__)


class InputError(AbcxyzError, ValueError):
    """An array, a threshold, a date or a column cannot be used."""


class ConfigError(AbcxyzError, ValueError):
    """A job file or an option is wrong; the message names the key and what is accepted."""


class PluginError(AbcxyzError):
    """An adapter is unknown, broken, or clashes with another one."""


class AdapterError(AbcxyzError):
    """A system outside the library failed.

    ``retryable`` says whether the same call may succeed later without any change.
    """

    retryable: bool = False


class AuthenticationError(AdapterError):
    """The outside system refused the credentials or the rights."""


class RateLimitError(AdapterError):
    """The outside system asks to wait; ``retry_after`` is in seconds where it is known."""

    retryable = True

    def __init__(
        self, template: str, /, *, retry_after: float | None = None, **details: object
    ) -> None:
        super().__init__(template, **details)
        self.retry_after = retry_after


class UnavailableError(AdapterError):
    """The network, a time-out or the server itself stood in the way."""

    retryable = True


class BadDataError(AdapterError):
    """The outside system answered, but not as agreed."""


class HistoryError(AbcxyzError):
    """The history file is damaged, or was written by a newer version."""


class AbcxyzWarning(UserWarning):
    """A result is right but may mislead; the text says what to change.

    Like the errors it keeps its template and details, so that it can be translated.
    """

    def __init__(self, template: str, /, **details: object) -> None:
        super().__init__(template.format(**details) if details else template)
        self.template = template
        self.details = details


class MeaninglessClassesWarning(AbcxyzWarning):
    """The classes are right, but hardly tell customers apart."""

"""Exception and warning classes of the library.

::

    AbcxyzError
    |- InputError (ValueError)        arrays, thresholds, dates
    |- ConfigError (ValueError)       job file or options; names the key and what is accepted
    |- PluginError                    unknown, broken or clashing adapter; cause chained
    |- AdapterError                   an external system failed; `retryable`
    |  |- AuthenticationError
    |  |- RateLimitError              `retry_after`
    |  |- UnavailableError            network, time-out, 5xx
    |  `- BadDataError                unexpected response
    `- HistoryError                   damaged file or newer schema

A message names the value, the reason and the cure. It is a template with named fields, so that
it can be translated; ``{n} {n:deal|deals}`` puts a word into the form for a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral

__all__ = [
    "AbcxyzError",
    "AbcxyzWarning",
    "AdapterError",
    "AuthenticationError",
    "BadDataError",
    "ConfigError",
    "CoverageWarning",
    "HistoryError",
    "InputError",
    "MeaninglessClassesWarning",
    "PluginError",
    "RateLimitError",
    "UnavailableError",
    "UnsteadyClassWarning",
]


def _form(number: object, spec: str) -> str | None:
    """Return the form of a word for a number; None if *spec* is no such pair."""
    one, bar, other = spec.partition("|")
    return (one if number == 1 else other) if bar else None


class _Counted:
    """A number that chooses a form of a word: ``{lines:line|lines}``."""

    def __format__(self, spec: str) -> str:
        form = _form(self, spec)
        return super().__format__(spec) if form is None else form


class _Whole(_Counted, int):
    pass


class _Fraction(_Counted, float):
    pass


def _counted(value: object) -> object:
    """Return a number that chooses words; other values as they are."""
    if isinstance(value, bool):
        return value
    if isinstance(value, Integral):
        return _Whole(value)
    return _Fraction(value) if isinstance(value, float) else value


def _in_english(template: str, details: Mapping[str, object]) -> str:
    if "|" in template:
        details = {name: _counted(one) for name, one in details.items()}
    return template.format(**details) if details else template


class AbcxyzError(Exception):
    """Base of all errors of this library.

    Parameters
    ----------
    template
        The message in English, with ``{named}`` fields where *details* go.
    **details
        Values of the fields; they must not contain secrets.

    Examples
    --------
    >>> str(InputError("{name} holds {value!r}", name="amount", value="ten"))
    "amount holds 'ten'"
    """

    def __init__(self, template: str, /, **details: object) -> None:
        super().__init__(_in_english(template, details))
        self.template = template
        self.details = details

    def __reduce__(self) -> tuple[object, ...]:
        """Support pickling: keyword details are not in ``args``."""
        return (type(self), self.args, self.__dict__)


class InputError(AbcxyzError, ValueError):
    """An array, a threshold, a date or a column cannot be used."""


class ConfigError(AbcxyzError, ValueError):
    """A job file or an option is wrong; the message names the key and what is accepted."""


class PluginError(AbcxyzError):
    """An adapter is unknown, broken, or clashes with another one."""


class AdapterError(AbcxyzError):
    """An external system failed; ``retryable`` if the same call may succeed later unchanged."""

    retryable: bool = False


class AuthenticationError(AdapterError):
    """The external system rejected the credentials or permissions."""


class RateLimitError(AdapterError):
    """The external system requires a wait; ``retry_after`` is in seconds, None if not known."""

    retryable = True

    def __init__(
        self, template: str, /, *, retry_after: float | None = None, **details: object
    ) -> None:
        super().__init__(template, **details)
        self.retry_after = retry_after


class UnavailableError(AdapterError):
    """A network failure, a time-out or a server error."""

    retryable = True


class BadDataError(AdapterError):
    """The external system returned an unexpected response."""


class HistoryError(AbcxyzError):
    """The history file is damaged, or was written by a newer version."""


class AbcxyzWarning(UserWarning):
    """A result is correct but may mislead; the message names what to change.

    Like an error it has a template and details, so that it can be translated.
    """

    def __init__(self, template: str, /, **details: object) -> None:
        super().__init__(_in_english(template, details))
        self.template = template
        self.details = details


class MeaninglessClassesWarning(AbcxyzWarning):
    """The classes are correct, but hardly separate the customers."""


class UnsteadyClassWarning(MeaninglessClassesWarning):
    """Class X, the steady one, includes customers whose purchases are not steady."""


class CoverageWarning(AbcxyzWarning):
    """The sales do not cover the window: they end long before it does, or begin after it does."""

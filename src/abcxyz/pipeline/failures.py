"""Conversion of adapters' exceptions to errors of this library, with secrets redacted."""

from __future__ import annotations

from abcxyz.config import Part
from abcxyz.errors import AbcxyzError, AdapterError
from abcxyz.toolkit.redaction import Redactor

__all__ = ["adapter_failure", "redacted"]


def adapter_failure(part: Part, problem: Exception, redactor: Redactor) -> AbcxyzError:
    """Return an exception of an adapter as an error that names the adapter."""
    if isinstance(problem, AbcxyzError):
        return redacted(problem, redactor)
    return AdapterError(
        "the {role} {name} failed ({kind}: {reason}); its author can mend that",
        role=part.role,
        name=part.label,
        kind=type(problem).__name__,
        reason=redactor.text(str(problem)),
    )


def redacted(problem: AbcxyzError, redactor: Redactor) -> AbcxyzError:
    """Return the same error, or one of its class with the secrets redacted."""
    if redactor.text(str(problem)) == str(problem):
        return problem
    # A subclass of a plugin may have another constructor.
    kind = next(one for one in type(problem).__mro__ if one.__module__ == "abcxyz.errors")
    safe: AbcxyzError = kind("{reason}", reason=redactor.text(str(problem)))
    if isinstance(problem, AdapterError) and isinstance(safe, AdapterError):
        safe.retryable = problem.retryable
    return safe

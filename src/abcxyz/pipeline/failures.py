"""Failures of adapters as errors of this library, without their secrets."""

from __future__ import annotations

from abcxyz.config import Part
from abcxyz.errors import AbcxyzError, AdapterError
from abcxyz.toolkit.redaction import Redactor

__all__ = ["adapter_failure", "redacted"]


def adapter_failure(part: Part, problem: Exception, redactor: Redactor) -> AbcxyzError:
    """Turn whatever an adapter raised into an error that names the adapter."""
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
    """Return the same error, or one of its kind without the secrets in its message."""
    if redactor.text(str(problem)) == str(problem):
        return problem
    # A stranger's subclass may want other arguments than a template.
    kind = next(one for one in type(problem).__mro__ if one.__module__ == "abcxyz.errors")
    safe: AbcxyzError = kind("{reason}", reason=redactor.text(str(problem)))
    if isinstance(problem, AdapterError) and isinstance(safe, AdapterError):
        safe.retryable = problem.retryable
    return safe

"""Exit code of a failed command, and its failure as a JSON object."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from abcxyz.binding import ROLES
from abcxyz.cli.output.terminal import complain
from abcxyz.core.documents import json_text
from abcxyz.errors import AbcxyzError, AdapterError, RateLimitError
from abcxyz.i18n import translate

__all__ = ["error_place", "exit_code", "print_failure", "report_error"]

_JOB_LINE = re.compile(r"(.+):(\d+): $")
_LINE_IN_REASON = re.compile(r"\bat line (\d+)")


def exit_code(problem: AbcxyzError) -> int:
    """Return the exit code of an error: its own, 3 for another system, 2 for the user's input."""
    default = 3 if isinstance(problem, AdapterError) else 2
    return int(getattr(problem, "exit_code", default))


def error_place(problem: AbcxyzError) -> dict[str, Any]:
    """Return where the error is, as far as its fields name it.

    Returns
    -------
    dict
        ``file`` and ``line``, ``key`` of the job, ``adapter``; None where not known.

    Examples
    --------
    >>> from abcxyz.errors import ConfigError
    >>> error_place(ConfigError("{where}no {key}", where="job.toml:7: ", key="period"))
    {'file': 'job.toml', 'line': 7, 'key': 'period', 'adapter': None}
    """
    details = problem.details
    file, line = _first(details, "path", "file", "job"), details.get("line")
    if match := _JOB_LINE.match(str(details.get("where", ""))):
        file, line = match[1], int(match[2])
    elif line is None and (match := _LINE_IN_REASON.search(str(details.get("reason", "")))):
        line = int(match[1])  # a damaged TOML file
    adapter = "name" if details.get("role") in ROLES else "source"
    return {
        "file": file,
        "line": line if isinstance(line, int) else None,
        "key": _first(details, "key", "option"),
        "adapter": _first(details, adapter),
    }


def _first(details: Mapping[str, object], *names: str) -> str | None:
    return next((str(details[name]) for name in names if details.get(name) is not None), None)


def print_failure(
    kind: str,
    message: str,
    *,
    code: int,
    place: Mapping[str, Any] | None = None,
    retryable: bool = False,
    retry_after: float | None = None,
) -> None:
    """Print a failure as one JSON object on stdout."""
    error = {
        "kind": kind,
        "message": message,
        "place": None if place is None else dict(place),
        "retryable": retryable,
        "retry_after": retry_after,
    }
    print(json_text({"exit_code": code, "error": error}))


def report_error(problem: AbcxyzError, lang: str, *, json_lang: str | None) -> int:
    """Print an error on stderr and, for a command with ``--json``, as one object on stdout.

    Parameters
    ----------
    lang
        Language of the line on stderr.
    json_lang
        Language of the object; None prints none.

    Returns
    -------
    int
        Exit code.
    """
    code = exit_code(problem)
    complain(problem, lang)
    if json_lang is not None:
        print_failure(
            type(problem).__name__,
            translate(problem, json_lang),
            code=code,
            place=error_place(problem),
            retryable=isinstance(problem, AdapterError) and problem.retryable,
            retry_after=problem.retry_after if isinstance(problem, RateLimitError) else None,
        )
    return code

"""Report of a pilot: its steps, without personal data."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from datetime import date
from importlib.metadata import version
from typing import Any

from attrs import define, field, frozen

from abcxyz.errors import AbcxyzError
from abcxyz.toolkit.catalogue import LANGUAGES, SOURCE, Catalogue, Message

__all__ = ["PilotReport", "PilotStep"]

#: Details of errors and notes that identify no person and no company.
_HARMLESS = frozenset(
    {"code", "count", "duration", "hours", "kind", "method", "minutes", "missing", "moment",
     "requests", "status"}
)  # fmt: skip


@define
class PilotStep:
    """One step of a pilot.

    Parameters
    ----------
    name
        ``check``, ``read``, ``write`` or ``undo``.
    adapter
        Kind of the adapter.
    seconds
        Duration.
    counts
        Numbers by name.
    notes
        Lines for the user; they may name customers and are not in the report.
    problem
        Error that ended the step.
    """

    name: str
    adapter: str = ""
    seconds: float = 0.0
    counts: dict[str, int] = field(factory=dict)
    notes: list[str] = field(factory=list)
    problem: AbcxyzError | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the step without personal data: numbers, and texts without their details."""
        return {
            "step": self.name,
            "adapter": self.adapter,
            "ok": self.problem is None,
            "seconds": round(self.seconds, 1),
            "counts": dict(self.counts),
            "notes": [one for note in self.notes if (one := _harmless(note)) is not None],
            "problem": None if self.problem is None else _harmless(self.problem),
        }


@frozen
class PilotReport:
    """Report of a pilot.

    Parameters
    ----------
    as_of
        Date of the pilot.
    steps
        The steps that ran, in order.
    """

    as_of: date
    steps: Sequence[PilotStep]

    @property
    def passed(self) -> bool:
        """Whether every step succeeded."""
        return all(step.problem is None for step in self.steps)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values, without personal data, names, keys and amounts."""
        return {
            "abcxyz": version("abcxyz"),
            "python": platform.python_version(),
            "system": platform.system(),
            "as_of": self.as_of.isoformat(),
            "passed": self.passed,
            "steps": [step.to_dict() for step in self.steps],
        }


def _harmless(text: str | AbcxyzError) -> dict[str, Any] | None:
    """Return the phrase of a text and its harmless details; None for text without a phrase."""
    if not isinstance(text, (Message, AbcxyzError)):
        return None
    shown = {
        name: translated
        for name, value in text.details.items()
        if name in _HARMLESS and (translated := _plain(value)) is not None
    }
    if not isinstance(text, AbcxyzError):
        return {"text": text.template, "details": shown}
    # A template that is no known phrase may be text with names already filled in.
    known = any(Catalogue().find(text.template, lang) for lang in LANGUAGES if lang != SOURCE)
    words = {"text": text.template, "details": shown} if known else {}
    return {"class": type(text).__name__, **words}


def _plain(value: object) -> object:
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Iterable) and not isinstance(value, str):
        return None
    return str(value)[:200]

"""Refusals of a portal, with status, code and text."""

from __future__ import annotations

__all__ = ["RefusedError", "missing", "mistyped", "not_found"]


class RefusedError(Exception):
    """A call that was answered with a status, a code and a text."""

    def __init__(self, status: int, code: str | int, text: str) -> None:
        super().__init__(status, code, text)
        self.status = status
        self.code = code
        self.text = text

    @property
    def body(self) -> dict[str, object]:
        """Return the error fields of an answer."""
        return {"error": self.code, "error_description": self.text}


def missing(name: str) -> RefusedError:
    """Refuse a call without a required parameter."""
    return RefusedError(400, 100, f"Could not find value for parameter {{{name}}}")


def mistyped(name: str, kind: str) -> RefusedError:
    """Refuse a parameter of the wrong type."""
    text = f"Invalid value to match with parameter {{{name}}}. Should be value of type {kind}."
    return RefusedError(400, 100, text)


def not_found(text: str = "Элемент не найден") -> RefusedError:
    """Refuse an unknown id."""
    return RefusedError(400, "NOT_FOUND", text)

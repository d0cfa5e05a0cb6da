"""How a method of the REST interface is declared and called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen
from tests.emulators.bitrix24 import php
from tests.emulators.bitrix24.errors import RefusedError, missing, mistyped
from tests.emulators.bitrix24.state import State

__all__ = ["METHODS", "Answer", "Call", "Method", "method"]


@frozen
class Answer:
    """Result of a method."""

    result: Any
    total: int | None = None
    next: int | None = None


@frozen
class Call:
    """One call of a method."""

    state: State
    params: dict[str, Any]
    user: int
    scopes: frozenset[str]
    application: bool = False

    def get(self, name: str, default: Any = None) -> Any:
        """Return a parameter of the older methods, in lower or upper case."""
        for spelling in (name, name.upper(), name.lower()):
            if spelling in self.params:
                return self.params[spelling]
        return default

    def array(self, name: str) -> Any:
        """Return a parameter that must be an array, as the older methods require it."""
        value = self.get(name, {})
        if value in (None, ""):
            return {}
        if not isinstance(value, Mapping | list):
            raise RefusedError(400, "", f"Parameter '{name}' must be array.")
        return value

    def need_int(self, name: str) -> int:
        """Return a whole number, as the strict methods require it."""
        if name not in self.params:
            raise missing(name)
        value = self.params[name]
        if isinstance(value, bool) or not str(value).strip().lstrip("-").isdigit():
            raise mistyped(name, "int")
        return int(value)

    def need_array(self, name: str) -> dict[str, Any]:
        """Return an array, as the strict methods require it."""
        if name not in self.params:
            raise missing(name)
        value = self.params[name]
        if not isinstance(value, Mapping | list):
            raise mistyped(name, "array")
        return dict(php.entries(value))

    def admin(self) -> bool:
        """Return whether the caller is an administrator."""
        row = self.state.stores["users"].rows.get(self.user)
        return bool(row and row.get("ADMIN"))


@frozen
class Method:
    """A method with its scope."""

    name: str
    scope: str
    run: Callable[[Call], Answer]


METHODS: dict[str, Method] = {}


def method(
    name: str, scope: str = ""
) -> Callable[[Callable[[Call], Answer]], Callable[[Call], Answer]]:
    """Declare a method of the portal."""

    def declare(function: Callable[[Call], Answer]) -> Callable[[Call], Answer]:
        METHODS[name.lower()] = Method(name, scope, function)
        return function

    return declare

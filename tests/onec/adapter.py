"""Builder of adapters from flat options, as a job has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import attrs

from abcxyz_onec.connection import Connection

__all__ = ["adapter"]

Kind = TypeVar("Kind")


def adapter(kind: Callable[..., Kind], url: str, user: str, password: str, **options: Any) -> Kind:
    """Build an adapter; options of the connection are separated by their names."""
    shared = {one.name for one in attrs.fields(Connection)}
    connection = {name: options.pop(name) for name in list(options) if name in shared}
    return kind(Connection(url, user, password, **connection), **options)

"""Read-only mappings, without numpy, which the start of a command need not load."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

__all__ = ["frozen_map"]


def frozen_map(mapping: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Return a read-only copy of *mapping*, for ``field(converter=frozen_map)``."""
    return MappingProxyType(dict(mapping))

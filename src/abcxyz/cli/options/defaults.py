"""Defaults of options, read from the functions and records that define them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

__all__ = ["default_of"]


def default_of(definition: Callable[..., Any], parameter: str) -> Any:
    """Return the default of a parameter of a function or of a record's constructor.

    Examples
    --------
    >>> from abcxyz import Settings
    >>> default_of(Settings, "period")
    '12M'
    """
    return inspect.signature(definition).parameters[parameter].default

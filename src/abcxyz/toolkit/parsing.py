"""Parsers of untrusted JSON and TOML that raise `ValueError` alone."""

from __future__ import annotations

import json
import tomllib
from typing import Any

__all__ = ["parse_json", "parse_toml"]


def parse_json(text: str | bytes, **options: Any) -> Any:
    """Parse a JSON document, as `json.loads` does with the same *options*.

    Raises
    ------
    ValueError
        It is not JSON, or is nested too deeply, which `json` reports by `RecursionError`.

    Examples
    --------
    >>> parse_json(b'{"n": 1}')
    {'n': 1}
    """
    try:
        return json.loads(text, **options)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def parse_toml(text: str) -> dict[str, Any]:
    """Parse a TOML document.

    Raises
    ------
    ValueError
        It is not TOML, is nested too deeply, or holds a number of too many digits.

    Examples
    --------
    >>> parse_toml("n = 1")
    {'n': 1}
    """
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None

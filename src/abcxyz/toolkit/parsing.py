"""Parsers of untrusted JSON and TOML that raise `ValueError` alone, and of sizes of memory."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

from abcxyz.errors import InputError

__all__ = ["parse_json", "parse_megabytes", "parse_toml"]

_LEAST = 100  # megabytes


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


def parse_megabytes(memory: str) -> float:
    """Return a memory limit in megabytes.

    Raises
    ------
    InputError
        It is not a size, or too small.

    Examples
    --------
    >>> parse_megabytes("1.5GB")
    1500.0
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([MGT])B?\s*", memory.upper())
    size = float(match[1]) * {"M": 1, "G": 1e3, "T": 1e6}[match[2]] if match else 0
    if size < _LEAST:
        raise InputError(
            "the memory {memory!r} cannot be used; write it as 500MB or 1GB, at least {least}MB",
            memory=memory,
            least=_LEAST,
        )
    return size


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

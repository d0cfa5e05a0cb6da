"""Phrases in English and Russian."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType

from abcxyz.errors import AbcxyzError

__all__ = ["LANGUAGES", "reason", "say"]

LANGUAGES = ("en", "ru")


@functools.cache
def _twins() -> Mapping[str, str]:
    """Read the Russian twins that stand beside those of the library."""
    found: dict[str, str] = {}
    for name in ("onec.toml", "http.toml"):
        file = resources.files("abcxyz") / "locale" / "ru" / name
        if file.is_file():
            found |= tomllib.loads(file.read_text(encoding="utf-8"))
    return MappingProxyType(found)


def say(template: str, lang: str, /, **fields: object) -> str:
    """Fill in a phrase in *lang*; one without a twin stays English.

    Examples
    --------
    >>> say("1C has no customer called so", "ru")
    'в 1С нет такого клиента'
    """
    chosen = _twins().get(template, template) if lang == "ru" else template
    return chosen.format(**fields) if fields else chosen


def reason(problem: AbcxyzError, lang: str) -> str:
    """Say why something failed."""
    return say(problem.template, lang, **problem.details)

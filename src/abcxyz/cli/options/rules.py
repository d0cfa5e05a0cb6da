"""Parsing of classification rules on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import attrs

from abcxyz.core.classes.rule_dicts import RULES, rules_for
from abcxyz.core.classes.rules import Limits, Rule
from abcxyz.errors import InputError

__all__ = ["ABC_RULES", "XYZ_RULES", "parse_abc", "parse_xyz"]

_ABC, _XYZ = (
    MappingProxyType({name.replace("_", "-"): RULES[name] for name in rules_for(axis)})
    for axis in ("abc", "xyz")
)


def _takes_two_numbers(kind: type[Any]) -> bool:
    return len(attrs.fields(kind)) == 2


def _example(kind: type[Any], *, abc: bool) -> str:
    if abc and kind is Limits:
        return "100000,10000"
    return ",".join(f"{one.default:.2f}" for one in attrs.fields(kind))


def _written(rules: Mapping[str, type[Any]], *, abc: bool) -> tuple[str, ...]:
    return tuple(
        f"{name}:{_example(kind, abc=abc)}" if _takes_two_numbers(kind) else name
        for name, kind in rules.items()
    )


ABC_RULES = _written(_ABC, abc=True)
"""Examples of ABC rules in command-line syntax, with their numbers."""

XYZ_RULES = _written(_XYZ, abc=False)
"""Examples of XYZ rules in command-line syntax, with their numbers."""


def parse_abc(written: str) -> Rule:
    """Parse an ABC rule: one of `ABC_RULES`, optionally with numbers.

    Raises
    ------
    InputError
        The rule is unknown, or its numbers are wrong.

    Examples
    --------
    >>> parse_abc("shares:0.80,0.95")
    Shares(a=0.8, b=0.95)
    """
    return _parse(written, "--abc", _ABC, abc=True)


def parse_xyz(written: str) -> Rule:
    """Parse an XYZ rule: one of `XYZ_RULES`, optionally with numbers.

    Raises
    ------
    InputError
        The rule is unknown, or its numbers are wrong.
    """
    return _parse(written, "--xyz", _XYZ, abc=False)


def _parse(written: str, option: str, rules: Mapping[str, type[Any]], *, abc: bool) -> Rule:
    name, colon, numbers = written.strip().lower().replace("_", "-").partition(":")
    kind = rules.get(name)
    if kind is not None and not colon and not (abc and kind is Limits):
        # Limits in money have no sensible default.
        return kind()  # type: ignore[no-any-return]
    if kind is not None and _takes_two_numbers(kind):
        try:
            first, second = (float(part) for part in numbers.split(","))
        except ValueError:
            raise InputError(
                "{option} {written!r} needs two numbers, such as {name}:{example}",
                option=option,
                written=written,
                name=name,
                example=_example(kind, abc=abc),
            ) from None
        return kind(first, second)  # type: ignore[no-any-return]
    known = [f"{n}:FIRST,SECOND" if _takes_two_numbers(k) else n for n, k in rules.items()]
    raise InputError(
        "{option} {written!r} is unknown; use one of {known}",
        option=option,
        written=written,
        known=", ".join(known),
    )

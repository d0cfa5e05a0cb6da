"""Registry of classification rules, and their conversion to and from dicts."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import attrs
from attrs import asdict

from abcxyz.core.classes.rules import (
    CountShares,
    CumulativeMean,
    CvRule,
    Limits,
    Rule,
    Shares,
    Tangent,
)
from abcxyz.errors import InputError

__all__ = ["RULES", "parameters_of", "rule_from_dict", "rule_to_dict", "rules_for"]

RULES: Mapping[str, type[Any]] = MappingProxyType(
    {
        "tangent": Tangent,
        "cumulative_mean": CumulativeMean,
        "shares": Shares,
        "count_shares": CountShares,
        "limits": Limits,
    }
)
"""Name of a rule in settings and jobs -> its class; the first one is the default."""

_PROTOCOLS = MappingProxyType({"abc": Rule, "xyz": CvRule})


def rules_for(axis: str) -> tuple[str, ...]:
    """Return the names of the rules that can divide an axis.

    Parameters
    ----------
    axis
        ``abc`` or ``xyz``.

    Examples
    --------
    >>> rules_for("xyz")
    ('tangent', 'cumulative_mean', 'limits')
    """
    return tuple(name for name, kind in RULES.items() if issubclass(kind, _PROTOCOLS[axis]))


def parameters_of(name: str, axis: str) -> Mapping[str, str]:
    """Return the parameters of a rule that apply to an axis.

    Parameters
    ----------
    name
        One of `RULES`.
    axis
        ``abc`` or ``xyz``.

    Returns
    -------
    Mapping
        Parameter -> one line of help, in English.

    Examples
    --------
    >>> dict(parameters_of("limits", "xyz"))
    {'first': 'the largest CV of X', 'second': 'the largest CV of Y'}
    """
    fields = attrs.fields(RULES[name])
    return MappingProxyType(
        {one.name: one.metadata[axis] for one in fields if axis in one.metadata}
    )


def rule_to_dict(rule: Rule | CvRule) -> dict[str, Any]:
    """Convert a rule to a dict of plain values; `rule_from_dict` reads it back.

    Examples
    --------
    >>> rule_to_dict(Shares(0.7, 0.9))
    {'rule': 'shares', 'a': 0.7, 'b': 0.9}
    """
    for name, kind in RULES.items():
        if type(rule) is kind:
            return {"rule": name, **asdict(rule)}  # type: ignore[arg-type]
    return {"rule": repr(rule)}


def rule_from_dict(data: Mapping[str, Any]) -> Rule:
    """Build a rule from its dict.

    Raises
    ------
    InputError
        The rule or one of its parameters is unknown.
    """
    options = dict(data)
    kind = RULES.get(options.pop("rule", ""))
    if kind is None:
        raise InputError(
            "the rule {rule!r} is unknown; use one of {known}",
            rule=data.get("rule"),
            known=", ".join(RULES),
        )
    try:
        rule: Rule = kind(**options)
    except TypeError:
        raise InputError(
            "the rule {rule} got {given}; it takes {known}",
            rule=data["rule"],
            given=", ".join(options),
            known=", ".join(one.name for one in attrs.fields(kind)) or "nothing",
        ) from None
    return rule

"""Rules as plain values, for files and settings."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

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

__all__ = ["RULES", "rule_from_dict", "rule_to_dict"]

RULES: Mapping[str, type[Any]] = MappingProxyType(
    {
        "tangent": Tangent,
        "cumulative_mean": CumulativeMean,
        "shares": Shares,
        "count_shares": CountShares,
        "limits": Limits,
    }
)
"""Name of a rule in settings and jobs -> its class."""


def rule_to_dict(rule: Rule | CvRule) -> dict[str, Any]:
    """Describe a rule as plain values; `rule_from_dict` reads them back.

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
    """Build a rule from its description.

    Raises
    ------
    InputError
        The rule or one of its parameters is unknown.
    """
    options = dict(data)
    kind = RULES.get(options.pop("rule", None))
    if kind is None:
        raise InputError(
            "the rule {rule!r} is unknown; use one of {known}",
            rule=data.get("rule"),
            known=", ".join(RULES),
        )
    try:
        return kind(**options)  # type: ignore[no-any-return]
    except TypeError:
        raise InputError(
            "the rule {rule} got {given}; it takes {known}",
            rule=data["rule"],
            given=", ".join(options),
            known=", ".join(a.name for a in kind.__attrs_attrs__) or "nothing",  # type: ignore[attr-defined]
        ) from None

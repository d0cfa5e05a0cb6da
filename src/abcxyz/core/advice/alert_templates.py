"""Sentences of alerts by kind and by what is known, with fields in braces."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType

__all__ = ["template"]


def template(kind: str, facts: Mapping[str, object], *, in_question: bool) -> str:
    """Return the English sentence of an alert.

    Parameters
    ----------
    kind
        Kind of the alert.
    facts
        Facts of the alert.
    in_question
        Whether its money is that of the missing orders.
    """
    if in_question:
        return (
            "{customer} ({after}) has not ordered for {days} days; nine of ten gaps are up to "
            "{usual} days; {money} in question, that of its orders in {horizon} days"
        )
    if kind == "stalled_deal" and "usual" in facts:
        return (
            "Deal {deal} of {customer} ({after}) has been in {stage} for {days} days, usual "
            "are up to {usual}; {money}"
        )
    return _sentences()[kind]


@functools.cache
def _sentences() -> Mapping[str, str]:
    file = resources.files("abcxyz.core.advice") / "alerts.toml"
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    return MappingProxyType({kind: one["en"] for kind, one in data.items()})

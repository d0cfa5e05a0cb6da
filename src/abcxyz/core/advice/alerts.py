"""Alert record with a stable key, and the thresholds of the alert rules."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType
from typing import Any

import attrs
import numpy as np
from attrs import field, frozen

from abcxyz.core.display import plain_number
from abcxyz.errors import InputError
from abcxyz.toolkit.catalogue import text
from abcxyz.toolkit.numbers import number

__all__ = ["ALERTS", "EVENTS", "NO_RISK", "Alert", "AlertRules"]

ALERTS = (
    "fell_from_a", "lapsed_a", "x_became_z", "stalled_deal", "near_a", "dead_money",
    "lead_waiting",
)  # fmt: skip
"""Alert kinds, the most urgent first."""

EVENTS = ("fell_from_a", "x_became_z")
"""Alert kinds found by a comparison with the previous snapshot, which finds each only once."""

NO_RISK = ("near_a", "dead_money")
"""Alert kinds whose money is not at risk: revenue to be gained, or already received."""


@functools.cache
def _sentences() -> Mapping[str, str]:
    file = resources.files("abcxyz.core.advice") / "alerts.toml"
    data = tomllib.loads(file.read_text(encoding="utf-8"))
    return MappingProxyType({kind: one["en"] for kind, one in data.items()})


@frozen(kw_only=True)
class Alert:
    """One event that needs attention.

    Parameters
    ----------
    kind
        One of `ALERTS`.
    key
        Identifier of the event, equal in every run and on every machine.
    customer
        Identifier of the customer; of the lead for ``lead_waiting``.
    money
        Money at risk, to be gained (``near_a``) or received (``dead_money``); None if not known.
    age
        Days since the event.
    owner
        Responsible employee; None if not known.
    before, after
        Segments; ``N`` is not classified, empty if not applicable.
    facts
        Further fields of the sentence.
    """

    kind: str
    key: str
    customer: Any
    money: float | None
    age: int
    owner: str | None = None
    before: str = ""
    after: str = ""
    facts: Mapping[str, object] = field(factory=dict, hash=False)

    def sentence(self, lang: str = "en", *, name: str | None = None) -> str:
        """Return the alert as a sentence; *name* replaces the customer's identifier."""
        facts = {name: _fact_text(value, lang) for name, value in self.facts.items()}
        return text(
            _sentences()[self.kind],
            lang,
            customer=self.customer if name is None else name,
            before=self.before,
            after=self.after,
            money="?" if self.money is None else plain_number(round(self.money), lang),
            **{"days": self.age, "usual": "", "hours": "", "deal": "", "stage": "", **facts},
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        customer = self.customer
        values = {name: getattr(self, name) for name in _field_names()}
        values["customer"] = customer.item() if isinstance(customer, np.generic) else customer
        values["facts"] = dict(self.facts)
        return values


@functools.cache
def _field_names() -> tuple[str, ...]:
    return tuple(one.name for one in attrs.fields(Alert))


def _fact_text(value: object, lang: str) -> object:
    return number(value, lang, 1) if isinstance(value, float) else value


def _is_share(_: object, option: attrs.Attribute[float], value: float) -> None:
    if not 0 < value < 1:
        raise InputError(
            "the alert option {name} is {value}; give a share between 0 and 1",
            name=option.name,
            value=value,
        )


def _is_count(_: object, option: attrs.Attribute[int], value: int) -> None:
    if value < 0:
        raise InputError(
            "the alert option {name} is {value}; give a number from 0",
            name=option.name,
            value=value,
        )


@frozen(kw_only=True)
class AlertRules:
    """Thresholds of the alert rules.

    Parameters
    ----------
    near
        Share of the lower limit of A: a customer of class B that lacks no more is near A.
    quantile
        Quantile of the customer's gaps between orders: a longer silence is a lapse.
    least_gaps
        Number of gaps below which the gaps of the class are used.
    deal_days
        Days without a stage change after which a deal is stalled.
    working_days
        Whether `deal_days` counts Monday to Friday only.
    dead_top
        Number of class C customers reported, by time spent.
    lead_days
        Days within which a lead of grade P-A must be contacted.
    """

    near: float = field(
        default=0.10,
        validator=_is_share,
        metadata={"help": "a B that lacks up to this share of A's limit is near it"},
    )
    quantile: float = field(
        default=0.9,
        validator=_is_share,
        metadata={"help": "a silence beyond this quantile of own gaps is a lapse"},
    )
    least_gaps: int = field(
        default=5,
        validator=_is_count,
        metadata={"help": "with fewer gaps those of the class count"},
    )
    deal_days: int = field(
        default=3,
        validator=_is_count,
        metadata={"help": "a deal without movement for more days is stalled"},
    )
    working_days: bool = field(
        default=False,
        metadata={"help": "count Monday to Friday only in deal_days"},
    )
    dead_top: int = field(
        default=10,
        validator=_is_count,
        metadata={"help": "so many customers of class C, by time spent"},
    )
    lead_days: int = field(
        default=1,
        validator=_is_count,
        metadata={"help": "a P-A lead is to be contacted within so many days"},
    )

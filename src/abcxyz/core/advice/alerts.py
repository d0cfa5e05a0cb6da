"""Alert record with a stable key, and the thresholds of the alert rules."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from attrs import field, frozen

from abcxyz._arrays import same_numbers
from abcxyz.core.advice.alert_templates import template
from abcxyz.core.advice.risk_reasons import reason_text
from abcxyz.core.advice.unusual import UnusualFigure
from abcxyz.core.display import Tabular, brief, html_table
from abcxyz.core.documents import head, plain_value, reading
from abcxyz.errors import InputError
from abcxyz.toolkit.catalogue import plural, text
from abcxyz.toolkit.numbers import money, number

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ALERTS",
    "ALERTS_EXIT_CODE",
    "ANOMALIES",
    "EVENTS",
    "NO_RISK",
    "ONCE",
    "Alert",
    "AlertRules",
    "Alerts",
]

ALERTS = (
    "fell_from_a", "lapsed_a", "x_became_z", "sla_overdue", "stalled_deal", "deal_at_risk",
    "no_next_step", "anomaly_fall", "anomaly_rise", "near_a", "dead_money", "lead_waiting",
)  # fmt: skip
"""Alert kinds, the most urgent first."""

EVENTS = ("fell_from_a", "x_became_z")
"""Alert kinds found by a comparison with the previous snapshot, which finds each only once."""

ANOMALIES = ("anomaly_fall", "anomaly_rise")
"""Alert kinds about a weekly figure of a CRM that is not as usual: below or above its baseline."""

ONCE = ("lapsed_a", *ANOMALIES)
"""Alert kinds whose key names something that happens once: they never count as new again."""

NO_RISK = ("near_a", "dead_money", "anomaly_rise")
"""Alert kinds whose money is not at risk: revenue to be gained, or already received."""

ALERTS_EXIT_CODE = 10
"""Exit code of a command that found alerts, if the caller requests it."""

LAPSES = ("learned", "rule")
"""How a lapse is found: by the probability of no purchase, or by the quantile of own gaps."""


#: Fields of a sentence that an alert may lack.
_BLANK = dict.fromkeys(("usual", "hours", "deal", "stage", "rule", "reason"), "")


@frozen(kw_only=True, field_transformer=same_numbers)
class Alert:
    """One event that needs attention.

    Parameters
    ----------
    kind
        One of `ALERTS`.
    key
        Identifier of the event, equal in every run and on every machine.
    customer
        Identifier of the customer; of the lead for ``lead_waiting``; of the series for
        `ANOMALIES`, which are about no customer.
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

    @property
    def in_question(self) -> bool:
        """Whether its money is that of the missing orders, as in the call list."""
        known = {*self.facts} & {"horizon", "probability"}
        return self.kind == "lapsed_a" and known == {"horizon"}

    @property
    def about_figure(self) -> bool:
        """Whether it is about a weekly figure of the CRM, and not about a customer or a lead."""
        return self.kind in ANOMALIES

    def sentence(self, lang: str = "en", *, name: str | None = None, currency: str = "") -> str:
        """Return the alert as a sentence.

        Parameters
        ----------
        lang
            Language of the sentence.
        name
            Name of the customer, instead of the identifier.
        currency
            Sign beside the money.
        """
        if self.about_figure and self.facts:
            return UnusualFigure.from_facts(self.facts).sentence(lang)
        amount = "?" if self.money is None else money(round(self.money), lang, 0, currency)
        who = self.customer if name is None else name
        after = text("no sales", lang) if self.after == "N" else self.after
        whose = {"customer": who, "after": after, "money": amount}
        facts = {name: _fact_text(value, lang) for name, value in self.facts.items()}
        if self.kind == "near_a" and "probability" in facts:
            missing = self.facts["missing"]
            assert isinstance(missing, (int, float))
            facts["missing"] = money(round(missing), lang, 0, currency)
            return text(
                "{customer} ({after}) lacks {missing} to become A and reaches it within {horizon} "
                "days with a probability of {probability}%; {money} expected to be gained",
                lang,
                **whose,
                **facts,
            )
        if "probability" in facts:
            return text(
                "{customer} ({after}) has not ordered for {days} days, usual are {usual}; nothing "
                "within {horizon} days with a probability of {probability}%, {money} expected to "
                "be lost",
                lang,
                **whose,
                **facts,
            )
        sentence = template(self.kind, facts, in_question=self.in_question)
        if self.kind == "fell_from_a" and self.after == "N":
            sentence = (
                "{customer} was {before} and has no sales any more; {money} less than in the "
                "period before"
            )
        if "reason" in facts:
            reason = str(self.facts["reason"])
            facts["reason"] = reason_text(reason, self.facts["details"], lang)
        return text(
            sentence,
            lang,
            **whose,
            before=self.before,
            **{**_BLANK, "days": self.age, **facts},
        )

    def subject(self, lang: str = "en", *, name: str | None = None) -> str:
        """Return whom or what it is about: the customer by *name*, or the figure."""
        if self.about_figure and self.facts:
            return UnusualFigure.from_facts(self.facts).name(lang)
        return name or str(self.customer)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; `from_dict` reads them back."""
        customer = self.customer
        values = {name: getattr(self, name) for name in _field_names()}
        values["customer"] = customer.item() if isinstance(customer, np.generic) else customer
        values["facts"] = dict(self.facts)
        return values

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Alert:
        """Build from the result of `to_dict`; other fields are ignored."""
        return cls(**{name: data[name] for name in _field_names() if name in data})


class Alerts(tuple[Alert, ...], Tabular):
    """Alerts of an analysis, the largest money first.

    Examples
    --------
    >>> alerts = Alerts([Alert(kind="lapsed_a", key="k", customer=7, money=90.0, age=40)])
    >>> alerts
    Alerts(lapsed_a 1)
    >>> alerts.to_frame()["money"].tolist(), Alerts.from_dict(alerts.to_dict()) == alerts
    ([90.0], True)
    """

    __slots__ = ()

    def __repr__(self) -> str:
        counts = Counter(one.kind for one in self)
        return brief(self, ", ".join(f"{kind} {n:,}" for kind, n in counts.most_common()))

    def to_frame(self, lang: str = "en") -> pd.DataFrame:
        """Return a pandas data frame, one row per alert, with its sentence in *lang*."""
        import pandas as pd

        columns = [name for name in _field_names() if name != "facts"]
        rows = [[*(getattr(one, name) for name in columns), one.sentence(lang)] for one in self]
        return pd.DataFrame(rows, columns=[*columns, "sentence"])

    def to_dict(self) -> dict[str, Any]:
        """Return a document of plain values, ready for JSON; `from_dict` reads it back."""
        return head("alerts") | {"alerts": [plain_value(one.to_dict()) for one in self]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Alerts:
        """Build from the result of `to_dict`.

        Raises
        ------
        InputError
            It is another document, or of another version.
        """
        with reading(data, "alerts"):
            return cls(Alert.from_dict(one) for one in data["alerts"])

    def to_html(self, lang: str = "en") -> str:
        """Return the first 20 alerts as a table in HTML."""
        rows = [[one.kind, str(one.customer), one.sentence(lang)] for one in self[:20]]
        heads = (text("kind", lang), text("customer", lang), "")
        return html_table(plural("{n} alert|{n} alerts", len(self), lang), heads, rows)


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


def _is_lapse(_: object, option: attrs.Attribute[str], value: str) -> None:
    if value not in LAPSES:
        raise InputError(
            "the alert option {name} is {value!r}; use one of {known}",
            name=option.name,
            value=value,
            known=", ".join(LAPSES),
        )


def _names(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(values)


@frozen(kw_only=True)
class AlertRules:
    """Thresholds of the alert rules.

    Parameters
    ----------
    lapse
        One of `LAPSES`: how a lapse is found. Where nothing could be learned, by the rule.
    per_owner
        Number of learned lapses per responsible employee, those of the largest expected loss, and
        of customers near A, those of the largest expected gain; 0 for all. Customers without one
        are not counted.
    attributes
        Attributes of the customers, from an enricher, from which lapses and rises are learned
        besides the sales.
    backtest
        Number of past days on which the call list is tried, for the page of the report; each
        costs as much as learning once. 0 for none.
    near
        Share of the lower limit of A: a customer of class B that lacks no more is near A. With
        learned chances as many customers are listed, those with the largest ones.
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
    next_steps
        Number of deals without a next step per responsible employee, the largest first; 0 for
        all.
    risky_deals
        Number of deals at risk per responsible employee, those with the most money at risk first;
        0 for all.
    """

    lapse: str = field(
        default=LAPSES[0],
        validator=_is_lapse,
        metadata={
            "help": "how a lapse is found: learned from the sales, or by the rule of the quantile",
            "choices": LAPSES,
        },
    )
    per_owner: int = field(
        default=20,
        validator=_is_count,
        metadata={"help": "so many learned lapses and rises per responsible employee, 0 for all"},
    )
    attributes: tuple[str, ...] = field(
        default=(),
        converter=_names,
        metadata={"help": "attributes from an enricher to learn lapses and rises from"},
    )
    backtest: int = field(
        default=0,
        validator=_is_count,
        metadata={"help": "try the call list on so many past days, for the page; 0 for none"},
    )
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
    next_steps: int = field(
        default=10,
        validator=_is_count,
        metadata={"help": "so many deals without a next step per employee, 0 for all"},
    )
    risky_deals: int = field(
        default=10,
        validator=_is_count,
        metadata={"help": "so many deals at risk per employee, 0 for all"},
    )

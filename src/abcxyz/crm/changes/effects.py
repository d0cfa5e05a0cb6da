"""Effects of all announced changes of a register."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

from attrs import field, frozen

from abcxyz.core.display import percent
from abcxyz.crm.changes.before_after import difference_text, verdict_text
from abcxyz.crm.changes.effect import EffectOfChange, effect_of_change
from abcxyz.crm.records.data import CrmData
from abcxyz.crm.reports.base import Report, Row
from abcxyz.crm.settings import AnnouncedChange
from abcxyz.errors import InputError
from abcxyz.toolkit.catalogue import plural, text, translate
from abcxyz.toolkit.numbers import date_text

__all__ = ["EffectRow", "EffectsOfChanges", "effects_of_changes"]


@frozen
class EffectRow(Row):
    """What followed one announced change; unknown figures are NaN.

    Parameters
    ----------
    day, what
        The change.
    figure
        The figure that was compared; empty where it cannot be measured.
    value_before, value_after
        The figure on both sides.
    rate_effect, effect_low, effect_high
        Change at equal sources and products, with its 95 % interval.
    verdict
        ``improved``, ``worse``, ``not shown``, or empty.
    profit, profit_low, profit_high
        The effect in money over the weeks after.
    rates
        Whether the figure is a rate; only for the table.
    """

    day: date
    what: str
    figure: str
    value_before: float
    value_after: float
    rate_effect: float
    effect_low: float
    effect_high: float
    verdict: str
    profit: float
    profit_low: float
    profit_high: float
    rates: bool = field(default=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name, ready for JSON."""
        fields = super().to_dict()
        del fields["rates"]
        return fields

    def cell(self, name: str, value: Any, lang: str = "en") -> str:
        """Return a field as text for a table: rates in percent, their effect in points."""
        if value and name == "verdict":
            return verdict_text(value, lang)
        if value is not None and name in ("value_before", "value_after") and self.rates:
            return percent(value, lang)
        if value is not None and name in ("rate_effect", "effect_low", "effect_high"):
            return difference_text(value, lang, rates=self.rates)
        return super().cell(name, value, lang)


@frozen
class EffectsOfChanges(Report):
    """Result of `effects_of_changes`.

    Parameters
    ----------
    effects
        The changes that can be measured, the latest first.
    refused
        The others, each with the reason.
    """

    effects: tuple[EffectOfChange, ...]
    refused: tuple[tuple[AnnouncedChange, Any], ...] = field(default=(), repr=False)

    def rows(self) -> list[Row]:
        """Return a row for every change, those that can be measured first."""
        measured: list[Row] = []
        for one in self.effects:
            money = (math.nan,) * 3
            if one.profit is not None:
                (line,) = one.profit.lines
                money = float(line.extra_profit), line.profit_low, line.profit_high
            measured.append(
                EffectRow(
                    one.change.day,
                    one.change.what,
                    one.metric,
                    one.raw.value_before,
                    one.raw.value_after,
                    one.rate_effect,
                    one.low,
                    one.high,
                    one.verdict,
                    *money,
                    rates=one.raw.kind == "rate",
                )
            )
        unknown, no_money = (math.nan,) * 5, (math.nan,) * 3
        return measured + [
            EffectRow(one.day, one.what, "", *unknown, "", *no_money) for one, _ in self.refused
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return all figures, ready for JSON."""
        return {
            "effects": [one.to_dict() for one in self.effects],
            "refused": [
                {"day": one.day.isoformat(), "what": one.what, "reason": str(reason)}
                for one, reason in self.refused
            ],
        }

    def title(self, lang: str = "en") -> str:
        """Return the name of the report."""
        return text("What the changes did", lang)

    def finding(self, lang: str = "en") -> str:
        """Return how many changes were followed by a better or worse figure, in a sentence."""
        verdicts = [one.verdict for one in self.effects]
        if not verdicts:
            return text("No announced change can be measured yet.", lang)
        better, worse = verdicts.count("improved"), verdicts.count("worse")
        return plural(
            "{n} announced change: better after {better}, worse after {worse}, perhaps by chance "
            "{rest}.|"
            "{n} announced changes: better after {better}, worse after {worse}, perhaps by chance "
            "{rest}.",
            len(verdicts),
            lang,
            better=better,
            worse=worse,
            rest=len(verdicts) - better - worse,
        )

    def explain(self, lang: str = "en") -> str:
        """Return the effect of each change in a sentence, or why there is none."""
        lines = [one.finding(lang) for one in self.effects]
        lines += [
            text(
                "{what}, from {day} on, is not measured: {reason}.",
                lang,
                what=one.what,
                day=date_text(one.day, lang),
                reason=translate(reason, lang),
            )
            for one, reason in self.refused
        ]
        return "\n".join(lines) or text("No change was announced.", lang)


def effects_of_changes(
    crm: CrmData, changes: tuple[AnnouncedChange, ...], *, margin: float = 1.0
) -> EffectsOfChanges:
    """Measure what followed every announced change, as `effect_of_change` does.

    Parameters
    ----------
    crm
        The records.
    changes
        The register.
    margin
        Share of the amount that is profit.

    Returns
    -------
    EffectsOfChanges
        A change that cannot be measured yet is in it with the reason.
    """
    effects: list[EffectOfChange] = []
    refused: list[tuple[AnnouncedChange, Any]] = []
    for change in sorted(changes, key=lambda one: one.day, reverse=True):
        try:
            effects.append(effect_of_change(crm, change, margin=margin, register=changes))
        except InputError as problem:
            refused.append((change, problem.with_traceback(None)))
    return EffectsOfChanges(tuple(effects), tuple(refused))

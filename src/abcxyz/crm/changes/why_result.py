"""Why a figure changed: the result, its sentences."""

from __future__ import annotations

from typing import Any

import attrs
from attrs import frozen

from abcxyz.core.decomposition.sales_change import SalesPart
from abcxyz.core.display import percent, plain_number
from abcxyz.core.sales.calendar import Window
from abcxyz.crm.changes.counts import COUNTS
from abcxyz.crm.changes.dimensions import DimensionChange, GroupChange
from abcxyz.crm.changes.questions import Question
from abcxyz.crm.reports.base import FEW, Report, Row
from abcxyz.toolkit.catalogue import text

__all__ = ["FactorChange", "Why"]


@frozen
class FactorChange(Row):
    """A factor of a product: a stage of the funnel, or leads, conversion and average amount.

    Parameters
    ----------
    factor
        Its name.
    value_before, value_after
        Its value.
    effect
        Its part of the change of the product.
    """

    factor: str
    value_before: float
    value_after: float
    effect: float


@frozen
class Why(Report):
    """Result of `why`.

    Parameters
    ----------
    metric, horizon
        The figure, and the days within which outcomes count.
    before, after
        The windows.
    n_before, n_after, immature
        Deals that count, and deals left out because they are too young.
    value_before, value_after, difference
        The figure, and its change.
    low, high
        95 % interval of the change: Newcombe's for a rate, normal for a mean, that of two Poisson
        counts for a count; for the revenue, which is a sum, NaN.
    dimensions
        The change by every dimension, what is carried most beyond chance first.
    stages
        Parts of the stages of the funnel; only of the conversion.
    factors
        Parts of deals, conversion and average amount; only of the revenue.
    prices
        Parts of price, quantity, products gone and new, and the rest; only of the revenue, where
        the product lines have quantities.
    questions
        What to ask, with the test that would decide it.
    """

    metric: str
    horizon: float
    before: Window
    after: Window
    n_before: int
    n_after: int
    immature: int
    value_before: float
    value_after: float
    difference: float
    low: float
    high: float
    dimensions: tuple[DimensionChange, ...]
    stages: tuple[FactorChange, ...]
    factors: tuple[FactorChange, ...]
    prices: tuple[SalesPart, ...]
    questions: tuple[Question, ...]

    @property
    def best(self) -> DimensionChange | None:
        """The dimension that carries most beyond chance; None if the change is spread evenly."""
        return next((one for one in self.dimensions if one.carried_by), None)

    @property
    def shown(self) -> bool:
        """Whether the interval of the change excludes none."""
        return self.low > 0 or self.high < 0

    def rows(self) -> list[Row]:
        """Return the factors, or else the groups of the best dimension, or else of the first."""
        chosen = self.best or next(iter(self.dimensions), None)
        return [*self.factors, *self.stages] or (list(chosen.groups) if chosen else [])

    def to_dict(self) -> dict[str, Any]:
        """Return all figures, ready for JSON."""
        return super().to_dict() | {"prices": [attrs.asdict(one) for one in self.prices]}

    def title(self, lang: str = "en") -> str:
        """Return the name of the report."""
        return text("Why did it change", lang)

    def figure(self, value: float, lang: str) -> str:
        """Format a value of the figure."""
        if self.metric in ("cheque", "revenue", *COUNTS):
            return plain_number(round(value), lang)
        if self.metric == "cycle":
            return plain_number(round(value, 1), lang)
        return percent(value, lang)

    def explain(self, lang: str = "en") -> str:
        """Return the change, what carries it, and what to ask, in sentences."""
        lines = [self._first(lang)]
        if not self.shown and not self.factors:
            lines.append(
                text(
                    "With these numbers a change is not shown ({low} to {high}).",
                    lang,
                    low=self.figure(self.low, lang),
                    high=self.figure(self.high, lang),
                )
            )
        for name, parts in (("By factors", self.factors), ("By stages", self.stages)):
            if parts:
                listed = ", ".join(
                    f"{text(one.factor, lang)} {self.figure(one.effect, lang)}" for one in parts
                )
                lines.append(f"{text(name, lang)}: {listed}.")
        if self.prices:
            listed = ", ".join(
                f"{one.name(lang)} {self.figure(one.difference, lang)}" for one in self.prices
            )
            lines.append(f"{text('By price and quantity', lang)}: {listed}.")
        lines.append(self._carried(lang))
        if min(self.n_before, self.n_after) < FEW:
            lines.append(text("Few deals: the parts are uncertain.", lang))
        lines.append(text("These parts are arithmetic; they do not show a cause.", lang))
        lines += [f"? {one.sentence(lang)}" for one in self.questions]
        return "\n".join(lines)

    def _first(self, lang: str) -> str:
        """Return the first sentence, which names a paradox of Simpson if there is one."""
        values = {
            "metric": text(self.metric.replace("_", " "), lang),
            "before": self.figure(self.value_before, lang),
            "after": self.figure(self.value_after, lang),
        }
        paradox = next((one for one in self.dimensions if one.simpson), None)
        if paradox is not None:
            growing = max(paradox.groups, key=self._grown)
            template = (
                "{metric} fell from {before} to {after} although no group of {dimension} fell: "
                "the share of {group} changed from {share_before} to {share_after}."
                if self.difference < 0
                else "{metric} rose from {before} to {after} although no group of {dimension} "
                "rose: the share of {group} changed from {share_before} to {share_after}."
            )
            return text(
                template,
                lang,
                **values,
                dimension=text(paradox.dimension, lang),
                group=growing.group,
                share_before=percent(growing.n_before / self.n_before, lang),
                share_after=percent(growing.n_after / self.n_after, lang),
            )
        if self.difference == 0:
            return text("{metric} did not change: {before}, then {after}.", lang, **values)
        if self.metric in COUNTS:
            return text("{metric}: {before}, then {after}.", lang, **values)
        return text(
            "{metric} fell from {before} ({n_before} deals) to {after} ({n_after})."
            if self.difference < 0
            else "{metric} rose from {before} ({n_before} deals) to {after} ({n_after}).",
            lang,
            **values,
            n_before=plain_number(self.n_before, lang),
            n_after=plain_number(self.n_after, lang),
        )

    def _grown(self, group: GroupChange) -> float:
        return float(group.n_after / self.n_after - group.n_before / self.n_before)

    def _carried(self, lang: str) -> str:
        best = self.best
        if best is not None and self.metric in COUNTS:
            chosen = [one for one in best.groups if one.group in best.carried_by]
            return text(
                "By {dimension}, these groups explain it: {groups}.",
                lang,
                dimension=text(best.dimension, lang),
                groups="; ".join(f"{one.group} {one.n_before} → {one.n_after}" for one in chosen),
            )
        if best is None:
            return text("It is spread evenly: no group explains it.", lang)
        parts = {
            "dimension": text(best.dimension, lang),
            "rate": self.figure(best.rate_effect, lang),
            "mix": self.figure(best.mix_effect, lang),
        }
        if best.carried_by == ("mix",):
            growing = max(best.groups, key=lambda one: abs(self._grown(one)))
            return text(
                "By {dimension}: {rate} by rates, {mix} by mix. The mix explains it: the share of "
                "{group} changed from {share_before} to {share_after}.",
                lang,
                **parts,
                group=growing.group,
                share_before=percent(growing.n_before / self.n_before, lang),
                share_after=percent(growing.n_after / self.n_after, lang),
            )
        named = [next(one for one in best.groups if one.group == name) for name in best.carried_by]
        return text(
            "By {dimension}: {rate} by rates, {mix} by mix. These groups explain it: {groups}.",
            lang,
            **parts,
            groups="; ".join(
                f"{one.group} {self.figure(one.rate_before, lang)} → "
                f"{self.figure(one.rate_after, lang)} ({self.figure(one.rate_effect, lang)})"
                for one in named
            ),
        )

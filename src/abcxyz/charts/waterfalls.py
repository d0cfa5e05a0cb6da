"""Waterfalls: how a figure came from its value before to that after, step by step."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from abcxyz.charts.rows import BarRow, bar_rows
from abcxyz.charts.svg import CLASS_COLOURS, DOWN, FAINT, UP, Picture, stacked
from abcxyz.core.decomposition.sales_change import SalesChange
from abcxyz.crm.changes.dimensions import DimensionChange
from abcxyz.crm.changes.why_result import Why
from abcxyz.i18n import compact, percent, text

__all__ = ["sales_waterfall", "steps_of_dimension", "waterfall"]

_GROUPS = 8  # groups with a step of their own; the others share one
#: The axis begins at zero unless the values are more than so many times their range above it.
_FAR = 2.0

Step = tuple[str, float]


def waterfall(
    why: Why,
    lang: str = "en",
    *,
    width: float = 640,
    currency: str = "",
    theme: str = "light",
    finding: bool = True,
) -> Picture:
    """Draw the change of a figure as a waterfall: factors or stages, then rate and mix.

    Parameters
    ----------
    why
        The explained change. The rates and the mix are those of the dimension that explains most.
    lang
        Language of the labels and numbers.
    width
        Width in pixels; below 400 the layout is for a phone.
    currency
        Currency sign of the amounts.
    theme
        ``light`` or ``dark``.
    finding
        Whether the first sentence of the explanation stands above.
    """

    def written(value: float, signed: bool) -> str:
        if why.metric in ("cheque", "revenue"):
            return compact(value, lang, currency, signed=signed)
        plus = "+" if signed and value > 0 else ""
        return plus + percent(value, lang)

    charts: list[tuple[str, float, list[Step], float]] = []
    for name, parts in (("By factors", why.factors), ("By stages", why.stages)):
        if parts:
            steps = [(text(one.factor, lang), one.effect) for one in parts]
            charts.append((text(name, lang), why.value_before, steps, why.value_after))
    if why.prices:
        steps = [(one.name(lang), one.difference) for one in why.prices if one.difference]
        named = text("By price and quantity", lang)
        charts.append((named, why.value_before, steps, why.value_after))
    chosen = why.best or next(iter(why.dimensions), None)
    if chosen is not None:
        ends = [why.value_before, why.value_after]
        if why.metric == "revenue":  # its dimensions split the mean of a deal
            ends = [ends[0] / why.n_before, ends[1] / why.n_after]
        name = text("Rate and mix by {dimension}", lang, dimension=text(chosen.dimension, lang))
        charts.append((name, ends[0], steps_of_dimension(chosen, lang), ends[1]))
    heading = why.explain(lang).partition("\n")[0]
    return _waterfalls(heading, charts, written, lang, width, theme, finding=finding)


def steps_of_dimension(change: DimensionChange, lang: str) -> list[Step]:
    """Return the steps of a dimension: its mix, and the rates of its groups."""
    groups = sorted(change.groups, key=lambda one: -abs(one.rate_effect))
    steps = [(text("mix of the groups", lang), change.mix_effect)]
    steps += [
        (text("rate of {group}", lang, group=one.group), one.rate_effect)
        for one in groups[:_GROUPS]
    ]
    if len(groups) > _GROUPS:
        rest = sum(one.rate_effect for one in groups[_GROUPS:])
        steps.append((text("rates of the other groups", lang), rest))
    return steps


def sales_waterfall(
    change: SalesChange,
    lang: str = "en",
    *,
    width: float = 640,
    currency: str = "",
    theme: str = "light",
    finding: bool = True,
) -> Picture:
    """Draw the change of the revenue as waterfalls, one for each way to split it.

    Parameters
    ----------
    change
        Change of the revenue between two windows.
    lang, width, currency, theme, finding
        As in `waterfall`.
    """
    names = change.names(lang)
    splits = dict.fromkeys(one.split for one in change.parts)
    charts = [
        (
            names[split],
            change.revenue_before,
            [
                (one.name(lang), one.difference)
                for one in change.parts
                if one.split == split and one.difference
            ],
            change.revenue_after,
        )
        for split in splits
    ]
    return _waterfalls(
        change.explain(lang).partition("\n")[0],
        charts,
        lambda value, signed: compact(value, lang, currency, signed=signed),
        lang,
        width,
        theme,
        finding=finding,
    )


def _waterfalls(
    heading: str,
    charts: Sequence[tuple[str, float, list[Step], float]],
    written: Callable[[float, bool], str],
    lang: str,
    width: float,
    theme: str,
    *,
    finding: bool,
) -> Picture:
    pictures = []
    for place, (name, before, steps, after) in enumerate(charts):
        rows, begins = _rows(before, steps, after, written, lang)
        if begins:
            name += ". " + text("The axis begins at {value}.", lang, value=written(begins, False))
        title = f"{heading} {name}" if finding and not place else name
        pictures.append(bar_rows(title, rows, lang, width=width, theme=theme))
    if not pictures:
        return bar_rows(heading, [], lang, width=width, theme=theme, heading=finding)
    return stacked(pictures, heading)


def _rows(
    before: float,
    steps: Sequence[Step],
    after: float,
    written: Callable[[float, bool], str],
    lang: str,
) -> tuple[list[BarRow], float]:
    """Return the rows of a waterfall, and where its axis begins."""
    levels = [before]
    for _, size in steps:
        levels.append(levels[-1] + size)
    low, high = min(*levels, after), max(*levels, after)
    begins = min(low, 0.0)
    if low > _FAR * (high - low) > 0:
        begins = low - (high - low) / 2
    total = CLASS_COLOURS[0]
    rows = [BarRow(text("before", lang), ((before - begins, total),), written(before, False))]
    for (name, size), level in zip(steps, levels, strict=False):
        start = min(level, level + size) - begins
        parts = ((start, FAINT), (abs(size), UP if size > 0 else DOWN))
        rows.append(BarRow(name, parts, written(size, True)))
    rows.append(BarRow(text("after", lang), ((after - begins, total),), written(after, False)))
    return rows, begins

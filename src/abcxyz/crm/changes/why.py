"""Why a figure changed between two windows: rate and mix, stages, factors of the revenue."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from abcxyz._arrays import Ints
from abcxyz.core.decomposition.factors import factor_effects, round_parts
from abcxyz.core.decomposition.sales_change import PricedLines, SalesPart
from abcxyz.core.decomposition.why_sales import prices_of_lines
from abcxyz.core.sales.calendar import Window
from abcxyz.crm.changes.before_after import mean_interval
from abcxyz.crm.changes.counts import (
    COUNTS,
    count_dimensions,
    count_interval,
    counted,
    counted_sides,
)
from abcxyz.crm.changes.dimensions import DimensionChange, change_by
from abcxyz.crm.changes.metrics import DIMENSIONS, Observations, dimension, observations
from abcxyz.crm.changes.questions import Question, questions_about
from abcxyz.crm.changes.why_result import FactorChange, Why
from abcxyz.crm.records.columns import TextColumn
from abcxyz.crm.records.data import CrmData
from abcxyz.crm.reports.funnel import funnel as funnel_report
from abcxyz.crm.statistics.proportions import newcombe_interval
from abcxyz.errors import InputError

__all__ = ["explained", "why"]


def why(
    crm: CrmData,
    metric: str,
    before: Window,
    after: Window,
    *,
    by: str | None = None,
    horizon: float | None = None,
    seed: int = 0,
    groups: Mapping[str, TextColumn] | None = None,
) -> Why:
    """Explain the change of a figure between two windows.

    Parameters
    ----------
    crm
        The records.
    metric
        ``conversion``, ``win_rate``, ``cheque``, ``cycle``, ``revenue``, or a stage, see
        `~abcxyz.crm.changes.metrics.observations`; or one of
        `~abcxyz.crm.changes.counts.COUNTS`.
    before, after
        Windows that do not overlap, in days of the business.
    by
        One dimension; None for all, the one that explains most first.
    horizon
        Days within which outcomes count on both sides; None for the usual ones.
    seed
        Seed of the shuffles that say what chance explains.
    groups
        Further dimensions by name: the group of every deal, such as the segment that its customer
        was in before both windows.

    Raises
    ------
    InputError
        Windows that overlap or hold no deal, an unknown figure or dimension.

    Notes
    -----
    Rate and mix are those of Kitagawa (1955) and add up to the change in every dimension; the
    parts of different dimensions do not add up to each other. The part of a group in the change of
    a count is the change of its own count. Both sides count deals of the same
    age, since young ones make every last month fall.

    Examples
    --------
    >>> from datetime import date
    >>> from abcxyz.crm import CrmData, Deals, Stage, StageMap
    >>> def days(month, count): return [f"2026-{month:02}-{1 + i % 28:02}T09:00:00Z"
    ...                                 for i in range(count)]
    >>> moments = days(5, 200) + days(6, 350)
    >>> source = ["ads"] * 100 + ["partner"] * 100 + ["ads"] * 300 + ["partner"] * 50
    >>> won = ([1] * 10 + [0] * 90 + [1] * 60 + [0] * 40 + [1] * 45 + [0] * 255 + [1] * 33
    ...        + [0] * 17)
    >>> crm = CrmData(deals=Deals(deal=list(range(550)), funnel=["sales"] * 550, created=moments,
    ...               closed=moments, stage=["WON" if one else "LOST" for one in won],
    ...               source=source),
    ...               stages=StageMap({"sales": ["NEW", Stage("WON", semantics="S"),
    ...                                          Stage("LOST", semantics="F")]}))
    >>> may = Window(date(2026, 5, 1), date(2026, 6, 1))
    >>> june = Window(date(2026, 6, 1), date(2026, 7, 1))
    >>> print(why(crm, "win_rate", may, june).explain().partition(":")[0])
    win rate fell from 35.0% to 22.3% although no group of source fell
    """
    if before.since < after.until and after.since < before.until:
        raise InputError(
            "the windows {before} and {after} overlap; choose two without a common day",
            before=before,
            after=after,
        )
    if metric in COUNTS:
        return _why_count(crm, metric, (before, after), by, seed, groups or {})
    counted = observations(crm, metric, horizon)
    (rows0, young0), (rows1, young1) = (counted.within(crm, one) for one in (before, after))
    for which, rows, young in (("before", rows0, young0), ("after", rows1, young1)):
        if not len(rows):
            raise InputError(
                "no deals {which} the change count for {metric}: {young} {young:is|are} "
                "younger than {horizon} {horizon:day|days}; choose another window, or a "
                "shorter horizon",
                which=which,
                metric=metric,
                young=young,
                horizon=counted.horizon,
            )
    return explained(
        crm, counted, (rows0, rows1), (before, after), by, seed, young0 + young1, groups
    )


def _why_count(
    crm: CrmData,
    metric: str,
    windows: tuple[Window, Window],
    by: str | None,
    seed: int,
    groups: Mapping[str, TextColumn],
) -> Why:
    things = counted(crm, metric, groups)
    sides = counted_sides(crm, things, windows)
    before, after = (len(one) for one in sides)
    if not before + after:
        raise InputError(
            "there is nothing to count of {metric} in either window; choose other windows",
            metric=metric,
        )
    dimensions = count_dimensions(things, sides, by, seed)
    low, high = count_interval(before, after, windows)
    best = next((one for one in dimensions if one.carried_by), None)
    return Why(
        metric,
        math.nan,
        *windows,
        before,
        after,
        0,
        float(before),
        float(after),
        float(after - before),
        low,
        high,
        dimensions,
        (),
        (),
        (),
        _questions(best, ()) if low > 0 or high < 0 else (),
    )


def explained(
    crm: CrmData,
    counted: Observations,
    sides: tuple[Ints, Ints],
    windows: tuple[Window, Window],
    by: str | None = None,
    seed: int = 0,
    immature: int = 0,
    groups: Mapping[str, TextColumn] | None = None,
) -> Why:
    """Explain the change between two sets of observations, see `why`."""
    value, money = counted.value, counted.metric == "revenue"
    mean0, mean1 = (float(value[side].mean()) for side in sides)
    low, high = (math.nan, math.nan) if money else _interval(counted, sides)
    dimensions = _dimensions(crm, counted, sides, by, seed, groups or {})
    best = next((one for one in dimensions if one.carried_by), None)
    stages = _stages(crm, counted, windows) if counted.metric == "conversion" else ()
    factors = _factors(counted, sides) if money else ()
    prices = _prices(crm, counted, sides, windows) if money else ()
    before, after = (
        float(value[side].sum()) if money else mean
        for side, mean in zip(sides, (mean0, mean1), strict=True)
    )
    return Why(
        counted.metric,
        counted.horizon,
        *windows,
        len(sides[0]),
        len(sides[1]),
        immature,
        before,
        after,
        after - before,
        low,
        high,
        dimensions,
        stages,
        factors,
        prices,
        _questions(best, stages) if money or low > 0 or high < 0 else (),
    )


def _interval(counted: Observations, sides: tuple[Ints, Ints]) -> tuple[float, float]:
    before, after = (counted.value[side] for side in sides)
    if counted.binary:
        low, high = newcombe_interval(after.sum(), len(after), before.sum(), len(before))
        return float(low), float(high)
    return mean_interval(before, after)


def _dimensions(
    crm: CrmData,
    counted: Observations,
    sides: tuple[Ints, Ints],
    by: str | None,
    seed: int,
    groups: Mapping[str, TextColumn],
) -> tuple[DimensionChange, ...]:
    names = (*DIMENSIONS, *groups) if by is None else (by,)
    columns = {
        name: (groups[name] if name in groups else dimension(crm, name))[counted.row]
        for name in names
    }
    if by is None:
        columns = {
            name: column
            for name, column in columns.items()
            if len(np.unique(column.codes[np.concatenate(sides)])) > 1
        }
    changes = [
        change_by(name, column, *sides, counted.value, comparisons=max(len(columns), 1), seed=seed)
        for name, column in columns.items()
    ]
    return tuple(
        sorted(changes, key=lambda one: (not one.carried_by, -np.nan_to_num(one.beyond_chance)))
    )


def _stages(
    crm: CrmData, counted: Observations, windows: tuple[Window, Window]
) -> tuple[FactorChange, ...]:
    """Split the change of the conversion of the only funnel by its stages."""
    if crm.changes is None:
        return ()
    tables = [funnel_report(crm, one, horizon=counted.horizon).funnels for one in windows]
    if any(len(one) != 1 for one in tables):
        return ()  # the stages of different funnels are not one chain
    (first,), (second,) = tables
    rates = [[row.conversion for row in one.stages[:-1]] for one in (first, second)]
    if any(math.isnan(one) for side in rates for one in side):
        return ()  # nobody reached a stage
    effects = factor_effects(*rates)
    return tuple(
        FactorChange(row.name, before, after, effect)
        for row, before, after, effect in zip(first.stages[:-1], *rates, effects, strict=True)
    )


def _factors(counted: Observations, sides: tuple[Ints, Ints]) -> tuple[FactorChange, ...]:
    """Split the change of the revenue into deals, conversion and average amount."""
    values = [counted.value[side] for side in sides]
    won = [int((one > 0).sum()) for one in values]
    money = [float(one.sum()) for one in values]
    factors = [
        (len(one), count / len(one), total / count if count else 0.0)
        for one, count, total in zip(values, won, money, strict=True)
    ]
    effects = factor_effects(*factors)
    kopecks = round_parts(
        [100 * float(one) for one in effects], round(100 * (money[1] - money[0]))
    )
    return tuple(
        FactorChange(name, float(a), float(b), part / 100)
        for name, a, b, part in zip(_FACTORS, *factors, kopecks, strict=True)
    )


def _prices(
    crm: CrmData, counted: Observations, sides: tuple[Ints, Ints], windows: tuple[Window, Window]
) -> tuple[SalesPart, ...]:
    """Split the change of the revenue by the product lines of the deals won, if there are some."""
    lines = crm.lines
    if lines is None or lines.quantity is None or lines.amount is None:
        return ()
    side = np.full(len(crm.deals), -1)
    for place, rows in enumerate(sides):
        side[counted.row[rows[counted.value[rows] > 0]]] = place
    deal = crm.rows_of_deals(lines.deal)
    side = np.where(deal >= 0, side[deal], -1)
    used = np.flatnonzero((side >= 0) & ~np.isnan(lines.amount))
    days = np.array([one.since for one in windows], dtype="M8[D]")
    products = lines.product[used]
    priced = PricedLines(
        np.array(products.categories, dtype=object)[products.codes],
        days[side[used]],
        lines.quantity[used],
        lines.amount[used],
    )
    before, after = (counted.value[rows].sum() for rows in sides)
    return tuple(prices_of_lines(priced, *windows, round(100 * float(after - before)) * 100))


_FACTORS = ("number of deals", "share won", "average cheque")


def _questions(
    best: DimensionChange | None, stages: tuple[FactorChange, ...]
) -> tuple[Question, ...]:
    result: tuple[Question, ...] = ()
    if stages:
        worst = max(stages, key=lambda one: abs(one.effect))
        result += questions_about("stage", [worst.factor])
    if best is None:
        return result or questions_about("even", [""])
    if best.carried_by == ("mix",):
        return result + questions_about("mix", [best.dimension])
    return result + questions_about(best.dimension, best.carried_by)

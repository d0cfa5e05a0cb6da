"""Charts of results, as SVG text for pages and notebooks.

``charts.curve(result)`` returns a `Picture`: SVG text that a notebook displays. The same charts on
matplotlib axes are in `abcxyz.charts.axes`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from abcxyz.charts.bars import (
    backtest_bars,
    before_after_bars,
    confidence_bars,
    forecast_bars,
)
from abcxyz.charts.crm import crm_report
from abcxyz.charts.curves import curve, lorenz
from abcxyz.charts.flows import flow
from abcxyz.charts.spread import variations
from abcxyz.charts.svg import Picture, stacked
from abcxyz.charts.tiles import heat_map, quadrant
from abcxyz.charts.waterfalls import sales_waterfall, waterfall
from abcxyz.charts.weekly import (
    alarm_chart,
    anomaly_charts,
    effect_chart,
    effect_charts,
    series_chart,
)
from abcxyz.core.advice.backtest import Backtest
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.classes.matrix import Matrix
from abcxyz.core.classes.results import AbcResult, XyzResult
from abcxyz.core.decomposition.sales_change import SalesChange
from abcxyz.core.dynamics.forecast import Forecast
from abcxyz.core.dynamics.transitions import Transitions
from abcxyz.core.snapshots.confidence import Confidence
from abcxyz.crm.alarms.alarm import Alarm, Anomalies
from abcxyz.crm.changes.before_after import BeforeAfter
from abcxyz.crm.changes.effect import EffectOfChange
from abcxyz.crm.changes.effects import EffectsOfChanges
from abcxyz.crm.changes.interrupted import InterruptedSeries
from abcxyz.crm.changes.why_result import Why
from abcxyz.crm.reports.base import Report
from abcxyz.errors import InputError
from abcxyz.i18n import text

__all__ = [
    "Picture",
    "alarm_chart",
    "anomaly_charts",
    "backtest_bars",
    "before_after_bars",
    "confidence_bars",
    "crm_report",
    "curve",
    "draw",
    "effect_chart",
    "effect_charts",
    "flow",
    "forecast_bars",
    "heat_map",
    "lorenz",
    "overview",
    "quadrant",
    "sales_waterfall",
    "series_chart",
    "variations",
    "waterfall",
]


def overview(
    analysis: Analysis,
    lang: str = "en",
    *,
    width: float = 640,
    currency: str = "",
    theme: str = "light",
) -> Picture:
    """Draw the nine segments, and the cumulative curve below them.

    Parameters
    ----------
    analysis
        The analysis.
    lang
        Language of the labels and numbers.
    width
        Width in pixels; below 400 the layout is for a phone.
    currency
        Currency sign of the amounts.
    theme
        ``light`` or ``dark``.
    """
    return stacked(
        [
            heat_map(analysis.matrix, lang, width=width, currency=currency, theme=theme),
            curve(analysis.abc, lang, width=width, theme=theme),
        ],
        text("Matrix of segments", lang),
    )


_CHARTS: tuple[tuple[type, Callable[..., Picture]], ...] = (
    (Analysis, overview),
    (AbcResult, curve),
    (XyzResult, variations),
    (Matrix, heat_map),
    (Transitions, flow),
    (Confidence, confidence_bars),
    (Forecast, forecast_bars),
    (Backtest, backtest_bars),
    (SalesChange, sales_waterfall),
    (Alarm, alarm_chart),
    (Anomalies, anomaly_charts),
    (Why, waterfall),
    (BeforeAfter, before_after_bars),
    (InterruptedSeries, series_chart),
    (EffectOfChange, effect_chart),
    (EffectsOfChanges, effect_charts),
    (Report, crm_report),
)


def draw(result: object, lang: str = "en", **options: Any) -> Picture:
    """Draw the chart that fits the type of a result.

    Parameters
    ----------
    result
        An `Analysis`, `AbcResult`, `XyzResult`, `Matrix`, `Transitions`, `Confidence`,
        `Forecast`, `Backtest`, or a report of `abcxyz.crm`.
    lang
        Language of the labels and numbers.
    **options
        Options of the chart: ``width``, ``theme`` (``light`` or ``dark``), ``currency`` where
        there is money.

    Raises
    ------
    InputError
        There is no chart for the type.

    Examples
    --------
    >>> from abcxyz import classify_abc
    >>> "K: 1 customer" in draw(classify_abc([9, 2, 1]))
    True
    """
    for kind, chart in _CHARTS:
        if isinstance(result, kind):
            return chart(result, lang, **options)
    raise InputError(
        "there is no picture of {kind}; known are {known}",
        kind=type(result).__name__,
        known=", ".join(known.__name__ for known, _ in _CHARTS),
    )

"""Bars: confidence of classes, forecast, backtest, and a figure before and after."""

from __future__ import annotations

import numpy as np

from abcxyz.charts.curves import WIDE, nothing
from abcxyz.charts.flows import state_name
from abcxyz.charts.rows import BarRow, bar_rows
from abcxyz.charts.svg import (
    CLASS_COLOURS,
    DOWN,
    FAINT,
    INK,
    MUTED,
    SAME,
    UP,
    Canvas,
    Picture,
)
from abcxyz.core.advice.backtest import Backtest
from abcxyz.core.dynamics.forecast import Forecast
from abcxyz.core.snapshots.confidence import Confidence
from abcxyz.crm.changes.before_after import BeforeAfter
from abcxyz.i18n import compact, date_text, number, percent, plural, text

__all__ = ["backtest_bars", "before_after_bars", "confidence_bars", "forecast_bars"]

_BINS = 10


def _key(canvas: Canvas, entries: list[tuple[str, str]]) -> None:
    x = 8.0
    for name, colour in entries:
        canvas.box((x, 7), (12, 10), colour, radius=2)
        canvas.text((x + 17, 16), name, fill=INK)
        x += 30 + WIDE * len(name)


def confidence_bars(
    confidence: Confidence, lang: str = "en", *, width: float = 640, theme: str = "light"
) -> Picture:
    """Draw how many customers have a segment of which probability.

    Parameters
    ----------
    confidence
        Probabilities of the classes.
    lang
        Language of the labels and numbers.
    width
        Width in pixels.
    theme
        ``light`` or ``dark``.

    Returns
    -------
    Picture
        SVG text; firm segments are coloured, borderline ones grey.
    """
    title = text("Probability of the segments", lang)
    known = confidence.segment[~np.isnan(confidence.segment)]
    if not len(known):
        return nothing(lang, width, title, theme)
    firm = int(confidence.firm.sum())
    # A probability on the border of two bins belongs to the upper one, as the firm ones do.
    place = np.minimum(np.floor(known * _BINS + 1e-9).astype(np.int64), _BINS - 1)
    counts = np.bincount(place, minlength=_BINS)
    firm_counts = np.bincount(place[known >= confidence.firm_from], minlength=_BINS)
    canvas = Canvas(width, 300, title, theme)
    names = (text("firm", lang), text("borderline", lang))
    numbers = (number(firm, lang), number(len(known) - firm, lang))
    _key(
        canvas,
        [
            (f"{names[0]}: {numbers[0]}", CLASS_COLOURS[0]),
            (f"{names[1]}: {numbers[1]}", SAME),
        ],
    )
    left, top, body = 16.0, 40.0, 200.0
    step = (width - 2 * left) / _BINS
    for i, (count, sure) in enumerate(zip(counts.tolist(), firm_counts.tolist(), strict=True)):
        x, high = left + i * step, body * count / counts.max()
        tip = plural("{n} customer|{n} customers", count, lang)
        if count:
            canvas.box((x + 2, top + body - high), (step - 4, high), SAME, title=tip)
            part = high * sure / count
            canvas.box((x + 2, top + body - part), (step - 4, part), CLASS_COLOURS[0], title=tip)
            written = number(count, lang)
            middle = x + step / 2
            canvas.text((middle, top + body - high - 4), written, size=11, anchor="middle")
        edge = percent(i / _BINS, lang, 0)
        canvas.text(
            (x, top + body + 17), edge, size=11, fill=MUTED, anchor="middle" if i else None
        )
    canvas.line((left, top + body), (width - left, top + body), MUTED)
    canvas.text(
        (width / 2, 288), text("probability of the segment", lang), fill=MUTED, anchor="middle"
    )
    return canvas.picture()


def forecast_bars(
    forecast: Forecast,
    lang: str = "en",
    *,
    width: float = 640,
    currency: str = "",
    theme: str = "light",
) -> Picture:
    """Draw the shares of the states now and as expected, and both revenues.

    Parameters
    ----------
    forecast
        The forecast.
    lang
        Language of the labels and numbers.
    width
        Width in pixels.
    currency
        Currency sign of the amounts.
    theme
        ``light`` or ``dark``.

    Returns
    -------
    Picture
        SVG text.
    """
    title = text("Forecast of the next period", lang)
    rows = len(forecast.states)
    canvas = Canvas(width, 62.0 + rows * 46, title, theme)
    _key(canvas, [(text("today", lang), SAME), (text("expected", lang), CLASS_COLOURS[0])])
    left, right = 92.0, 64.0
    most = max(*forecast.shares.tolist(), *forecast.shares_now.tolist(), 1e-12)
    for i, state in enumerate(forecast.states):
        y = 34.0 + i * 46
        canvas.text(
            (left - 10, y + 22), state_name(state, lang, before=False), weight=700, anchor="end"
        )
        canvas.box((left, y), (width - left - right, 34), FAINT, radius=3)
        for line, (shares, colour) in enumerate(
            ((forecast.shares_now, SAME), (forecast.shares, CLASS_COLOURS[0]))
        ):
            share = float(shares[i])
            long = share / most * (width - left - right)
            canvas.box((left, y + 2 + 16 * line), (long, 14), colour, radius=2)
            canvas.text((left + long + 6, y + 13 + 16 * line), percent(share, lang), size=11)
    money = (
        compact(forecast.revenue_now, lang, currency),
        compact(forecast.revenue, lang, currency),
    )
    revenue = text("revenue {before}, then {after}", lang, before=money[0], after=money[1])
    canvas.text((left, 52.0 + rows * 46), revenue, fill=MUTED)
    return canvas.picture()


def before_after_bars(
    report: BeforeAfter,
    lang: str = "en",
    *,
    width: float = 640,
    currency: str = "",
    theme: str = "light",
    finding: bool = True,
) -> Picture:
    """Draw a figure before and after as two bars; the second has the interval of the change.

    Parameters
    ----------
    report
        The comparison.
    lang, width, currency, theme, finding
        As in `alarm_chart`.
    """

    def level(amount: float) -> str:
        return percent(amount, lang) if report.kind == "rate" else compact(amount, lang, currency)

    start = report.value_before
    ends = (start + report.interval_low, start + report.interval_high)
    colour = {"improved": UP, "worse": DOWN}.get(report.verdict, SAME)
    rows = [
        BarRow(text("before", lang), ((start, CLASS_COLOURS[0]),), level(start)),
        BarRow(text("after", lang), ((report.value_after, colour),), level(report.value_after),
               ends, start),
    ]  # fmt: skip
    return bar_rows(report.explain(lang), rows, lang, width=width, theme=theme, heading=finding)


def backtest_bars(
    tried: Backtest,
    lang: str = "en",
    *,
    width: float = 640,
    currency: str = "",
    theme: str = "light",
    finding: bool = True,
) -> Picture:
    """Draw who of those named on past days came back, after a call or without one.

    Parameters
    ----------
    tried
        The backtest.
    lang
        Language of the labels and numbers.
    width
        Width in pixels; below 400 the layout is for a phone.
    currency
        Currency sign of the amounts.
    theme
        ``light`` or ``dark``.
    finding
        Whether the sentence stands above the bars.

    Returns
    -------
    Picture
        SVG text; a row for each day, with those named on it for the first time, and the money of
        a horizon of those who did not come back.
    """
    back, called, gone = CLASS_COLOURS[1], CLASS_COLOURS[0], SAME
    legend = [(text("came back", lang), back), (text("did not come back", lang), gone)]
    if tried.after_call:
        legend.insert(0, (text("came back after a call", lang), called))
    rows = []
    for one in tried.days:
        named = [each for each in tried.namings if each.day == one.day]
        returned = [each for each in named if each.came_back]
        after = sum(each.called for each in returned)
        lost = sum(each.money for each in named if not each.came_back)
        note = text(
            "{back} of {named}, lost {money}",
            lang,
            back=number(len(returned), lang),
            named=number(len(named), lang),
            money=compact(lost, lang, currency),
        )
        counts = (after, called), (len(returned) - after, back), (len(named) - len(returned), gone)
        parts = tuple((float(count), colour) for count, colour in counts)
        rows.append(BarRow(date_text(one.day, lang), parts, note))
    return bar_rows(
        tried.sentence(lang), rows, lang, legend=legend, width=width, theme=theme, heading=finding
    )

"""Charts of the cumulative curve with its cuts, and of the Lorenz curve."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from abcxyz.charts.shapes import Curve, curve_of, lorenz_of, ticks
from abcxyz.charts.svg import (
    AREA,
    CLASS_COLOURS,
    FAINT,
    INK,
    MUTED,
    TANGENT,
    Canvas,
    Picture,
)
from abcxyz.core.classes.results import AbcResult
from abcxyz.core.classes.segments import ABC
from abcxyz.i18n import number, percent, plural, text

__all__ = ["WIDE", "Plot", "bands", "curve", "legend", "lorenz", "nothing", "share_of"]

WIDE = 7.3  # pixels: upper bound of the mean width of a letter of 12 pixels
_SHARES = {
    "revenue": "share of revenue",
    "profit": "share of profit",
    "count": "share of orders",
}


def share_of(metric: str, lang: str) -> str:
    """Return the label of the axis with the shares of a metric."""
    return text(_SHARES.get(metric, "share"), lang)


_LEFT, _RIGHT, _BOTTOM = 52.0, 24.0, 46.0


def nothing(lang: str, width: float, title: str, theme: str = "light") -> Picture:
    """Return a picture that says there is nothing to draw."""
    canvas = Canvas(width, 120, title, theme)
    canvas.text((width / 2, 64), text("No sales to draw", lang), fill=MUTED, anchor="middle")
    return canvas.picture()


class Plot:
    """Axes of a plot: shares (y) over customers or shares (x)."""

    def __init__(self, canvas: Canvas, top: float, x_top: float, y_top: float) -> None:
        self.canvas, self._top = canvas, top
        self._x, self._y = x_top, y_top
        self._wide = canvas.width - _LEFT - _RIGHT
        self._high = canvas.height - top - _BOTTOM

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return the place on the canvas of a point of the plot."""
        return (
            _LEFT + x / self._x * self._wide,
            self._top + (1 - y / self._y) * self._high,
        )

    def axes(self, lang: str, x_name: str, *, shares: bool) -> None:
        """Draw both axes; x is in shares or in customers, y in percent."""
        canvas = self.canvas
        for share in ticks(self._y):
            place = self.at(0, share)
            canvas.line(place, self.at(self._x, share))
            canvas.text(
                (place[0] - 6, place[1] + 4),
                percent(share, lang, 0),
                size=11,
                fill=MUTED,
                anchor="end",
            )
        for x in ticks(self._x, 4 if canvas.width < 400 else 6):
            if not shares and x % 1:
                continue  # no fractions of a customer
            place = self.at(x, 0)
            written = percent(x, lang, 0) if shares else number(x, lang)
            canvas.line(place, (place[0], place[1] + 4), MUTED)
            canvas.text((place[0], place[1] + 17), written, size=11, fill=MUTED, anchor="middle")
        canvas.line(self.at(0, 0), self.at(self._x, 0), MUTED)
        middle = _LEFT + self._wide / 2
        canvas.text((middle, canvas.height - 8), x_name, size=12, fill=MUTED, anchor="middle")


def legend(canvas: Canvas, y: float, entries: list[tuple[str, str, str | None]]) -> float:
    """Draw the legend in as many rows as it needs; return its lower edge."""
    x = _LEFT
    for name, colour, dash in entries:
        wide = 30 + WIDE * len(name)
        if x > _LEFT and x + wide > canvas.width - 4:
            x, y = _LEFT, y + 17
        canvas.line((x, y - 4), (x + 18, y - 4), colour, 2.2, dash)
        canvas.text((x + 23, y), name, size=12)
        x += wide + 8
    return y


def curve(
    abc: AbcResult, lang: str = "en", *, width: float = 640, theme: str = "light"
) -> Picture:
    """Draw the cumulative curve with the cuts of the rule.

    Parameters
    ----------
    abc
        Classification by value.
    lang
        Language of the labels and numbers.
    width
        Width in pixels; below 400 the layout is for a phone.
    theme
        ``light`` or ``dark``.

    Returns
    -------
    Picture
        SVG text. For the tangent rule it shows both chords, and the parallel tangents that touch
        at K and L; for the other rules only the cuts.

    Examples
    --------
    >>> from abcxyz import classify_abc
    >>> curve(classify_abc([500, 300, 200, 100, 50, 40]))[:4]
    '<svg'
    """
    title = text("Cumulative curve of {metric}", lang, metric=text(abc.metric, lang))
    shape = curve_of(abc)
    if shape is None:
        return nothing(lang, width, title, theme)
    narrow = width < 400
    entries: list[tuple[str, str, str | None]] = [
        (text("cumulative share", lang), CLASS_COLOURS[0], None)
    ]
    if shape.chords:
        entries += [
            (text("chords", lang), MUTED, None),
            (text("tangents, parallel to the chords", lang), TANGENT, "6 4"),
        ]
    elif shape.limits:
        entries.append((text("limits of the rule", lang), TANGENT, "6 4"))
    canvas = Canvas(width, 330 if narrow else round(width * 0.6), title, theme)
    end = legend(canvas, 16, entries)
    canvas.text(
        (_LEFT, end + 20),
        share_of(abc.metric, lang),
        fill=MUTED,
    )
    plot = Plot(canvas, end + 32, float(shape.customers), shape.top * 1.02)
    bands(plot, (0.0, shape.k[0], shape.l[0], float(shape.customers)), shape.top, ABC)
    plot.axes(lang, text("customers, the largest first", lang), shares=False)
    for start, stop in shape.chords:
        canvas.line(plot.at(*start), plot.at(*stop), MUTED, 1.3)
    for limit in shape.limits:
        canvas.line(plot.at(0, limit), plot.at(shape.customers, limit), TANGENT, 1.6, "6 4")
    canvas.curve(
        (plot.at(x, y) for x, y in zip(shape.x.tolist(), shape.y.tolist(), strict=True)),
        CLASS_COLOURS[0],
        2.6,
    )
    for start, stop in shape.tangents:
        canvas.line(plot.at(*start), plot.at(*stop), TANGENT, 2.0, "6 4")
    _points(plot, shape, lang, narrow=narrow)
    return canvas.picture()


def bands(plot: Plot, edges: Sequence[float], top: float, letters: Sequence[str]) -> None:
    """Shade the ranges of the three classes along the customers, and name them."""
    for i, (start, stop) in enumerate(itertools.pairwise(edges)):
        (x1, y1), (x2, y2) = plot.at(start, top), plot.at(stop, 0)
        if x2 - x1 < 0.5:
            continue
        if i % 2 == 0:
            plot.canvas.box((x1, y1), (x2 - x1, y2 - y1), FAINT)
        if x2 - x1 > 14:
            plot.canvas.text(
                ((x1 + x2) / 2, y2 - 8),
                letters[i],
                size=15,
                weight=700,
                fill=(CLASS_COLOURS[0], CLASS_COLOURS[0], MUTED)[i],
                anchor="middle",
            )


def _points(plot: Plot, shape: Curve, lang: str, *, narrow: bool) -> None:
    low = 0.0
    for name, (x, y) in (("K", shape.k), ("L", shape.l)):
        if not 0 < x < shape.customers:
            continue
        place = plot.at(x, y)
        plot.canvas.line(place, plot.at(x, 0), MUTED, 1.0, "2 3")
        plot.canvas.dot(place, 4.5, TANGENT)
        count = plural("{n} customer|{n} customers", round(x), lang)
        label = f"{name}: {count}, {percent(y, lang)}"
        right = place[0] + 10 + WIDE * len(label) < plot.canvas.width
        # Labels must not overlap.
        down = max(place[1] + (22 if narrow else 20), low + 18)
        low = down
        plot.canvas.text(
            (place[0] + 9 if right else plot.canvas.width - 6, down),
            label,
            weight=600,
            anchor=None if right else "end",
            halo=True,
        )
    for name, where in (("O", (0.0, 0.0)), ("O′", (shape.customers, shape.total))):
        if shape.chords:
            x, y = plot.at(*where)
            shift = (7, -6) if name == "O" else (-4, -8)
            plot.canvas.text(
                (x + shift[0], y + shift[1]),
                name,
                fill=MUTED,
                anchor=None if name == "O" else "end",
                halo=True,
            )


def lorenz(
    abc: AbcResult, lang: str = "en", *, width: float = 420, theme: str = "light"
) -> Picture:
    """Draw the Lorenz curve and the Gini coefficient.

    Parameters
    ----------
    abc
        Classification by value; values below zero count as zero.
    lang
        Language of the labels and numbers.
    width
        Width in pixels.
    theme
        ``light`` or ``dark``.

    Returns
    -------
    Picture
        SVG text.
    """
    title = text("Lorenz curve of {metric}", lang, metric=text(abc.metric, lang))
    shape = lorenz_of(abc)
    if shape is None:
        return nothing(lang, width, title, theme)
    canvas = Canvas(width, 330 if width < 400 else round(width * 0.92), title, theme)
    end = legend(
        canvas,
        16,
        [
            (text("Lorenz curve", lang), CLASS_COLOURS[0], None),
            (text("all equal", lang), MUTED, "6 4"),
        ],
    )
    canvas.text(
        (_LEFT, end + 20),
        share_of(abc.metric, lang),
        fill=MUTED,
    )
    plot = Plot(canvas, end + 32, 1.0, 1.0)
    points = [plot.at(x, y) for x, y in zip(shape.x.tolist(), shape.y.tolist(), strict=True)]
    canvas.shape("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z", AREA)
    plot.axes(lang, text("customers, the smallest first", lang), shares=True)
    canvas.line(plot.at(0, 0), plot.at(1, 1), MUTED, 1.3, "6 4")
    canvas.curve(points, CLASS_COLOURS[0], 2.6)
    customers, value = shape.pair
    canvas.dot(plot.at(1 - customers, 1 - value), 4.5, TANGENT)
    gini = text("Gini {value}", lang, value=number(shape.gini, lang, 2))
    x, y = plot.at(0.04, 0.92)
    canvas.text((x, y), gini, size=17, weight=700, fill=INK, halo=True)
    canvas.text(
        (x, y + 19),
        text(
            "{customers} of customers bring {value}",
            lang,
            customers=percent(customers, lang, 0),
            value=percent(value, lang, 0),
        ),
        fill=INK,
        halo=True,
    )
    return canvas.picture()

"""Horizontal bars with parts, intervals and marks: one row per stage, manager or reason."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

from attrs import frozen

from abcxyz.charts.curves import WIDE
from abcxyz.charts.svg import FAINT, INK, MUTED, TANGENT, Canvas, Picture, clean
from abcxyz.i18n import text

__all__ = ["BarRow", "bar_rows"]

_BOLD = 8.6  # pixels of a bold capital letter
_MOST = 14  # rows that are drawn; a table has the rest


@frozen
class BarRow:
    """One row of a chart.

    Parameters
    ----------
    label
        Name at the left.
    parts
        Lengths of the parts of the bar and their colours, from the left; NaN is left out.
    note
        Figures at the right.
    interval
        Ends of a line over the bar; None for none.
    mark
        Where a tick stands, such as the usual value; NaN for none.
    """

    label: str
    parts: tuple[tuple[float, str], ...]
    note: str
    interval: tuple[float, float] | None = None
    mark: float = math.nan


def _length(row: BarRow) -> float:
    ends = [sum(length for length, _ in row.parts if length > 0), row.mark]
    ends += row.interval or ()
    return max((one for one in ends if math.isfinite(one)), default=0.0)


def bar_rows(
    finding: str,
    rows: Sequence[BarRow],
    lang: str,
    *,
    legend: Sequence[tuple[str, str]] = (),
    width: float = 640,
    theme: str = "light",
    heading: bool = True,
) -> Picture:
    """Draw rows of bars below a finding.

    Parameters
    ----------
    finding
        What the picture shows, in a sentence: its heading, and its description for a screen
        reader.
    rows
        The rows, the most important first; the first 14 are drawn.
    lang
        Language of the labels.
    legend
        Meaning of the parts, and their colours.
    width
        Width in pixels; below 400 the layout is for a phone.
    theme
        ``light`` or ``dark``.
    heading
        Whether the finding stands above the rows.
    """
    lines = textwrap.wrap(clean(finding, 400), max(20, int((width - 16) / (WIDE + 0.6))))
    lines = lines if heading else []
    shown = rows[:_MOST]
    narrow = width < 400
    top = 24.0 + 17 * len(lines)
    step = 48.0 if narrow else 30.0
    key = _legend_rows(legend, width)
    height = top + 20 * len(key) + step * max(len(shown), 1) + (20 if len(rows) > _MOST else 4)
    canvas = Canvas(width, height, finding, theme)
    for place, line in enumerate(lines):
        canvas.text((8, 18 + 17 * place), line, size=13, weight=600)
    for place, entries in enumerate(key):
        for x, name, colour in entries:
            canvas.box((x, top - 12 + 20 * place), (12, 10), colour, radius=2)
            canvas.text((x + 17, top - 3 + 20 * place), name, fill=INK)
    top += 20 * len(key)
    if not shown:
        canvas.text(
            (width / 2, top + 8), text("Nothing to draw", lang), fill=MUTED, anchor="middle"
        )
        return canvas.picture()
    letters = max(len(clean(row.note, 40)) for row in shown)
    longest = max(len(clean(row.label, 40)) for row in shown)
    left = 8.0 if narrow else min(200.0, 18 + _BOLD * longest)
    right = 12.0 + WIDE * letters
    scale = (width - left - right) / (max(map(_length, shown)) or 1.0)
    for place, row in enumerate(shown):
        y = top + step * place
        name = clean(row.label, 44 if narrow else max(8, int((left - 16) / _BOLD)))
        if narrow:
            canvas.text((8, y + 12), name, weight=600)
            y += 16
        else:
            canvas.text((left - 8, y + 17), name, weight=600, anchor="end")
        canvas.box((left, y + 4), (width - left - right, 18), FAINT, radius=2)
        x = left
        for length, colour in row.parts:
            if length > 0:
                tip = f"{clean(row.label)}: {row.note}"
                canvas.box((x, y + 4), (max(length * scale, 1.0), 18), colour, title=tip)
                x += length * scale
        if row.interval is not None and all(map(math.isfinite, row.interval)):
            low, high = (left + max(one, 0.0) * scale for one in row.interval)
            canvas.line((low, y + 13), (high, y + 13), INK, 1.6)
            for end in (low, high):
                canvas.line((end, y + 8), (end, y + 18), INK, 1.6)
        if math.isfinite(row.mark):
            at = left + row.mark * scale
            canvas.line((at, y + 1), (at, y + 25), TANGENT, 2.4)
        canvas.text((width - right + 6, y + 17), clean(row.note, 40))
    if len(rows) > _MOST:
        rest = text("and {n} more", lang, n=len(rows) - _MOST)
        canvas.text((left, height - 6), rest, fill=MUTED)
    return canvas.picture()


def _legend_rows(
    legend: Sequence[tuple[str, str]], width: float
) -> list[list[tuple[float, str, str]]]:
    """Return the entries of a legend in rows, each with its place from the left."""
    rows: list[list[tuple[float, str, str]]] = []
    x = width
    for name, colour in legend:
        wide = 30 + WIDE * len(name)
        if x + wide > width - 4:
            rows.append([])
            x = 8.0
        rows[-1].append((x, name, colour))
        x += wide
    return rows

"""Heat map of the nine segments, and quadrant chart of the groups of the growth matrix."""

from __future__ import annotations

import math

from abcxyz.charts.curves import nothing
from abcxyz.charts.svg import (
    FAINT,
    INK,
    MUTED,
    Canvas,
    Picture,
    shade,
)
from abcxyz.core.classes.matrix import Matrix
from abcxyz.core.classes.segments import ABC, BCG, SEGMENTS, XYZ, Grouping
from abcxyz.i18n import compact, number, percent, plural, text

__all__ = ["GROUP_COLOURS", "group_name", "heat_map", "quadrant", "scaled"]

#: Colours of stars, cows, dogs and questions.
GROUP_COLOURS = ("#b4500a", "#0b4a82", "#6a7484", "#6b3fa0")


def scaled(share: float, shares: list[float]) -> float:
    """Scale a share by the range of *shares*, so that the largest cell is the darkest."""
    top = max((one for one in shares if one == one), default=0.0)
    return share / top if top > 0 else 0.0


def heat_map(
    matrix: Matrix,
    lang: str = "en",
    *,
    width: float = 640,
    currency: str = "",
    theme: str = "light",
) -> Picture:
    """Draw the 3 x 3 table of customers, money and both shares, shaded by money.

    Parameters
    ----------
    matrix
        The nine segments.
    lang
        Language of the labels and numbers.
    width
        Width in pixels; below 400 the layout is for a phone.
    currency
        Currency sign of the amounts.
    theme
        ``light`` or ``dark``.

    Returns
    -------
    Picture
        SVG text.
    """
    narrow = width < 400
    left, top, gap = (26.0 if narrow else 40.0), 46.0, 4.0
    wide = (width - left - 2 * gap) / 3
    high = 88.0 if narrow else 104.0
    canvas = Canvas(width, top + 3 * (high + gap) + 4, text("Matrix of segments", lang), theme)
    canvas.text((left, 14), text("demand: from steady to unpredictable", lang) + " →", fill=MUTED)
    shares = matrix.value_shares.ravel().tolist()
    for j, letter in enumerate(XYZ):
        middle = left + j * (wide + gap) + wide / 2
        canvas.text((middle, top - 9), letter, size=16, weight=700, anchor="middle")
    for i, letter in enumerate(ABC):
        y = top + i * (high + gap)
        canvas.text((left / 2 - 2, y + high / 2 + 6), letter, size=16, weight=700, anchor="middle")
        for j in range(3):
            code = 3 * i + j
            x, paper = left + j * (wide + gap), shade(scaled(shares[code], shares), theme)
            count, value = int(matrix.counts[i, j]), float(matrix.values[i, j])
            people = plural("{n} customer|{n} customers", count, lang)
            money = compact(value, lang, currency)
            canvas.box(
                (x, y), (wide, high), paper, radius=6, title=f"{SEGMENTS[code]}: {people}, {money}"
            )
            both = f"{percent(shares[code], lang)}"
            size = 12 if narrow else 13
            canvas.text((x + 10, y + 22), SEGMENTS[code], size=14, weight=700, paper=paper)
            canvas.text(
                (x + wide - 10, y + 22), both, size=14, weight=700, paper=paper, anchor="end"
            )
            canvas.text(
                (x + 10, y + 45), number(count, lang) if narrow else people, size=size, paper=paper
            )
            canvas.text((x + 10, y + 63), money, size=size, paper=paper)
            of_customers = percent(float(matrix.count_shares[i, j]), lang)
            line = (
                of_customers if narrow else text("{share} of customers", lang, share=of_customers)
            )
            canvas.text((x + 10, y + 81), line, size=size, paper=paper)
    return canvas.picture()


def group_name(name: str, lang: str) -> str:
    """Return the translated name of a group, capitalised; a custom name is unchanged."""
    return text(name.capitalize(), lang)


def quadrant(
    matrix: Matrix,
    lang: str = "en",
    *,
    grouping: Grouping = BCG,
    width: float = 640,
    currency: str = "",
    theme: str = "light",
) -> Picture:
    """Draw the groups as tiles, each with a bubble whose area is proportional to the money.

    Parameters
    ----------
    matrix
        The nine segments.
    lang
        Language of the labels and numbers.
    grouping
        Segments of each group; the four standard groups are placed where their segments are.
    width
        Width in pixels; below 400 the layout is for a phone.
    currency
        Currency sign of the amounts.
    theme
        ``light`` or ``dark``.

    Returns
    -------
    Picture
        SVG text.
    """
    title = text("Groups by value and steadiness", lang)
    if not matrix.customers:
        return nothing(lang, width, title, theme)
    names = list(grouping.names)
    standing = [name for name in ("cows", "stars", "dogs", "questions") if name in names]
    custom = len(standing) != 4 or len(names) != 4
    shown = names if custom else standing
    narrow = width < 400
    left, top, gap = 24.0, 12.0 if custom else 30.0, 6.0
    wide, high = (width - left - gap) / 2, 118.0 if narrow else 150.0
    rows = math.ceil(len(shown) / 2)
    canvas = Canvas(width, top + rows * (high + gap) + 4, title, theme)
    if not custom:
        canvas.text(
            (left, 16), text("demand: from steady to unpredictable", lang) + " →", fill=MUTED
        )
        canvas.text(
            (14, top + 2 * high + gap),
            text("value: from small to large", lang) + " →",
            fill=MUTED,
            upward=True,
        )
    groups = {one.name: one for one in matrix.groups(grouping)}
    most = max(*(one.value for one in groups.values()), 0.0)
    for place, name in enumerate(shown):
        group = groups[name]
        x, y = left + place % 2 * (wide + gap), top + place // 2 * (high + gap)
        colour = GROUP_COLOURS[names.index(name) % 4]
        people = plural("{n} customer|{n} customers", group.customers, lang)
        canvas.box((x, y), (wide, high), FAINT, radius=8)
        if group.value > 0:
            biggest = min(high * 0.36, wide * (0.115 if narrow else 0.2))
            canvas.dot(
                (x + wide - biggest - 12, y + high - biggest - 12),
                max(biggest * math.sqrt(group.value / most), 2.5),
                colour,
                opacity=0.85,
                title=f"{group_name(name, lang)}: {compact(group.value, lang, currency)}",
            )
        canvas.text((x + 12, y + 24), group_name(name, lang), size=15, weight=700, fill=colour)
        listed = ", ".join(group.segments)
        canvas.text((x + 12, y + 41), listed, size=11, fill=MUTED)
        for row, line in enumerate(
            (people, compact(group.value, lang, currency), percent(group.value_share, lang))
        ):
            canvas.text(
                (x + 12, y + 62 + row * 17), line, size=12 if narrow else 13, fill=INK, halo=False
            )
    return canvas.picture()

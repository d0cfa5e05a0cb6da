"""Flow chart of transitions between two dates, as bands from class to class."""

from __future__ import annotations

import math

from abcxyz.charts.curves import WIDE, nothing
from abcxyz.charts.shapes import flow_of
from abcxyz.charts.svg import CLASS_COLOURS, DOWN, INK, MUTED, SAME, UP, Canvas, Picture
from abcxyz.core.dynamics.events import EVENTS, RISES, event_table
from abcxyz.core.dynamics.transitions import Transitions
from abcxyz.i18n import compact, number, plural, text

__all__ = ["flow", "state_name"]

_BAR = 12.0


def state_name(state: str, lang: str, *, before: bool) -> str:
    """Return the label of a state: a segment, or a phrase for not classified or not listed."""
    if state == "N":
        return text("no sales", lang)
    if state == "absent":
        return text("new", lang) if before else text("gone", lang)
    return state


def flow(
    moves: Transitions,
    lang: str = "en",
    *,
    width: float = 640,
    currency: str = "",
    theme: str = "light",
) -> Picture:
    """Draw transitions as bands: blue for a rise, orange for a fall, grey for no change.

    Parameters
    ----------
    moves
        Transitions between two dates.
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
        SVG text. The thickness of a band is proportional to its customers, with a visible
        minimum; its tooltip has the customers and the change of their money.
    """
    title = text("Moves between classes", lang)
    bands = flow_of(moves)
    if not bands:
        return nothing(lang, width, title, theme)
    k = len(moves.labels)
    narrow = width < 400
    side, top = (108.0 if narrow else 132.0), 52.0
    rows = max(len({one.before for one in bands}), len({one.after for one in bands}))
    gap, body = 12.0, 300.0 + 12 * max(rows - 5, 0)
    canvas = Canvas(width, top + body + gap * rows + 14, title, theme)
    x1, x2 = side, width - side
    order = ([*range(k), k, k + 1], [*range(k), k, k + 1])
    starts: list[dict[int, float]] = []
    for which, states in enumerate(order):
        at, place = top, {}
        for state in states:
            inside = [one for one in bands if (one.after if which else one.before) == state]
            if not inside:
                continue
            place[state] = at
            high = sum(one.thickness for one in inside) * body
            count = sum(one.customers for one in inside)
            x = x2 if which else x1 - _BAR
            colour = CLASS_COLOURS[min(state, 2)] if k == 3 and state < k else MUTED
            canvas.box((x, at), (_BAR, high), colour, radius=2)
            name = state_name(moves.states[state], lang, before=not which)
            beside = x2 + _BAR + 8 if which else x1 - _BAR - 8
            middle = at + max(high / 2, 6)
            anchor = None if which else "end"
            strong = state < k
            if high >= 26 or not strong:
                canvas.text(
                    (beside, middle),
                    name,
                    size=16 if strong else 12,
                    weight=700 if strong else 600,
                    anchor=anchor,
                )
                canvas.text((beside, middle + 15), number(count, lang), fill=MUTED, anchor=anchor)
            else:
                canvas.text(
                    (beside, middle + 4),
                    f"{name} · {number(count, lang)}",
                    weight=600,
                    anchor=anchor,
                )
            at += max(high, 14 if strong else 26) + gap
        starts.append(place)
    _heads(canvas, lang, x1, x2)
    ranks = event_table(k, ordered=moves.ordered)
    used: dict[tuple[int, int], float] = {}
    for one in sorted(bands, key=lambda band: (band.before, band.after)):
        thick = one.thickness * body
        y1 = starts[0][one.before] + used.get((0, one.before), 0.0)
        y2 = starts[1][one.after] + used.get((1, one.after), 0.0)
        used[0, one.before] = used.get((0, one.before), 0.0) + thick
        used[1, one.after] = used.get((1, one.after), 0.0) + thick
        row, column = (i if i < k else (-1 if i == k else -2) for i in (one.before, one.after))
        event = EVENTS[ranks[row, column]]
        colour = {"same": SAME, "moved": MUTED}.get(event, UP if event in RISES else DOWN)
        names = (
            state_name(moves.states[one.before], lang, before=True),
            state_name(moves.states[one.after], lang, before=False),
        )
        tip = f"{names[0]} → {names[1]}: " + plural(
            "{n} customer|{n} customers", one.customers, lang
        )
        if not math.isnan(one.change):
            tip += f", {compact(one.change, lang, currency, signed=True)}"
        bend = (x1 + x2) / 2
        canvas.shape(
            f"M{x1:.1f} {y1:.1f}C{bend:.1f} {y1:.1f} {bend:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
            f"v{thick:.1f}C{bend:.1f} {y2 + thick:.1f} {bend:.1f} {y1 + thick:.1f} "
            f"{x1:.1f} {y1 + thick:.1f}Z",
            colour,
            opacity=0.55 if event == "same" else 0.8,
            title=tip,
        )
    return canvas.picture()


def _heads(canvas: Canvas, lang: str, x1: float, x2: float) -> None:
    canvas.text((x1, 40), text("before", lang), fill=MUTED, anchor="end")
    canvas.text((x2, 40), text("now", lang), fill=MUTED)
    x = 8.0
    for name, colour in (
        (text("rose or came", lang), UP),
        (text("fell or left", lang), DOWN),
        (text("stayed", lang), SAME),
    ):
        canvas.box((x, 7), (12, 10), colour, radius=2)
        canvas.text((x + 17, 16), name, fill=INK)
        x += 30 + WIDE * len(name)

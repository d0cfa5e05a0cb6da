"""Combination of two sets of bins of one attribute."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from attrs import evolve, frozen

from abcxyz._arrays import Floats, Ints
from abcxyz.core.prospects.attributes import Attribute, Bin
from abcxyz.core.prospects.binning import WAYS, isotonic
from abcxyz.core.prospects.lead_table import place_values
from abcxyz.i18n import number, text
from abcxyz.toolkit.catalogue import Texts, languages

__all__ = ["Valued", "combine", "labelled", "monotone"]

_OTHER = "\0"


@frozen(eq=False)
class Valued:
    """An attribute and the log-odds that each bin adds; the last is for unknown values."""

    attribute: Attribute
    values: Floats


def combine(first: Valued, second: Valued) -> Valued:
    """Add the log-odds of two sets of bins of one attribute, over the intersections of the bins.

    Notes
    -----
    A value outside the bins of one set gets that set's log-odds of unknown values.
    """
    one, two = first.attribute, second.attribute
    if one.kind != two.kind:
        return first
    if one.kind == "number":
        edges = sorted({part.upto for part in (*one.ranges, *two.ranges)} - {math.inf})
        past = edges[-1] + abs(edges[-1]) + 1 if edges else 0.0
        special = dict.fromkeys(value for part in (*one.bins, *two.bins) for value in part.values)
        ranges = [Bin(0.0, upto=edge) for edge in (*edges, math.inf)]
        bins = [*(Bin(0.0, values=(value,)) for value in special), *ranges]
        shown: Sequence[object] = [*map(float, special), *edges, past]
    else:
        words = dict.fromkeys(value for part in (*one.bins, *two.bins) for value in part.values)
        bins = [Bin(0.0, values=(value,)) for value in words]
        shown = list(words)
        if any(bins_of and not bins_of[-1].values for bins_of in (one.bins, two.bins)):
            bins, shown = [*bins, Bin(0.0)], [*shown, _OTHER]
    total = np.zeros(len(bins) + 1)
    for part in (first, second):
        places, _, _ = place_values([*shown, None], part.attribute)
        total += part.values[places]
    return Valued(Attribute(one.name, one.kind, 0.0, bins, one.text), total)


def monotone(valued: Valued, counts: Ints, trend: str) -> Valued:
    """Make the log-odds of a number's ranges monotone, and merge ranges that become equal.

    Parameters
    ----------
    valued
        Numeric attribute and its log-odds.
    counts
        (bins + 1, 2) number of leads per bin: others, class A.
    trend
        ``up``, ``down``, or ``auto`` for the direction that changes the log-odds less.
    """
    bins, values = valued.attribute.bins, valued.values
    place = [k for k, part in enumerate(bins) if not part.values]
    if not place:
        return valued
    level, rows = values[place], counts[place].sum(axis=1) + 1.0
    if trend != "none":
        shapes = [isotonic(level, rows, increasing=way) for way in WAYS[trend]]
        level = min(shapes, key=lambda shape: round(float(rows @ (level - shape) ** 2), 9))
    last = [k for k in range(len(level)) if k == len(level) - 1 or level[k] != level[k + 1]]
    specials = [k for k, part in enumerate(bins) if part.values]
    return Valued(
        evolve(
            valued.attribute, bins=[*(bins[k] for k in specials), *(bins[place[k]] for k in last)]
        ),
        np.array([*values[specials], *level[last], values[-1]]),
    )


def labelled(attribute: Attribute, labels: Mapping[str, Texts]) -> Attribute:
    """Add the reason text of every bin, in each available language.

    Parameters
    ----------
    attribute
        Attribute whose bins have no reasons.
    labels
        Attribute to its label by language; the attribute's name where absent.
    """
    label = labels.get(attribute.name, attribute.labels)
    bins: list[Bin] = []
    below = -math.inf
    for part in attribute.bins:
        reasons = {
            lang: _bin_text(attribute.kind, part, below, label.in_language(lang), lang)
            for lang in languages()
        }
        below = below if part.values else part.upto
        bins.append(evolve(part, text=Texts(reasons)))
    return evolve(attribute, bins=bins, text=label)


def _bin_text(kind: str, part: Bin, below: float, label: str, lang: str) -> str:
    if part.values:
        value = part.values[0]
        shown = value if len(value) <= 60 else f"{value[:60]}…"
        return f"{label}: {shown}"
    if kind == "category":
        return f"{label}: {text('any other', lang)}"
    return _range(label, below, part.upto, lang)


def _range(label: str, low: float, high: float, lang: str) -> str:
    fields = {"label": label, "low": _figure(low, lang), "high": _figure(high, lang)}
    if low == -math.inf and high == math.inf:
        return text("{label} known", lang, **fields)
    if low == -math.inf:
        return text("{label} up to {high}", lang, **fields)
    if high == math.inf:
        return text("{label} above {low}", lang, **fields)
    return text("{label} from {low} to {high}", lang, **fields)


def _figure(value: float, lang: str) -> str:
    if math.isinf(value):
        return ""
    for size, template in ((1e9, "{value} bn"), (1e6, "{value} m")):
        if abs(value) >= size:
            return text(template, lang, value=_plain(value / size, lang))
    return _plain(value, lang)


def _plain(value: float, lang: str) -> str:
    decimals = 0 if value == round(value) else 1 if abs(value) >= 100 else 2
    return number(value, lang, decimals)

"""Words, numbers and pictures of a report in one language."""

from __future__ import annotations

import functools
import math
from typing import Any

from markupsafe import Markup, escape

from abcxyz import charts
from abcxyz.charts.svg import clean
from abcxyz.core.analysis.record import Analysis
from abcxyz.i18n import compact, date_text, money, number, percent, plural, text
from abcxyz.report.customers import Facts
from abcxyz.report.vocabulary import EVENT_NAMES

__all__ = ["Sight", "bare"]


class Sight:
    """One analysis in one language."""

    def __init__(self, facts: Facts, lang: str, *, rows: int, currency: str) -> None:
        self._facts, self._analysis, self._lang = facts, facts.analysis, lang
        self._rows = rows
        # Orders are counted, not paid.
        self._currency = "" if self._analysis.settings.metric == "count" else clean(currency, 8)
        self._moves, self._totals = facts.moves(), facts.totals

    def _say(self, english: str, **fields: Any) -> str:
        if "|" in english:
            return plural(english, fields.pop("n"), self._lang, **fields)
        return text(english, self._lang, **fields)

    def _number(self, value: float | None, decimals: int = 0) -> str:
        return "–" if value is None else number(value, self._lang, decimals)

    def _percent(self, share: float | None, decimals: int = 1) -> str:
        return "–" if share is None else percent(share, self._lang, decimals)

    def _money(self, value: float | None, *, signed: bool = False) -> str:
        if value is None or math.isnan(value):
            return "–"
        plus = "+" if signed and round(value) > 0 else ""
        return plus + money(value, self._lang, 0, self._currency)

    def _compact(self, value: float | None, *, signed: bool = False) -> str:
        found = math.nan if value is None else value
        return compact(found, self._lang, self._currency, signed=signed)

    def _state(self, state: str) -> str:
        return {"N": self._say("no sales"), "absent": self._say("not listed")}.get(state, state)

    def helpers(self) -> dict[str, Any]:
        """Give the template its words and numbers."""
        return {
            "say": self._say,
            "number": self._number,
            "percent": self._percent,
            "money": self._money,
            "compact": self._compact,
            "day": lambda day: date_text(day, self._lang),
            "bdi": _isolated,
            "state": self._state,
            "event": lambda name: self._say(EVENT_NAMES[name]),
            "picture": functools.partial(_picture, self._analysis, self._lang, self._currency),
        }


def bare(value: float) -> str:
    """Write a number for sorting; nothing where there is none."""
    return "" if math.isnan(value) else f"{value:.6g}" if abs(value) < 1 else f"{value:.2f}"


def _isolated(written: object, limit: int = 80) -> Markup:
    """Show text from the data: escaped, cut, and unable to turn its surroundings around."""
    plain = clean(written, 10_000)
    shown = escape(clean(plain, limit))
    tip = Markup(' title="{}"').format(plain[:300]) if len(plain) > limit else Markup("")
    return Markup("<bdi{}>{}</bdi>").format(tip, shown)


def _picture(
    analysis: Analysis, lang: str, currency: str, name: str, width: float | None = None
) -> Markup:
    """Draw a picture of the page; a chart escapes what it writes."""
    if name == "curve":
        found = charts.curve(analysis.abc, lang, width=width or 680)
    elif name == "lorenz":
        found = charts.lorenz(analysis.abc, lang, width=width or 440)
    elif name == "quadrant":
        found = charts.quadrant(analysis.matrix, lang, width=width or 760, currency=currency)
    else:
        moves = analysis.moves("abc")
        assert moves is not None
        found = charts.flow(moves, lang, width=width or 640, currency=currency)
    return Markup(found)  # noqa: S704

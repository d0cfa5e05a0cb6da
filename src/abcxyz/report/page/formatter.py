"""Localised formatting for the page: text, numbers, money, pictures."""

from __future__ import annotations

import functools
import math
from typing import Any

from markupsafe import Markup, escape

from abcxyz import charts
from abcxyz.charts.svg import clean
from abcxyz.core.analysis.record import Analysis
from abcxyz.i18n import compact, date_text, money, number, percent, plural, text
from abcxyz.report.vocabulary import EVENT_NAMES

__all__ = ["MOST", "Formatter", "bare"]


#: Rows of a list on the page; the workbook has them all.
MOST = 50


class Formatter:
    """Text, numbers and pictures of one analysis in one language.

    Parameters
    ----------
    analysis
        The result.
    lang
        The language.
    currency
        Sign of the money; not used where orders are counted.
    """

    def __init__(self, analysis: Analysis, lang: str, *, currency: str) -> None:
        self._analysis, self.lang = analysis, lang
        # Orders are counted, not paid.
        self.currency = "" if analysis.settings.metric == "count" else clean(currency, 8)

    def say(self, english: str, **fields: Any) -> str:
        """Translate a phrase and fill it in; ``|`` separates singular and plural by *n*."""
        if "|" in english:
            return plural(english, fields.pop("n"), self.lang, **fields)
        return text(english, self.lang, **fields)

    def number(self, value: float | None, decimals: int = 0) -> str:
        """Write a number; a dash for None."""
        return "–" if value is None else number(value, self.lang, decimals)

    def percent(self, share: float | None, decimals: int = 1) -> str:
        """Write a share in percent; a dash for None."""
        return "–" if share is None else percent(share, self.lang, decimals)

    def money(self, value: float | None, *, signed: bool = False) -> str:
        """Write an amount with the sign of its currency; a dash where there is none."""
        if value is None or math.isnan(value):
            return "–"
        plus = "+" if signed and round(value) > 0 else ""
        return plus + money(value, self.lang, 0, self.currency)

    def compact(self, value: float | None, *, signed: bool = False) -> str:
        """Write an amount in thousands or millions."""
        found = math.nan if value is None else value
        return compact(found, self.lang, self.currency, signed=signed)

    def state(self, state: str) -> str:
        """Name a segment, or the state of somebody without one."""
        return {"N": self.say("no sales"), "absent": self.say("not listed")}.get(state, state)

    def helpers(self) -> dict[str, Any]:
        """Return the functions that the template calls."""
        return {
            "say": self.say,
            "number": self.number,
            "percent": self.percent,
            "money": self.money,
            "compact": self.compact,
            "day": lambda day: date_text(day, self.lang),
            "bdi": _isolated,
            "state": self.state,
            "event": lambda name: self.say(EVENT_NAMES[name]),
            "picture": functools.partial(_picture, self._analysis, self.lang, self.currency),
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

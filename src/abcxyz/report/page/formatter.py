"""Localised formatting for the page: text, numbers, money, charts."""

from __future__ import annotations

import functools
import math
import re
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup, escape

from abcxyz import charts
from abcxyz.charts.svg import clean
from abcxyz.core.analysis.record import Analysis
from abcxyz.i18n import compact, date_text, money, number, percent, plural, text
from abcxyz.report.vocabulary import EVENT_NAMES

__all__ = ["MOST", "PLAIN", "Formatter", "isolated", "minus", "plain", "prose"]


#: Maximum rows of a list on the page; the workbook has all of them.
MOST = 50

#: Maximum characters of an identifier or a name in the columns of all customers.
PLAIN = 80


class Formatter:
    """Formatter of text, numbers and charts of one analysis in one language.

    Parameters
    ----------
    analysis
        The analysis.
    lang
        Language of the text.
    currency
        Currency sign; not used where the metric counts orders.
    """

    def __init__(self, analysis: Analysis, lang: str, *, currency: str) -> None:
        self._analysis, self.lang = analysis, lang
        # A number of orders has no currency.
        self.currency = "" if analysis.settings.metric == "count" else clean(currency, 8)

    def say(self, english: str, **fields: Any) -> str:
        """Translate a phrase and fill in its fields; ``|`` separates plural forms, by *n*."""
        if "|" in english:
            return prose(plural(english, fields.pop("n"), self.lang, **fields))
        return prose(text(english, self.lang, **fields))

    def number(self, value: float | None, decimals: int = 0) -> str:
        """Format a number; a dash for None."""
        return "–" if value is None else minus(number(value, self.lang, decimals))

    def percent(self, share: float | None, decimals: int = 1) -> str:
        """Format a share in percent; a dash for None."""
        return "–" if share is None else minus(percent(share, self.lang, decimals))

    def money(self, value: float | None, *, signed: bool = False) -> str:
        """Format an amount with its currency sign; a dash for None."""
        if value is None or math.isnan(value):
            return "–"
        plus = "+" if signed and round(value) > 0 else ""
        return plus + minus(money(value, self.lang, 0, self.currency))

    def compact(self, value: float | None, *, signed: bool = False) -> str:
        """Format an amount abbreviated to thousands or millions."""
        amount = math.nan if value is None else value
        return minus(compact(amount, self.lang, self.currency, signed=signed))

    def lines(self, written: str) -> str:
        """Translate the word before the numbers of lines, which a source writes in English."""
        return prose(_LINE.sub(self.say("line") + "\N{NO-BREAK SPACE}", written))

    def state(self, state: str) -> str:
        """Return the label of a segment, or of the state without a segment."""
        return {"N": self.say("no sales"), "absent": self.say("not listed")}.get(state, state)

    def helpers(self) -> dict[str, Any]:
        """Return the functions that the template uses."""
        return {
            "say": self.say,
            "number": self.number,
            "percent": self.percent,
            "money": self.money,
            "compact": self.compact,
            "day": lambda day: prose(date_text(day, self.lang)),
            "bdi": _isolated,
            "state": self.state,
            "link": link,
            "plain": plain,
            "event": lambda name: self.say(EVENT_NAMES[name]),
            "picture": functools.partial(_picture, self._analysis, self.lang),
        }


def minus(written: str) -> str:
    """Return a number with the sign for minus instead of a hyphen, for people and not programs."""
    return "\N{MINUS SIGN}" + written[1:] if written.startswith("-") else written


def prose(written: str) -> str:
    """Return a sentence as it is set: true minus signs, and no break where none belongs.

    A number keeps the word after it, a dash the word before it, and a date its parts.

    Examples
    --------
    >>> prose("-4.5 to 2 points – 6 more").replace("\N{NO-BREAK SPACE}", "_")
    '−4.5_to 2_points_– 6_more'
    """
    for pattern, put in _SET:
        written = pattern.sub(put, written)
    return written


def isolated(written: object, limit: int) -> str:
    """Return text from the data for a sentence, which it does not turn into another direction."""
    return f"\N{FIRST STRONG ISOLATE}{clean(written, limit)}\N{POP DIRECTIONAL ISOLATE}"


def link(**state: object) -> str:
    """Return the part of an address for a state of the page, such as one customer's card."""
    return urlencode({name: plain(value) for name, value in state.items()})


def plain(written: object) -> str:
    """Return text from the data as the columns of all customers hold it, to find it there."""
    return clean(written, PLAIN)


def _isolated(written: object, limit: int = 80) -> Markup:
    """Escape and truncate text from the data, and isolate its writing direction."""
    whole = clean(written, 10_000)
    shown = escape(clean(whole, limit))
    tip = Markup(' title="{}"').format(whole[:300]) if len(whole) > limit else Markup("")
    return Markup("<bdi{}>{}</bdi>").format(tip, shown)


def _picture(analysis: Analysis, lang: str, name: str, width: float | None = None) -> Markup:
    """Draw a chart of the page; charts escape their text."""
    if name == "curve":
        picture = charts.curve(analysis.abc, lang, width=width or 680)
    else:
        picture = charts.lorenz(analysis.abc, lang, width=width or 440)
    return themed(picture)


def themed(picture: str) -> Markup:
    """Return a chart in the colours of the page's theme; charts escape their text."""
    return Markup(_HEX.sub(_themed, picture))  # noqa: S704


_SET = (
    (re.compile(r"(?<![\w.,)\]-])-(?=\d)"), "\N{MINUS SIGN}"),
    (re.compile(r"(?<=\d) (?=[^\W\d_]|%)"), "\N{NO-BREAK SPACE}"),
    (re.compile(r" (?=[–—] )"), "\N{NO-BREAK SPACE}"),
    (re.compile(r"\b(\d{4})-(\d\d)-(\d\d)\b"), "\\1-\N{WORD JOINER}\\2-\N{WORD JOINER}\\3"),
)
_LINE = re.compile(r"\bline (?=\d)")
_HEX = re.compile(r'(fill|stroke)="(#[0-9a-f]{6})"')


def _themed(match: re.Match[str]) -> str:
    """Let the style of the page replace a colour of a chart, for a dark page."""
    return f'{match[1]}="var(--c{match[2][1:]},{match[2]})"'

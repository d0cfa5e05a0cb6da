"""Display of results: formatted numbers, HTML tables for notebooks, a base class with charts."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from abcxyz.toolkit.language import language
from abcxyz.toolkit.numbers import number

if TYPE_CHECKING:
    from abcxyz.charts.svg import Picture

__all__ = ["Drawable", "html_table", "percent", "plain_number"]


def plain_number(value: float, lang: str = "en") -> str:
    """Format a number for an explanation: whole numbers without decimals, thousands separated.

    Examples
    --------
    >>> plain_number(58140), plain_number(36.428), plain_number(36.428, "ru")
    ('58 140', '36.43', '36,43')

    Notes
    -----
    Thousands are separated by a space in every language, as the SI brochure recommends (5.4.4):
    by the language's kind of space if it has one.
    """
    if not math.isfinite(value):
        return str(value)
    whole = float(value) == round(float(value)) or abs(value) >= 10_000
    written = number(value, lang, 0 if whole else 2)
    return written.replace(language(lang).group, _space(lang))


def percent(share: float, lang: str = "en") -> str:
    """Format a share for an explanation: in percent with two decimals, a dash if undefined.

    Examples
    --------
    >>> percent(0.71674), percent(math.nan)
    ('71.67 %', '–')
    """
    if math.isnan(share):
        return "–"
    return f"{number(share * 100, lang, 2)}{_space(lang)}%"


def _space(lang: str) -> str:
    group = language(lang).group
    return group if group.isspace() else " "


def html_table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Build an HTML table for a notebook; every cell is escaped."""
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return (
        f"<table><caption>{html.escape(caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


class Drawable:
    """Base class of results that `abcxyz.charts` can draw.

    Notes
    -----
    The only import from the core to `abcxyz.charts`; it is lazy, so that classification alone
    does not load the charts.
    """

    __slots__ = ()

    def plot(self, lang: str = "en", **options: Any) -> Picture:
        """Draw a chart; a notebook shows it, `str` and `Picture.save` return its SVG.

        Parameters
        ----------
        lang
            An available language, such as ``en`` or ``ru``.
        **options
            Options of the drawing function in `abcxyz.charts`, such as ``width``.
        """
        from abcxyz.charts import draw

        return draw(self, lang, **options)

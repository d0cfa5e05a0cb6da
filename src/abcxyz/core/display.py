"""Display of results: formatted numbers, HTML tables for notebooks, a base class with charts."""

from __future__ import annotations

import html
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from abcxyz._arrays import Codes
from abcxyz.toolkit import numbers
from abcxyz.toolkit.catalogue import text
from abcxyz.toolkit.numbers import number

if TYPE_CHECKING:
    from abcxyz.charts.svg import Picture

__all__ = [
    "Drawable",
    "Tabular",
    "brief",
    "class_counts",
    "html_table",
    "percent",
    "plain_number",
    "points",
    "short_repr",
]


def plain_number(value: float, lang: str = "en") -> str:
    """Format a number for an explanation: whole numbers without decimals, thousands separated.

    Examples
    --------
    >>> plain_number(58140), plain_number(36.428), plain_number(36.428, "ru")
    ('58,140', '36.43', '36,43')
    """
    if not math.isfinite(value):
        return str(value)
    whole = float(value) == round(float(value)) or abs(value) >= 10_000
    return number(value, lang, 0 if whole else 2)


def percent(share: float, lang: str = "en", decimals: int = 1) -> str:
    """Format a share for an explanation: in percent with one decimal, a dash if undefined.

    Examples
    --------
    >>> percent(0.71674), percent(0.71674, decimals=2), percent(math.nan)
    ('71.7%', '71.67%', '–')
    """
    return numbers.percent(share, lang, decimals)


def points(difference: float, lang: str = "en") -> str:
    """Format a difference of two shares: in percentage points with one decimal, and its sign.

    Examples
    --------
    >>> points(0.023), points(-0.1595), points(math.nan)
    ('+2.3 points', '-16.0 points', '–')
    """
    if math.isnan(difference):
        return "–"
    written = number(difference * 100, lang, 1)
    signed = f"+{written}" if round(difference * 100, 1) > 0 else written
    return text("{n} points", lang, n=signed)


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


def brief(record: object, *facts: str) -> str:
    """Return the ``repr`` of a result: its type, and *facts* that are not empty."""
    return f"{type(record).__name__}({'; '.join(fact for fact in facts if fact)})"


def class_counts(codes: Codes, labels: Sequence[str]) -> str:
    """Count the customers of every class, and those without one.

    Examples
    --------
    >>> class_counts(np.array([0, 2, 2, -1], dtype=np.int8), "ABC")
    'A 1, B 0, C 2, not classified 1'
    """
    missing, *counts = np.bincount(codes + 1, minlength=len(labels) + 1).tolist()
    parts = [f"{label} {count:,}" for label, count in zip(labels, counts, strict=True)]
    return ", ".join([*parts, f"not classified {missing:,}"] if missing else parts)


def short_repr(record: Any) -> str:
    """Return the fields of a record, with arrays and collections summarised.

    Examples
    --------
    >>> from attrs import frozen
    >>> @frozen
    ... class Sums:
    ...     totals: object
    ...     __repr__ = short_repr
    >>> Sums(np.zeros(1000))
    Sums(totals=float64[1000])
    """
    fields = [one for one in attrs.fields(type(record)) if one.repr]
    parts = [f"{one.name}={_short_value(getattr(record, one.name))}" for one in fields]
    return f"{type(record).__name__}({', '.join(parts)})"


def _short_value(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{list(value.shape)}"
    if isinstance(value, (tuple, list, Mapping)) and len(value) > 5:
        return f"{type(value).__name__}[{len(value)}]"
    if isinstance(value, Mapping):
        value = dict(value)
    written = repr(value)
    return written if len(written) <= 120 else f"{type(value).__name__}(…)"


class Tabular(ABC):
    """Base class of results that a notebook shows as a table."""

    __slots__ = ()

    @abstractmethod
    def to_html(self, lang: str = "en") -> str:
        """Return the table in HTML, in an available language; every cell is escaped."""

    def _repr_html_(self) -> str:
        return self.to_html()


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
            Options of the drawing function in `abcxyz.charts`: ``width`` in pixels, ``theme``
            (``light`` or ``dark``), ``currency`` where the chart shows money.
        """
        from abcxyz.charts import draw

        return draw(self, lang, **options)

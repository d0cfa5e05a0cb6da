"""SVG canvas: lines, shapes and escaped text, joined to one self-contained SVG."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any

from abcxyz.errors import InputError
from abcxyz.toolkit.known_names import check_known

__all__ = [
    "AREA",
    "CLASS_COLOURS",
    "DOWN",
    "FAINT",
    "GRID",
    "INK",
    "MUTED",
    "PAPER",
    "SAME",
    "TANGENT",
    "UP",
    "Canvas",
    "Picture",
    "clean",
    "contrast",
    "ink_on",
    "shade",
    "stacked",
]

#: Distinguishable with colour blindness, by lightness; contrast with the background 3:1 or better.
PAPER, INK, MUTED, GRID, FAINT = "#ffffff", "#17202e", "#545f6f", "#dde2e9", "#f3f5f8"
CLASS_COLOURS = ("#0b4a82", "#2f7fbd", "#7d8898")
TANGENT, UP, DOWN, SAME, AREA = "#b4500a", "#1f6fb0", "#c05a08", "#c2cad5", "#dbe8f4"

#: Colour on a light page -> the same on a dark one.
_DARK_THEME: Mapping[str, str] = MappingProxyType(
    {
        PAPER: "#10161f",
        INK: "#e8edf4",
        MUTED: "#9fabba",
        GRID: "#2b3645",
        FAINT: "#18202c",
        CLASS_COLOURS[0]: "#7db8ec",
        CLASS_COLOURS[1]: "#4f95d1",
        CLASS_COLOURS[2]: "#8b97a8",
        TANGENT: "#f0954a",
        UP: "#5aa9e6",
        DOWN: "#f09a4f",
        SAME: "#5b6877",
        AREA: "#1d3247",
        "#6a7484": "#9aa5b5",
        "#6b3fa0": "#b795e4",
    }
)
_THEMES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {"light": MappingProxyType({}), "dark": _DARK_THEME}
)
_FONT = "system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif"
#: Characters that XML cannot hold, and control characters.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_READABLE = 4.5  # WCAG AA; on any colour either white or black reaches it
_SHADES: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]] = MappingProxyType(
    {
        "light": ((0xEE, 0xF4, 0xFA), (0x0B, 0x4A, 0x82)),
        "dark": ((0x1B, 0x25, 0x32), (0x7D, 0xB8, 0xEC)),
    }
)


def clean(written: object, limit: int = 120) -> str:
    r"""Replace control characters in untrusted text, and truncate it to *limit* characters.

    Examples
    --------
    >>> clean("bell\x07"), clean("x" * 200, 5)
    ('bell�', 'xxxx…')
    """
    plain = _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", str(written))
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as WCAG defines it, from 1 to 21.

    Examples
    --------
    >>> contrast("#000000", "#ffffff")
    21.0
    """
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def ink_on(paper: str) -> str:
    """Return the text colour that is readable on a background colour."""
    return next(ink for ink in (INK, PAPER, "#000000") if contrast(ink, paper) >= _READABLE)


def shade(share: float, theme: str = "light") -> str:
    """Return the shade for a share from 0 to 1; text is readable on every shade."""
    at = min(max(share if share == share else 0.0, 0.0), 1.0) ** 0.6
    parts = (round(a + (b - a) * at) for a, b in zip(*_SHADES[theme], strict=True))
    return "#" + "".join(f"{part:02x}" for part in parts)


class Picture(str):
    """SVG text that a notebook displays as a picture."""

    __slots__ = ()

    def _repr_svg_(self) -> str:
        return str(self)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the SVG into a file."""
        Path(path).write_text(str(self), encoding="utf-8")


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _attributes(attributes: dict[str, Any]) -> str:
    return "".join(
        f' {name.replace("_", "-")}="{_n(value) if isinstance(value, float) else html.escape(str(value))}"'  # noqa: E501
        for name, value in attributes.items()
        if value is not None
    )


class Canvas:
    """Canvas that collects the elements of an SVG.

    Parameters
    ----------
    width, height
        Size in pixels; the picture scales.
    title
        Description of the picture for screen readers.
    theme
        ``light`` or ``dark``: the page that the picture is shown on.

    Raises
    ------
    InputError
        There is no such theme.
    """

    def __init__(self, width: float, height: float, title: str, theme: str = "light") -> None:
        check_known(
            "there is no theme {key!r}; known are {known}",
            key=[theme],
            known=_THEMES,
            error=InputError,
        )
        self.width, self.height, self._title, self.theme = width, height, title, theme
        self._colours = _THEMES[theme]
        self._parts: list[str] = []

    def colour(self, colour: str) -> str:
        """Return the colour of the theme for one of a light page."""
        return self._colours.get(colour, colour)

    def _mark(self, name: str, title: str | None = None, **attributes: Any) -> None:
        for which in ("fill", "stroke"):
            if which in attributes:
                attributes[which] = self.colour(attributes[which])
        tip = f"<title>{html.escape(clean(title, 300))}</title>" if title else ""
        end = f">{tip}</{name}>" if tip else "/>"
        self._parts.append(f"<{name}{_attributes(attributes)}{end}")

    def line(
        self,
        start: tuple[float, float],
        end: tuple[float, float],
        stroke: str = GRID,
        width: float = 1.0,
        dash: str | None = None,
    ) -> None:
        """Draw a straight line."""
        (x1, y1), (x2, y2) = start, end
        self._mark(
            "line",
            x1=float(x1),
            y1=float(y1),
            x2=float(x2),
            y2=float(y2),
            stroke=stroke,
            stroke_width=width,
            stroke_dasharray=dash,
        )

    def curve(self, points: Iterable[tuple[float, float]], stroke: str, width: float) -> None:
        """Draw a line through points."""
        joined = "L".join(f"{_n(x)} {_n(y)}" for x, y in points)
        self._mark(
            "path",
            d="M" + joined,
            fill="none",
            stroke=stroke,
            stroke_width=width,
            stroke_linejoin="round",
        )

    def shape(
        self, path: str, fill: str, *, opacity: float | None = None, title: str | None = None
    ) -> None:
        """Fill a path."""
        self._mark(
            "path",
            title,
            d=path,
            fill=fill,
            fill_opacity=None if opacity is None else f"{opacity:.2f}",
        )

    def box(
        self,
        place: tuple[float, float],
        size: tuple[float, float],
        fill: str,
        *,
        radius: float | None = None,
        title: str | None = None,
    ) -> None:
        """Fill a rectangle."""
        self._mark(
            "rect",
            title,
            x=float(place[0]),
            y=float(place[1]),
            width=float(size[0]),
            height=float(size[1]),
            fill=fill,
            rx=radius,
        )

    def dot(
        self,
        centre: tuple[float, float],
        radius: float,
        fill: str,
        *,
        opacity: float | None = None,
        title: str | None = None,
    ) -> None:
        """Fill a circle."""
        self._mark(
            "circle",
            title,
            cx=float(centre[0]),
            cy=float(centre[1]),
            r=float(radius),
            fill=fill,
            fill_opacity=None if opacity is None else f"{opacity:.2f}",
        )

    def text(
        self,
        place: tuple[float, float],
        written: str,
        *,
        size: int = 12,
        fill: str = INK,
        anchor: str | None = None,
        weight: int | None = None,
        halo: bool = False,
        upward: bool = False,
        paper: str | None = None,
    ) -> None:
        """Draw a line of text.

        *halo* outlines it against other elements, *upward* rotates it, and *paper* is the colour
        of the box that it stands on, if not that of the page.
        """
        attributes: dict[str, Any] = {
            "x": float(place[0]),
            "y": float(place[1]),
            "font_size": size,
            "fill": self.colour(fill) if paper is None else ink_on(paper),
            "text_anchor": anchor,
            "font_weight": weight,
        }
        if upward:
            attributes["transform"] = f"rotate(-90 {_n(place[0])} {_n(place[1])})"
        if halo:
            attributes |= {
                "stroke": self.colour(PAPER),
                "stroke_width": "4",
                "paint_order": "stroke",
            }
        self._parts.append(f"<text{_attributes(attributes)}>{html.escape(clean(written))}</text>")

    def picture(self) -> Picture:
        """Return the finished SVG."""
        label = html.escape(clean(self._title, 300))
        return Picture(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(self.width)} '
            f'{_n(self.height)}" width="{_n(self.width)}" height="{_n(self.height)}" role="img" '
            f'aria-label="{label}" font-family="{_FONT}" style="max-width:100%;height:auto">'
            f'<rect width="100%" height="100%" fill="{self.colour(PAPER)}"/>'
            + "".join(self._parts)
            + "</svg>"
        )


def stacked(pictures: Iterable[Picture], title: str) -> Picture:
    """Return pictures of one width, one below another, as one picture."""
    width = height = 0.0
    parts = []
    for picture in pictures:
        size = _SIZE.search(picture)
        assert size is not None
        parts.append(picture.replace("<svg ", f'<svg y="{_n(height)}" ', 1))
        width, height = max(width, float(size[1])), height + float(size[2])
    label = html.escape(clean(title, 300))
    return Picture(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(width)} {_n(height)}" '
        f'width="{_n(width)}" height="{_n(height)}" role="img" aria-label="{label}" '
        'style="max-width:100%;height:auto">' + "".join(parts) + "</svg>"
    )


_SIZE = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')

"""Results that draw themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from abcxyz.charts.svg import Picture

__all__ = ["Drawn"]


class Drawn:
    """Something `abcxyz.charts` knows a picture of.

    Notes
    -----
    The one door from the core to the floor above: it opens when a picture is asked for, so that
    classifying loads nothing of it.
    """

    __slots__ = ()

    def plot(self, lang: str = "en", **options: Any) -> Picture:
        """Draw it; a notebook shows the picture, `str` and `Picture.save` give its SVG.

        Parameters
        ----------
        lang
            ``en`` or ``ru``.
        **options
            Of the function in `abcxyz.charts` that draws this, such as ``width``.
        """
        from abcxyz.charts import draw

        return draw(self, lang, **options)

"""Chart of the coefficients of variation, with the limits of X and Y."""

from __future__ import annotations

import numpy as np

from abcxyz.charts.curves import Plot, bands, legend, nothing
from abcxyz.charts.shapes import thinned
from abcxyz.charts.svg import CLASS_COLOURS, MUTED, TANGENT, Canvas, Picture
from abcxyz.core.classes.results import XyzResult
from abcxyz.core.classes.segments import XYZ
from abcxyz.i18n import text

__all__ = ["variations"]


def variations(
    xyz: XyzResult, lang: str = "en", *, width: float = 640, theme: str = "light"
) -> Picture:
    """Draw the customers by their coefficient of variation, with the limits of X and Y.

    Parameters
    ----------
    xyz
        Classification by regularity.
    lang
        Language of the labels and numbers.
    width
        Width in pixels; below 400 the layout is for a phone.
    theme
        ``light`` or ``dark``.

    Returns
    -------
    Picture
        SVG text. Customers whose coefficient is not defined stand at the right end, without a
        point.

    Examples
    --------
    >>> from abcxyz import classify_cv
    >>> variations(classify_cv([1.5, 0.9, 0.6, 0.3, 0.2, 0.1]))[:4]
    '<svg'
    """
    title = text("Coefficients of variation by customer", lang)
    order = np.argsort(np.where(xyz.codes < 0, np.inf, xyz.cv), kind="stable")
    order = order[xyz.codes[order] >= 0]
    cv = xyz.cv[order]
    cv = cv[~np.isnan(cv)]
    if not len(cv):
        return nothing(lang, width, title, theme)
    narrow = width < 400
    canvas = Canvas(width, 330 if narrow else round(width * 0.6), title, theme)
    end = legend(
        canvas,
        16,
        [
            (text("coefficient of variation", lang), CLASS_COLOURS[0], None),
            (text("limits of the rule", lang), TANGENT, "6 4"),
        ],
    )
    canvas.text((52.0, end + 20), text("coefficient of variation", lang), fill=MUTED)
    top = max(float(cv[-1]), 0.1)
    plot = Plot(canvas, end + 32, float(len(order)), top * 1.02)
    # A customer with one order is Z whatever the coefficient, so that classes may overlap.
    steady, middle = (float(np.count_nonzero(xyz.codes == code)) for code in (0, 1))
    bands(plot, (0.0, steady, steady + middle, float(len(order))), top, XYZ)
    plot.axes(lang, text("customers, the steadiest first", lang), shares=False)
    for limit in (xyz.cuts.first, xyz.cuts.second):
        if 0 <= limit <= top:
            canvas.line(plot.at(0, limit), plot.at(len(order), limit), TANGENT, 1.6, "6 4")
    x, y = thinned(np.arange(1, len(cv) + 1, dtype=float), cv, ())
    points = [plot.at(*point) for point in zip(x.tolist(), y.tolist(), strict=True)]
    canvas.curve([plot.at(0, float(cv[0])), *points], CLASS_COLOURS[0], 2.6)
    return canvas.picture()

"""Charts of results, as SVG text for pages and notebooks.

``charts.curve(result)`` returns a `Picture`: SVG text that a notebook displays. The same charts on
matplotlib axes are in `abcxyz.charts.axes`.
"""

from __future__ import annotations

from typing import Any

from abcxyz.charts.curves import curve, lorenz
from abcxyz.charts.flows import flow
from abcxyz.charts.svg import Picture
from abcxyz.charts.tiles import heat_map, quadrant
from abcxyz.core.classes.matrix import Matrix
from abcxyz.core.classes.results import AbcResult
from abcxyz.core.dynamics.transitions import Transitions
from abcxyz.errors import InputError

__all__ = ["Picture", "curve", "draw", "flow", "heat_map", "lorenz", "quadrant"]


def draw(result: object, lang: str = "en", **options: Any) -> Picture:
    """Draw the chart that fits the type of a result.

    Parameters
    ----------
    result
        An `AbcResult`, `Matrix` or `Transitions`.
    lang
        Language of the labels and numbers.
    **options
        Options of `curve`, `heat_map` or `flow`.

    Raises
    ------
    InputError
        There is no chart for the type.

    Examples
    --------
    >>> from abcxyz import classify_abc
    >>> "K: 1 customer" in draw(classify_abc([9, 2, 1]))
    True
    """
    if isinstance(result, AbcResult):
        return curve(result, lang, **options)
    if isinstance(result, Matrix):
        return heat_map(result, lang, **options)
    if isinstance(result, Transitions):
        return flow(result, lang, **options)
    raise InputError(
        "there is no picture of {kind}; draw an AbcResult, a Matrix or Transitions",
        kind=type(result).__name__,
    )

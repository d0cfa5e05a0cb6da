"""Decomposition of the change of an overall rate into rate and mix (Kitagawa)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, ArrayLike
from abcxyz.errors import InputError

__all__ = ["RateMix", "rate_and_mix"]

Numbers = npt.NDArray[Any]
"""Floats, or objects that are fractions."""


@frozen
class RateMix:
    """Parts of the change of an overall rate.

    Parameters
    ----------
    rate
        (…, k) part of each group by its own rate.
    mix
        (…, k) part of each group by its share of the whole.
    weight
        (…, k) mean share of each group before and after.
    before, after
        (…) overall rates.
    """

    __hash__ = None  # type: ignore[assignment]

    rate: Numbers = field(eq=SAME_ARRAYS)
    mix: Numbers = field(eq=SAME_ARRAYS)
    weight: Numbers = field(eq=SAME_ARRAYS)
    before: Any
    after: Any

    @property
    def difference(self) -> Any:
        """``after - before``, which is the sum of all parts."""
        return self.after - self.before


def _numbers(values: ArrayLike) -> Numbers:
    """Convert whole numbers to fractions, so that they stay exact."""
    array = np.asarray(values)
    if array.dtype.kind in "iub":
        array = array.astype(object)
    if array.dtype != object:
        return np.asarray(array, dtype=np.float64)
    whole = [Fraction(one) if isinstance(one, int) else one for one in array.ravel().tolist()]
    result = np.empty(len(whole), dtype=object)
    result[:] = whole
    return result.reshape(array.shape)


def rate_and_mix(
    total_before: ArrayLike,
    count_before: ArrayLike,
    total_after: ArrayLike,
    count_after: ArrayLike,
) -> RateMix:
    """Split the change of an overall rate into the groups' rates and their shares.

    Parameters
    ----------
    total_before, total_after
        (…, k) successes, or sums of values, of each group.
    count_before, count_after
        (…, k) trials, or numbers of values. Whole numbers and fractions give exact fractions;
        leading axes are separate problems.

    Returns
    -------
    RateMix

    Raises
    ------
    InputError
        No trials at all before or after.

    Notes
    -----
    Kitagawa (1955): with the shares w of the trials, the rates r, and the overall rates R,
    ``rate = (w0 + w1) / 2 * (r1 - r0)`` and ``mix = (w1 - w0) * ((r0 + r1) / 2 - (R0 + R1) / 2)``.
    A group on one side only has no change of its rate, so its whole part is mix.

    Examples
    --------
    Every source rises, and the whole falls:

    >>> parts = rate_and_mix([10, 60], [100, 100], [45, 33], [300, 50])
    >>> str(parts.rate.sum()), str(parts.mix.sum()), str(parts.difference)
    ('149/2800', '-101/560', '-89/700')
    """
    x0, n0, x1, n1 = np.broadcast_arrays(
        *(_numbers(one) for one in (total_before, count_before, total_after, count_after))
    )
    all0, all1 = n0.sum(axis=-1), n1.sum(axis=-1)
    for which, whole in (("before", all0), ("after", all1)):
        if not np.all(np.asarray(whole > 0)):
            raise InputError(
                "nothing is counted {which} the change; choose a window with data", which=which
            )
    rate0, rate1 = _rates(x0, n0, x1, n1)
    before, after = x0.sum(axis=-1) / all0, x1.sum(axis=-1) / all1
    w0, w1 = n0 / _column(all0), n1 / _column(all1)
    middle = _column((before + after) / 2)
    return RateMix(
        (w0 + w1) / 2 * (rate1 - rate0),
        (w1 - w0) * ((rate0 + rate1) / 2 - middle),
        (w0 + w1) / 2,
        before,
        after,
    )


def _column(whole: Any) -> Any:
    """Align the figures of whole problems with their groups."""
    return whole[..., None] if isinstance(whole, np.ndarray) else whole


def _rates(x0: Numbers, n0: Numbers, x1: Numbers, n1: Numbers) -> tuple[Numbers, Numbers]:
    """Return the rates; a group without trials on one side has the rate of the other."""
    one = np.ones_like(n0)
    none0, none1 = np.asarray(n0 == 0, dtype=bool), np.asarray(n1 == 0, dtype=bool)
    rate0 = np.where(none0, 0 * one, x0) / np.where(none0, one, n0)
    rate1 = np.where(none1, 0 * one, x1) / np.where(none1, one, n1)
    return np.where(none0, rate1, rate0), np.where(none1, rate0, rate1)

"""Warnings of classes that mean nothing: one holds nearly everybody, or X is not steady."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

import numpy as np

from abcxyz.core.classes.results import XyzResult
from abcxyz.errors import MeaninglessClassesWarning, UnsteadyClassWarning

__all__ = ["crowded_warning", "unsteady_x_warning", "warn_of_unsteady_x", "warn_of_xyz"]

_CROWDED = 0.9
_FEW = 10  # with fewer customers a crowded class is no evidence


def unsteady_x_warning(cut: float) -> UnsteadyClassWarning | None:
    """Return a warning if class X includes coefficients of variation above 100 %.

    Parameters
    ----------
    cut
        The largest CV of X, as a fraction.
    """
    if not 1 < cut < math.inf:
        return None
    return UnsteadyClassWarning(
        "class X includes coefficients of variation up to {cut:.0%}, and above 100% purchases are "
        "not steady; take a longer period or a coarser bucket, or set limits by hand",
        cut=cut,
    )


def warn_of_unsteady_x(result: XyzResult, *, stacklevel: int = 2) -> None:
    """Warn if class X of ten or more customers includes CVs above 100 %."""
    counts = np.bincount(result.codes[result.codes >= 0], minlength=3)
    problem = unsteady_x_warning(result.cuts.first)
    if problem is not None and counts.sum() >= _FEW and counts[0]:
        warnings.warn(problem, stacklevel=stacklevel + 1)


def warn_of_xyz(counts: Sequence[int], cut: float, *, stacklevel: int = 2) -> None:
    """Warn of classes that were counted elsewhere, as `classify_xyz` and `warn_of_unsteady_x` do.

    Parameters
    ----------
    counts
        Number of customers of X, Y and Z.
    cut
        The largest CV of X.
    stacklevel
        As in :func:`warnings.warn`, counted from the caller.
    """
    few = sum(counts) < _FEW
    unsteady = unsteady_x_warning(cut) if counts[0] and not few else None
    for problem in (crowded_warning(counts), unsteady):
        if problem is not None:
            warnings.warn(problem, stacklevel=stacklevel + 1)


def crowded_warning(counts: Sequence[int]) -> MeaninglessClassesWarning | None:
    """Return the warning if one class holds nearly all of ten or more customers."""
    classified, largest = sum(counts), max(counts)
    if classified < _FEW or largest <= _CROWDED * classified:
        return None
    return MeaninglessClassesWarning(
        "{share:.0%} of the customers are {letter}; the classes say little: take a longer "
        "period or a coarser bucket, or other limits",
        share=largest / classified,
        letter="XYZ"[list(counts).index(largest)],
    )

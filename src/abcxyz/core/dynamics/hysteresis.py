"""Hysteresis: a class changes past a band around its cut, or after two runs in a row."""

from __future__ import annotations

import attrs
import numpy as np

from abcxyz._arrays import ArrayLike, Bools, Codes, Numbers, freeze
from abcxyz.core.classes.results import AbcResult, XyzResult
from abcxyz.core.classes.rules import Cuts
from abcxyz.core.dynamics.alignment import Alignment
from abcxyz.core.snapshots.snapshot import Snapshot
from abcxyz.errors import InputError

__all__ = ["BAND", "steadied", "steady"]

BAND = 0.02
"""Half width of the band around a cut, as a share of the cut."""


def steady(
    codes: ArrayLike,
    values: ArrayLike,
    cuts: Cuts,
    *,
    before: ArrayLike,
    before_steady: ArrayLike | None = None,
    band: float = BAND,
    upper: bool = False,
) -> Codes:
    """Stabilise classes with hysteresis: ignore small moves around the cuts.

    Parameters
    ----------
    codes
        (n,) raw classes of this run; -1 not classified.
    values
        (n,) classified values: money, or coefficients of variation.
    cuts
        Cuts of this run.
    before
        (n,) raw classes of the previous run; -1 or -2 where there was none.
    before_steady
        (n,) steadied classes of the previous run; None for the raw ones.
    band
        Half width as a share of the cut: 0.02 is ±2 %; 0 disables hysteresis.
    upper
        Whether the cuts are upper limits, as those of coefficients of variation are.

    Returns
    -------
    numpy.ndarray
        (n,) int8 steadied classes.

    Raises
    ------
    InputError
        Arrays of different lengths, or a band outside 0 to 1.

    Notes
    -----
    As in a Schmitt trigger, every cut is moved by the band away from the customer's previous
    class, and the class is determined with the moved cuts. The raw class is taken immediately if
    it lies on the same side of the steadied one for the second run in a row, if either run has
    no class, and if something other than the cuts decided it (such as a single order).

    Examples
    --------
    >>> was = [0, 0, 1]
    >>> steady([1, 1, 0], [99.0, 97.0, 101.0], Cuts(100, 50), before=was).tolist()
    [0, 1, 1]
    >>> steady([1], [99.0], Cuts(100, 50), before=[1], before_steady=[0]).tolist()
    [1]
    """
    raw = np.asarray(codes, dtype=np.int8)
    was = np.asarray(before, dtype=np.int8)
    previous = was if before_steady is None else np.asarray(before_steady, dtype=np.int8)
    measured = np.asarray(values)
    for name, column in (("values", measured), ("before", was), ("before_steady", previous)):
        if column.shape != raw.shape:
            raise InputError(
                "{name} has {count} {count:value|values} for {customers} "
                "{customers:customer|customers}; give one per customer",
                name=name,
                count=len(column),
                customers=len(raw),
            )
    if not 0 <= band < 1:
        raise InputError(
            "the band is {band!r}; give a share of the cut from 0 to below 1, such as 0.02",
            band=band,
        )
    undecided = (raw >= 0) & (previous >= 0) & (raw != previous)
    again = (was >= 0) & (np.sign(was - previous) == np.sign(raw - previous))
    undecided &= ~again & (_read(measured, cuts, upper) == raw)
    result = raw.copy()
    for code in range(3):
        mine = np.flatnonzero(undecided & (previous == code))
        if len(mine):
            result[mine] = _read(measured[mine], _moved(cuts, code, band, upper=upper), upper)
    return freeze(result)


def _moved(cuts: Cuts, code: int, band: float, *, upper: bool) -> Cuts:
    """Return both cuts moved away from a class by the band."""

    def away(cut: float, place: int) -> float:
        # Upper limits grow towards the worse classes, lower ones towards the better.
        outwards = 1 if (place >= code) == upper else -1
        return cut + outwards * band * abs(cut)

    return Cuts(away(cuts.first, 0), away(cuts.second, 1))


def _read(values: Numbers, cuts: Cuts, upper: bool) -> Codes:
    if upper:
        past: tuple[Bools, Bools] = (values > cuts.first), (values > cuts.second)
    else:
        past = (values < cuts.first), (values < cuts.second)
    return past[0].astype(np.int8) + past[1]


def steadied(
    snapshot: Snapshot,
    previous: Snapshot,
    aligned: Alignment,
    abc: AbcResult,
    xyz: XyzResult,
    *,
    band: float = BAND,
) -> Snapshot:
    """Apply hysteresis to both classes of a snapshot.

    Parameters
    ----------
    snapshot
        Made of *abc* and *xyz*.
    previous
        The previous snapshot.
    aligned
        Alignment of the customers of *previous* and *snapshot*, in this order.
    abc, xyz
        Both classifications, for their cuts.
    band
        As in `steady`.
    """
    here = slice(0, len(snapshot))

    def of_before(name: str) -> Codes:
        codes: Codes = aligned.of_before(getattr(previous, name), -1)[here]
        return codes

    return attrs.evolve(
        snapshot,
        steady_abc=steady(
            snapshot.abc,
            snapshot.value,
            abc.cuts,
            before=of_before("abc"),
            before_steady=of_before("steady_abc"),
            band=band,
        ),
        steady_xyz=steady(
            snapshot.xyz,
            snapshot.cv,
            xyz.cuts,
            before=of_before("xyz"),
            before_steady=of_before("steady_xyz"),
            band=band,
            upper=True,
        ),
    )

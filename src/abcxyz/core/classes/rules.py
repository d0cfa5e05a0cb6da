"""Classification rules: each computes two cut values from the values of all customers.

With two cut values a class is one comparison per customer, equal customers get equal classes, and
the cuts explain every class. The metadata of a parameter describe what it means for the classes
A, B, C (key ``abc``) and X, Y, Z (key ``xyz``), if it applies to them.
"""

from __future__ import annotations

import math
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
from attrs import field, frozen

from abcxyz._arrays import ArrayLike, Floats, as_numbers, same_numbers
from abcxyz.core.classes.cumulative_walk import walk
from abcxyz.core.classes.share_cuts import count_cut, share_cut
from abcxyz.core.sums import NEAR, Survey, survey
from abcxyz.errors import InputError

__all__ = [
    "CV_NEAR",
    "CountShares",
    "CumulativeMean",
    "Cuts",
    "CvRule",
    "Limits",
    "Rule",
    "Shares",
    "Tangent",
]

CV_NEAR = 1e-12
"""Relative distance at which two coefficients of variation count as equal; also the size up to
which one counts as zero. Larger than for amounts, because of the difference and square root."""


@frozen(field_transformer=same_numbers)
class Cuts:
    """Cut values of a rule, in the unit of the values.

    Parameters
    ----------
    first, second
        On amounts the lower limits of A and of B; on coefficients of variation the upper limits
        of X and of Y. Infinite if the better class is empty, NaN if no customer is classified.
    """

    first: float
    second: float


@runtime_checkable
class Rule(Protocol):
    """Protocol of a classification rule.

    Optional members are defined in `abcxyz.core.classes.rule_traits`.
    """

    def cut(self, values: ArrayLike, /) -> Cuts:
        """Return the limits for classified *values* in any order."""
        ...


@runtime_checkable
class CvRule(Protocol):
    """A rule with a separate method for coefficients of variation."""

    def cut_cv(self, cv: ArrayLike, /) -> Cuts:
        """Return the upper limits of X and Y for defined coefficients of variation."""
        ...


def _surveyed(values: ArrayLike) -> Survey:
    column = survey(as_numbers(values, "values", finite=False))
    if not column.count:
        raise InputError("{name} holds no classified value; nobody has sales", name="values")
    return column


def _defined(cv: ArrayLike) -> Floats:
    array = as_numbers(cv, "cv").astype(np.float64, copy=False)
    array = array[~np.isnan(array)]
    if not len(array):
        raise InputError("{name} holds no classified value; nobody has sales", name="cv")
    return array


def _at_least(total: float, count: int, *, whole: bool) -> float | int:
    """Return a mean that serves as a lower limit, exact for integers."""
    mean = total / count
    if not whole:
        return mean
    if abs(total) > count << 53:
        return -(-int(total) // count)
    # The division rounds; a limit below the true mean could let a smaller integer pass.
    below = mean.as_integer_ratio()
    return math.nextafter(mean, math.inf) if below[0] * count < int(total) * below[1] else mean


@frozen
class Tangent:
    """Tangent method: cuts at the mean, and at the mean of the rest.

    A customer not below the mean is A, one not below the mean of the rest is B. On coefficients
    of variation Z lies above the mean, Y above the mean of the rest. A tie goes to the better
    class. Values of zero or less are C.

    Notes
    -----
    The tangent parallel to the chord of the curve touches it where the values pass their mean,
    see the page on methods. This is the published description of the method of 1C:CRM; what
    "Управление торговлей" 11.5 computes is `CumulativeMean`.

    Examples
    --------
    >>> Tangent().cut([500, 300, 200, 100, 50, 40, 30, 20, 10, 5])
    Cuts(first=125.5, second=36.42857142857143)
    """

    single_order: ClassVar[bool] = True

    def cut(self, values: ArrayLike, /) -> Cuts:
        """Find the mean and the mean of the rest, in two passes and without sorting."""
        return self.cut_survey(_surveyed(values))

    def cut_survey(self, column: Survey) -> Cuts:
        """Return the limits for a column with precomputed statistics."""
        if column.high <= column.zero:
            return Cuts(math.inf, math.inf)
        first = _at_least(column.total, column.count, whole=column.whole)
        limit = math.ceil(first) if column.whole else first - NEAR * abs(first)
        count, total = column.below(limit)
        second = _at_least(total, count, whole=column.whole) if count else first
        if second > column.zero:
            return Cuts(first, second)
        # Zero and less stay in C where a mean would let them pass.
        least = column.least_positive()
        return Cuts(first, min(first, least)) if first > column.zero else Cuts(least, least)

    def cut_cv(self, cv: ArrayLike, /) -> Cuts:
        """Find the mean, the upper limit of Y, and the mean of the rest, that of X."""
        array = _defined(cv)
        mean = float(array.mean())
        rest = array[array <= mean * (1 + CV_NEAR)]
        return Cuts(max(float(rest.mean()), CV_NEAR), max(mean, CV_NEAR))


@frozen
class CumulativeMean:
    """Cumulative-percentage rule of 1C "Управление торговлей" 11.5.

    From the largest value on, the class changes where the cumulative percentage exceeds the mean
    of those not yet passed. Equal values get the class of the first of them.

    Parameters
    ----------
    cv_decimals
        Number of decimals to which the CV, as a percentage, is rounded first; 1C probably rounds
        to 2 decimals for money and 0 for the count. No rounding by default.

    Notes
    -----
    The quirks of 1C are reproduced: a dominant customer is B, a single one is C, zeros may be A,
    and duplicating all customers changes the result. CVs follow 1C too: 0 where the mean is 0,
    and ``|s/m|`` where it is negative.

    Examples
    --------
    >>> CumulativeMean().cut([9500, 200, 100, 100, 100])
    Cuts(first=inf, second=200)
    """

    cv_decimals: int | None = field(
        default=None, metadata={"xyz": "round the CV first, as 1C does to 2"}
    )

    single_order: ClassVar[bool] = False
    signless: ClassVar[bool] = True

    def cut(self, values: ArrayLike, /) -> Cuts:
        """Return the smallest values of A and of B."""
        return self.cut_survey(_surveyed(values))

    def cut_survey(self, column: Survey) -> Cuts:
        """Return the limits for a column with precomputed statistics."""
        down = np.sort(column.classified())[::-1]
        first, second = walk(down, float(column.total), 0.0 if column.whole else NEAR)
        return Cuts(
            down[first - 1].item() if first else math.inf,
            down[second - 1].item() if second else math.inf,
        )

    def cut_cv(self, cv: ArrayLike, /) -> Cuts:
        """Return the largest CVs of X and of Y."""
        down = np.sort(self.rounded(_defined(cv)))[::-1]
        down[down <= CV_NEAR] = 0.0
        first, second = walk(down, float(down.sum()), CV_NEAR)
        return Cuts(
            float(down[second]) if second < len(down) else -math.inf,
            float(down[first]) if first < len(down) else -math.inf,
        )

    def rounded(self, cv: Floats) -> Floats:
        """Round to `cv_decimals` decimals of a percent."""
        if self.cv_decimals is None:
            return cv
        rounded: Floats = np.round(cv * 100, self.cv_decimals) / 100
        return rounded


def _check_shares(name: str, a: float, b: float) -> None:
    for value in (a, b):
        if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
            raise InputError(
                "{name} got the share {value!r}; pass numbers such as 0.80 and 0.95",
                name=name,
                value=value,
            )
    if not 0 < a < b <= 1:
        raise InputError(
            "{name} got the shares {a} and {b}; they are cumulative, so 0 < a < b <= 1 must hold, "
            "such as 0.80 and 0.95",
            name=name,
            a=a,
            b=b,
        )


@frozen
class Shares:
    """Fixed shares of the value: A brings 80 %, A and B together 95 %.

    The customer who crosses a threshold belongs to the better class. Shares are of the sum of
    positive values; a value of zero or less is C.

    Parameters
    ----------
    a, b
        Cumulative shares, 0 < a < b <= 1.

    Raises
    ------
    InputError
        Shares out of order.

    Examples
    --------
    >>> Shares(0.80, 0.95).cut([80, 15, 5])
    Cuts(first=80, second=15)
    """

    a: float = field(default=0.80, metadata={"abc": "the share of A"})
    b: float = field(default=0.95, metadata={"abc": "the share of A and B"})

    def __attrs_post_init__(self) -> None:
        _check_shares("Shares", self.a, self.b)

    def cut(self, values: ArrayLike, /) -> Cuts:
        """Return the values at the two shares, without sorting all values."""
        return self.cut_survey(_surveyed(values))

    def cut_survey(self, column: Survey) -> Cuts:
        """Return the limits for a column with precomputed statistics."""
        return Cuts(*share_cut(column, (self.a, self.b)))


@frozen
class CountShares:
    """Fixed shares of the customers: the first 20 % are A, the first 50 % A or B.

    Parameters
    ----------
    a, b
        Cumulative shares, 0 < a < b <= 1.

    Raises
    ------
    InputError
        Shares out of order.

    Examples
    --------
    >>> CountShares().cut([500, 300, 200, 100, 50, 40, 30, 20, 10, 5])
    Cuts(first=300, second=50)
    """

    a: float = field(default=0.20, metadata={"abc": "the share of A"})
    b: float = field(default=0.50, metadata={"abc": "the share of A and B"})

    def __attrs_post_init__(self) -> None:
        _check_shares("CountShares", self.a, self.b)

    def cut(self, values: ArrayLike, /) -> Cuts:
        """Return the values at the two ranks, without sorting all values."""
        return self.cut_survey(_surveyed(values))

    def cut_survey(self, column: Survey) -> Cuts:
        """Return the limits for a column with precomputed statistics."""
        return Cuts(*count_cut(column, (self.a, self.b)))


def _limit(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise InputError("the limit {value!r} is not a number; pass one such as 0.25", value=value)
    if not math.isfinite(value):
        raise InputError("the limit {value!r} is not finite; pass a number", value=value)
    return float(value)


@frozen
class Limits:
    """Fixed limits, set by hand.

    Parameters
    ----------
    first, second
        On coefficients of variation the upper limits of X and of Y, rising; on amounts the lower
        limits of A and of B, falling. Both limits belong to the better class.

    Examples
    --------
    >>> Limits().cut_cv([0.1, 0.2, 0.3])
    Cuts(first=0.1, second=0.25)
    """

    first: float = field(
        default=0.10,
        converter=_limit,
        metadata={"abc": "the least value of A", "xyz": "the largest CV of X"},
    )
    second: float = field(
        default=0.25,
        converter=_limit,
        metadata={"abc": "the least value of B", "xyz": "the largest CV of Y"},
    )

    single_order: ClassVar[bool] = True

    def cut(self, values: ArrayLike, /) -> Cuts:  # noqa: ARG002 - limits do not depend on values
        """Return the limits; the values are ignored.

        Raises
        ------
        InputError
            Limits of amounts that do not fall.
        """
        if self.first < self.second:
            raise InputError(
                "the limits of ABC are {first} and {second}; give the lower limit of A, then the "
                "smaller one of B",
                first=self.first,
                second=self.second,
            )
        return Cuts(self.first, self.second)

    def cut_survey(self, column: Survey) -> Cuts:
        """Return the limits for a column with precomputed statistics."""
        return self.cut(column.values)

    def cut_cv(self, cv: ArrayLike, /) -> Cuts:  # noqa: ARG002
        """Return the limits; the CVs are ignored.

        Raises
        ------
        InputError
            Limits of CVs that are negative or do not rise.
        """
        if not 0 <= self.first <= self.second:
            raise InputError(
                "the limits of XYZ are {first} and {second}; give the upper limit of X, then the "
                "larger one of Y, such as 0.10 and 0.25",
                first=self.first,
                second=self.second,
            )
        return Cuts(self.first, self.second)

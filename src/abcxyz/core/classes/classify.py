"""ABC classification of amounts and XYZ classification of series, in input order."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from abcxyz._arrays import (
    ArrayLike,
    Bools,
    Codes,
    Floats,
    Numbers,
    as_numbers,
    freeze,
    separate,
)
from abcxyz.core.classes.meaningless import crowded_warning, unsteady_x_warning
from abcxyz.core.classes.results import AbcResult, XyzResult
from abcxyz.core.classes.rule_traits import SurveyRule, is_signless, single_order_is_z
from abcxyz.core.classes.rules import (
    CV_NEAR,
    CountShares,
    CumulativeMean,
    Cuts,
    CvRule,
    Rule,
    Shares,
    Tangent,
)
from abcxyz.core.classes.variation import (
    coefficient_of_variation,
    order_counts,
    series,
    variation,
)
from abcxyz.core.labels import labelled
from abcxyz.core.one_pass import survey_once
from abcxyz.core.sums import NEAR, Survey, survey
from abcxyz.errors import InputError, MeaninglessClassesWarning

__all__ = [
    "classify_abc",
    "classify_cv",
    "classify_xyz",
    "coefficient_of_variation",
    "cut_amounts",
    "cut_variations",
]


def classify_abc(
    values: ArrayLike,
    rule: Rule = Tangent(),
    *,
    metric: str = "revenue",
    copy: bool | None = None,
    key: str | None = None,
) -> AbcResult:
    """Divide customers into A, B and C by their value.

    Parameters
    ----------
    values
        (n,) one value per customer, in any unit. NaN (or None) means "no sales": not
        classified, and without influence on other customers. Zero and returns are values.
        Integers (kopecks) are compared exactly.
    rule
        Rule that finds the cuts.
    metric
        Name of the metric, for explanations.
    copy
        Whether the result keeps values of its own, so that it does not change when the caller's
        array does; None copies up to a million values.
    key
        Column of a data frame that holds the labels of the rows. None for the index of pandas, or
        the only column without numbers of polars or pyarrow.

    Returns
    -------
    AbcResult
        With the labels of the rows of a Series or data frame.

    Raises
    ------
    InputError
        The values are not numbers, infinite, of the wrong shape or empty.

    Notes
    -----
    A customer belongs to the better class where the value is not below the cut, up to a relative
    distance of 2**-48.

    Examples
    --------
    >>> classify_abc([500, 300, 200, 100, 50, 40, 30, 20, 10, 5]).labels.tolist()
    ['A', 'A', 'A', 'B', 'B', 'B', 'C', 'C', 'C', 'C']
    """
    _check_rule(rule)
    values, index = labelled(values, "values", key=key)
    array = as_numbers(values, "values", finite=False)
    column = survey_once(array) if isinstance(rule, Tangent) else survey(array)
    cuts, codes = cut_amounts(column, rule)
    return AbcResult(
        codes=freeze(codes),
        values=separate(array, values, copy),
        cuts=cuts,
        rule=rule,
        metric=metric,
        index=index,
    )


def cut_amounts(column: Survey, rule: Rule) -> tuple[Cuts, Codes]:
    """Return the cuts of a column of amounts, and the class of every value."""
    if column.count:
        if isinstance(rule, SurveyRule):
            cuts = rule.cut_survey(column)
        else:
            cuts = rule.cut(column.classified())
    else:
        cuts = Cuts(math.nan, math.nan)
    if not (cuts.first >= cuts.second or column.count == 0):
        raise InputError(
            "{rule} answered the cuts {first} and {second}; the lower limit of A must not be "
            "below that of B",
            rule=rule,
            first=cuts.first,
            second=cuts.second,
        )
    values = column.values
    return cuts, column.codes(_lower(cuts.first, values), _lower(cuts.second, values))


def _check_rule(rule: object) -> None:
    if isinstance(rule, type) or not isinstance(rule, Rule):
        raise InputError(
            "the rule is {rule!r}; pass an object with .cut(values), such as Tangent()", rule=rule
        )


def _lower(cut: float, values: Numbers) -> float:
    """Move a lower limit down by the tolerance; integers need none."""
    if not math.isfinite(cut):
        return cut
    if values.dtype.kind == "i":
        return math.ceil(cut)
    return cut - NEAR * abs(cut)


def classify_xyz(
    sales: ArrayLike,
    rule: Rule | CvRule = Tangent(),
    *,
    ddof: int = 0,
    since_first: bool = False,
    single_order: bool | None = None,
    orders: ArrayLike | None = None,
    key: str | None = None,
) -> XyzResult:
    """Divide customers into X, Y and Z by the regularity of their purchases.

    Parameters
    ----------
    sales
        (customers, periods), at least two periods. NaN is a period without sales; a customer
        without any is not classified.
    rule
        Rule that finds the cuts of the coefficients of variation.
    ddof, since_first
        As in `coefficient_of_variation`.
    single_order
        Whether a customer with at most one sales document is Z regardless of the CV; None for the
        default of the rule (True for `Tangent` and `Limits`, False for `CumulativeMean`).
    orders
        (customers,) number of sales documents; by default the number of nonzero periods. A pandas
        Series is matched by its labels.
    key
        Column of a data frame with the labels of the rows, as in `classify_abc`.

    Returns
    -------
    XyzResult
        With the labels of the rows of a data frame.

    Raises
    ------
    InputError
        The values are not numbers, infinite or of the wrong shape; fewer than two periods;
        negative counts.

    Warns
    -----
    MeaninglessClassesWarning
        Over 90 % of ten or more customers fall into one class. If fewer than three CVs differ, so
        that the tangents find no borders, or class X includes CVs above 100 %, only the result's
        warnings contain it.

    Examples
    --------
    >>> classify_xyz([[10, 10, 10], [0, 30, 0], [9, 11, 10]]).labels.tolist()
    ['X', 'Z', 'Y']
    """
    _check_cv_rule(rule)
    sales, index = labelled(sales, "sales", key=key, ndim=2)
    array = series(sales)
    cv, known, active = variation(array, ddof, since_first, signless=is_signless(rule))
    cv, codes, cuts, problems = _cut(cv, known, rule)
    counted = active if orders is None else order_counts(orders, len(cv), index)
    if single_order_is_z(rule, single_order):
        codes[known & (counted <= 1)] = 2
    return _result(cv, codes, cuts, rule, problems, index)


def classify_cv(
    cv: ArrayLike, rule: Rule | CvRule = Tangent(), *, key: str | None = None
) -> XyzResult:
    """Divide customers into X, Y and Z by precomputed coefficients of variation.

    Parameters
    ----------
    cv
        (n,) as fractions, not percent. NaN is an undefined CV, which is Z.
    rule
        Rule that finds the cuts.
    key
        Column of a data frame with the labels of the rows, as in `classify_abc`.

    Returns
    -------
    XyzResult
        With the labels of the rows of a Series or data frame.

    Raises
    ------
    InputError
        The values are not numbers, infinite, negative or empty.

    Examples
    --------
    >>> classify_cv([1.5, 0.9, 0.6, 0.3, 0.2, 0.1]).labels.tolist()
    ['Z', 'Z', 'Y', 'X', 'X', 'X']
    """
    _check_cv_rule(rule)
    cv, index = labelled(cv, "cv", key=key)
    array = as_numbers(cv, "cv").astype(np.float64, copy=False)
    negative = array < 0
    if negative.any():
        place = int(np.argmax(negative))
        raise InputError(
            "cv holds {value} at position {place}; a coefficient of variation is not negative, "
            "pass NaN where it is undefined",
            value=float(array[place]),
            place=place,
        )
    rounded, codes, cuts, problems = _cut(array, np.ones(len(array), dtype=bool), rule)
    return _result(separate(rounded, cv, None), codes, cuts, rule, problems, index)


def _check_cv_rule(rule: object) -> None:
    if isinstance(rule, type) or not isinstance(rule, (Rule, CvRule)):
        raise InputError(
            "the rule is {rule!r}; pass an object with .cut(values), such as Tangent()", rule=rule
        )
    if isinstance(rule, (Shares, CountShares)):
        raise InputError(
            "{rule} divides amounts; for XYZ use Tangent, CumulativeMean or Limits", rule=rule
        )


def _cut(
    cv: Floats, known: Bools, rule: Rule | CvRule
) -> tuple[Floats, Codes, Cuts, list[MeaninglessClassesWarning]]:
    if isinstance(rule, CumulativeMean):
        cv = rule.rounded(cv)
    defined = cv[~np.isnan(cv)]
    cuts, codes = cut_variations(cv, defined, rule)
    codes[~known] = -1
    problems = []
    if isinstance(rule, Tangent) and len(defined) > 1 and _two_levels(defined):
        problems.append(
            MeaninglessClassesWarning(
                "fewer than three coefficients of variation differ, so the tangents find no "
                "borders; take a finer bucket or a longer period, or set limits by hand"
            )
        )
    return cv, codes, cuts, problems


def cut_variations(cv: Floats, defined: Floats, rule: Rule | CvRule) -> tuple[Cuts, Codes]:
    """Return the cuts of coefficients of variation, and the class of each; Z for NaN.

    Parameters
    ----------
    cv
        (n,) coefficients, NaN where undefined.
    defined
        The defined ones of them.
    rule
        Rule that finds the cuts.
    """
    if not len(defined):
        cuts = Cuts(math.nan, math.nan)
    else:
        cuts = rule.cut_cv(defined) if isinstance(rule, CvRule) else rule.cut(defined)
        if not cuts.first <= cuts.second:
            raise InputError(
                "{rule} answered the cuts {first} and {second}; XYZ needs upper limits that rise: "
                "use Tangent, CumulativeMean or Limits",
                rule=rule,
                first=cuts.first,
                second=cuts.second,
            )
    with np.errstate(invalid="ignore"):
        codes = (cv <= _upper(cuts.second)).view(np.int8)
        codes += cv <= _upper(cuts.first)
    np.subtract(2, codes, out=codes)
    return cuts, codes


def _upper(cut: float) -> float:
    """Move an upper limit up by the tolerance; a finite one always admits a CV of zero."""
    return max(cut + CV_NEAR * abs(cut), CV_NEAR) if math.isfinite(cut) else cut


def _two_levels(cv: Floats) -> bool:
    low, high = float(cv.min()), float(cv.max())
    return not bool(((cv > _upper(low)) & (cv < high - CV_NEAR * high)).any())


def _result(
    cv: Floats,
    codes: Codes,
    cuts: Cuts,
    rule: Rule | CvRule,
    problems: list[MeaninglessClassesWarning],
    index: Any,
) -> XyzResult:
    counts: list[int] = np.bincount(codes[codes >= 0], minlength=3).tolist()
    crowd = crowded_warning(counts)
    if crowd is not None:
        problems.append(crowd)
        warnings.warn(crowd, stacklevel=3)
    unsteady = unsteady_x_warning(cuts.first)
    if unsteady is not None and counts[0]:
        problems.append(unsteady)
    return XyzResult(
        codes=freeze(codes),
        cv=freeze(cv),
        cuts=cuts,
        rule=rule,
        warnings=tuple(str(problem) for problem in problems),
        index=index,
    )

"""Transformers that learn the cuts of ABC and XYZ, and classify other customers by them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from attrs import frozen
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from abcxyz._arrays import Codes, Floats
from abcxyz.core.classes.classify import classify_abc, classify_cv, classify_xyz
from abcxyz.core.classes.results import AbcResult, XyzResult
from abcxyz.core.classes.rule_traits import is_signless, single_order_is_z
from abcxyz.core.classes.rules import CumulativeMean, Cuts, CvRule, Rule, Tangent
from abcxyz.core.classes.segments import ABC, SEGMENTS, XYZ, labels_of, segment_codes
from abcxyz.core.classes.variation import series, variation
from abcxyz.errors import InputError, MeaninglessClassesWarning

__all__ = ["AbcTransformer", "SegmentTransformer", "XyzTransformer"]

_OUTPUTS = ("codes", "labels")


@frozen
class _KnownCuts:
    """A rule whose cuts were found before."""

    cuts: Cuts

    def cut(self, values: object, /) -> Cuts:  # noqa: ARG002
        return self.cuts

    cut_cv = cut


def _learned_amounts(result: AbcResult) -> Cuts:
    if math.isnan(result.cuts.first):
        raise InputError(
            "no customer has sales, so that there are no cuts to learn; pass customers with sales"
        )
    return result.cuts


def _quietly(classify: Callable[..., XyzResult], *args: Any, **options: Any) -> XyzResult:
    """Classify without the warning that the classes say little: a fold may be small."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MeaninglessClassesWarning)
        return classify(*args, **options)


def _abc_codes(amounts: Floats, cuts: Cuts) -> Codes:
    return classify_abc(amounts, _KnownCuts(cuts)).codes


class _Classes(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Base of the transformers: validation of input, and the form of the output."""

    output: str

    def __sklearn_tags__(self) -> Any:
        """Accept missing values: no sales."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _checked(self, X: Any, *, reset: bool, least: int = 1) -> Floats:  # noqa: N803
        if self.output not in _OUTPUTS:
            raise InputError(
                "output is {output!r}; use one of {known}",
                output=self.output,
                known=", ".join(_OUTPUTS),
            )
        array: Floats = validate_data(
            self,
            X,
            reset=reset,
            dtype=np.float64,
            ensure_all_finite="allow-nan",
            ensure_min_features=least,
        )
        return array

    def _written(self, codes: Codes, labels: tuple[str, ...]) -> npt.NDArray[Any]:
        """Return codes as floats with NaN for no class, or labels."""
        if self.output == "labels":
            return labels_of(codes.ravel(), labels).astype(object).reshape(codes.shape)
        numbers = codes.astype(np.float64)
        numbers[codes < 0] = np.nan
        return numbers


class AbcTransformer(OneToOneFeatureMixin, _Classes):  # type: ignore[misc]
    """Learn the lower limits of A and B of every column of amounts, and classify by them.

    Parameters
    ----------
    rule
        Rule that finds the cuts; None for `Tangent`.
    output
        ``codes``: 0 = A, 1 = B, 2 = C, NaN without sales. ``labels``: the letters, an empty text
        without sales.

    Attributes
    ----------
    cuts_ : list of Cuts
        Lower limits of A and B of each column.
    n_features_in_ : int
        Number of columns.

    Notes
    -----
    The cuts come from the customers of `fit` alone, so that no class of a test set depends on the
    test set. On the customers of `fit`, the classes are those of `classify_abc`.

    Examples
    --------
    >>> customers = [[500], [300], [200], [100], [50], [40]]
    >>> AbcTransformer().fit(customers).transform([[450], [150], [None]]).ravel().tolist()
    [0.0, 1.0, nan]
    """

    def __init__(self, rule: Rule | None = None, output: str = "codes") -> None:
        self.rule = rule
        self.output = output

    def fit(self, X: Any, y: object = None) -> Self:  # noqa: ARG002, N803
        """Find the cuts.

        Parameters
        ----------
        X
            (n, columns) amounts; NaN without sales.
        y
            Ignored.
        """
        amounts = self._checked(X, reset=True)
        self.cuts_ = [
            _learned_amounts(classify_abc(column, self.rule or Tangent())) for column in amounts.T
        ]
        return self

    def transform(self, X: Any) -> npt.NDArray[Any]:  # noqa: N803
        """Return the classes, in the shape of *X*."""
        check_is_fitted(self)
        amounts = self._checked(X, reset=False)
        codes = np.column_stack(
            [_abc_codes(column, cuts) for column, cuts in zip(amounts.T, self.cuts_, strict=True)]
        )
        return self._written(codes, ABC)


class XyzTransformer(_Classes):
    """Learn the upper limits of X and Y, and classify series of sales by them.

    Parameters
    ----------
    rule, ddof, since_first, single_order
        As in `classify_xyz`; a rule of None is `Tangent`.
    output
        ``codes``: 0 = X, 1 = Y, 2 = Z, NaN without sales. ``labels``: the letters.

    Attributes
    ----------
    cuts_ : Cuts
        Upper limits of X and Y.
    n_features_in_ : int
        Number of periods.

    Examples
    --------
    >>> customers = [[10, 10, 10], [9, 11, 10], [2, 9, 4], [0, 30, 0]]
    >>> XyzTransformer(output="labels").fit_transform(customers).ravel().tolist()
    ['X', 'Y', 'Z', 'Z']
    """

    def __init__(
        self,
        rule: Rule | CvRule | None = None,
        *,
        ddof: int = 0,
        since_first: bool = False,
        single_order: bool | None = None,
        output: str = "codes",
    ) -> None:
        self.rule = rule
        self.ddof = ddof
        self.since_first = since_first
        self.single_order = single_order
        self.output = output

    def fit(self, X: Any, y: object = None) -> Self:  # noqa: ARG002, N803
        """Find the cuts.

        Parameters
        ----------
        X
            (n, periods) sales, at least two periods; NaN is a period without sales.
        y
            Ignored.
        """
        sales = self._checked(X, reset=True, least=2)
        self.cuts_ = self._learn(sales)
        return self

    def _learn(self, sales: Floats) -> Cuts:
        result = _quietly(
            classify_xyz,
            sales,
            self.rule or Tangent(),
            ddof=self.ddof,
            since_first=self.since_first,
            single_order=self.single_order,
        )
        # Where no coefficient is defined, everybody is Z.
        undefined = math.isnan(result.cuts.first)
        return Cuts(-math.inf, -math.inf) if undefined else result.cuts

    def transform(self, X: Any) -> npt.NDArray[Any]:  # noqa: N803
        """Return (n, 1) classes."""
        check_is_fitted(self)
        return self._written(self._codes(self._checked(X, reset=False)), XYZ)

    def _codes(self, sales: Floats) -> Codes:
        rule = self.rule or Tangent()
        signless = is_signless(rule)
        cv, known, active = variation(
            series(sales), self.ddof, self.since_first, signless=signless
        )
        if isinstance(rule, CumulativeMean):
            cv = rule.rounded(cv)
        codes = _quietly(classify_cv, cv, _KnownCuts(self.cuts_)).codes.copy()
        if single_order_is_z(rule, self.single_order):
            codes[active <= 1] = 2
        codes[~known] = -1
        return codes[:, None]

    def get_feature_names_out(
        self,
        input_features: object = None,  # noqa: ARG002
    ) -> npt.NDArray[Any]:
        """Return ``xyz``, the name of the column."""
        check_is_fitted(self)
        return np.array(["xyz"], dtype=object)


class SegmentTransformer(_Classes):
    """Learn the cuts of both axes from series of sales, and put customers into nine segments.

    Parameters
    ----------
    abc, xyz
        Rules of the amounts, which are the sums of the series, and of the coefficients of
        variation; None for `Tangent`.
    ddof, since_first, single_order
        As in `classify_xyz`.
    output
        ``codes``: 0 = AX to 8 = CZ, NaN without sales. ``labels``: the names.

    Attributes
    ----------
    abc_cuts_, xyz_cuts_ : Cuts
        Limits of the classes.
    n_features_in_ : int
        Number of periods.

    Examples
    --------
    >>> customers = [[50, 50, 50], [9, 11, 10], [2, 9, 4], [0, 30, 0]]
    >>> SegmentTransformer(output="labels").fit_transform(customers).ravel().tolist()
    ['AX', 'BY', 'CZ', 'BZ']
    """

    def __init__(
        self,
        abc: Rule | None = None,
        xyz: Rule | CvRule | None = None,
        *,
        ddof: int = 0,
        since_first: bool = False,
        single_order: bool | None = None,
        output: str = "codes",
    ) -> None:
        self.abc = abc
        self.xyz = xyz
        self.ddof = ddof
        self.since_first = since_first
        self.single_order = single_order
        self.output = output

    def _axis(self) -> XyzTransformer:
        return XyzTransformer(
            self.xyz,
            ddof=self.ddof,
            since_first=self.since_first,
            single_order=self.single_order,
        )

    def fit(self, X: Any, y: object = None) -> Self:  # noqa: ARG002, N803
        """Find the cuts.

        Parameters
        ----------
        X
            (n, periods) sales, at least two periods; NaN is a period without sales.
        y
            Ignored.
        """
        sales = self._checked(X, reset=True, least=2)
        self.abc_cuts_ = _learned_amounts(classify_abc(_totals(sales), self.abc or Tangent()))
        self.xyz_cuts_ = self._axis()._learn(sales)  # noqa: SLF001
        return self

    def transform(self, X: Any) -> npt.NDArray[Any]:  # noqa: N803
        """Return (n, 1) segments."""
        check_is_fitted(self)
        sales = self._checked(X, reset=False)
        axis = self._axis()
        axis.cuts_ = self.xyz_cuts_
        xyz = axis._codes(sales).ravel()  # noqa: SLF001
        codes = segment_codes(_abc_codes(_totals(sales), self.abc_cuts_), xyz)
        return self._written(codes[:, None], SEGMENTS)

    def get_feature_names_out(
        self,
        input_features: object = None,  # noqa: ARG002
    ) -> npt.NDArray[Any]:
        """Return ``segment``, the name of the column."""
        check_is_fitted(self)
        return np.array(["segment"], dtype=object)


def _totals(sales: Floats) -> Floats:
    """Return the sum of each series; NaN without any sales."""
    totals: Floats = np.nansum(sales, axis=1)
    totals[np.isnan(sales).all(axis=1)] = np.nan
    return totals

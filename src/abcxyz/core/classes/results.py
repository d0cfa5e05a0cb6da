"""Classification results: frozen, comparable by content, with explanations and tables."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, SAME_LABELS, Codes, Floats, Numbers, freeze, same_numbers
from abcxyz.core.classes.rules import (
    CountShares,
    CumulativeMean,
    Cuts,
    CvRule,
    Limits,
    Rule,
    Shares,
    Tangent,
)
from abcxyz.core.classes.segments import ABC, XYZ, labels_of
from abcxyz.core.display import (
    Drawable,
    Tabular,
    brief,
    class_counts,
    html_table,
    percent,
    plain_number,
)
from abcxyz.core.exact_sums import prefix_sums
from abcxyz.core.minor_units import money_sum
from abcxyz.core.sums import survey
from abcxyz.errors import InputError
from abcxyz.toolkit.catalogue import text
from abcxyz.toolkit.numbers import number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AbcResult", "ClassSummary", "XyzResult", "class_summaries"]


@frozen(field_transformer=same_numbers)
class ClassSummary:
    """Totals of one class: customers, their money, and the share of either."""

    label: str
    customers: int
    value: float
    customers_share: float
    value_share: float


def class_summaries(
    codes: Codes, labels: tuple[str, ...], values: Numbers
) -> tuple[ClassSummary, ...]:
    """Sum up the customers and the money of every class.

    Parameters
    ----------
    codes
        (n,) positions in *labels*, -1 = not classified.
    labels
        Names of the classes.
    values
        (n,) money; NaN without sales.

    Returns
    -------
    tuple of ClassSummary
        Customer shares are of the classified customers, value shares of the sum of positive
        values; NaN where that is zero.
    """
    classified = int(np.count_nonzero(codes >= 0))
    positive = money_sum(values[values > 0])
    rows = []
    for code, label in enumerate(labels):
        inside = values[codes == code]
        value = money_sum(inside)
        rows.append(
            ClassSummary(
                label=label,
                customers=len(inside),
                value=value,
                customers_share=len(inside) / classified if classified else math.nan,
                value_share=value / positive if positive else math.nan,
            )
        )
    return tuple(rows)


def _place(i: object, n: int) -> int:
    if isinstance(i, bool) or not isinstance(i, (int, np.integer)) or not -n <= i < n:
        raise InputError(
            "there is no customer {i!r}; pass a position from 0 to {last}", i=i, last=n - 1
        )
    return int(i) % n


@frozen(kw_only=True)
class AbcResult(Drawable, Tabular):
    """Classes by value, in input order.

    Parameters
    ----------
    codes
        (n,) int8: 0 = A, 1 = B, 2 = C, -1 = not classified.
    values
        (n,) classified values; NaN without sales.
    cuts
        Lower limits of A and B.
    rule
        Rule that found the cuts.
    metric
        Name of the metric of the values.
    index
        Labels of the rows, where the values were a pandas Series; None otherwise.
    """

    __hash__ = None  # type: ignore[assignment]

    codes: Codes = field(eq=SAME_ARRAYS)
    values: Numbers = field(eq=SAME_ARRAYS)
    cuts: Cuts
    rule: Rule
    metric: str = "revenue"
    index: Any = field(default=None, eq=SAME_LABELS)

    def __len__(self) -> int:
        return len(self.codes)

    def __repr__(self) -> str:
        customers = f"{len(self):,} customers"
        return brief(self, customers, class_counts(self.codes, ABC), self.metric, repr(self.rule))

    @property
    def labels(self) -> npt.NDArray[np.str_]:
        """(n,) ``A``, ``B``, ``C``, or an empty string."""
        return labels_of(self.codes, ABC)

    @functools.cached_property
    def positive(self) -> float:
        """Sum of the positive values, the denominator of shares."""
        positive = self.values[self.values > 0]
        return float(survey(positive).total) if len(positive) else 0.0

    @functools.cached_property
    def share(self) -> Floats:
        """(n,) share of the sum of positive values; NaN if not classified or the sum is zero."""
        if not self.positive:
            return freeze(np.full(len(self), np.nan))
        return freeze(self.values / self.positive)

    @functools.cached_property
    def cumulative_share(self) -> Floats:
        """(n,) cumulative share from the largest value down to this customer's.

        Equal values are added in input order.
        """
        shares = self.share
        order = np.argsort(np.where(np.isnan(shares), np.inf, -shares), kind="stable")
        known = order[: int(np.count_nonzero(~np.isnan(shares)))]
        cumulative = np.full(len(self), np.nan)
        cumulative[known] = prefix_sums(shares[known])
        return freeze(cumulative)

    def summary(self) -> tuple[ClassSummary, ...]:
        """Sum up the classes A, B and C.

        Returns
        -------
        tuple of ClassSummary
            Customer shares are of the classified customers, value shares of the sum of positive
            values; NaN where that is zero.
        """
        return class_summaries(self.codes, ABC, self.values)

    def explain(self, i: int, lang: str = "en") -> str:
        """Explain why customer number *i* is in its class.

        Examples
        --------
        >>> from abcxyz.core.classes.classify import classify_abc
        >>> classify_abc([58140, 22978]).explain(0)
        'A: 58,140 is above the mean 40,559; 71.67% of revenue'
        """
        i = _place(i, len(self))
        code = int(self.codes[i])
        if code < 0:
            return text("not classified: no sales in the period", lang)
        value, share = self.values[i].item(), float(self.share[i])
        why = _abc_reason(self.rule, code, value, self.cuts, lang)
        part = ""
        if not math.isnan(share):
            metric = text(self.metric, lang)
            part = text(
                "; {share} of {metric}", lang, share=percent(share, lang, 2), metric=metric
            )
        return f"{ABC[code]}: {plain_number(value, lang)} {why}{part}"

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas data frame, one row per customer in input order, with their labels."""
        import pandas as pd

        return pd.DataFrame(
            {
                "value": self.values,
                "share": self.share,
                "cumulative_share": self.cumulative_share,
                "abc": self.labels,
            },
            index=self.index,
        )

    def to_html(self, lang: str = "en") -> str:
        """Return the sums of every class as a table in HTML."""
        rows = [
            [
                one.label,
                number(one.customers, lang),
                percent(one.customers_share, lang),
                plain_number(one.value, lang),
                percent(one.value_share, lang),
            ]
            for one in self.summary()
        ]
        caption = text(
            "ABC, {rule}: A from {first}, B from {second}",
            lang,
            rule=str(self.rule),
            first=plain_number(self.cuts.first, lang),
            second=plain_number(self.cuts.second, lang),
        )
        heads = (
            text("class", lang),
            text("customers", lang),
            text("share of customers", lang),
            text(self.metric, lang),
            text("share", lang),
        )
        return html_table(caption, heads, rows)


def _abc_reason(rule: object, code: int, value: float, cuts: Cuts, lang: str) -> str:
    first, second = plain_number(cuts.first, lang), plain_number(cuts.second, lang)
    limits: dict[str, object] = {"first": first, "second": second}
    if isinstance(rule, Tangent):
        if code == 0:
            above = value > cuts.first
            reason = "is above the mean {first}" if above else "is at the mean {first}"
            return text(reason, lang, **limits)
        if code == 1:
            return text(
                "is below the mean {first} and above the mean of the rest {second}"
                if value > cuts.second
                else "is below the mean {first} and at the mean of the rest {second}",
                lang,
                **limits,
            )
        if value <= 0:
            return text("is not above zero", lang)
        return text("is below the mean of the rest {second}", lang, **limits)
    kinds = {
        Shares: text("of the value", lang),
        CountShares: text("of the customers", lang),
        CumulativeMean: text("of the walk", lang),
        Limits: text("set by hand", lang),
    }
    limits["kind"] = kinds.get(type(rule)) or text("of the rule", lang)
    if code == 0:
        return text("reaches the limit of A {kind}, {first}", lang, **limits)
    if code == 1:
        return text(
            "is below the limit of A {kind}, {first}, and reaches that of B, {second}",
            lang,
            **limits,
        )
    return text("is below the limit of B {kind}, {second}", lang, **limits)


@frozen(kw_only=True)
class XyzResult(Drawable, Tabular):
    """Classes by regularity of purchases, in input order.

    Parameters
    ----------
    codes
        (n,) int8: 0 = X, 1 = Y, 2 = Z, -1 = not classified.
    cv
        (n,) coefficients of variation as fractions; NaN where undefined.
    cuts
        Upper limits of X and Y.
    rule
        Rule that found the cuts.
    warnings
        Warnings about the result.
    index
        Labels of the rows, where the series were a pandas DataFrame; None otherwise.
    """

    __hash__ = None  # type: ignore[assignment]

    codes: Codes = field(eq=SAME_ARRAYS)
    cv: Floats = field(eq=SAME_ARRAYS)
    cuts: Cuts
    rule: Rule | CvRule
    warnings: tuple[str, ...] = ()
    index: Any = field(default=None, eq=SAME_LABELS)

    def __len__(self) -> int:
        return len(self.codes)

    def __repr__(self) -> str:
        customers = f"{len(self):,} customers"
        return brief(self, customers, class_counts(self.codes, XYZ), repr(self.rule))

    @property
    def labels(self) -> npt.NDArray[np.str_]:
        """(n,) ``X``, ``Y``, ``Z``, or an empty string."""
        return labels_of(self.codes, XYZ)

    def explain(self, i: int, lang: str = "en") -> str:
        """Explain why customer number *i* is in its class.

        Examples
        --------
        >>> from abcxyz.core.classes.classify import classify_cv
        >>> classify_cv([1.5, 0.9, 0.6, 0.3, 0.2, 0.1]).explain(2)
        'Y: the coefficient of variation 60.00% is above 30.00% and not above 60.00%'
        """
        i = _place(i, len(self))
        code, cv = int(self.codes[i]), float(self.cv[i])
        if code < 0:
            return text("not classified: no sales in the period", lang)
        return f"{XYZ[code]}: {self._reason(code, cv, lang)}"

    def _reason(self, code: int, cv: float, lang: str) -> str:
        if math.isnan(cv):
            return text("the coefficient of variation is undefined, no sales remain", lang)
        words: dict[str, object] = {
            "cv": percent(cv, lang, 2),
            "first": percent(self.cuts.first, lang, 2),
            "second": percent(self.cuts.second, lang, 2),
        }
        if code == 2 and cv <= self.cuts.second:
            return text(
                "the coefficient of variation {cv} rests on at most one order", lang, **words
            )
        if code == 0:
            return text("the coefficient of variation {cv} is not above {first}", lang, **words)
        if code == 1:
            return text(
                "the coefficient of variation {cv} is above {first} and not above {second}",
                lang,
                **words,
            )
        return text("the coefficient of variation {cv} is above {second}", lang, **words)

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas data frame, one row per customer in input order, with their labels."""
        import pandas as pd

        return pd.DataFrame({"cv": self.cv, "xyz": self.labels}, index=self.index)

    def to_html(self, lang: str = "en") -> str:
        """Return the number of customers in every class as a table in HTML."""
        counts = np.bincount(self.codes[self.codes >= 0], minlength=3).tolist()
        total = sum(counts)
        rows = [
            [label, number(count, lang), percent(count / total if total else math.nan, lang)]
            for label, count in zip(XYZ, counts, strict=True)
        ]
        caption = text(
            "XYZ, {rule}: X up to {first}, Y up to {second}",
            lang,
            rule=str(self.rule),
            first=percent(self.cuts.first, lang, 2),
            second=percent(self.cuts.second, lang, 2),
        )
        heads = (text("class", lang), text("customers", lang), text("share of customers", lang))
        return html_table(caption, heads, rows)

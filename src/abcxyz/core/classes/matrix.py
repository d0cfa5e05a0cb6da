"""ABC/XYZ matrix: customers and money by segment."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from attrs import field, frozen

from abcxyz._arrays import SAME_ARRAYS, Codes, Floats, Ints, freeze, same_numbers
from abcxyz.core.classes.results import AbcResult, XyzResult
from abcxyz.core.classes.segments import (
    ABC,
    BCG,
    SEGMENTS,
    XYZ,
    Grouping,
    segment_codes,
    segment_number,
)
from abcxyz.core.display import Drawable, Tabular, brief, html_table, percent, plain_number
from abcxyz.core.labels import aligned
from abcxyz.core.minor_units import money_sum
from abcxyz.toolkit.catalogue import text
from abcxyz.toolkit.numbers import number
from abcxyz.toolkit.numbers import percent as share_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GroupSummary", "Matrix", "build_matrix"]


@frozen(field_transformer=same_numbers)
class GroupSummary:
    """Totals of one group of segments: customers, their money, and its share of the value."""

    name: str
    segments: tuple[str, ...]
    customers: int
    value: float
    value_share: float


@frozen(kw_only=True, field_transformer=same_numbers)
class Matrix(Drawable, Tabular):
    """Customers and money by segment.

    Parameters
    ----------
    counts
        (3, 3) customers; rows A B C, columns X Y Z.
    values
        (3, 3) money of these customers.
    positive
        Sum of the positive values of all customers, the denominator of value shares.
    unclassified
        Number of customers without a class on at least one axis.
    unclassified_value
        Money of these customers.
    """

    __hash__ = None  # type: ignore[assignment]

    counts: Ints = field(eq=SAME_ARRAYS)
    values: Floats = field(eq=SAME_ARRAYS)
    positive: float
    unclassified: int
    unclassified_value: float

    def __repr__(self) -> str:
        cells = zip(SEGMENTS, self.counts.ravel().tolist(), strict=True)
        missing = f"not classified {self.unclassified:,}" if self.unclassified else ""
        return brief(self, ", ".join(f"{name} {count:,}" for name, count in cells), missing)

    @property
    def customers(self) -> int:
        """Number of classified customers."""
        return int(self.counts.sum())

    @property
    def count_shares(self) -> Floats:
        """(3, 3) shares of the classified customers; NaN if there are none."""
        return freeze(self.counts / self.customers if self.customers else self.counts * math.nan)

    @property
    def value_shares(self) -> Floats:
        """(3, 3) shares of the sum of positive values; NaN if that is zero."""
        return freeze(self.values / (self.positive or math.nan))

    def cell(self, segment: str) -> tuple[int, float]:
        """Return the customers and the money of one segment.

        Parameters
        ----------
        segment
            Such as ``AX``, in any case; Cyrillic letters that look alike are read as Latin.

        Raises
        ------
        InputError
            There is no such segment.
        """
        row, column = divmod(segment_number(segment), 3)
        return int(self.counts[row, column]), float(self.values[row, column])

    def groups(self, grouping: Grouping = BCG) -> tuple[GroupSummary, ...]:
        """Sum up groups of segments.

        Parameters
        ----------
        grouping
            Groups of the segments.

        Returns
        -------
        tuple of GroupSummary
            In the order of the grouping; a share is NaN if the sum of positive values is zero.

        Examples
        --------
        >>> from abcxyz.core.classes.classify import classify_abc, classify_cv
        >>> matrix = build_matrix(classify_abc([90, 10]), classify_cv([0.1, 0.9]))
        >>> [(group.name, group.customers) for group in matrix.groups()]
        [('stars', 0), ('cows', 1), ('dogs', 0), ('questions', 1)]
        """
        summaries = []
        for name, segments in grouping.groups.items():
            cells = [self.cell(segment) for segment in segments]
            value = money_sum([money for _, money in cells])
            summaries.append(
                GroupSummary(
                    name=name,
                    segments=segments,
                    customers=sum(count for count, _ in cells),
                    value=value,
                    value_share=value / self.positive if self.positive else math.nan,
                )
            )
        return tuple(summaries)

    def explain(self, segment: str, lang: str = "en") -> str:
        """Describe one segment: customers, money, and their shares.

        Examples
        --------
        >>> from abcxyz.core.classes.classify import classify_abc, classify_cv
        >>> build_matrix(classify_abc([90, 10]), classify_cv([0.1, 0.9])).explain("AX")
        'AX: 1 of 2 customers (50.00%), 90 of 100 (90.00%)'
        """
        number = segment_number(segment)
        segment = SEGMENTS[number]
        count, value = self.cell(segment)
        row, column = divmod(number, 3)
        return text(
            "{segment}: {count} of {customers} customers ({of_customers}), {value} of {total} "
            "({of_value})",
            lang,
            segment=segment,
            count=count,
            customers=self.customers,
            of_customers=percent(self.count_shares[row, column], lang, 2),
            value=plain_number(value, lang),
            total=plain_number(self.positive, lang),
            of_value=percent(self.value_shares[row, column], lang, 2),
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas data frame, one row per segment."""
        import pandas as pd

        return pd.DataFrame(
            {
                "segment": SEGMENTS,
                "customers": self.counts.ravel(),
                "value": self.values.ravel(),
                "customers_share": self.count_shares.ravel(),
                "value_share": self.value_shares.ravel(),
            }
        )

    def to_html(self, lang: str = "en") -> str:
        """Return customers, money and its share by segment as a table in HTML."""
        shares = self.value_shares
        rows = [
            [
                letter,
                *(
                    f"{number(int(self.counts[i, j]), lang)} · "
                    f"{plain_number(float(self.values[i, j]), lang)}"
                    + ("" if math.isnan(shares[i, j]) else f" · {share_text(shares[i, j], lang)}")
                    for j in range(3)
                ),
            ]
            for i, letter in enumerate(ABC)
        ]
        caption = text("customers · value · share of value", lang)
        if self.unclassified:
            caption += "; " + text("{n} not classified", lang, n=self.unclassified)
        return html_table(caption, ("", *XYZ), rows)


def build_matrix(abc: AbcResult, xyz: XyzResult) -> Matrix:
    """Count customers and add up their money by segment.

    Parameters
    ----------
    abc, xyz
        Both classifications of the same n customers: in the same order, or, where both have an
        index of pandas, with the same labels.

    Returns
    -------
    Matrix

    Raises
    ------
    InputError
        Different numbers of customers, or different labels.

    Examples
    --------
    >>> from abcxyz.core.classes.classify import classify_abc, classify_cv
    >>> build_matrix(classify_abc([90, 10]), classify_cv([0.1, 0.9])).counts.tolist()
    [[1, 0, 0], [0, 0, 1], [0, 0, 0]]
    """
    codes = segment_codes(abc.codes, aligned(xyz.codes, xyz.index, abc.index, "xyz"))
    counts = np.bincount(codes + 1, minlength=10)
    values = [_sum_of(abc, codes, code) for code in range(-1, 9)]
    return Matrix(
        counts=freeze(counts[1:].reshape(3, 3)),
        values=freeze(np.array(values[1:]).reshape(3, 3)),
        positive=abc.positive,
        unclassified=int(counts[0]),
        unclassified_value=values[0],
    )


def _sum_of(abc: AbcResult, codes: Codes, code: int) -> float:
    inside = abc.values[codes == code]  # noqa: PD011 - no data frame
    return money_sum(inside)

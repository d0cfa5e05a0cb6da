"""Data-quality report of the sales: kinds of problems, and their treatment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import attrs
from attrs import field, frozen

from abcxyz._arrays import same_numbers
from abcxyz.core.documents import plain_value

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KINDS", "TREATMENTS", "TREATMENT_OF", "Quality", "QualityIssue"]

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "total_row": "total rows",
        "no_customer": "lines without a customer",
        "no_date": "lines without a date",
        "unreadable_date": "unreadable dates",
        "no_amount": "lines without an amount",
        "unreadable_amount": "unreadable amounts",
        "future_date": "dates on the day of the classification or later",
        "other_currency": "lines in another currency",
        "converted": "lines in a foreign currency",
        "no_cost": "lines without a cost",
        "respelled": "customers spelled with other blanks or decimals",
        "swapped_date": "dates with day and month exchanged",
        "zero": "zero amounts",
        "negative": "negative amounts (returns)",
        "duplicate": "exact duplicate lines",
        "outside_window": "lines outside the window",
        "not_in_id_map": "lines of customers not in the id map",
    }
)
"""Kind of problem of a line -> description."""

TREATMENTS: Mapping[str, str] = MappingProxyType(
    {
        "left_out": "left out",
        "kept": "kept",
        "converted": "converted by the rate given",
        "cost_zero": "kept with the cost 0",
        "not_counted": "not counted in this window",
        "own_customer": "kept as customers of their own",
        "joined": "counted as one customer",
        "exchanged": "exchanged back",
    }
)
"""Treatment of such lines -> description."""

TREATMENT_OF: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(KINDS, "left_out"),
        "converted": "converted",
        "no_cost": "cost_zero",
        "zero": "kept",
        "negative": "kept",
        "duplicate": "kept",
        "outside_window": "not_counted",
        "not_in_id_map": "own_customer",
        "respelled": "joined",
        "swapped_date": "exchanged",
    }
)
"""Kind of problem -> treatment."""


def _texts(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(texts)


def _issues(issues: Iterable[QualityIssue]) -> tuple[QualityIssue, ...]:
    return tuple(issues)


@frozen(field_transformer=same_numbers)
class QualityIssue:
    """Lines with one kind of problem.

    Parameters
    ----------
    kind
        One of `KINDS`, such as ``no_customer``.
    count
        Number of lines.
    amount
        Money of these lines; None if not known.
    treatment
        One of `TREATMENTS`, such as ``left_out``.
    examples
        Some of the values, as in the source.
    """

    kind: str
    count: int
    amount: float | None
    treatment: str
    examples: tuple[str, ...] = field(default=(), converter=_texts)


@frozen
class Quality:
    """Data-quality report of one reading.

    Parameters
    ----------
    rows
        Number of lines read.
    used
        Number of valid lines, in the window or not.
    issues
        Problems, by kind.
    remarks
        How the data were read: the shape of the table, the columns chosen, the encoding. Each
        remark is a sentence, a `~abcxyz.toolkit.catalogue.Message` where it can be translated.
    notices
        What may make the result misleading, for the top of the output; sentences like *remarks*.
    """

    rows: int
    used: int
    issues: tuple[QualityIssue, ...] = field(default=(), converter=_issues)
    remarks: tuple[str, ...] = field(default=(), converter=_texts)
    notices: tuple[str, ...] = field(default=(), converter=_texts)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; `from_dict` reads them back, in English."""
        plain: dict[str, Any] = plain_value(attrs.asdict(self))
        return plain

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Quality:
        """Build from the result of `to_dict`."""
        issues = [QualityIssue(**issue) for issue in data["issues"]]
        return cls(**{**data, "issues": issues})

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas data frame, one row per kind of problem."""
        import pandas as pd

        names = [one.name for one in attrs.fields(QualityIssue)]
        rows = [[getattr(issue, name) for name in names] for issue in self.issues]
        return pd.DataFrame(rows, columns=names)

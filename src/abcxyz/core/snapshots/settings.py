"""Settings of a classification: window, metric and rules."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import attrs
from attrs import field, frozen

from abcxyz._arrays import DayLike
from abcxyz.core.classes.rule_dicts import rule_from_dict, rule_to_dict
from abcxyz.core.classes.rules import CvRule, Rule, Tangent
from abcxyz.core.sales.calendar import Periods
from abcxyz.core.sales.panel import METRICS
from abcxyz.core.sales.units import LETTERS
from abcxyz.errors import InputError
from abcxyz.toolkit.known_names import check_known

__all__ = ["Settings"]


@frozen(kw_only=True)
class Settings:
    """Settings that, with the sales and the date, determine the classes.

    Parameters
    ----------
    period
        Number and unit of complete periods, such as ``12M`` (see `Periods.parse`).
    bucket
        Unit of the XYZ series, a letter or a name; None for the unit of the period.
    metric
        One of `METRICS`.
    lookback
        Number and unit of the periods before the end of the window, such as ``24M``, in which
        sales are looked up for known customers, first and last days and the order rhythm; None
        for two windows. It does not change the classes.
    document_spans_days
        Whether the lines of one sales document may have different days. By default a document is
        identified by customer, number and day, because numbers begin anew each year in 1C and
        each shift at a till.
    abc, xyz
        Classification rules of either axis.
    ddof, since_first, single_order
        As in `classify_xyz`.

    Raises
    ------
    InputError
        An unknown metric, a period that cannot be read.

    Examples
    --------
    >>> Settings.from_dict(Settings(period="8Q").to_dict()) == Settings(period="8Q")
    True
    """

    period: str = field(
        default="12M",
        metadata={
            "table": "window",
            "help": "complete periods to take: a number and {letters}",
            "details": {"letters": " ".join(LETTERS)},
        },
    )
    bucket: str | None = field(
        default=None,
        metadata={
            "table": "window",
            "help": "sub-period of the XYZ series; the period itself by default",
        },
    )
    metric: str = field(
        default=METRICS[0],
        metadata={"table": "window", "help": "what a customer's value is", "choices": METRICS},
    )
    lookback: str | None = field(
        default=None,
        metadata={
            "table": "window",
            "help": "span for known customers and the order rhythm; two windows by default",
        },
    )
    document_spans_days: bool = field(
        default=False,
        metadata={
            "table": "window",
            "help": "the lines of one document may have different days; by default a number met "
            "on another day is another document",
        },
    )
    abc: Rule = field(factory=Tangent, metadata={"help": "how the values are cut"})
    xyz: Rule | CvRule = field(
        factory=Tangent, metadata={"help": "how the coefficients of variation are cut"}
    )
    ddof: int = field(
        default=0,
        metadata={
            "table": "xyz",
            "help": "0: population deviation, 1: of a sample",
            "choices": (0, 1),
        },
    )
    since_first: bool = field(
        default=False,
        metadata={"table": "xyz", "help": "count the periods from the first sale on"},
    )
    single_order: bool | None = field(
        default=None,
        metadata={"table": "xyz", "help": "classify who ordered once; the rule decides"},
    )

    def __attrs_post_init__(self) -> None:
        if self.metric not in METRICS:
            raise InputError(
                "the metric {metric!r} is unknown; use one of {known}",
                metric=self.metric,
                known=", ".join(METRICS),
            )
        self.periods(date(2000, 1, 1))

    def periods(self, as_of: DayLike) -> Periods:
        """Cut the window before *as_of* into buckets, and find the lookback."""
        return Periods.parse(self.period, as_of, bucket=self.bucket, lookback=self.lookback)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; `from_dict` reads them back."""
        return {
            one.name: rule_to_dict(value) if one.name in ("abc", "xyz") else value
            for one in attrs.fields(type(self))
            for value in [getattr(self, one.name)]
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Settings:
        """Build from the result of `to_dict`.

        Raises
        ------
        InputError
            A key is unknown.
        """
        options = dict(data)
        check_known(
            "the settings have the key {key!r}; known are {known}",
            key=options,
            known=attrs.fields_dict(cls),
            error=InputError,
        )
        for axis in ("abc", "xyz"):
            if isinstance(options.get(axis), Mapping):
                options[axis] = rule_from_dict(options[axis])
        return cls(**options)

    @property
    def class_settings(self) -> dict[str, Any]:
        """The settings that determine the classes: all but the lookback, in one spelling."""
        periods = self.periods(date(2000, 1, 1))
        same = self.to_dict() | {
            "period": self.period.strip().upper(),
            "bucket": periods.bucket,
        }
        del same["lookback"]
        return same

    @property
    def fingerprint(self) -> str:
        """Hash of the settings that determine the classes: twelve hexadecimal digits.

        Equivalent spellings have one hash: ``12M`` and ``12m``, an explicit or implicit bucket.
        """
        same = self.class_settings
        if not self.document_spans_days:
            # Snapshots made before this setting existed stay comparable.
            del same["document_spans_days"]
        text = json.dumps(same, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

"""The result on a date, and the settings that made it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import numpy.typing as npt
from attrs import Factory, field, frozen

from abcxyz._arrays import Codes, Days, Floats, Ints, Numbers, same_arrays
from abcxyz.core.classes.results import html_table, plain_number
from abcxyz.core.classes.rule_dicts import rule_from_dict, rule_to_dict
from abcxyz.core.classes.rules import CvRule, Rule, Tangent
from abcxyz.core.classes.segments import ABC, SEGMENTS, XYZ, labels_of, segment_codes
from abcxyz.core.sales.calendar import Periods
from abcxyz.core.sales.panel import METRICS
from abcxyz.core.sales.units import LETTERS
from abcxyz.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Settings", "Snapshot"]

_SAME = attrs.cmp_using(eq=same_arrays, class_name="SameArray")


@frozen(kw_only=True)
class Settings:
    """Everything that decides a class, but the sales and the date.

    Parameters
    ----------
    period
        Complete periods to take, such as ``12M`` (see `Periods.parse`).
    bucket
        Unit of the XYZ series, a letter or a name; that of the period when not given.
    metric
        One of `METRICS`.
    abc, xyz
        The rules.
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
            "letters": " ".join(LETTERS),
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

    def periods(self, as_of: date) -> Periods:
        """Cut the window before *as_of* into buckets."""
        return Periods.parse(self.period, as_of, bucket=self.bucket)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; `from_dict` reads them back."""
        return {
            one.name: rule_to_dict(value) if one.name in ("abc", "xyz") else value
            for one in attrs.fields(type(self))
            for value in [getattr(self, one.name)]
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Settings:
        """Build from what `to_dict` returned.

        Raises
        ------
        InputError
            A key is unknown.
        """
        options = dict(data)
        known = [one.name for one in attrs.fields(cls)]
        unknown = [key for key in options if key not in known]
        if unknown:
            raise InputError(
                "the settings have the key {key!r}; known are {known}",
                key=unknown[0],
                known=", ".join(known),
            )
        for axis in ("abc", "xyz"):
            if isinstance(options.get(axis), Mapping):
                options[axis] = rule_from_dict(options[axis])
        return cls(**options)

    @property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that differ where the settings differ.

        Spellings of one thing are one: ``12M`` and ``12m``, a bucket of months named or not.
        """
        periods = self.periods(date(2000, 1, 1))
        same = self.to_dict() | {
            "period": self.period.strip().upper(),
            "bucket": periods.bucket,
        }
        text = json.dumps(same, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@frozen(kw_only=True)
class Snapshot:
    """Customers and their classes on a date.

    Parameters
    ----------
    as_of
        The day of the classification.
    periods
        The window before it and its buckets.
    settings
        What decided the classes.
    customers
        (n,) identifiers, each once.
    abc, xyz
        (n,) int8 codes, -1 = not classified.
    value
        (n,) the metric over the window; NaN without sales.
    cv
        (n,) coefficient of variation; NaN where undefined.
    orders
        (n,) sales documents in the window.
    first_day, last_day
        (n,) first and last sale that was read; NaT where none was.
    steady_abc, steady_xyz
        (n,) the codes with small to and fro taken out, see `steady`; the raw ones when not given.
    """

    as_of: date
    periods: Periods
    settings: Settings
    customers: npt.NDArray[Any] = field(eq=_SAME)
    abc: Codes = field(eq=_SAME)
    xyz: Codes = field(eq=_SAME)
    value: Numbers = field(eq=_SAME)
    cv: Floats = field(eq=_SAME)
    orders: Ints = field(eq=_SAME)
    first_day: Days = field(eq=_SAME)
    last_day: Days = field(eq=_SAME)
    steady_abc: Codes = field(eq=_SAME, default=Factory(lambda self: self.abc, takes_self=True))
    steady_xyz: Codes = field(eq=_SAME, default=Factory(lambda self: self.xyz, takes_self=True))

    def __attrs_post_init__(self) -> None:
        names = [one.name for one in attrs.fields(type(self))][3:]
        lengths = {name: len(getattr(self, name)) for name in names}
        if len(set(lengths.values())) > 1:
            raise InputError(
                "columns differ in length: {lengths}; give every column one value per line",
                lengths=", ".join(f"{name} {length}" for name, length in lengths.items()),
            )

    def __len__(self) -> int:
        return len(self.customers)

    @property
    def dated(self) -> date:
        """The last day of the window, which dates the result."""
        return self.periods.dated

    @property
    def segment(self) -> Codes:
        """(n,) int8 segment codes, ``3 * abc + xyz``; -1 = not classified."""
        return segment_codes(self.abc, self.xyz)

    @property
    def steady_segment(self) -> Codes:
        """(n,) int8 segment codes of the steadied classes."""
        return segment_codes(self.steady_abc, self.steady_xyz)

    def explain(self, customer: object) -> str:
        """Say what is known of one customer on this date.

        Raises
        ------
        InputError
            The customer is not in the list.
        """
        found = np.flatnonzero(self.customers == customer)
        if not len(found):
            raise InputError("there is no customer {customer!r} here", customer=customer)
        i = int(found[0])
        if self.segment[i] < 0:
            return f"not classified in {self.periods.window}"
        cv = "" if np.isnan(self.cv[i]) else f", CV {self.cv[i]:.2f}"
        return (
            f"{SEGMENTS[self.segment[i]]} on {self.dated}: {plain_number(self.value[i].item())} "
            f"in {int(self.orders[i])} orders{cv}"
        )

    def _repr_html_(self) -> str:
        counts = np.bincount(self.segment + 1, minlength=10).tolist()
        rows = [
            [letter, *(f"{counts[1 + 3 * i + j]:,}" for j in range(3))]
            for i, letter in enumerate(ABC)
        ]
        caption = f"{self.dated}: {len(self):,} customers, {counts[0]:,} not classified"
        return html_table(caption, ("", *XYZ), rows)

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas data frame, one row per customer."""
        import pandas as pd

        return pd.DataFrame(
            {
                "customer": self.customers,
                "segment": labels_of(self.segment, SEGMENTS),
                "abc": labels_of(self.abc, ABC),
                "xyz": labels_of(self.xyz, XYZ),
                "value": self.value,
                "cv": self.cv,
                "orders": self.orders,
                "first_day": self.first_day,
                "last_day": self.last_day,
            }
        )

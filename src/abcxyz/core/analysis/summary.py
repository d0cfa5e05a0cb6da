"""Summary of an analysis: the totals that sinks and reports show."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import numpy as np
from attrs import frozen

from abcxyz._arrays import same_numbers
from abcxyz.core.advice.alerts import NO_RISK, Alert
from abcxyz.core.classes.matrix import GroupSummary, Matrix
from abcxyz.core.classes.results import AbcResult, ClassSummary, XyzResult, class_summaries
from abcxyz.core.classes.segments import SEGMENTS, XYZ, segment_codes
from abcxyz.core.display import brief
from abcxyz.core.documents import finite, head, or_nan, plain_value, reading
from abcxyz.core.dynamics.core_metrics import CoreMetrics
from abcxyz.core.dynamics.event_totals import EventTotal, event_totals
from abcxyz.core.dynamics.events import FALLS, RISES
from abcxyz.core.dynamics.transitions import Transitions
from abcxyz.core.minor_units import money_sum
from abcxyz.core.sales.calendar import Periods
from abcxyz.core.sales.quality import Quality
from abcxyz.core.sales.rhythm import Silence
from abcxyz.core.snapshots.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["MoveTotal", "SegmentSummary", "Summary", "summarize"]

_Record = TypeVar("_Record", bound=attrs.AttrsInstance)


@frozen(field_transformer=same_numbers)
class SegmentSummary:
    """Totals of one of the nine segments; a share is NaN if its denominator is zero.

    Parameters
    ----------
    segment
        Name, such as ``AX``.
    customers, customers_share
        Number of customers, and their share of the classified ones.
    value, value_share
        Their money, and its share of the sum of positive values.
    late
        Number of them who are silent for longer than usual.
    """

    segment: str
    customers: int
    value: float
    customers_share: float
    value_share: float
    late: int


@frozen(field_transformer=same_numbers)
class MoveTotal:
    """Customers of several events together, and the change of their money."""

    customers: int
    change: float


@frozen(kw_only=True, field_transformer=same_numbers)
class Summary:
    """Totals of an analysis; money is in the unit of the data, shares are fractions.

    Parameters
    ----------
    as_of, periods, settings
        The day of the classification, its window, and its settings.
    customers
        Customers with sales in the window.
    classified, value
        Customers with both classes, and their money.
    unclassified, unclassified_value
        Customers without one of the classes, and their money.
    abc, xyz
        Totals of the three classes of either axis.
    abc_cuts, xyz_cuts
        Cut of each class: its least value, or its largest coefficient of variation; NaN for the
        last class, which has none.
    segments
        Totals of the nine segments, from ``AX`` to ``CZ``.
    groups
        Totals of the four groups of `BCG`.
    events
        Totals per event since the previous snapshot; empty if there is none.
    fell, rose
        Totals of the events `FALLS` and `RISES`.
    alerts
        Number of alerts.
    money_at_risk
        Sum of the money of all alerts but those of `NO_RISK`; a deal counts once, with the most
        that one of its alerts names.
    prospects
        Number of scored leads.
    metrics
        Key figures of concentration and stability.
    quality
        Data-quality report of the sales; None if there is none.
    """

    as_of: date
    periods: Periods
    settings: Settings
    customers: int
    classified: int
    value: float
    unclassified: int
    unclassified_value: float
    abc: tuple[ClassSummary, ...]
    xyz: tuple[ClassSummary, ...]
    abc_cuts: tuple[float, ...]
    xyz_cuts: tuple[float, ...]
    segments: tuple[SegmentSummary, ...]
    groups: tuple[GroupSummary, ...]
    events: tuple[EventTotal, ...]
    fell: MoveTotal
    rose: MoveTotal
    alerts: int
    money_at_risk: float
    prospects: int
    metrics: CoreMetrics
    quality: Quality | None

    @property
    def total_value(self) -> float:
        """Money of all customers."""
        return money_sum([self.value, self.unclassified_value])

    def __repr__(self) -> str:
        segments = ", ".join(f"{one.segment} {one.customers:,}" for one in self.segments)
        return brief(self, str(self.periods.window), f"{self.customers:,} customers", segments)

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas data frame, one row per segment."""
        import pandas as pd

        return pd.DataFrame([attrs.asdict(one) for one in self.segments])

    def to_dict(self) -> dict[str, Any]:
        """Return a document of plain values, ready for JSON; `from_dict` reads it back.

        Money is in the unit of the data, shares are fractions, and missing values are None.
        """
        return head("summary") | {
            "as_of": self.as_of.isoformat(),
            **self.periods.to_dict(),
            "settings": plain_value(self.settings.to_dict()),
            **{name: plain_value(getattr(self, name)) for name in _TOTALS},
            "quality": {} if self.quality is None else self.quality.to_dict(),
            "abc": _axis(self.abc, self.abc_cuts),
            "xyz": _axis(self.xyz, self.xyz_cuts),
            "matrix": _by_name(self.segments, "segment"),
            "bcg": _by_name(self.groups, "name"),
            "events": _by_name(self.events, "event"),
            "fell": plain_value(attrs.asdict(self.fell)),
            "rose": plain_value(attrs.asdict(self.rose)),
            "metrics": self.metrics.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Summary:
        """Build from the result of `to_dict`.

        Raises
        ------
        InputError
            It is another document, of another version, or damaged.
        """
        with reading(data, "summary"):
            totals = {name: data[name] for name in _TOTALS}
            metrics: dict[str, Any] = {
                name: value if isinstance(value, int) else or_nan(value)
                for name, value in data["metrics"].items()
            }
            return cls(
                as_of=date.fromisoformat(data["as_of"]),
                periods=Periods.from_dict(data),
                settings=Settings.from_dict(data["settings"]),
                **totals,
                quality=Quality.from_dict(data["quality"]) if data["quality"] else None,
                abc=_records(ClassSummary, data["abc"]["classes"], "label"),
                xyz=_records(ClassSummary, data["xyz"]["classes"], "label"),
                abc_cuts=_cuts(data["abc"]),
                xyz_cuts=_cuts(data["xyz"]),
                segments=_records(SegmentSummary, data["matrix"], "segment"),
                groups=_records(GroupSummary, data["bcg"], "name"),
                events=_records(EventTotal, data["events"], "event"),
                fell=_record(MoveTotal, data["fell"]),
                rose=_record(MoveTotal, data["rose"]),
                metrics=CoreMetrics(**metrics),
            )


#: Fields of a summary that are one number each.
_TOTALS = (
    "customers",
    "classified",
    "value",
    "unclassified",
    "unclassified_value",
    "alerts",
    "money_at_risk",
    "prospects",
)
#: Field of a record -> its name in the document, where it is another one.
_RENAMED: Mapping[tuple[type, str], str] = MappingProxyType(
    {(ClassSummary, "value_share"): "share"}
)


def _fields(kind: type[attrs.AttrsInstance]) -> dict[str, str]:
    names = [one.name for one in attrs.fields(kind)]
    return {name: _RENAMED.get((kind, name), name) for name in names}


def _by_name(records: Sequence[attrs.AttrsInstance], name: str) -> dict[str, dict[str, Any]]:
    return {
        getattr(one, name): {
            written: plain_value(getattr(one, field))
            for field, written in _fields(type(one)).items()
            if field != name
        }
        for one in records
    }


def _axis(classes: Sequence[ClassSummary], cuts: Sequence[float]) -> dict[str, Any]:
    labels = [one.label for one in classes[:-1]]  # the last class has no cut
    return {
        "cuts": dict(zip(labels, map(finite, cuts[:-1]), strict=True)),
        # A cut that leaves its class empty is infinite, which JSON does not know.
        "infinite": {
            label: 1 if cut > 0 else -1
            for label, cut in zip(labels, cuts[:-1], strict=True)
            if math.isinf(cut)
        },
        "classes": _by_name(classes, "label"),
    }


def _cuts(axis: Mapping[str, Any]) -> tuple[float, ...]:
    signs = axis.get("infinite", {})
    cuts = [
        signs[label] * math.inf if label in signs else or_nan(cut)
        for label, cut in axis["cuts"].items()
    ]
    return (*cuts, math.nan)


def _record(kind: type[_Record], data: Mapping[str, Any], **fields: Any) -> _Record:
    for field, written in _fields(kind).items():
        if field not in fields:
            value = data[written]
            value = tuple(value) if isinstance(value, list) else value
            fields[field] = math.nan if value is None else value
    return kind(**fields)


def _records(
    kind: type[_Record], data: Mapping[str, Mapping[str, Any]], name: str
) -> tuple[_Record, ...]:
    return tuple(_record(kind, fields, **{name: key}) for key, fields in data.items())


def summarize(
    *,
    as_of: date,
    periods: Periods,
    settings: Settings,
    abc: AbcResult,
    xyz: XyzResult,
    matrix: Matrix,
    transitions: Transitions | None,
    silence: Silence,
    alerts: Sequence[Alert],
    prospects: int,
    metrics: CoreMetrics,
    quality: Quality | None,
) -> Summary:
    """Compute the summary of the parts of an analysis.

    Parameters
    ----------
    as_of, periods, settings
        Of the snapshot.
    abc, xyz, matrix, transitions, alerts, metrics, quality
        As in `Analysis`.
    silence
        Silence of the customers of *abc*, in their order.
    prospects
        Number of scored leads.
    """
    segments = segment_codes(abc.codes, xyz.codes)
    late = np.bincount(segments[silence.late] + 1, minlength=len(SEGMENTS) + 1)[1:]
    events = () if transitions is None else event_totals(transitions)
    return Summary(
        as_of=as_of,
        periods=periods,
        settings=settings,
        customers=int(np.count_nonzero(abc.codes >= 0)),
        classified=matrix.customers,
        value=money_sum(matrix.values.ravel()),  # noqa: PD011 - no data frame
        unclassified=matrix.unclassified,
        unclassified_value=matrix.unclassified_value,
        abc=abc.summary(),
        xyz=class_summaries(xyz.codes, XYZ, abc.values),
        abc_cuts=(float(abc.cuts.first), float(abc.cuts.second), math.nan),
        xyz_cuts=(float(xyz.cuts.first), float(xyz.cuts.second), math.nan),
        segments=tuple(
            SegmentSummary(segment, *cell)
            for segment, *cell in zip(
                SEGMENTS,
                matrix.counts.ravel().tolist(),
                matrix.values.ravel().tolist(),  # noqa: PD011
                matrix.count_shares.ravel().tolist(),
                matrix.value_shares.ravel().tolist(),
                late.tolist(),
                strict=True,
            )
        ),
        groups=matrix.groups(),
        events=events,
        fell=_together(events, FALLS),
        rose=_together(events, RISES),
        alerts=len(alerts),
        money_at_risk=_at_risk(alerts),
        prospects=prospects,
        metrics=metrics,
        quality=quality,
    )


def _at_risk(alerts: Iterable[Alert]) -> float:
    sums: dict[object, float] = {}
    for one in alerts:
        if one.kind in NO_RISK:
            continue
        deal = one.facts.get("deal")
        about = one.key if deal is None else ("deal", deal)
        sums[about] = max(sums.get(about, 0.0), one.money or 0.0)
    return money_sum(list(sums.values()))


def _together(events: Sequence[EventTotal], names: Sequence[str]) -> MoveTotal:
    chosen = [one for one in events if one.event in names]
    return MoveTotal(
        sum(one.customers for one in chosen), money_sum([one.change for one in chosen])
    )

"""Value by bucket, stacked by class, with the window before as a line."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from abcxyz.charts.svg import clean
from abcxyz.core.analysis.series import class_series
from abcxyz.core.classes.segments import ABC
from abcxyz.crm.analysis import CrmAnalysis
from abcxyz.i18n import date_text
from abcxyz.report.customers import Facts
from abcxyz.report.page.formatter import Formatter, prose
from abcxyz.report.page.sentences import SENTENCES
from abcxyz.report.vocabulary import month_name

__all__ = ["months"]

_MOST = 60  # more columns would be thinner than their gaps


def months(facts: Facts, show: Formatter) -> dict[str, Any]:
    """Return the columns of the chart, their finding and its scale."""
    series, periods = class_series(facts.analysis), facts.analysis.panel.periods
    total, stacks, before = series.total, series.classes, series.before
    count = len(total)
    if count > _MOST or not total.max(initial=0.0) > 0:
        return {"months": None}
    top, ticks = _scale(max(float(total.max()), float(np.nanmax(before, initial=0.0))))
    labels = [_label(day, periods.bucket, show) for day in periods.edges[:-1]]
    names = [_label(day, periods.bucket, show, year=True) for day in periods.edges[:-1]]
    best = int(total.argmax())
    share = facts.totals.abc[0].value_share
    unit = periods.bucket == "month"
    finding = (
        show.say(SENTENCES["bestMonth"],
                 month=names[best], money=show.compact(float(total[best])),
                 share=show.percent(None if math.isnan(share) else share, 0))
        if unit
        else show.say(SENTENCES["bestPeriod"],
                      month=names[best], money=show.compact(float(total[best])),
                      share=show.percent(None if math.isnan(share) else share, 0))
    )  # fmt: skip
    columns = []
    for i in range(count):
        heights = [max(float(one), 0.0) / top * 100 for one in stacks[:, i]]
        parts = ", ".join(
            f"{letter} {show.compact(float(one))}"
            for letter, one in zip(ABC, stacks[:, i], strict=True)
        )
        compared = (
            ""
            if math.isnan(before[i])
            else "; " + show.say(SENTENCES["before"], money=show.compact(float(before[i])))
        )
        columns.append(
            {
                "label": labels[i],
                "name": names[i],
                "tip": f"{names[i]}: {show.compact(float(total[i]))} ({parts}){compared}",
                "heights": [round(one, 2) for one in heights],
                "before": None
                if math.isnan(before[i])
                else round(float(before[i]) / top * 100, 2),
                "total": float(total[i]),
                "past": None if math.isnan(before[i]) else float(before[i]),
                "parts": [float(one) for one in stacks[:, i]],
            }
        )
    return {
        "months": {
            "finding": finding,
            "bucket": periods.bucket,
            "columns": columns,
            "ticks": [
                {"at": round(one / top * 100, 2), "text": show.compact(one)} for one in ticks
            ],
            # The scale takes the room of its longest number.
            "room": max(len(show.compact(one)) for one in ticks),
            "every": max(1, math.ceil(count / 13)),
            "marks": _marks(facts, periods.edges, show),
            "dashed": not math.isnan(before[0]),
            "classes": [
                {"letter": one.label, "share": show.percent(_known(one.value_share), 0)}
                for one in facts.totals.abc
            ],
        }
    }


def _marks(facts: Facts, edges: Sequence[date], show: Formatter) -> list[dict[str, Any]]:
    """Return the announced changes of the window: their place along the columns, and a text."""
    made = facts.analysis.crm
    changes = made.settings.changes if isinstance(made, CrmAnalysis) else ()
    marks = []
    for one in sorted(changes, key=lambda change: change.day):
        if edges[0] <= one.day < edges[-1]:
            column = bisect.bisect_right(edges, one.day) - 1
            share = (one.day - edges[column]) / (edges[column + 1] - edges[column])
            named = clean(f"{date_text(one.day, show.lang)}: {one.what}", 200)
            marks.append({"at": round((column + share) * 10, 2), "text": prose(named)})
    return marks


def _known(share: float) -> float | None:
    return None if math.isnan(share) else share


def _label(day: date, bucket: str, show: Formatter, *, year: bool = False) -> str:
    if bucket == "month":
        return month_name(day, show.lang, year=year)
    return date_text(day, show.lang)


def _scale(most: float) -> tuple[float, list[float]]:
    """Return the top of an axis, and its round ticks."""
    step = 10.0 ** math.floor(math.log10(most))
    step = next(one for one in (step / 5, step / 2, step, 2 * step) if most / one <= 5)
    return max(most, 1e-300) * 1.04, [step * i for i in range(int(most / step) + 1)]

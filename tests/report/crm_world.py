"""Reports on a small CRM whose names attack spreadsheets, markup and terminals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from abcxyz.crm import (
    Activities,
    CrmData,
    Deals,
    Leads,
    ProductLines,
    Stage,
    StageChanges,
    StageMap,
    Users,
)
from abcxyz.crm.analysis import CrmAnalysis, analyze_crm
from abcxyz.crm.settings import AnnouncedChange, CrmSettings

__all__ = ["crm_reports"]


def crm_reports(names: Sequence[str], deals: int = 120) -> CrmAnalysis:
    """Return all reports on deals whose texts are *names*."""
    n = len(names)
    number = np.arange(deals)
    text = [names[i % n] for i in range(deals)]
    ids = np.array([f"{one[:200]} #{i}" for i, one in enumerate(text)], dtype=object)
    created = np.datetime64("2026-03-02T07:00", "s") + number * np.timedelta64(26, "h")
    stages = [f"{names[0]} 1", f"{names[1 % n]} 2", "WON", "LOST"]
    ends = np.where(number % 4 == 0, 2, np.where(number % 4 < 3, 3, 1))
    changes = {"deal": [], "stage": [], "entered": []}  # type: ignore[var-annotated]
    for i in range(deals):
        path = [0, *([1] if i % 3 or ends[i] == 1 else []), *([ends[i]] if ends[i] > 1 else [])]
        for step, stage in enumerate(path):
            changes["deal"].append(ids[i])
            changes["stage"].append(stages[stage])
            changes["entered"].append(created[i] + np.timedelta64(step * (30 + i % 50), "h"))
    crm = CrmData(
        deals=Deals(
            deal=ids,
            funnel=[names[2 % n]] * deals,
            created=created,
            stage=[stages[one] for one in ends],
            amount=1000.0 + number,
            owner=text,
            source=text[::-1],
            customer=ids,
            lost_reason=[one if end == 3 else "" for one, end in zip(text, ends, strict=True)],
        ),
        changes=StageChanges(
            deal=np.array(changes["deal"], dtype=object),
            stage=changes["stage"],
            entered=np.array(changes["entered"], dtype="M8[s]"),
        ),
        activities=Activities(
            activity=number,
            kind=["call", "meeting", *names][:2] * (deals // 2),
            started=created + np.timedelta64(3, "h"),
            direction=["out"] * deals,
            done=np.ones(deals, dtype=bool),
            user=text,
            deal=ids,
        ),
        leads=Leads(lead=number, created=created, owner=text, source=text, deal=ids),
        lines=ProductLines(deal=ids, product=text, amount=1000.0 + number, cost=number * 1.0),
        users=Users(user=list(names), name=list(names)),
        stages=StageMap(
            {
                names[2 % n]: [
                    stages[0],
                    stages[1],
                    Stage("WON", semantics="S"),
                    Stage("LOST", semantics="F"),
                ]
            }
        ),
        zone="Europe/Moscow",
    )
    announced = [
        AnnouncedChange(day=date(2026, 6, 1), what=names[0]),
        AnnouncedChange(day=date(2026, 10, 31), what=f"={names[-1]}"),
    ]
    return analyze_crm(crm, as_of=date(2026, 11, 1), settings=CrmSettings(changes=announced))

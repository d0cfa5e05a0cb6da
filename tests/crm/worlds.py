"""Small CRM worlds of random histories, and what a source would show of them at a moment."""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import frozen
from hypothesis import strategies as st

from abcxyz.crm import (
    Activities,
    CrmData,
    Deals,
    Leads,
    ProductLines,
    Stage,
    StageChanges,
    StageMap,
)

STAGES = StageMap(
    {
        "sales": [
            "NEW",
            "VISIT",
            "OFFER",
            Stage("WON", semantics="S"),
            Stage("LOST", semantics="F"),
        ],
        "service": ["NEW", "WORK", Stage("DONE", semantics="S"), Stage("OFF", semantics="F")],
    }
)
START = np.datetime64("2026-03-02T06:00:00", "s")


@frozen
class World:
    """Deals as histories: funnel, and (hour, funnel, stage) of every change."""

    deals: tuple[tuple[tuple[int, str, str], ...], ...]
    activities: tuple[tuple[int, int, str], ...]  # hour, deal, kind


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Draw a world of up to eight deals over some forty days."""
    deals = []
    for _ in range(draw(st.integers(1, 8))):
        hour, funnel = draw(st.integers(0, 600)), draw(st.sampled_from(list(STAGES.funnels)))
        stage = "NEW"
        history = [(hour, funnel, stage)]
        for _ in range(draw(st.integers(0, 6))):
            hour += draw(st.integers(1, 90))
            if draw(st.integers(0, 9)) == 0:
                funnel = draw(st.sampled_from(list(STAGES.funnels)))
            others = [one.id for one in STAGES.stages(funnel) if one.id != stage]
            stage = draw(st.sampled_from(others))
            history.append((hour, funnel, stage))
        deals.append(tuple(history))
    acts = draw(
        st.lists(
            st.tuples(
                st.integers(0, 900),
                st.integers(0, len(deals) - 1),
                st.sampled_from(["call", "letter", "meeting"]),
            ),
            max_size=12,
        )
    )
    return World(tuple(deals), tuple(acts))


def moment(hour: int) -> Any:
    """Return the moment of an hour of a world."""
    return START + np.timedelta64(hour, "h")


def read(world: World, until: int | None = None, *, lines: bool = False) -> CrmData:
    """Return what a source shows of a world before an hour; of all of it for None.

    With *lines* every deal has a product line from its creation on.
    """
    rows: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    changes: dict[str, list[Any]] = {"deal": [], "stage": [], "entered": [], "funnel": []}
    for number, history in enumerate(world.deals):
        seen = [one for one in history if until is None or one[0] < until]
        if not seen:
            continue
        hour, funnel, stage = seen[-1]
        final = next(one.semantics for one in STAGES.stages(funnel) if one.id == stage) != "P"
        rows["deal"].append(number)
        rows["funnel"].append(funnel)
        rows["created"].append(moment(seen[0][0]))
        rows["stage"].append(stage)
        rows["closed"].append(moment(hour) if final else np.datetime64("NaT", "s"))
        rows["amount"].append(100.0 * (number + 1))
        rows["owner"].append(f"m{number % 3}")
        rows["source"].append(("ads", "site", "")[number % 3])
        # Systems keep the reason of a deal that is opened again.
        lost = any(one[2] in ("LOST", "OFF") for one in seen)
        rows["lost_reason"].append("price" if lost and number % 2 else "")
        for hour, funnel, stage in seen:
            changes["deal"].append(number)
            changes["stage"].append(stage)
            changes["entered"].append(moment(hour))
            changes["funnel"].append(funnel)
    for name in ("created", "closed"):
        rows[name] = np.array(rows[name], dtype="M8[s]")  # type: ignore[assignment]
    changes["entered"] = np.array(changes["entered"], dtype="M8[s]")  # type: ignore[assignment]
    acts = [one for one in enumerate(world.activities) if until is None or one[1][0] < until]
    created = {number: history[0][0] for number, history in enumerate(world.deals)}
    known = [number for number in created if until is None or created[number] < until]
    return CrmData(
        deals=Deals(**rows),
        changes=StageChanges(**changes),
        activities=Activities(
            activity=np.array([number for number, _ in acts], dtype=np.int64),
            kind=[one[2] for _, one in acts],
            started=np.array([moment(one[0]) for _, one in acts], dtype="M8[s]"),
            direction=["out"] * len(acts),
            done=np.ones(len(acts), dtype=bool),
            user=[f"m{one[1] % 3}" for _, one in acts],
            deal=np.array([one[1] for _, one in acts], dtype=np.int64),
        ),
        leads=Leads(
            lead=np.array(known, dtype=np.int64),
            created=np.array([moment(created[one]) for one in known], dtype="M8[s]"),
            source=[("ads", "site", "")[one % 3] for one in known],
            owner=[f"m{one % 3}" for one in known],
            deal=np.array(known, dtype=np.int64),
        ),
        lines=ProductLines(
            deal=np.array(known, dtype=np.int64),
            product=[("pump", "pipe")[one % 2] for one in known],
            amount=[100.0 * (one + 1) for one in known],
            cost=[80.0 if one % 3 else float("nan") for one in known],
        )
        if lines
        else None,
        stages=STAGES,
        zone="Europe/Moscow",
        until=None if until is None else moment(until),
    )


_COLUMNS = (
    "deal", "funnel", "created", "stage", "closed", "amount", "owner", "source", "lost_reason",
)  # fmt: skip

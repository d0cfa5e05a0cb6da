"""Deals of two funnels, on a portal and as files."""

from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path

from attrs import define, field
from tests.emulators.bitrix24.portal import DEAL, LEAD, Portal

__all__ = ["World", "fill", "more"]

_MOSCOW = timezone(timedelta(hours=3))
_STAGES = (
    ("NEW", "P"), ("PREPARATION", "P"), ("PREPAYMENT_INVOICE", "P"), ("EXECUTING", "P"),
    ("FINAL_INVOICE", "P"), ("WON", "S"), ("LOSE", "F"), ("APOLOGY", "F"),
)  # fmt: skip


@define
class World:
    """What was put onto the portal: rows of the tables of files."""

    deals: list[Sequence[object]] = field(factory=list)
    changes: list[Sequence[object]] = field(factory=list)
    stages: list[Sequence[object]] = field(factory=list)

    def write(self, folder: Path) -> Path:
        """Write the tables as files."""
        folder.mkdir()
        heads = {
            "deals": "deal funnel created stage closed amount currency owner customer",
            "stage_changes": "deal funnel stage entered",
            "stages": "stage funnel name place semantics",
        }
        rows = {"deals": self.deals, "stage_changes": self.changes, "stages": self.stages}
        for name, head in heads.items():
            with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([head.split(), *rows[name]])
        return folder


def fill(portal: Portal, count: int, seed: int = 7) -> World:
    """Put deals with their moves onto a portal of three companies, and return them as files.

    A deal goes forward or back, may skip stages, and is won, lost or left open.
    """
    random_ = random.Random(seed)
    world = World()
    funnels = {0: "Общая", portal.add_category("Опт"): "Опт"}
    for title in ("Ромашка", "Лютик", "Василёк"):
        portal.add_company(title)
    for category, funnel in funnels.items():
        for place, (code, semantics) in enumerate(_STAGES):
            stage = portal.stage(code, category)
            name = portal.state.directory.stages[DEAL, stage].name
            last = place if semantics != "F" else -1
            world.stages.append((stage, funnel, name, last, semantics))
    for _ in range(count):
        category = random_.choice(list(funnels))
        at = datetime(2026, 1, 5, 9, tzinfo=_MOSCOW) + timedelta(hours=random_.randrange(2400))
        amount, company = random_.randint(1, 90) * 1000, random_.randint(1, 3)
        created, stage = at, portal.stage("NEW", category)
        number = portal.add_deal(
            "", createdTime=at.isoformat(), categoryId=category, opportunity=amount,
            companyId=company, assignedById=random_.randint(1, 2),
        )  # fmt: skip
        moves = [(stage, at)]
        for code in random_.sample([one for one, _ in _STAGES[1:5]], random_.randint(0, 4)):
            at += timedelta(hours=random_.randint(1, 200))
            moves.append((portal.stage(code, category), at))
        final = random_.choice(("WON", "LOSE", "APOLOGY", ""))
        if final:
            at += timedelta(hours=random_.randint(1, 200))
            moves.append((portal.stage(final, category), at))
        for stage, moment in moves[1:]:
            portal.move(DEAL, number, stage, at=moment)
        owner = portal.value(DEAL, number, "assignedById")
        world.changes += [
            (f"D_{number}", funnels[category], stage, moment.isoformat())
            for stage, moment in moves
        ]
        world.deals.append(
            (f"D_{number}", funnels[category], created.isoformat(), stage,
             at.isoformat() if final else "", amount, "RUB", owner, f"CO_{company}")
        )  # fmt: skip
    return world


def more(portal: Portal) -> None:
    """Add leads, activities with calls, goods and an employee who left."""
    portal.add_user("Пётр", "Ушедший", active=False)
    for day in range(1, 4):
        lead = portal.add_lead("Заявка", createdTime=f"2026-02-0{day}T10:00:00+03:00")
        portal.row(LEAD, lead)["sourceId"] = "WEB"
    call = portal.add_activity(
        DEAL, 1, at="2026-02-10T10:00:00+03:00", TYPE_ID=2, PROVIDER_ID="VOXIMPLANT_CALL",
        DIRECTION=2, COMPLETED="Y", STATUS=2, SUBJECT="Звонок +79990001122",
        START_TIME=_seconds("2026-02-10T10:00:00"), END_TIME=_seconds("2026-02-10T16:00:00"),
        bindings=[(3, 1), (4, 1), (DEAL, 1)],
    )  # fmt: skip
    # The call of the deal is on the second page of the statistics.
    for minute in range(55):
        portal.add_call(0, at=f"2026-02-10T09:{minute:02}:00+03:00", seconds=30)
    portal.add_call(call, at="2026-02-10T10:00:00+03:00", seconds=212, kind=2)
    missed = portal.add_activity(
        DEAL, 2, at="2026-02-11T10:00:00+03:00", TYPE_ID=2, DIRECTION=2, COMPLETED="Y"
    )
    portal.add_call(missed, at="2026-02-11T10:00:00+03:00", seconds=0, kind=2, code="304")
    portal.add_activity(
        DEAL, 2, at="2026-02-11T12:00:00+03:00", TYPE_ID=4, DIRECTION=2, COMPLETED="Y", STATUS=3
    )
    portal.add_activity(DEAL, 2, at="2026-02-12T12:00:00+03:00", PROVIDER_ID="CUSTOM_THING")
    pump = portal.add_product("Насос", 40.0)
    for deal in range(1, 52):
        for _ in range(2):  # a hundred rows of fifty deals: several pages
            portal.add_product_row("D", deal, pump, price=100.0, quantity=2)


def _seconds(text: str) -> float:
    return datetime.fromisoformat(f"{text}+03:00").timestamp()

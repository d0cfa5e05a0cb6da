"""A conforming source of CRM records, and variants that each break one promise."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from tests.testing.adapters import SECRET

from abcxyz.core.sales.calendar import Window
from abcxyz.crm import (
    TABLES,
    Activities,
    CrmData,
    Deals,
    Leads,
    Stage,
    StageChanges,
    StageMap,
)
from abcxyz.testing.synthetic import YEAR

DEALS = 12
STAGES = StageMap({"sales": ["NEW", Stage("WON", semantics="S"), Stage("LOST", semantics="F")]})
#: Requests that the sources made, by table; a test is a process of its own for them.
ASKED: list[str] = []


def records(window: Window, *, since: int = 0, **other: Any) -> CrmData:
    """Return the deals alive in a window, one created every 20 days, as known at its end."""
    days = np.arange(since, DEALS) * 20 - 40
    created = np.datetime64(YEAR.since, "s") + (days * 86_400 + 3600).astype("m8[s]")
    ids = np.arange(since, DEALS)
    closed = created + np.timedelta64(30, "D")
    ends = np.array(["WON", "LOST"])[ids % 2].tolist()
    tables: dict[str, Any] = {
        "deals": Deals(
            deal=ids, funnel=["sales"] * len(ids), stage=ends, created=created, closed=closed
        ),
        "changes": StageChanges(
            deal=np.r_[ids, ids],
            stage=["NEW"] * len(ids) + ends,
            entered=np.r_[created, closed],
        ),
        "activities": Activities(
            activity=ids, kind=["call"] * len(ids), started=created + 60, deal=ids
        ),
        "leads": Leads(lead=ids, created=created, deal=ids),
    }
    return CrmData(**{**tables, **other}, stages=STAGES).alive_in(window)


class CrmMemory:
    """Source of CRM records in memory."""

    def __init__(self) -> None:
        self.read = False

    def crm(self, window: Window, *, tables: frozenset[str] | None = None) -> CrmData:
        """Return the records; every table is a request."""
        self.read = True
        names = {"stage_changes": "changes", "activities": "activities", "leads": "leads"}
        wanted = set(TABLES if tables is None else tables)
        ASKED.extend(["deals", *(one for one in names if one in wanted)])
        left_out = {field: None for name, field in names.items() if name not in wanted}
        return self.made(window, **left_out)

    def made(self, window: Window, **left_out: Any) -> CrmData:
        """Return the tables that were asked for."""
        return records(window, **left_out)

    def remarks(self) -> Sequence[str]:
        """Return one sentence after a reading."""
        return ["deals have no amount"] if self.read else []

    def preflight(self) -> Sequence[str]:
        """Return the number of deals."""
        return [f"{DEALS} deals"]

    def close(self) -> None:
        """Do nothing."""


class GivesDeals(CrmMemory):
    def made(self, window: Window, **left_out: Any) -> Any:
        return super().made(window, **left_out).deals


class ReadsOn(CrmMemory):
    """Show the state of today, not that of the end of the window."""

    def made(self, window: Window, **left_out: Any) -> CrmData:
        return records(Window(window.since, YEAR.until.replace(year=2027)), **left_out)


class KeepsTheClosed(CrmMemory):
    """Return deals that were closed before the window."""

    def made(self, window: Window, **left_out: Any) -> CrmData:
        return records(Window(YEAR.since.replace(year=2024), window.until), **left_out)


class CreatedOnly(CrmMemory):
    """Leave out deals that were created before the window and are alive in it."""

    def made(self, window: Window, **left_out: Any) -> CrmData:
        whole = super().made(window, **left_out)
        young = whole.deals.created >= whole.moment(window.since)
        tables: dict[str, Any] = whole.tables() | {"deals": whole.deals.take(young)}
        return CrmData(**tables, stages=STAGES, until=whole.until)


class ForeignChanges(CrmMemory):
    """Return the histories of deals that are not among the deals."""

    def made(self, window: Window, **left_out: Any) -> CrmData:
        whole = super().made(window, **left_out)
        if whole.changes is None:
            return whole
        tables: dict[str, Any] = whole.tables() | {"deals": whole.deals.take(slice(1, None))}
        return CrmData(**tables, stages=STAGES, until=whole.until)


class LosesTheEnds(CrmMemory):
    """Return histories without the change into the final stage."""

    def made(self, window: Window, **left_out: Any) -> CrmData:
        whole = super().made(window, **left_out)
        if whole.changes is None:
            return whole
        begun = whole.changes.stage.codes == whole.changes.stage.code("NEW")
        tables: dict[str, Any] = whole.tables() | {"changes": whole.changes.take(begun)}
        return CrmData(**tables, stages=STAGES, until=whole.until)


class SpeaksOnce(CrmMemory):
    """Return no deals from the second reading on."""

    def made(self, window: Window, **left_out: Any) -> CrmData:
        since = DEALS if getattr(self, "done", False) else 0
        self.done = True
        return records(window, since=since, **left_out)


class ReadsEverything(CrmMemory):
    """Read all tables, whichever are asked for."""

    def crm(self, window: Window, *, tables: frozenset[str] | None = None) -> CrmData:
        return super().crm(window)


class AsksEverything(CrmMemory):
    """Ask for all tables, and throw away those that nobody wants."""

    def crm(self, window: Window, *, tables: frozenset[str] | None = None) -> CrmData:
        ASKED.extend(["more"] * (3 if tables == frozenset() else 0))
        return super().crm(window, tables=tables)


class RemarksTooEarly(CrmMemory):
    def remarks(self) -> Sequence[str]:
        return ["deals have no amount"]


class RemarksAreCounts(CrmMemory):
    def remarks(self) -> Any:
        return [len(ASKED)] if self.read else []


class CrmPreflightCounts(CrmMemory):
    def preflight(self) -> Any:
        return [DEALS]


class CrmFailsToClose(CrmMemory):
    def close(self) -> None:
        raise OSError("closed already")


class CrmSecretInRepr(CrmMemory):
    def __repr__(self) -> str:
        return f"CrmSecretInRepr({SECRET})"


class CrmSecretInLog(CrmMemory):
    def made(self, window: Window, **left_out: Any) -> CrmData:
        logging.getLogger("adapter").debug("token %s", SECRET)
        return super().made(window, **left_out)

"""Adapters that fail on demand, for the tests' jobs."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from os import PathLike
from pathlib import Path
from typing import Any

from abcxyz.core.analysis.record import Analysis
from abcxyz.core.sales.calendar import Window
from abcxyz.core.sales.transactions import Transactions
from abcxyz.errors import UnavailableError
from abcxyz.plugins import (
    Factory,
    ProgressCallback,
    Secret,
    WriteGuard,
    WritePlan,
    WriteReport,
    hookimpl,
)
from abcxyz.testing import make_transactions
from abcxyz.testing.sinks import segments_of

CUSTOMERS = [f"C{n}" for n in range(20)]


class Shop:
    """Source that on request fails midway with a secret in its error."""

    def __init__(
        self,
        *,
        fails_after: int | None = None,
        fails_with: str = "ours",
        token: Secret = "",
        pause: float = 0.0,
        first: int = 0,
        whole: bool = False,
    ) -> None:
        self.fails_after, self.fails_with, self.token = fails_after, fails_with, token
        self.pause, self.first, self.whole = pause, first, whole
        self.closed = 0

    def transactions(self, window: Window) -> Iterator[Transactions]:
        """Yield a hundred lines at a time."""
        sales = make_transactions(CUSTOMERS[self.first :]).within(window)
        if self.whole:
            ids = [int(str(one)[1:]) for one in sales.customer]
            sales = Transactions(ids, sales.day, sales.amount, sales.cost, sales.document)
        for place, start in enumerate(range(0, len(sales), 100)):
            if place == self.fails_after:
                if self.fails_with == "ours":
                    raise UnavailableError("the shop is closed; come again")
                raise RuntimeError(f"GET https://shop.example/{self.token}/sales")
            time.sleep(self.pause)
            yield sales.take(slice(start, start + 100))

    def preflight(self) -> Sequence[str]:
        """Report success."""
        return ["open"]

    def close(self) -> None:
        """Count the call."""
        self.closed += 1


class People:
    """Enricher with a region per customer and two leads."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails

    def customers(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, object]]:
        """Return the region."""
        if self.fails:
            raise UnavailableError("the directory is closed; come again")
        return {one: {"region": "north"} for one in ids}

    def prospects(self) -> Mapping[str, Mapping[str, object]]:
        """Return two leads, one of them large."""
        return {"L1": {"turnover": 3e9, "employees": 900}, "L2": {"turnover": "much"}}


class Crm:
    """Remote sink to a file of segments, with optional refusals and failures."""

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        refuses: int = 0,
        fails: str = "",
        token: Secret = "",
        pause: float = 0.0,
        unknown: int = 0,
    ) -> None:
        self.unknown = unknown
        self.path, self.refuses, self.fails, self.token = Path(path), refuses, fails, token
        self.pause = pause
        self.progress: ProgressCallback | None = None
        self.guard: WriteGuard | None = None

    def guard_writes(self, guard: WriteGuard) -> None:
        """Store the guard."""
        self.guard = guard

    def report_progress(self, callback: ProgressCallback) -> None:
        """Store the callback."""
        self.progress = callback

    def write(self, analysis: Analysis, *, dry_run: bool) -> WriteReport:
        """Write segments and grades to the file."""
        time.sleep(self.pause)
        if self.progress is not None:
            self.progress(10, 20)
        if self.fails == "ours":
            raise UnavailableError(f"the CRM is closed to {self.token}; come again")
        if self.fails:
            raise KeyError(f"token {self.token}")
        wanted: dict[str, Any] = segments_of(analysis)
        if self.guard is not None:
            self.guard(self._plan(wanted))
        refused = dict.fromkeys(list(wanted)[: self.refuses], f"no card for {self.token}")
        wanted = {one: segment for one, segment in wanted.items() if one not in refused}
        if analysis.prospects is not None:
            wanted["prospects"] = analysis.prospects.to_records()
        content = json.dumps(wanted, sort_keys=True, default=str)
        changed = not self.path.exists() or self.path.read_text() != content
        if changed and not dry_run:
            self.path.write_text(content)
        count = len(wanted)
        return WriteReport(
            written=count if changed else 0,
            unchanged=0 if changed else count,
            failed=refused,
            notes=[f"{one} -> {segment}" for one, segment in segments_of(analysis).items()],
        )

    def _plan(self, wanted: Mapping[str, str]) -> WritePlan:
        """Compare with the file; customers in ``unknown`` have no card."""
        shown: Mapping[str, str] = {}
        if self.path.exists():
            shown = json.loads(self.path.read_text())
        return WritePlan(
            customers=len(wanted),
            matched=len(wanted) - self.unknown,
            classified=len(shown),
            changed=sum(wanted.get(one) != segment for one, segment in shown.items()),
            cleared=sum(one not in wanted for one in shown),
        )


AS_OF = date(2026, 11, 1)


@hookimpl
def abcxyz_sources() -> Mapping[str, Factory]:
    """Register the shop."""
    return {"shop": Shop}


@hookimpl
def abcxyz_enrichers() -> Mapping[str, Factory]:
    """Register the directory."""
    return {"people": People}


@hookimpl
def abcxyz_sinks() -> Mapping[str, Factory]:
    """Register the CRM."""
    return {"crm": Crm}


PLUGIN = sys.modules[__name__]

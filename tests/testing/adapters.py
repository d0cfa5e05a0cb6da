"""Conforming adapters of each role, and variants that each break one promise."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from abcxyz.core.advice.crm_facts import CrmFacts, Deal
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.sales.calendar import Window
from abcxyz.core.sales.quality import Quality
from abcxyz.core.sales.transactions import Transactions
from abcxyz.errors import AuthenticationError
from abcxyz.plugins import ProgressCallback, WriteReport
from abcxyz.testing import make_transactions
from abcxyz.testing.sinks import segments_of

SECRET = "s3cr3t/ключ"
SALES = make_transactions(window=Window(date(2025, 9, 1), date(2027, 1, 1)), lines=800)


class Memory:
    """Source of sales in memory."""

    def __init__(self, sales: Transactions = SALES) -> None:
        self.sales, self.lines = sales, 0

    def transactions(self, window: Window) -> Iterator[Transactions]:
        """Yield batches of a hundred."""
        inside = self.sales.within(window)
        self.lines = len(inside)
        for start in range(0, len(inside), 100):
            yield inside.take(np.arange(start, min(start + 100, len(inside))))

    def preflight(self) -> Sequence[str]:
        """Report the number of lines."""
        return [f"{len(self.sales)} sales"]

    def customer_names(self) -> Mapping[str, str]:
        """Use the identifier as the name."""
        return {one: f"customer {one}" for one in self.sales.customer.tolist()}

    def data_quality(self) -> Quality | None:
        """Count the yielded lines."""
        return Quality(self.lines, self.lines)

    def facts(self, window: Window) -> CrmFacts:
        """Return one deal."""
        return CrmFacts(deals=[Deal(deal=1, customer="7", since=window.since)])

    def system_identity(self) -> str:
        """Return a constant identity."""
        return "memory"

    def close(self) -> None:
        """Do nothing."""


class ReturnsList(Memory):
    def transactions(self, window: Window) -> Any:
        return list(super().transactions(window))


class InclusiveEnd(Memory):
    def transactions(self, window: Window) -> Iterator[Transactions]:
        days = self.sales.day
        until = np.datetime64(window.until)
        yield self.sales.take((days >= np.datetime64(window.since)) & (days <= until))


class LosesLastPage(Memory):
    def transactions(self, window: Window) -> Iterator[Transactions]:
        for batch in super().transactions(window):
            if len(batch) == 100:
                yield batch


class GivesOnce(Memory):
    def transactions(self, window: Window) -> Iterator[Transactions]:
        yield from super().transactions(window)
        self.sales = Transactions([], [], [])


class KeepsItsPlace(Memory):
    def __init__(self) -> None:
        super().__init__()
        self.place = 0

    def transactions(self, window: Window) -> Iterator[Transactions]:
        inside = self.sales.within(window)
        while self.place < len(inside):
            start, self.place = self.place, self.place + 100
            yield inside.take(np.arange(start, min(start + 100, len(inside))))
        self.place = 0


class FailsOnEmpty(Memory):
    def transactions(self, window: Window) -> Iterator[Transactions]:
        yield self.sales.take(np.array([self.sales.within(window).day.argmax()]))


class Untidy(Memory):
    def transactions(self, window: Window) -> Iterator[Transactions]:
        for batch in super().transactions(window):
            yield Transactions([f" {c}" for c in batch.customer], batch.day, batch.amount)


class MergesHostile(Memory):
    def transactions(self, window: Window) -> Iterator[Transactions]:
        for batch in super().transactions(window):
            ascii_only = [str(c).encode("ascii", "replace").decode() for c in batch.customer]
            yield Transactions(ascii_only, batch.day, batch.amount)


class PreflightCounts(Memory):
    def preflight(self) -> Any:
        return [len(self.sales)]


class NamesOthers(Memory):
    def customer_names(self) -> Mapping[str, str]:
        return {f"no. {one}": name for one, name in super().customer_names().items()}


class QualityOfNothing(Memory):
    def data_quality(self) -> Quality | None:
        return Quality(0, 0)


class FactsGrow(Memory):
    count = 0

    def facts(self, window: Window) -> CrmFacts:
        self.count += 1
        return CrmFacts(deals=[Deal(deal=self.count, customer="7", since=window.since)])


class HasNoIdentity(Memory):
    def system_identity(self) -> str:
        return ""


class FailsToClose(Memory):
    def close(self) -> None:
        raise OSError("closed already")


class SecretInRepr(Memory):
    def __repr__(self) -> str:
        return f"SecretInRepr({SECRET})"


class SecretInLog(Memory):
    def transactions(self, window: Window) -> Iterator[Transactions]:
        logging.getLogger("adapter").debug("token %s", SECRET)
        return super().transactions(window)


def refuse() -> None:
    """Raise the promised error."""
    raise AuthenticationError("the token was refused; make another one")


def refuse_aloud() -> None:
    """Raise the promised error with the secret in a chained cause."""
    try:
        raise OSError(f"GET https://example.com/rest/1/{SECRET}/profile")
    except OSError as problem:
        raise AuthenticationError("the token was refused; make another one") from problem


def refuse_foreign() -> None:
    """Raise an exception outside the library's tree."""
    raise KeyError("token")


class Directory:
    """Enricher with two customers and one prospect."""

    people: Mapping[str, Mapping[str, object]] = {"7": {"region": "north"}, "8": {}}

    def customers(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, object]]:
        return {one: self.people[one] for one in ids if one in self.people}

    def prospects(self) -> Mapping[str, Mapping[str, object]]:
        return {"L1": {"employees": 900}}

    def preflight(self) -> Sequence[str]:
        return ["reachable"]

    def facts(self, window: Window) -> CrmFacts:
        return CrmFacts(owners={"7": "Ann"})

    def close(self) -> None:
        """Forget nothing."""


class OneMethod:
    def customers(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, object]]:
        return {}


class UnrequestedCustomer(Directory):
    def customers(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, object]]:
        return {**self.people, "9": {}}


class FailsOnStrangers(Directory):
    def customers(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, object]]:
        return {one: self.people[one] for one in ids}


class FirstPageOnly(Directory):
    def customers(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, object]]:
        return super().customers(ids[:50])


class ByPlace(Directory):
    def customers(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, object]]:
        return {one: {"place": place} for place, one in enumerate(ids) if one in self.people}


class NeedsSomebody(Directory):
    def customers(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, object]]:
        return super().customers([ids[0], *ids])


class GivesProspectsOnce(Directory):
    done = False

    def prospects(self) -> Mapping[str, Mapping[str, object]]:
        if self.done:
            return {}
        self.done = True
        return super().prospects()


class EnricherPreflightCounts(Directory):
    def preflight(self) -> Any:
        return 2


class FactsAreNone(Directory):
    def facts(self, window: Window) -> Any:
        return None


class DirectoryFailsToClose(Directory):
    def close(self) -> None:
        raise OSError("closed already")


class DirectorySecretInLog(Directory):
    def prospects(self) -> Mapping[str, Mapping[str, object]]:
        logging.getLogger("adapter").warning(SECRET)
        return {}


class Shelf:
    """Sink to a JSON file of customer -> segment and name that refuses one customer."""

    bad = "refused"
    progress: ProgressCallback | None = None

    def __init__(self, path: Path) -> None:
        self.path = path

    def is_local(self) -> bool:
        return True

    def report_progress(self, callback: ProgressCallback) -> None:
        self.progress = callback

    def close(self) -> None:
        """Forget nothing."""

    def read(self) -> dict[str, list[str]]:
        result: dict[str, list[str]] = {}
        if self.path.exists():
            result = json.loads(self.path.read_text())
        return result

    def store(self, content: Mapping[str, list[str]]) -> None:
        self.path.write_text(json.dumps(content))

    def wanted(self, analysis: Analysis) -> dict[str, list[str]]:
        segments = segments_of(analysis)
        return {one: [segments[one], analysis.names.get(one, "")] for one in segments}

    def write(self, analysis: Analysis, *, dry_run: bool) -> WriteReport:
        wanted = self.wanted(analysis)
        failed = {self.bad: "the target refuses it"} if wanted.pop(self.bad, None) else {}
        had = self.read()
        changed = [one for one, entry in wanted.items() if had.get(one) != entry]
        if changed and not dry_run:
            self.store(wanted)
            self.count(len(wanted))
        return WriteReport(
            written=len(changed), unchanged=len(wanted) - len(changed), failed=failed
        )

    def count(self, total: int) -> None:
        if self.progress is not None:
            self.progress(1, total)
            self.progress(total, total)

    def preflight(self) -> Sequence[str]:
        return [str(self.path)]


class ReportsNothing(Shelf):
    def write(self, analysis: Analysis, *, dry_run: bool) -> Any:
        super().write(analysis, dry_run=dry_run)


class AlwaysWrites(Shelf):
    def write(self, analysis: Analysis, *, dry_run: bool) -> WriteReport:
        return super().write(analysis, dry_run=False)


class PromisesLess(Shelf):
    def write(self, analysis: Analysis, *, dry_run: bool) -> WriteReport:
        report = super().write(analysis, dry_run=dry_run)
        return WriteReport() if dry_run else report


class WritesOnce(Shelf):
    def store(self, content: Mapping[str, list[str]]) -> None:
        if not self.path.exists():
            super().store(content)


class WritesAgain(Shelf):
    def write(self, analysis: Analysis, *, dry_run: bool) -> WriteReport:
        self.path.unlink(missing_ok=True)
        return super().write(analysis, dry_run=dry_run)


class Appends(Shelf):
    """Report nothing written while changing the file."""

    def write(self, analysis: Analysis, *, dry_run: bool) -> WriteReport:
        report = super().write(analysis, dry_run=dry_run)
        self.path.write_text(self.path.read_text() + " ")
        return report


class StopsAtBad(Shelf):
    def wanted(self, analysis: Analysis) -> dict[str, list[str]]:
        wanted = super().wanted(analysis)
        return {} if self.bad in wanted else wanted


class HidesBad(Shelf):
    def wanted(self, analysis: Analysis) -> dict[str, list[str]]:
        wanted = super().wanted(analysis)
        wanted.pop(self.bad, None)
        return wanted


class EscapesNames(Shelf):
    def wanted(self, analysis: Analysis) -> dict[str, list[str]]:
        return {
            one: [segment, name.replace("<", "&lt;")]
            for one, (segment, name) in super().wanted(analysis).items()
        }


class PreflightWrites(Shelf):
    def preflight(self) -> Sequence[str]:
        self.path.write_text("{}")
        return []


class LocalIsText(Shelf):
    def is_local(self) -> Any:
        return "yes"


class ProgressStops(Shelf):
    def count(self, total: int) -> None:
        super().count(total)
        if self.progress is not None:
            self.progress(1, total)


class ShelfFailsToClose(Shelf):
    def close(self) -> None:
        raise OSError("closed already")


class ReportTells(Shelf):
    def write(self, analysis: Analysis, *, dry_run: bool) -> WriteReport:
        super().write(analysis, dry_run=dry_run)
        return WriteReport(notes=[f"wrote with {SECRET}"])

"""Pilot: read the sources, write to a few named cards, check them, and restore them."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define, field

from abcxyz.config import Adapters, Job, Part
from abcxyz.core.analysis.analyze import analyze
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.sales.calendar import Periods
from abcxyz.core.sales.transactions import Transactions
from abcxyz.errors import AdapterError, ConfigError
from abcxyz.pipeline.failures import adapter_failure
from abcxyz.pipeline.pilots.report import PilotReport, PilotStep
from abcxyz.pipeline.preflight import checked_adapters
from abcxyz.pipeline.prepare import Advice, built, job_lock
from abcxyz.pipeline.reading import Reading
from abcxyz.plugins import PilotTarget, WriteReport
from abcxyz.registry import Registry
from abcxyz.toolkit.catalogue import Catalogue
from abcxyz.toolkit.clock import Clock, SystemClock
from abcxyz.toolkit.files import read_private, write_atomic
from abcxyz.toolkit.parsing import parse_json
from abcxyz.toolkit.redaction import Redactor

__all__ = ["pilot", "restore_pilot"]

message = Catalogue().message

Cards = Mapping[str, Mapping[str, Any]]

_AMOUNTS = (1000.0, 100.0, 10.0)  # of a sale of each card in turn
_MOST_CARDS = len(_AMOUNTS)


def pilot(
    job: Job,
    *,
    cards: Sequence[str],
    as_of: date,
    undo_file: Path,
    confirm: Callable[[Sequence[PilotStep]], bool] = lambda _steps: True,
    registry: Registry | None = None,
    clock: Clock | None = None,
) -> PilotReport:
    """Try a job on a live system: check, read, write to named cards, compare, restore.

    Parameters
    ----------
    job
        Job to try.
    cards
        Customers whose cards are written, by their key in the sink.
    as_of
        Date of the classification.
    undo_file
        Private file that holds what the cards showed, until they are restored.
    confirm
        Called with the steps so far before the first write; False ends the pilot there.
    registry
        Registry of the adapters; the installed ones by default.
    clock
        Clock of the durations.

    Returns
    -------
    PilotReport
        The steps up to the first that failed. What was written is restored in any case.

    Raises
    ------
    ConfigError, PluginError
        The job cannot be built, the cards are not named well, or an earlier pilot was
        interrupted and its cards are not restored yet.
    """
    if not 1 <= len(set(cards)) == len(cards) <= _MOST_CARDS:
        raise ConfigError(
            "a pilot writes to 1 to {most} different cards, and {count} {count:is|are} named; "
            "name test cards that no customer owns",
            most=_MOST_CARDS,
            count=len(cards),
        )
    if undo_file.exists():
        raise ConfigError(
            "{path} holds the cards of a pilot that was interrupted; restore them first with "
            "--undo",
            path=str(undo_file),
        )
    timer = clock or SystemClock()
    steps: list[PilotStep] = []
    with job_lock(job.path), built(job, registry) as (adapters, redactor):
        run = _Pilot(job, adapters, redactor, cards, as_of, undo_file, timer, steps)
        if run.check() and run.read() and confirm(steps):
            for part, sink in adapters.sinks:
                if not run.write(part, sink):
                    break
    return PilotReport(as_of, tuple(steps))


def restore_pilot(
    job: Job, undo_file: Path, *, registry: Registry | None = None, clock: Clock | None = None
) -> PilotReport:
    """Restore the cards of a pilot that was interrupted.

    Parameters
    ----------
    job
        The job of that pilot.
    undo_file
        The file that it left.

    Raises
    ------
    ConfigError
        The file cannot be read.
    """
    saved = _saved(undo_file)
    timer = clock or SystemClock()
    steps: list[PilotStep] = []
    with job_lock(job.path), built(job, registry) as (adapters, redactor):
        for place, (part, sink) in enumerate(adapters.sinks):
            before = saved.get(str(place))
            if before is not None and isinstance(sink, PilotTarget):
                run = _Pilot(job, adapters, redactor, (), date.min, undo_file, timer, steps)
                run.undo(part, sink, before)
    return PilotReport(date.fromisoformat(str(saved["as_of"])), tuple(steps))


@define
class _Pilot:
    """A pilot in progress."""

    job: Job
    adapters: Adapters
    redactor: Redactor = field(repr=False)
    cards: Sequence[str]
    as_of: date
    undo_file: Path
    clock: Clock
    steps: list[PilotStep]

    @contextmanager
    def _step(self, name: str, part: Part) -> Iterator[PilotStep]:
        """Time a step; an error ends it and is stored in it."""
        step = PilotStep(name, part.label)
        self.steps.append(step)
        start = self.clock.monotonic()
        try:
            yield step
        except Exception as problem:  # noqa: BLE001 - a stranger's code may raise anything
            step.problem = adapter_failure(part, problem, self.redactor)
        finally:
            step.seconds = self.clock.monotonic() - start

    def check(self) -> bool:
        """Check every adapter, also after one that failed."""
        start = self.clock.monotonic()
        for one in checked_adapters(self.adapters, self.redactor):
            now = self.clock.monotonic()
            step = PilotStep("check", one.kind, now - start, {}, list(one.notes), one.problem)
            self.steps.append(step)
            start = now
        return all(step.problem is None for step in self.steps)

    def read(self) -> bool:
        """Read the sales of the job's window, and count them."""
        window = self.job.settings.periods(self.as_of).span
        for source in self.adapters.sources:
            with self._step("read", source[0]) as step:
                reading = Reading([source], redactor=self.redactor)
                customers: set[str] = set()
                months: set[Any] = set()
                step.counts["sales"] = 0
                for batch in reading.transactions(window):
                    step.counts["sales"] += len(batch)
                    customers.update(np.unique(batch.identifiers).tolist())
                    months.update(np.unique(batch.day.astype("M8[M]")).tolist())
                step.counts |= {"customers": len(customers), "months": len(months)}
                if reading.quality is not None:
                    for issue in reading.quality.issues:
                        step.counts[f"quality: {issue.kind}"] = issue.count
                sold = sum(card in customers for card in self.cards)
                step.counts["cards with sales"] = sold
                if sold:
                    step.notes.append(
                        message(
                            "{count} of the named cards have sales: they belong to real customers",
                            count=sold,
                        )
                    )
        return all(step.problem is None for step in self.steps)

    def write(self, part: Part, sink: object) -> bool:
        """Write to the cards, compare, and restore them."""
        if not isinstance(sink, PilotTarget):
            return True
        to_restore: list[Cards] = []
        with self._step("write", part) as step:
            before = sink.read_cards(self.cards)
            missing = [card for card in self.cards if card not in before]
            if missing:
                step.counts["cards not there"] = len(missing)
                raise ConfigError(
                    "there is no card {cards}; create test cards, or correct the keys",
                    cards=", ".join(missing),
                )
            self._save(part, before)
            to_restore.append(before)
            self._write(step, sink, before)
        restored = all(self.undo(part, sink, before) for before in to_restore)
        return restored and step.problem is None

    def _write(self, step: PilotStep, sink: PilotTarget, before: Cards) -> None:
        analysis = _trial_analysis(self.job, self.cards, self.as_of)
        report = sink.write_cards(analysis, self.cards)
        self._check(step, report)
        shown = sink.read_cards(self.cards)
        again = sink.write_cards(analysis, self.cards)
        step.counts |= {
            "written": report.written,
            "unchanged": report.unchanged,
            "cards that differ from before": sum(
                _values(shown.get(card, {})) != _values(before[card]) for card in self.cards
            ),
            "written again": again.written,
        }
        self._check(step, again)
        if again.written:
            raise AdapterError(
                "a second write changed {count} {count:card|cards} again: what is written "
                "differs from what is read back",
                count=again.written,
            )
        if report.written + report.unchanged < len(self.cards):
            raise AdapterError(
                "{count} of the named cards were not written",
                count=len(self.cards) - report.written - report.unchanged,
            )

    def _check(self, step: PilotStep, report: WriteReport) -> None:
        step.notes += [*report.notes, *(f"{one}: {why}" for one, why in report.failed.items())]
        if report.failed:
            raise AdapterError("{count} of the cards were refused", count=len(report.failed))

    def undo(self, part: Part, sink: PilotTarget, before: Cards) -> bool:
        """Restore the cards, and compare them with what they showed."""
        with self._step("undo", part) as step:
            report = sink.restore_cards(before)
            step.counts["restored"] = report.written
            self._check(step, report)
            shown = sink.read_cards(list(before))
            different = [
                card for card in before if _values(shown.get(card, {})) != _values(before[card])
            ]
            if different:
                raise AdapterError(
                    "the cards {cards} do not show what they showed before; {path} holds it, try "
                    "--undo",
                    cards=", ".join(different),
                    path=str(self.undo_file),
                )
            self._forget(part)
        return step.problem is None

    def _place(self, part: Part) -> str:
        return str([one for one, _ in self.adapters.sinks].index(part))

    def _save(self, part: Part, before: Cards) -> None:
        cards = {card: dict(fields) for card, fields in before.items()}
        saved = _saved(self.undo_file) if self.undo_file.exists() else {}
        saved |= {"as_of": self.as_of.isoformat(), self._place(part): cards}
        write_atomic(self.undo_file, json.dumps(saved).encode(), private=True)

    def _forget(self, part: Part) -> None:
        """Remove the cards of a sink from the file, and the file with the last of them."""
        if not self.undo_file.exists():
            return
        saved = _saved(self.undo_file)
        saved.pop(self._place(part), None)
        if set(saved) <= {"as_of"}:
            self.undo_file.unlink()
        else:
            write_atomic(self.undo_file, json.dumps(saved).encode(), private=True)


def _saved(path: Path) -> dict[str, Any]:
    try:
        saved = parse_json(read_private(path))
    except ValueError:
        saved = None
    if not isinstance(saved, dict) or "as_of" not in saved:
        raise ConfigError("{path} holds no cards of a pilot; name another file", path=str(path))
    return saved


def _values(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that hold something; a field created since is like an empty one."""
    return {name: value for name, value in fields.items() if value is not None}


def _trial_analysis(job: Job, cards: Sequence[str], as_of: date) -> Analysis:
    """Classify the named cards by invented sales: large and steady, medium, small and rare."""
    periods: Periods = job.settings.periods(as_of)
    days = [max(day, periods.window.since) for day in periods.edges[:-1]]
    lines: list[tuple[str, date, float]] = []
    for place, (card, amount) in enumerate(zip(cards, _AMOUNTS, strict=False)):
        chosen = days[:: place + 1]
        lines += [(card, day, amount * (1 + n * place)) for n, day in enumerate(chosen)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # so few customers are meaningless, which is intended
        return analyze(
            Transactions(*map(list, zip(*lines, strict=True))),
            as_of=as_of,
            settings=job.settings,
            playbook=Advice.of(job).playbook,
        )

"""Reading of the sales of all sources of a job, with common names of customers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import evolve

from abcxyz._arrays import Bools, freeze
from abcxyz.config import Part
from abcxyz.core.analysis.analyze import aggregate_sales
from abcxyz.core.landmarks.collector import LandmarkCollector
from abcxyz.core.sales.calendar import Periods, Window
from abcxyz.core.sales.panel import Panel
from abcxyz.core.sales.quality import Quality, QualityIssue
from abcxyz.core.sales.transactions import Transactions
from abcxyz.core.snapshots.settings import Settings
from abcxyz.errors import AbcxyzError, AdapterError
from abcxyz.plugins import NamesSource, ProgressReporter, QualitySource, Source
from abcxyz.progress import RunProgress
from abcxyz.tables.account import merged, outside_window
from abcxyz.toolkit.redaction import Redactor

__all__ = ["CommonNames", "Reading"]

_EXAMPLES = 3
_PLACE = 0x1E3779B97F4A7C15 >> 8  # separates the numbers of documents of several sources


class CommonNames(dict[Any, str]):
    """Customer of an adapter -> common name as text; collects those that are not in the id map."""

    def __init__(self, part: Part) -> None:
        super().__init__()
        self._map = part.id_map
        self._prefix = part.id_prefix
        self.unmapped: set[str] = set()

    def __missing__(self, customer: Any) -> str:
        name, mapped = self.common(customer)
        if not mapped:
            self.unmapped.add(name)
        self[customer] = name
        return name

    def keeps(self, customers: npt.NDArray[Any]) -> bool:
        """Return whether the distinct identifiers are their common names already."""
        plain = self._map is None and not self._prefix
        return plain and set(map(type, customers.tolist())) <= {str}

    def common(self, customer: Any) -> tuple[str, bool]:
        """Return the common name of a customer, and whether no map lacks it."""
        identifier = str(customer)
        name = None if self._map is None else self._map.get(identifier)
        if name is not None:
            return name, True
        return self._prefix + identifier, self._map is None


class _Renamer:
    """Rename the customers of batches; labels are renamed once, not line by line."""

    def __init__(self, names: CommonNames) -> None:
        self._names = names
        self._labels: npt.NDArray[Any] | None = None
        self._common: npt.NDArray[Any] | None = None

    def __call__(self, batch: Transactions) -> tuple[Transactions, Bools | None]:
        """Return a batch with common names, and its lines not in the map; None for no line."""
        names = self._names
        if batch.labels is None:
            renamed = np.empty(len(batch), dtype=object)
            renamed[:] = [names[customer] for customer in batch.customer.tolist()]
            lost = None
            if names.unmapped:
                lost = np.fromiter((one in names.unmapped for one in renamed), bool, len(renamed))
            return evolve(batch, customer=renamed), lost
        if batch.labels is not self._labels:
            self._learn(batch.labels)
        if self._common is batch.labels:
            return batch, None
        here = np.zeros(len(batch.labels), dtype=bool)
        here[batch.customer] = True
        fresh = here & ~self._met
        self._met |= here
        for customer in batch.labels[fresh].tolist():
            names[customer]
        lost = self._lost[batch.customer] if names.unmapped else None
        codes = batch.customer if self._codes is None else self._codes[batch.customer]
        return evolve(batch, customer=codes, labels=self._common), lost

    def _learn(self, labels: npt.NDArray[Any]) -> None:
        self._labels, self._met = labels, np.zeros(len(labels), dtype=bool)
        if self._names.keeps(labels):
            self._common = labels
            return
        named = [self._names.common(label) for label in labels.tolist()]
        self._lost = np.array([not mapped for _, mapped in named], dtype=bool)
        # Several customers of a source may have one common name.
        numbers: dict[str, int] = {}
        codes = [numbers.setdefault(name, len(numbers)) for name, _ in named]
        self._codes = np.array(codes) if len(numbers) < len(codes) else None
        common = np.empty(len(numbers), dtype=object)
        common[:] = list(numbers)
        self._common = freeze(common)


class _LinesRead:
    """Progress of a source: the number of lines that it has read so far."""

    def __init__(self, progress: RunProgress) -> None:
        self._progress, self._lines = progress, 0

    def __call__(self, done: int, _total: int) -> None:
        self._progress.advance(done - self._lines)
        self._lines = done


class Reading:
    """Read the sources of a job one after the other.

    Parameters
    ----------
    sources
        Sources, each with its part of the job.
    progress
        Progress callbacks, called with the number of lines read.
    redactor
        Redacts secrets in the message of a failing source.

    Notes
    -----
    Customers are yielded as text, by their common name where a map has one. With several sources,
    equal document numbers of different sources stay distinct.
    """

    def __init__(
        self,
        sources: Sequence[tuple[Part, Source]],
        *,
        progress: RunProgress | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        self._sources = sources
        self._progress = progress or RunProgress()
        self._redactor = redactor or Redactor()
        self._names: dict[str, str] = {}
        self._quality: list[Quality] = []
        self._state: tuple[int, date | None] = (0, None)
        self._inside: Window | None = None
        self.last_day: date | None = None
        """Day of the latest sale read so far; None before the first."""
        self.met: dict[str, tuple[int, int]] = {}
        """Source -> number of its customers in the id map, and number of those not in it."""

    def transactions(
        self, window: Window, *, inside: Window | None = None
    ) -> Iterator[Transactions]:
        """Yield every transaction of the half-open *window*, each exactly once, in batches.

        Parameters
        ----------
        window
            The days to read.
        inside
            The window of the classification: lines outside of it are counted in the account.

        Raises
        ------
        AdapterError
            A source failed; the message names it and the number of lines read.
        """
        self._names, self._quality, self.met = {}, [], {}
        self._inside = inside
        for place, (part, source) in enumerate(self._sources):
            self._progress.begin("read", part.label)
            yield from self._one(place, part, source, window)
            self._progress.end()

    def panel(
        self,
        periods: Periods,
        settings: Settings,
        orders: LandmarkCollector | None = None,
    ) -> Panel:
        """Read and aggregate the sales of the lookback; see `transactions`."""
        sales = self.transactions(periods.lookback, inside=periods.window)
        if orders is not None:
            sales = orders.watch(sales)
        return aggregate_sales(sales, periods, settings)

    def _one(
        self, place: int, part: Part, source: Source, window: Window
    ) -> Iterator[Transactions]:
        names = CommonNames(part)
        rename = _Renamer(names)
        lines, lost_lines, lost_money = 0, 0, 0.0
        outside: list[QualityIssue] = []
        last: date | None = None
        # A source that reads all before its first batch reports its progress itself.
        reports = isinstance(source, ProgressReporter)
        if isinstance(source, ProgressReporter):
            source.report_progress(_LinesRead(self._progress))
        for batch in self._guarded(part, source, window):
            if not len(batch):
                continue
            lines += len(batch)
            last = batch.day[-1].item()
            latest = batch.day.max().item()
            self.last_day = latest if self.last_day is None else max(latest, self.last_day)
            renamed, lost = rename(batch)
            if lost is not None:
                lost_lines += int(np.count_nonzero(lost))
                lost_money += math.fsum(batch.amount[lost].tolist())
            outside += outside_window(batch, self._inside)
            self._state = lines, last
            if not reports:
                self._progress.advance(len(batch))
            yield evolve(renamed, document=self._documents(place, batch))
        self._close(part, source, names, lines, lost_lines, lost_money)
        if outside:
            self._quality.append(Quality(0, 0, outside))

    def _guarded(self, part: Part, source: Source, window: Window) -> Iterator[Transactions]:
        """Yield the batches of a source; failures become errors that name the source."""
        self._state = 0, None
        try:
            yield from source.transactions(window)
        except AbcxyzError as problem:
            if not isinstance(problem, AdapterError):
                raise
            failure = self._failure(part, problem)
            failure.retryable = problem.retryable
            cause: AbcxyzError | None = problem
        except Exception as problem:  # noqa: BLE001 - a stranger's code may raise anything
            shown = f"{type(problem).__name__}: {self._redactor.text(str(problem))}"
            failure, cause = self._failure(part, shown), None
        else:
            return
        # The exception of a plugin may hold secrets, so the error has no cause and no context.
        raise failure from cause

    def _failure(self, part: Part, reason: object) -> AdapterError:
        lines, last = self._state
        if not lines:
            return AdapterError(
                "the source {source} failed at its start: {reason}; nothing was saved, the next "
                "run starts over",
                source=part.label,
                reason=reason,
            )
        return AdapterError(
            "the source {source} failed after {lines} {lines:line|lines}, the last of {day}: "
            "{reason}; nothing was saved, the next run starts over",
            source=part.label,
            lines=lines,
            day=last,
            reason=reason,
        )

    def _documents(self, place: int, batch: Transactions) -> npt.NDArray[Any] | None:
        if batch.document is None or len(self._sources) == 1:
            return batch.document
        if batch.document.dtype.kind == "i":
            return batch.document.astype(np.int64, copy=False) ^ np.int64(place * _PLACE)
        documents = np.empty(len(batch), dtype=object)
        documents[:] = [f"{place}\0{one}" for one in batch.document.tolist()]
        return documents

    def _close(
        self,
        part: Part,
        source: Source,
        names: CommonNames,
        lines: int,
        lost_lines: int,
        lost_money: float,
    ) -> None:
        if isinstance(source, NamesSource):
            known = source.customer_names()
            self._names |= {names[customer]: name for customer, name in known.items()}
        account = source.data_quality() if isinstance(source, QualitySource) else None
        quality = Quality(lines, lines) if account is None else account
        if part.id_map is not None:
            mapped = len({one for one in names.values() if one not in names.unmapped})
            self.met[part.label] = (mapped, len(names.unmapped))
        if lost_lines:
            issue = QualityIssue(
                "not_in_id_map",
                lost_lines,
                lost_money,
                "own_customer",
                sorted(names.unmapped)[:_EXAMPLES],
            )
            quality = evolve(quality, issues=(*quality.issues, issue))
        self._quality.append(quality)

    @property
    def names(self) -> Mapping[str, str]:
        """Customer -> name, where a source has it."""
        return self._names

    @property
    def quality(self) -> Quality:
        """The account of all sources together."""
        return merged(self._quality)

"""Reading of a file of sales for an analysis, within a memory limit."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from os import PathLike
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import numpy.typing as npt

from abcxyz._arrays import freeze
from abcxyz._collection import free_memory
from abcxyz.errors import AbcxyzWarning, InputError
from abcxyz.tables.containers.paths import Files
from abcxyz.tables.sales import SalesScan, scan_sales
from abcxyz.toolkit.catalogue import Catalogue, Figure

if TYPE_CHECKING:
    from abcxyz.core.landmarks.collector import LandmarkCollector
    from abcxyz.core.sales.calendar import Periods, Window
    from abcxyz.core.sales.panel import Panel
    from abcxyz.core.sales.quality import Quality
    from abcxyz.core.sales.transactions import Transactions
    from abcxyz.core.snapshots.settings import Settings

__all__ = ["MEMORY", "FileReading"]

_WORDS = Catalogue()

MEMORY = "2GB"
"""Default memory limit of the whole process; what does not fit goes to temporary files."""


class FileReading:
    """Sales of a file: a `~abcxyz.core.analysis.analyze.SalesReading`.

    Parameters
    ----------
    path
        CSV, Parquet, JSON lines or a workbook, also packed; or several such files.
    as_of
        Lines of this day and later are left out as future ones; None keeps every line.
    memory
        Memory limit of the process, such as ``500MB``; lines that do not fit go to files.
    spill
        Directory for these files, which are removed at the end; None for the system's.
    progress
        Callback with the number of lines read.
    undated
        As in `abcxyz.tables.sales.scan_sales`.
    metric
        A metric for which the file must have the columns.
    reading
        Options for reading the file, as in `abcxyz.tables.sales.read_sales`.

    Attributes
    ----------
    quality
        Account of the file; None before it was read.
    names
        Customer -> name; empty before the file was read.
    last_day
        Day of the latest usable line; None before the file was read.

    Notes
    -----
    The file is read anew by each method.
    """

    def __init__(
        self,
        path: Files,
        *,
        as_of: date | None = None,
        memory: str = MEMORY,
        spill: str | PathLike[str] | None = None,
        progress: Callable[[int], None] | None = None,
        undated: date | None = None,
        metric: str = "revenue",
        **reading: Any,
    ) -> None:
        self._path, self._metric = path, metric
        self._options: dict[str, Any] = {
            "as_of": as_of,
            "memory": memory,
            "spill": spill,
            "undated": undated,
            **reading,
        }
        self._progress = progress
        self.quality: Quality | None = None
        self.names: Mapping[str, str] = MappingProxyType({})
        self.last_day: date | None = None

    def transactions(
        self, window: Window, *, inside: Window | None = None
    ) -> Iterator[Transactions]:
        """Yield the usable lines in batches that share their labels, also those outside *window*.

        Parameters
        ----------
        window
            The days to read; of a file all are read.
        inside
            Window outside of which lines are counted in the account; None for *window*.

        Raises
        ------
        InputError
            As in `abcxyz.tables.sales.read_sales`.
        """
        with scan_sales(self._path, progress=self._progress, **self._options) as scan:
            check_cost(self._metric, scan.columns)
            for part in scan.parts(inside or window, future_alone=True):
                yield from part
            self._note(scan)

    def panel(
        self,
        periods: Periods,
        settings: Settings,
        orders: LandmarkCollector | None = None,
    ) -> Panel:
        """Read and aggregate the sales; customers are in the order of their first lines.

        Notes
        -----
        Past the memory limit the lines are kept in partition files by customer, which are added
        up one after the other: the result is the same. One row per customer stays in memory.

        Raises
        ------
        InputError
            As in `abcxyz.tables.sales.read_sales`, or the file lacks a column for the metric.
        """
        from abcxyz.core.analysis.analyze import aggregate_sales
        from abcxyz.core.sales.joining import join_panels

        with scan_sales(self._path, progress=self._progress, **self._options) as scan:
            check_cost(self._metric, scan.columns)
            rows = len(scan.labels)
            if orders is not None:
                orders.name(scan.labels)

            def panels() -> Iterator[Panel]:
                for place, part in enumerate(scan.parts(periods.window), 1):
                    # As positions in the labels, by which the parts are joined.
                    lines = (one.renumbered(one.customer) for one in part)
                    sales = lines if orders is None else orders.watch(lines)
                    if scan.spilled:
                        sales = _numbered(sales, rows)
                    panel = aggregate_sales(sales, periods, settings)
                    if orders is not None and scan.spilled:
                        orders.foresee(place / scan.part_count)
                    yield panel
                    del panel  # else it stays in memory while the next one is made
                if scan.spilled:
                    free_memory()  # of the lines: the table of the result needs it

            if scan.spilled:
                panel = join_panels(panels(), rows)
            else:
                (panel,) = panels()
            panel = _labelled(panel, scan.labels)
            self._note(scan)
            spilled, dated = scan.spilled, scan.dated
        if spilled:
            del scan
            free_memory()
        return panel if dated else _without_series(panel)

    def _note(self, scan: SalesScan) -> None:
        self.quality, self.names, self.last_day = scan.quality, scan.names(), scan.last_day

    def preflight(self) -> Sequence[str]:
        """Read the first lines, and return a description of them and of the columns.

        Raises
        ------
        InputError
            The file cannot be opened, a column is not recognised, or no line is usable.
        """
        with scan_sales(self._path, beginning=True, **self._options) as scan:
            check_cost(self._metric, scan.columns)
            for part in scan.parts():
                for _ in part:
                    pass
            columns = ", ".join(f"{role} = {column}" for role, column in scan.columns.items())
            summary = _WORDS.message(
                "{path}: {used} of the first {rows} lines are usable, of {first} - {last}",
                path=str(self._path),
                used=Figure(scan.quality.used),
                rows=Figure(scan.quality.rows),
                first=scan.first_day,
                last=scan.last_day,
            )
            return [summary, columns]


def check_cost(metric: str, columns: Mapping[str, str]) -> None:
    """Raise an error if a metric needs a column of costs and there is none."""
    if metric == "profit" and "cost" not in columns:
        raise InputError(
            "the metric profit needs the cost of each sale; name its column with --cost"
        )


def _numbered(batches: Iterable[Transactions], rows: int) -> Iterator[Transactions]:
    """Yield each batch with numbers of its own customers alone, which are below *rows*.

    A partition holds few customers of all: a table of all of them for each would take most of the
    time.
    """
    numbers = np.empty(rows, np.int32)
    for batch in batches:
        present = np.zeros(rows, dtype=bool)
        present[batch.customer] = True
        customers = np.flatnonzero(present)
        numbers[customers] = np.arange(len(customers))
        yield batch.renumbered(numbers[batch.customer], freeze(customers))


def _labelled(panel: Panel, labels: npt.NDArray[np.object_]) -> Panel:
    """Replace positions in the labels by the labels, also in the window before."""
    past = panel.earlier
    return attrs.evolve(
        panel,
        customers=freeze(labels[panel.customers]),
        earlier=None if past is None else _labelled(past, labels),
    )


def _without_series(panel: Panel) -> Panel:
    """Return the sums of the customers without series, so that no XYZ class is made of them."""
    warnings.warn(
        AbcxyzWarning(
            "the table has no dates: customers are classified by ABC alone, XYZ needs the date "
            "of each sale"
        ),
        stacklevel=3,
    )
    never = np.full(len(panel), "NaT", dtype="M8[D]")
    return attrs.evolve(
        panel,
        sales=np.full(panel.sales.shape, np.nan),
        orders=np.zeros_like(panel.orders),
        first_day=never,
        last_day=never,
    )

"""Analysis of a file of sales, in memory or part by part."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from datetime import timedelta
from os import PathLike
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from abcxyz._arrays import DayLike, as_day, freeze
from abcxyz.errors import AbcxyzWarning, InputError
from abcxyz.tables.containers.paths import Files
from abcxyz.tables.sales import Sales, SalesScan, read_sales, scan_sales

if TYPE_CHECKING:
    from abcxyz.core.analysis.record import Analysis
    from abcxyz.core.sales.calendar import Periods
    from abcxyz.core.sales.panel import Panel
    from abcxyz.core.snapshots.settings import Settings

__all__ = ["analyze_file", "read_sales_for"]

MEMORY = "2GB"
"""Default memory limit of the whole process; what does not fit goes to temporary files."""


def read_sales_for(
    path: str | PathLike[str], metric: str, *, as_of: DayLike | None = None, **reading: Any
) -> Sales:
    """Read a file of sales with the columns that a metric needs.

    Parameters
    ----------
    path
        The file.
    metric
        One of `~abcxyz.core.sales.panel.METRICS`.
    as_of, reading
        As in `abcxyz.tables.sales.read_sales`.

    Raises
    ------
    InputError
        As in `abcxyz.tables.sales.read_sales`, or the file has no costs for the metric profit.
    """
    sales = read_sales(path, as_of=as_of, **reading)
    check_cost(metric, sales.columns)
    return sales


def check_cost(metric: str, columns: Mapping[str, str]) -> None:
    """Raise an error if a metric needs a column of costs and there is none."""
    if metric == "profit" and "cost" not in columns:
        raise InputError(
            "the metric profit needs the cost of each sale; name its column with --cost"
        )


def analyze_file(
    path: Files,
    *,
    as_of: DayLike,
    settings: Settings,
    memory: str = MEMORY,
    spill: str | PathLike[str] | None = None,
    progress: Callable[[int], None] | None = None,
    after_reading: Callable[[], None] | None = None,
    **reading: Any,
) -> Analysis:
    r"""Classify the customers of a file of sales.

    Parameters
    ----------
    path
        CSV, Parquet, JSON lines or a workbook, also packed; or several such files.
    as_of
        Date of the result.
    settings
        Settings of the classification.
    memory
        Memory limit of the process, such as ``500MB``; lines that do not fit go to files.
    spill
        Directory for these files, which are removed at the end; None for the system's.
    progress
        Callback with the number of lines read.
    after_reading
        Function called when all lines are read and added up.
    reading
        Options for reading the file, as in `abcxyz.tables.sales.read_sales`.

    Returns
    -------
    Analysis
        Analysis with the data quality account of the file.

    Raises
    ------
    InputError
        The file cannot be read, or no sale lies in the window.

    Notes
    -----
    Past the memory limit the lines are kept in partition files by customer, which are added up one
    after the other: the result is the same. One row per customer stays in memory.

    Examples
    --------
    >>> import datetime, pathlib, tempfile
    >>> from abcxyz import Settings
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "sales.csv"
    >>> _ = file.write_text("customer,date,amount\nAnn,2026-09-30,7\nBob,2026-10-05,5\n")
    >>> analysis = analyze_file(file, as_of=datetime.date(2026, 11, 1), settings=Settings())
    >>> analysis.quality.used, analysis.snapshot.customers.tolist()
    (2, ['Ann', 'Bob'])
    """
    from abcxyz.core.analysis.analyze import analyze
    from abcxyz.core.sales.coverage import check_panel_coverage

    as_of = as_day(as_of, "as_of")
    undated = as_of - timedelta(days=1)
    with scan_sales(
        path,
        memory=memory,
        spill=spill,
        progress=progress,
        as_of=as_of,
        undated=undated,
        **reading,
    ) as scan:
        check_cost(settings.metric, scan.columns)
        periods = settings.periods(as_of)
        panel = _panel_of(scan, periods, settings)
        if scan.dated:
            check_panel_coverage(panel, strict=True)
        else:
            panel = _without_series(panel)
        if after_reading is not None:
            after_reading()
        return analyze(
            panel, as_of=as_of, settings=settings, quality=scan.quality, names=scan.names
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


def _panel_of(scan: SalesScan, periods: Periods, settings: Settings) -> Panel:
    """Add up the parts of a file; customers are in the order of their first lines."""
    from abcxyz.core.sales.joining import join_panels
    from abcxyz.core.sales.panel import aggregate

    panels, lines = [], []
    for part in scan.parts(periods.window):
        transactions, places, first = part.by_appearance()
        panel = aggregate(
            transactions,
            periods,
            metric=settings.metric,
            rhythm=True,
            document_spans_days=settings.document_spans_days,
        )
        numbers = panel.customers.astype(np.intp)
        panels.append(attrs.evolve(panel, customers=freeze(scan.labels[places[numbers]])))
        lines.append(first[numbers])
    if len(panels) == 1:
        return panels[0]
    return join_panels(panels, np.argsort(np.concatenate(lines)))

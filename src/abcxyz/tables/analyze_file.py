"""Analysis of a file of sales, in memory or part by part."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from os import PathLike
from typing import TYPE_CHECKING, Any

from abcxyz._arrays import DayLike, as_day
from abcxyz.tables.containers.paths import Files
from abcxyz.tables.file_reading import MEMORY, FileReading

if TYPE_CHECKING:
    from abcxyz.core.analysis.record import Analysis
    from abcxyz.core.snapshots.settings import Settings

__all__ = ["analyze_file"]


def analyze_file(
    path: Files,
    *,
    as_of: DayLike,
    settings: Settings,
    memory: str = MEMORY,
    spill: str | PathLike[str] | None = None,
    backtest: int = 0,
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
    memory, spill, progress
        As in `abcxyz.tables.file_reading.FileReading`.
    backtest
        Number of past days on which the call list is tried; see `AlertRules`.
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
    after the other: the result is the same. One row per customer stays in memory; a backtest
    needs 32 bytes per customer and day with an order as well.

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
    from abcxyz.core.advice.alerts import AlertRules
    from abcxyz.core.analysis.analyze import analyze_reading
    from abcxyz.core.analysis.learn_lapses import learning

    as_of = as_day(as_of, "as_of")
    sales = FileReading(
        path,
        as_of=as_of,
        memory=memory,
        spill=spill,
        progress=progress,
        undated=as_of - timedelta(days=1),
        metric=settings.metric,
        **reading,
    )
    rules = AlertRules(backtest=backtest)
    return analyze_reading(
        sales,
        as_of=as_of,
        settings=settings,
        after_reading=after_reading,
        alert_rules=rules,
        orders=learning(rules, settings, as_of),
    )

"""Sink that writes the report as an Excel workbook."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from abcxyz.toolkit.files import write_atomic

if TYPE_CHECKING:
    from abcxyz.core.analysis.record import Analysis
    from abcxyz.plugins import WriteReport

__all__ = ["ExcelSink"]


class ExcelSink:
    """Write ``segments.xlsx``: complete lists with filters.

    Parameters
    ----------
    path
        The file.
    lang
        Language of the sheets and columns.
    currency
        Currency sign of the amounts.
    constant_memory
        As in `render_workbook`; by default if there are many customers.

    Notes
    -----
    Text from the data is always written as text, never as a formula, a number or a link.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        lang: str = "en",
        currency: str = "",
        constant_memory: bool | None = None,
    ) -> None:
        self._path = Path(path)
        self._lang = lang
        self._currency = currency
        self._constant_memory = constant_memory

    def is_local(self) -> bool:
        """Return True: a file of this machine."""
        return True

    def write(self, analysis: Analysis, *, dry_run: bool) -> WriteReport:
        """Write the workbook, unless its content is the same already."""
        from abcxyz.plugins import WriteReport
        from abcxyz.report.workbook.render import render_workbook

        content = render_workbook(
            analysis,
            lang=self._lang,
            currency=self._currency,
            constant_memory=self._constant_memory,
        )
        changed = write_atomic(self._path, content, dry_run=dry_run)
        count = len(analysis.snapshot)
        return WriteReport(written=count if changed else 0, unchanged=0 if changed else count)

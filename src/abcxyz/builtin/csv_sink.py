"""Sink that writes segments as a CSV, readable by Excel."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from abcxyz.tables.export.csv_table import csv_bytes
from abcxyz.tables.export.summary import customer_table
from abcxyz.toolkit.files import check_writable, write_atomic

if TYPE_CHECKING:
    from abcxyz.core.analysis.record import Analysis
    from abcxyz.plugins import WriteReport

__all__ = ["CsvSink"]


class CsvSink:
    """Write ``segments.csv``: one line per customer.

    Parameters
    ----------
    path
        The file.
    lang
        ``ru`` is the format of a Russian Excel: ``;``, a byte order mark, decimal commas, day
        first. ``en`` is plain RFC 4180 in UTF-8.
    escape_formulas
        Put an apostrophe before text that a spreadsheet would take for a formula. Turn it off
        only if a program reads the file and needs unchanged identifiers.
    """

    def __init__(
        self, path: str | PathLike[str], *, lang: str = "en", escape_formulas: bool = True
    ) -> None:
        self._path = Path(path)
        self._lang = lang
        self._escape = escape_formulas

    def is_local(self) -> bool:
        """Return True: a file of this machine."""
        return True

    def preflight(self) -> Sequence[str]:
        """Check that the file can be written."""
        return [check_writable(self._path)]

    def write(self, analysis: Analysis, *, dry_run: bool) -> WriteReport:
        """Write the file, unless its content is the same already."""
        from abcxyz.plugins import WriteReport

        table = customer_table(analysis)
        content = csv_bytes(table, self._lang, escape_formulas=self._escape)
        changed = write_atomic(self._path, content, dry_run=dry_run)
        count = len(analysis.snapshot)
        return WriteReport(written=count if changed else 0, unchanged=0 if changed else count)

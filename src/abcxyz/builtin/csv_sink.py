"""Sink that writes segments as a CSV, readable by Excel."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from datetime import date
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from abcxyz.i18n import date_text, text
from abcxyz.tables.export.summary import HEADERS, customer_rows
from abcxyz.toolkit.files import check_writable, write_atomic
from abcxyz.toolkit.language import language

if TYPE_CHECKING:
    from abcxyz.core.analysis.record import Analysis
    from abcxyz.plugins import WriteReport

__all__ = ["CsvSink", "harmless"]

_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?", re.ASCII)
_STARTS = frozenset("=+-@\t\r\n＝＋－＠")


def harmless(cell: str) -> str:
    """Escape text that a spreadsheet would execute as a formula.

    Text that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line end, also after spaces, gets
    an apostrophe in front. A plain number such as ``-5`` is unchanged: it is no formula.

    Examples
    --------
    >>> harmless("=1+1"), harmless("-5"), harmless("-5+A1"), harmless("Ltd")
    ("'=1+1", '-5', "'-5+A1", 'Ltd')
    """
    start = cell.lstrip(" \N{NO-BREAK SPACE}")[:1]
    if start in _STARTS and start and not _NUMBER.fullmatch(cell):
        return "'" + cell
    return cell


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
        Put an apostrophe before text that a spreadsheet would take for a formula (see
        `harmless`). Turn it off only if a program reads the file and needs unchanged
        identifiers.
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

        rows = [*customer_rows(analysis)]
        changed = write_atomic(self._path, self._content(rows), dry_run=dry_run)
        return WriteReport(
            written=len(rows) if changed else 0, unchanged=0 if changed else len(rows)
        )

    def _content(self, rows: list[tuple[object, ...]]) -> bytes:
        rules = language(self._lang)
        stream = io.StringIO()
        writer = csv.writer(stream, delimiter=rules.csv_separator, lineterminator="\r\n")
        writer.writerow([text(header, self._lang) for header in HEADERS])
        writer.writerows([self._cell(cell) for cell in row] for row in rows)
        # A name from a lenient reader may hold a lone surrogate, which cannot be encoded.
        return stream.getvalue().encode(rules.csv_encoding, "replace")

    def _cell(self, cell: object) -> str:
        if cell is None:
            return ""
        if isinstance(cell, date):
            return date_text(cell, self._lang)
        if isinstance(cell, float):
            # 15 digits, as in Excel, so that sums of kopecks show no binary rounding errors.
            return f"{cell:.15g}".replace(".", language(self._lang).decimal)
        if isinstance(cell, int):
            return str(cell)
        plain = str(cell).replace("\0", "\N{REPLACEMENT CHARACTER}")
        return harmless(plain) if self._escape else plain

"""Segments as an Excel workbook."""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abcxyz.builtin.atomic import write_whole
from abcxyz.builtin.rows import HEADERS, customer_rows, summary_object
from abcxyz.errors import InputError
from abcxyz.i18n import text

if TYPE_CHECKING:
    from abcxyz.core.analysis import Analysis
    from abcxyz.plugins import WriteReport

__all__ = ["ExcelSink", "printable"]

#: Excel's limits: characters in a cell, lines in a sheet.
_CELL = 32_767
_LINES = 1_048_576
#: XML has no way to say these at all.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def printable(cell: str) -> str:
    r"""Replace what XML forbids by a visible mark, and cut what exceeds a cell.

    Examples
    --------
    >>> printable("bell\x07")
    'bell�'
    """
    clean = _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", cell)
    return clean if len(clean) <= _CELL else clean[: _CELL - 1] + "…"


class ExcelSink:
    """Write ``segments.xlsx`` with the sheets Summary, Matrix and Customers.

    Parameters
    ----------
    path
        The file.
    lang
        Language of the labels.
    constant_memory
        Write row by row, for hundreds of thousands of customers.

    Notes
    -----
    Text from the data is always written as text: nothing becomes a formula, a number or a link.
    """

    remote = False

    def __init__(
        self, path: str | PathLike[str], *, lang: str = "en", constant_memory: bool = False
    ) -> None:
        self._path = Path(path)
        self._lang = lang
        self._constant_memory = constant_memory

    def write(self, analysis: Analysis, *, dry_run: bool) -> WriteReport:
        """Write the workbook whole, unless it already says the same."""
        from abcxyz.plugins import WriteReport

        rows = [*customer_rows(analysis)]
        if len(rows) >= _LINES:
            raise InputError(
                "{count} customers do not fit into a sheet of Excel; write CSV instead",
                count=len(rows),
            )
        changed = write_whole(self._path, self._content(analysis, rows), dry_run=dry_run)
        return WriteReport(
            written=len(rows) if changed else 0, unchanged=0 if changed else len(rows)
        )

    def _content(self, analysis: Analysis, rows: list[tuple[object, ...]]) -> bytes:
        try:
            import xlsxwriter
        except ImportError:
            raise InputError(
                "writing {kind} needs {package}; install it with: pip install {package}",
                kind="Excel",
                package="xlsxwriter",
            ) from None
        stream = io.BytesIO()
        book = xlsxwriter.Workbook(
            stream,
            {
                "constant_memory": self._constant_memory,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "in_memory": not self._constant_memory,
            },
        )
        # The same analysis gives the same bytes, so that a second write changes nothing.
        day = analysis.snapshot.as_of
        book.set_properties({"created": datetime(day.year, day.month, day.day, tzinfo=UTC)})
        styles = {
            "head": book.add_format({"bold": True, "bottom": 1}),
            "money": book.add_format({"num_format": "#,##0.00"}),
            "share": book.add_format({"num_format": "0.0%"}),
            "day": book.add_format({"num_format": "yyyy-mm-dd"}),
        }
        summary = summary_object(analysis)
        self._summary(book, styles, summary)
        self._matrix(book, styles, summary)
        self._customers(book, styles, rows)
        book.close()
        return stream.getvalue()

    def _say(self, english: str) -> str:
        return text(english, self._lang)

    def _put(self, sheet: Any, row: int, column: int, cell: object, style: Any = None) -> None:
        if cell is None:
            return
        if isinstance(cell, bool) or not isinstance(cell, (int, float, date)):
            sheet.write_string(row, column, printable(str(cell)), style)
        elif isinstance(cell, date):
            sheet.write_datetime(row, column, cell, style)
        else:
            sheet.write_number(row, column, cell, style)

    def _summary(self, book: Any, styles: dict[str, Any], summary: dict[str, Any]) -> None:
        sheet = book.add_worksheet(self._say("Summary"))
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, 4, 16)
        window = summary["window"]
        lines: list[tuple[object, ...]] = [
            ("Date of the result", date.fromisoformat(summary["as_of"])),
            ("Window from", date.fromisoformat(window["since"])),
            ("Window until (not included)", date.fromisoformat(window["until"])),
            ("Customers", summary["customers"]),
        ]
        row = 0
        for label, cell in lines:
            self._put(sheet, row, 0, self._say(str(label)), styles["head"])
            self._put(sheet, row, 1, cell, styles["day"] if isinstance(cell, date) else None)
            row += 1
        for axis in ("abc", "xyz"):
            row += 1
            heads = ("Class", "Customers", "Value", "Share")
            for column, head in enumerate(heads):
                self._put(sheet, row, column, self._say(head), styles["head"])
            for letter, found in summary[axis]["classes"].items():
                row += 1
                self._put(sheet, row, 0, letter)
                self._put(sheet, row, 1, found["customers"])
                self._put(sheet, row, 2, found["value"], styles["money"])
                self._put(sheet, row, 3, found["share"], styles["share"])
            for letter, cut in summary[axis]["cuts"].items():
                row += 1
                self._put(sheet, row, 0, text("Cut of {letter}", self._lang, letter=letter))
                self._put(sheet, row, 2, cut, styles["money"] if axis == "abc" else None)
            row += 1
        self._quality(sheet, row + 1, styles, summary["quality"])

    def _quality(self, sheet: Any, row: int, styles: dict[str, Any], quality: Any) -> None:
        from abcxyz.builtin.checks import KINDS, TREATMENTS

        if not quality:
            return
        for column, head in enumerate(("Data quality", "Lines", "Value", "What was done")):
            self._put(sheet, row, column, self._say(head), styles["head"])
        for label, count in (("all lines", quality["rows"]), ("lines used", quality["used"])):
            row += 1
            self._put(sheet, row, 0, self._say(label))
            self._put(sheet, row, 1, count)
        for issue in quality["issues"]:
            row += 1
            treatment = issue["treatment"]
            self._put(sheet, row, 0, self._say(KINDS.get(issue["kind"], issue["kind"])))
            self._put(sheet, row, 1, issue["count"])
            self._put(sheet, row, 2, issue["amount"], styles["money"])
            self._put(sheet, row, 3, self._say(TREATMENTS.get(treatment, treatment)))

    def _matrix(self, book: Any, styles: dict[str, Any], summary: dict[str, Any]) -> None:
        sheet = book.add_worksheet(self._say("Matrix"))
        sheet.set_column(0, 5, 16)
        heads = ("Segment", "Customers", "Share of customers", "Value", "Share of value")
        for column, head in enumerate(heads):
            self._put(sheet, 0, column, self._say(head), styles["head"])
        for row, (segment, cell) in enumerate(summary["matrix"].items(), start=1):
            self._put(sheet, row, 0, segment)
            self._put(sheet, row, 1, cell["customers"])
            self._put(sheet, row, 2, cell["customers_share"], styles["share"])
            self._put(sheet, row, 3, cell["value"], styles["money"])
            self._put(sheet, row, 4, cell["value_share"], styles["share"])

    def _customers(
        self, book: Any, styles: dict[str, Any], rows: list[tuple[object, ...]]
    ) -> None:
        sheet = book.add_worksheet(self._say("Customers"))
        sheet.set_column(0, 1, 32)
        sheet.set_column(2, len(HEADERS) - 1, 14)
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, max(len(rows), 1), len(HEADERS) - 1)
        by_head = {
            "Value": styles["money"],
            "Share": styles["share"],
            "Cumulative share": styles["share"],
            "Last sale": styles["day"],
        }
        for column, head in enumerate(HEADERS):
            self._put(sheet, 0, column, self._say(head), styles["head"])
        for row, cells in enumerate(rows, start=1):
            for column, (head, cell) in enumerate(zip(HEADERS, cells, strict=True)):
                self._put(sheet, row, column, cell, by_head.get(head))

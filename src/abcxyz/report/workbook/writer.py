"""Writer of sheets: styles, headings, and typed cells."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from abcxyz.core.analysis.record import Analysis
from abcxyz.i18n import text
from abcxyz.toolkit.language import language

__all__ = ["AMBER", "SheetWriter", "printable"]

#: Excel's limit of characters in a cell.
_CELL = 32_767
#: Characters that XML cannot represent.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_BLUE, AMBER = "#0B4A82", "#F4B183"


def printable(cell: str) -> str:
    r"""Replace characters that XML forbids, and truncate text to the size of a cell.

    Examples
    --------
    >>> printable("bell\x07")
    'bell�'
    """
    clean = _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", cell)
    return clean if len(clean) <= _CELL else clean[: _CELL - 1] + "…"


class SheetWriter:
    """Writer of the sheets of one workbook.

    Parameters
    ----------
    book
        Workbook of XlsxWriter.
    analysis
        The analysis, whose metric decides the format of amounts.
    lang
        Language of the sheets and columns.
    currency
        Currency sign of the amounts.
    """

    def __init__(self, book: Any, analysis: Analysis, lang: str, currency: str) -> None:
        self._book, self.lang = book, lang
        counted = analysis.settings.metric == "count"
        sign = "" if counted or not currency else f'" {currency.replace(chr(34), "")[:8]}"'
        amount = "#,##0" if counted else "#,##0.00"
        make = book.add_format
        self._styles: dict[str, Any] = {
            "head": make(
                {"bold": True, "bg_color": _BLUE, "font_color": "#FFFFFF", "text_wrap": True,
                 "valign": "top"}
            ),
            "label": make({"bold": True}),
            "title": make({"bold": True, "font_size": 16, "font_color": _BLUE}),
            "money": make({"num_format": f"{amount}{sign};[Red]-{amount}{sign}"}),
            "share": make({"num_format": "0.0%"}),
            "change": make({"num_format": "+0%;[Red]-0%;0%"}),
            "day": make({"num_format": language(lang).date}),
            "count": make({"num_format": "#,##0"}),
            "cv": make({"num_format": "0.00%"}),
        }  # fmt: skip

    def say(self, english: str) -> str:
        """Translate a phrase."""
        return text(english, self.lang)

    def put(self, sheet: Any, row: int, column: int, cell: object, style: str = "") -> None:
        """Write a cell by its type: a date, a number or text; empty values are skipped."""
        format_ = self._styles.get(style)
        if cell is None or cell == "" or (isinstance(cell, float) and not math.isfinite(cell)):
            return
        if isinstance(cell, date):
            sheet.write_datetime(row, column, cell, format_)
        elif isinstance(cell, (int, float)) and not isinstance(cell, bool):
            sheet.write_number(row, column, cell, format_)
        else:
            sheet.write_string(row, column, printable(str(cell)), format_)

    def empty(self, name: str) -> Any:
        """Add an empty sheet."""
        return self._book.add_worksheet(self.say(name))

    def sheet(
        self,
        name: str,
        columns: Sequence[tuple[str, float, str]],
        rows: Iterable[Sequence[object]],
    ) -> tuple[Any, int]:
        """Add a sheet with a frozen heading and filters; columns are (heading, width, style)."""
        sheet = self.empty(name)
        sheet.freeze_panes(1, 1)
        for place, (head, width, _) in enumerate(columns):
            sheet.set_column(place, place, width)
            self.put(sheet, 0, place, self.say(head), "head")
        last = 0
        for last, cells in enumerate(rows, start=1):
            for place, ((_, _, style), cell) in enumerate(zip(columns, cells, strict=True)):
                self.put(sheet, last, place, cell, style)
        sheet.autofilter(0, 0, max(last, 1), len(columns) - 1)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        return sheet, last

    def shade(self, sheet: Any, rows: int, column: int, *, high: str = "#5B9BD0") -> None:
        """Add a colour scale to a column, from white to *high*."""
        if rows:
            sheet.conditional_format(
                1,
                column,
                rows,
                column,
                {"type": "2_color_scale", "min_color": "#FFFFFF", "max_color": high},
            )

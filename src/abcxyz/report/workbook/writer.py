"""Writer of sheets: styles, headings, and typed cells."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from abcxyz.core.analysis.record import Analysis
from abcxyz.i18n import text
from abcxyz.report.workbook.rows import printable
from abcxyz.toolkit.language import language

__all__ = ["AMBER", "MOST_LINES", "SheetWriter"]

MOST_LINES = 1_048_576
"""Lines of a sheet at most, the heading among them."""

_BLUE, AMBER = "#0B4A82", "#F4B183"
_CHART = ("#0B4A82", "#5B9BD0", "#B3BFCC")


def _literal(written: str) -> str:
    """Return text that XlsxWriter does not take for a formula in a title or label of a chart."""
    plain = printable(written)
    return f" {plain}" if plain.startswith("=") else plain


def _cells(sheet: str, rows: tuple[int, int], column: int) -> dict[str, Any]:
    """Return where a series of a chart is: its name in the heading, its numbers below."""
    head, last = rows
    return {
        "name": [sheet, head, column],
        "categories": [sheet, head + 1, 0, last, 0],
        "values": [sheet, head + 1, column, last, column],
    }


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
        #: Number of a sheet, from 1 -> its columns of cells, which `filled` writes.
        self.tables: dict[int, Sequence[Sequence[object]]] = {}
        counted = analysis.settings.metric == "count"
        sign = "" if counted or not currency else f'" {currency.replace(chr(34), "")[:8]}"'
        self._whole = f"#,##0{sign}"
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
            "ratio": make({"num_format": "0.00"}),
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
            # 15 digits, as Excel holds them, so that a sum of kopecks shows no binary error.
            sheet.write_number(row, column, float(f"{cell:.15g}"), format_)
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
        cells = [list(cells) for cells in zip(*rows, strict=True)]
        return self.table(name, columns, cells or [[] for _ in columns])

    def table(
        self,
        name: str,
        columns: Sequence[tuple[str, float, str]],
        cells: Sequence[Sequence[object]],
    ) -> tuple[Any, int]:
        """Add a sheet as `sheet` does, with the *cells* given by columns instead of rows."""
        sheet = self.empty(name)
        sheet.freeze_panes(1, 1)
        for place, (head, width, _) in enumerate(columns):
            sheet.set_column(place, place, width)
            self.put(sheet, 0, place, self.say(head), "head")
        last = len(cells[0])
        if last:
            # These cells show `filled` the formats of the columns.
            for place, (_, _, style) in enumerate(columns):
                sheet.write_blank(1, place, None, self._styles.get(style))
            self.tables[len(self._book.worksheets())] = cells
        sheet.autofilter(0, 0, max(last, 1), len(columns) - 1)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        return sheet, last

    def shade(self, sheet: Any, rows: int, column: int, *, high: str = "#5B9BD0") -> None:
        """Add a colour scale to a column, from white to *high*."""
        if rows:
            self.shade_block(sheet, (1, column), (rows, column), high=high)

    def shade_block(
        self,
        sheet: Any,
        first: tuple[int, int],
        last: tuple[int, int],
        *,
        high: str = "#5B9BD0",
    ) -> None:
        """Add a colour scale to a block of cells, from white to *high*."""
        scale = {"type": "2_color_scale", "min_color": "#FFFFFF", "max_color": high}
        sheet.conditional_format(*first, *last, scale)

    def chart(
        self,
        sheet: Any,
        name: str,
        place: str,
        *,
        title: str,
        heads: tuple[int, int, int, int],
        series: Iterable[tuple[int, int, int, int, int, int]],
    ) -> None:
        """Add a chart of stacked columns, which the program that opens the workbook draws.

        *heads* are the cells of the categories, and a series is the cell of its name and the
        first and last cell of its numbers, all as rows and columns of the sheet *name*.
        """
        chart = self._book.add_chart({"type": "column", "subtype": "stacked"})
        written = self.say(name)
        for (row, column, *numbers), colour in zip(series, _CHART, strict=False):
            chart.add_series(
                {
                    "name": [written, row, column],
                    "categories": [written, *heads],
                    "values": [written, *numbers],
                    "fill": {"color": colour},
                }
            )
        chart.set_title({"name": self.say(title)})
        # As the cells of these numbers, but whole ones: an axis has no room for pennies.
        chart.set_y_axis({"num_format": self._whole})
        chart.set_legend({"position": "bottom"})
        sheet.insert_chart(place, chart, {"description": self.say(title)})

    def lines(
        self,
        sheet: Any,
        name: str,
        place: str,
        *,
        title: str,
        rows: tuple[int, int],
        series: Iterable[tuple[int, str, str]],
        labels: Sequence[str],
    ) -> None:
        """Add a chart over weeks.

        The first column of the *rows* from the heading to the last one holds the weeks. A series
        is its column, its colour, and ``solid``, ``dash``, ``marks`` (points alone), or
        ``change`` (vertical lines, with the *labels* of the rows).
        """
        chart = self._book.add_chart({"type": "line"})
        written = self.say(name)
        for column, colour, kind in series:
            line = {"color": colour, "width": 1.75}
            if kind == "dash":
                line["dash_type"] = "dash"
            options = _cells(written, rows, column)
            options["line"] = line if kind in ("solid", "dash") else {"none": True}
            if kind == "marks":
                paint = {"color": colour}
                options["marker"] = {"type": "circle", "size": 7, "fill": paint, "border": paint}
            if kind == "change":
                options["marker"] = {"type": "none"}
                options["y_error_bars"] = {
                    "type": "percentage", "value": 100, "direction": "minus", "end_style": 0,
                    "line": {"color": colour, "dash_type": "dash"},
                }  # fmt: skip
                options["data_labels"] = {
                    "value": True,
                    "position": "above",
                    "custom": [
                        {"value": _literal(one)} if one else {"delete": True} for one in labels
                    ],
                }
            chart.add_series(options)
        chart.set_title({"name": _literal(title), "name_font": {"size": 11}})
        chart.set_x_axis({"num_format": language(self.lang).date, "text_axis": True})
        chart.set_legend({"position": "bottom"})
        chart.set_size({"width": 720, "height": 340})
        chart.show_blanks_as("gap")
        sheet.insert_chart(place, chart, {"description": printable(title)})

    def waterfall(
        self, sheet: Any, name: str, place: str, *, title: str, rows: tuple[int, int]
    ) -> None:
        """Add a waterfall over the *rows* from the heading on: steps, their starts, their ends."""
        chart = self._book.add_chart({"type": "line"})
        written = self.say(name)
        for column in (1, 2):
            chart.add_series(_cells(written, rows, column) | {"line": {"none": True}})
        chart.set_up_down_bars(
            {"up": {"fill": {"color": "#548235"}}, "down": {"fill": {"color": "#C00000"}}}
        )
        chart.set_title({"name": self.say(title), "name_font": {"size": 11}})
        chart.set_legend({"none": True})
        chart.set_size({"width": 720, "height": 340})
        sheet.insert_chart(place, chart, {"description": self.say(title)})

    def one_page(self, sheet: Any) -> None:
        """Print a sheet on one page of A4."""
        sheet.set_paper(9)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 1)

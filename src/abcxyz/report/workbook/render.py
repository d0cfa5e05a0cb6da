"""Render the report as an Excel workbook."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from abcxyz.errors import InputError
from abcxyz.report.customers import Facts
from abcxyz.report.workbook.rows import filled, printable
from abcxyz.report.workbook.sheets.calls import calls_sheet, growth_sheet
from abcxyz.report.workbook.sheets.crm import crm_sheets
from abcxyz.report.workbook.sheets.customers import (
    MANY,
    customers_sheet,
    transitions_sheet,
)
from abcxyz.report.workbook.sheets.lists import (
    alerts_sheet,
    glossary_sheet,
    prospects_sheet,
    quality_sheet,
    settings_sheet,
)
from abcxyz.report.workbook.sheets.summary import matrix_sheet, summary_sheet
from abcxyz.report.workbook.writer import MOST_LINES, SheetWriter

if TYPE_CHECKING:
    from abcxyz.core.analysis.record import Analysis

__all__ = ["printable", "render_workbook"]


def render_workbook(
    analysis: Analysis,
    *,
    lang: str = "en",
    currency: str = "",
    constant_memory: bool | None = None,
) -> bytes:
    """Render the report as a workbook.

    Parameters
    ----------
    analysis
        The analysis.
    lang
        Language of the sheets and columns.
    currency
        Currency sign of the amounts.
    constant_memory
        Let XlsxWriter use temporary files instead of memory for the sheets that it writes
        itself; by default if there are many customers. The long lists never need the memory of
        all their cells.

    Returns
    -------
    bytes
        An ``.xlsx`` with eleven sheets, and those of the CRM where one was read; all columns of a
        customer are in one row of one of them. The same analysis gives the same bytes.

    Raises
    ------
    InputError
        XlsxWriter is not installed; there are more customers than a sheet has rows.

    Notes
    -----
    Text from the data is always written as text, never as a formula, a number or a link.
    """
    try:
        import xlsxwriter
    except ImportError:
        raise InputError(
            "writing {kind} needs {package}; install it with: pip install {package}",
            kind="Excel",
            package="xlsxwriter",
        ) from None
    count = len(analysis.snapshot)
    if count >= MOST_LINES:
        raise InputError(
            "{count} customers do not fit into a sheet of Excel; write CSV instead", count=count
        )
    by_row = count > MANY if constant_memory is None else constant_memory
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(
        stream,
        {
            "constant_memory": by_row,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "in_memory": not by_row,
        },
    )
    day = analysis.snapshot.as_of
    book.set_properties({"created": datetime(day.year, day.month, day.day, tzinfo=UTC)})
    facts, writer = Facts(analysis), SheetWriter(book, analysis, lang, currency)
    summary_sheet(facts, writer)
    matrix_sheet(facts, writer)
    customers_sheet(facts, writer)
    transitions_sheet(facts, writer)
    calls_sheet(facts, writer)
    growth_sheet(facts, writer)
    alerts_sheet(facts, writer)
    prospects_sheet(facts, writer)
    crm_sheets(facts, writer)
    quality_sheet(facts, writer)
    settings_sheet(facts, writer)
    glossary_sheet(facts, writer)
    book.close()
    return filled(stream.getvalue(), writer.tables)

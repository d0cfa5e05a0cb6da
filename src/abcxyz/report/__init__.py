"""Report of an analysis: HTML page, Excel workbook, and anonymisation."""

from __future__ import annotations

from abcxyz.report.anonymization import anonymize
from abcxyz.report.page.render import render_html
from abcxyz.report.workbook.render import render_workbook

__all__ = ["anonymize", "render_html", "render_workbook"]

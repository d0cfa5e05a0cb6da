"""Sink that writes the report as one self-contained HTML page."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from abcxyz.toolkit.files import write_atomic

if TYPE_CHECKING:
    from abcxyz.core.analysis.record import Analysis
    from abcxyz.plugins import WriteReport

__all__ = ["HtmlSink"]


class HtmlSink:
    """Write ``report.html``: one page that works offline, in all languages.

    Parameters
    ----------
    path
        The file.
    lang
        Initial language.
    rows
        Maximum number of customers in each list.
    currency
        Currency sign of the amounts.
    title
        Heading instead of the default one.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        lang: str = "en",
        rows: int = 40,
        currency: str = "",
        title: str = "",
    ) -> None:
        self._path = Path(path)
        self._lang = lang
        self._rows = rows
        self._currency = currency
        self._title = title

    def is_local(self) -> bool:
        """Return True: a file of this machine."""
        return True

    def write(self, analysis: Analysis, *, dry_run: bool) -> WriteReport:
        """Write the page, unless its content is the same already."""
        from abcxyz.plugins import WriteReport
        from abcxyz.report.page.render import render_html

        content = render_html(
            analysis,
            lang=self._lang,
            rows=self._rows,
            currency=self._currency,
            title=self._title,
        ).encode("utf-8")
        changed = write_atomic(self._path, content, dry_run=dry_run)
        return WriteReport(written=int(changed), unchanged=int(not changed))

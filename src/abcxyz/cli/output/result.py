"""Output of a classification: text or JSON on the terminal, and four files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from abcxyz._collection import free_memory
from abcxyz.cli.output.analysis_text import render
from abcxyz.cli.output.progress import stages
from abcxyz.cli.output.terminal import complain
from abcxyz.errors import AbcxyzError
from abcxyz.i18n import text
from abcxyz.tables.export.summary import summary_parts

if TYPE_CHECKING:
    from abcxyz.core.analysis.record import Analysis

__all__ = ["show_result", "write_files"]

#: Customers from which on the arrays of an analysis take hundreds of megabytes.
_MANY = 1 << 20

#: Name of a file -> the sink that writes it.
_FILES = (
    ("segments.csv", "csv"),
    ("segments.xlsx", "excel"),
    ("summary.json", "json"),
    ("report.html", "html"),
)


def show_result(
    analysis: Analysis,
    *,
    out: str | None,
    as_json: bool,
    lang: str,
    file_lang: str,
    currency: str = "",
) -> int:
    """Print the result and write its files.

    Parameters
    ----------
    analysis
        The analysis.
    out
        Folder of the files; None writes no files.
    as_json
        Whether to print one JSON object instead of text.
    lang, file_lang
        Language of the text, and of the files.
    currency
        Currency sign in the files.

    Returns
    -------
    int
        0 success, 3 if a file could not be written.
    """
    failed = (
        [] if out is None else write_files(analysis, Path(out), file_lang, currency, shown=lang)
    )
    if as_json:
        if len(analysis.panel) >= _MANY:
            free_memory()  # of the analysis: the lists of the result need it
        sys.stdout.writelines(summary_parts(analysis))
        print()
    else:
        print(render(analysis, lang))
        if out is not None:
            print()
            print(text("Written to {folder}", lang, folder=out))
    for problem in failed:
        complain(problem, lang)
    return 3 if failed else 0


def write_files(
    analysis: Analysis,
    folder: Path,
    lang: str,
    currency: str = "",
    *,
    shown: str | None = None,
) -> list[AbcxyzError]:
    """Write CSV, Excel, JSON and HTML files; a failure does not stop the other files.

    Parameters
    ----------
    analysis, folder, lang, currency
        As in `show_result`.
    shown
        Language of the line that tells what is being written; None for that of the files.
    """
    from abcxyz.registry import bundled

    registry = bundled(("sink",))
    failed: list[AbcxyzError] = []
    with stages(lang if shown is None else shown) as progress:
        for name, kind in _FILES:
            adapter = registry.get("sink", kind)
            options = {"path": str(folder / name), "lang": lang, "currency": currency}
            accepted = {one.name for one in adapter.options}
            progress.begin("write", name)
            try:
                sink = adapter.build({key: options[key] for key in options if key in accepted})
                sink.write(analysis, dry_run=False)
            except AbcxyzError as problem:
                failed.append(problem)
    return failed

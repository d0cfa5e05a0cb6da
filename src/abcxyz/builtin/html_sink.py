"""The result as one page that needs nothing else."""

from __future__ import annotations

from importlib import resources
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from abcxyz.builtin.atomic import write_whole
from abcxyz.builtin.checks import KINDS, TREATMENTS
from abcxyz.builtin.rows import HEADERS, customer_rows, summary_object
from abcxyz.errors import InputError
from abcxyz.i18n import date_text, money, number, percent, text

if TYPE_CHECKING:
    from abcxyz.core.analysis import Analysis
    from abcxyz.plugins import WriteReport

__all__ = ["HtmlSink", "page"]


def page(analysis: Analysis, *, lang: str = "en", top: int = 100) -> str:
    """Build the page.

    Parameters
    ----------
    analysis
        The result.
    lang
        Language of the labels and numbers.
    top
        How many of the largest customers to list.

    Raises
    ------
    InputError
        Jinja2 is not installed.
    """
    try:
        import jinja2
    except ImportError:
        raise InputError(
            "writing {kind} needs {package}; install it with: pip install {package}",
            kind="HTML",
            package="jinja2",
        ) from None
    source = (resources.files("abcxyz") / "report" / "plain.html").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    rows = []
    for row, _ in zip(customer_rows(analysis), range(top), strict=False):
        rows.append(dict(zip(HEADERS, row, strict=True)))
    window = analysis.snapshot.periods.window
    return environment.from_string(source).render(
        lang=lang,
        summary=summary_object(analysis),
        first_day=date_text(window.since, lang),
        last_day=date_text(window.last, lang),
        headers=HEADERS,
        rows=rows,
        kinds=KINDS,
        treatments=TREATMENTS,
        say=lambda english, **fields: text(english, lang, **fields),
        money=lambda value: "–" if value is None else money(value, lang),
        number=lambda value, decimals=0: "–" if value is None else number(value, lang, decimals),
        percent=lambda value: "–" if value is None else percent(value, lang),
        day=lambda value: "–" if value is None else date_text(value, lang),
    )


class HtmlSink:
    """Write ``report.html``: a page without scripts, and without anything from elsewhere.

    Parameters
    ----------
    path
        The file.
    lang
        Language of the labels and numbers.
    top
        How many of the largest customers to list.
    """

    remote = False

    def __init__(self, path: str | PathLike[str], *, lang: str = "en", top: int = 100) -> None:
        self._path = Path(path)
        self._lang = lang
        self._top = top

    def write(self, analysis: Analysis, *, dry_run: bool) -> WriteReport:
        """Write the page whole, unless it already says the same."""
        from abcxyz.plugins import WriteReport

        content = page(analysis, lang=self._lang, top=self._top).encode("utf-8", "replace")
        changed = write_whole(self._path, content, dry_run=dry_run)
        return WriteReport(written=int(changed), unchanged=int(not changed))

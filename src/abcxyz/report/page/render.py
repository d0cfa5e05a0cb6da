"""Render the report as one self-contained HTML page."""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Sequence
from importlib import resources
from typing import TYPE_CHECKING

from abcxyz.charts.svg import clean
from abcxyz.errors import InputError
from abcxyz.i18n import LANGUAGES, text
from abcxyz.toolkit.language import language

if TYPE_CHECKING:
    import jinja2

    from abcxyz.core.analysis.record import Analysis

__all__ = ["render_html"]


def _read(name: str) -> str:
    return (resources.files("abcxyz.report.page") / name).read_text(encoding="utf-8").strip()


@functools.cache
def _environment() -> jinja2.Environment:
    try:
        import jinja2
    except ImportError:
        raise InputError(
            "writing {kind} needs {package}; install it with: pip install {package}",
            kind="HTML",
            package="jinja2",
        ) from None
    return jinja2.Environment(
        loader=jinja2.FunctionLoader(_read),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render_html(
    analysis: Analysis,
    *,
    lang: str = "en",
    languages: Sequence[str] = LANGUAGES,
    rows: int = 40,
    currency: str = "",
    title: str = "",
) -> str:
    """Render the report as one self-contained page.

    Parameters
    ----------
    analysis
        The analysis.
    lang
        Initial language.
    languages
        Languages to which a reader may switch.
    rows
        Maximum number of customers in each list of a segment, which a reader without scripts
        sees; with them the page shows all customers.
    currency
        Currency sign, such as ``₽``; the data has none.
    title
        Heading instead of the default one.

    Returns
    -------
    str
        HTML with embedded style, charts and script. It loads nothing from outside, and its
        Content-Security-Policy forbids it.

    Raises
    ------
    InputError
        Jinja2 is not installed; the language is unknown.

    Notes
    -----
    Every text from the data is escaped, stripped of control characters, isolated in its writing
    direction, and truncated.
    """
    from markupsafe import Markup

    from abcxyz.report.customers import Facts
    from abcxyz.report.page.formatter import Formatter
    from abcxyz.report.page.payload import payload
    from abcxyz.report.page.sections.calls import calls
    from abcxyz.report.page.sections.cells import cells
    from abcxyz.report.page.sections.changes import changes
    from abcxyz.report.page.sections.crm import crm
    from abcxyz.report.page.sections.cuts import cuts
    from abcxyz.report.page.sections.figures import figures
    from abcxyz.report.page.sections.growth import growth
    from abcxyz.report.page.sections.heading import heading
    from abcxyz.report.page.sections.lists import lists, method
    from abcxyz.report.page.sections.months import months
    from abcxyz.report.page.sections.owners import owners
    from abcxyz.report.page.sections.words import words

    shown = [lang, *(one for one in languages if one != lang)]
    for one in shown:
        if one not in LANGUAGES:
            raise InputError(
                "the language {lang!r} is unknown; use one of {known}",
                lang=one,
                known=", ".join(LANGUAGES),
            )
    environment = _environment()
    template = environment.get_template("page.html")
    facts = Facts(analysis)
    pages = []
    for one in shown:
        show = Formatter(analysis, one, currency=currency)
        page = template.render(
            **show.helpers(),
            **heading(facts, show),
            **figures(facts, show),
            **calls(facts, show),
            **growth(facts, show),
            **months(facts, show),
            **changes(facts, show),
            **cells(facts, show, rows),
            **owners(facts, show),
            **crm(facts, show),
            **cuts(facts, show),
            **lists(facts, show),
            **words(facts, show),
            **method(facts, show),
            title=clean(title) or text("Customers by value and steadiness", one),
            lang=one,
            languages=sorted(shown),
            language_name=lambda code: language(code).name,
            hidden=one != lang,
        )
        pages.append(Markup(page))  # noqa: S704 - the template has escaped it
    script = _read("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    style = _read("page.css")
    # A name may hold a lone surrogate, which cannot be encoded.
    return (
        environment.get_template("shell.html")
        .render(
            lang=lang,
            title=clean(title) or text("Customers by value and steadiness", lang),
            style=Markup(style),  # noqa: S704 - of our own making
            script=Markup(script),  # noqa: S704
            script_hash=digest,
            pages=pages,
            customers=payload(facts),
        )
        .encode("utf-8", "replace")
        .decode("utf-8")
    )

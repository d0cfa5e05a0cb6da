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
    from markupsafe import Markup

    from abcxyz.core.analysis.record import Analysis
    from abcxyz.report.customers import Facts

__all__ = ["PAGE", "SCRIPTS", "asset", "environment", "render_bodies", "render_html"]

PAGE = "abcxyz.report.page"
"""Package with the templates, the style and the scripts of the page."""

SCRIPTS = ("unpack.js", "recut.js", "months.js", "page.js")
"""Scripts of the page, in their order: the last one starts when the others listen."""


def asset(name: str, package: str = PAGE) -> str:
    """Read a template, a style or a script of a package."""
    return (resources.files(package) / name).read_text(encoding="utf-8").strip()


@functools.cache
def environment(package: str = PAGE) -> jinja2.Environment:
    """Return the environment of the templates of a package; they escape what they are given.

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
    from abcxyz.report.page.bytecode import CompiledTemplates

    return jinja2.Environment(
        loader=jinja2.FunctionLoader(functools.partial(asset, package=package)),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=CompiledTemplates(package),
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
    from abcxyz.report.page.packing import written
    from abcxyz.report.page.payload import packed_customers

    shown = [lang, *(one for one in languages if one != lang)]
    facts = Facts(analysis)
    pages = render_bodies(facts, shown, rows=rows, currency=currency, title=title)
    script = "\n".join(asset(one) for one in SCRIPTS)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    # A name may hold a lone surrogate, which cannot be encoded.
    return (
        environment()
        .get_template("shell.html")
        .render(
            lang=lang,
            title=clean(title) or text("Customers by value and steadiness", lang),
            style=Markup(asset("page.css")),  # noqa: S704 - of our own making
            script=Markup(script),  # noqa: S704
            script_hash=digest,
            # The script unpacks the other languages: without it there is no way to choose one.
            page=pages[0],
            customers=written(packed_customers(facts, pages[1:])),
        )
        .encode("utf-8", "replace")
        .decode("utf-8")
    )


def render_bodies(
    facts: Facts,
    languages: Sequence[str],
    *,
    rows: int = 40,
    currency: str = "",
    title: str = "",
) -> list[Markup]:
    """Render the page in each language, without the document around it.

    Parameters
    ----------
    facts
        Facts of the analysis.
    languages
        Languages, the shown one first.
    rows, currency, title
        As in `render_html`.

    Raises
    ------
    InputError
        As in `render_html`.
    """
    from markupsafe import Markup

    from abcxyz.report.page.formatter import Formatter
    from abcxyz.report.page.sections.calls import calls, growth
    from abcxyz.report.page.sections.cells import cells
    from abcxyz.report.page.sections.changes import changes
    from abcxyz.report.page.sections.crm import crm
    from abcxyz.report.page.sections.cuts import cuts
    from abcxyz.report.page.sections.figures import figures
    from abcxyz.report.page.sections.heading import heading
    from abcxyz.report.page.sections.lists import lists, method
    from abcxyz.report.page.sections.months import months
    from abcxyz.report.page.sections.owners import owners
    from abcxyz.report.page.sections.past import past
    from abcxyz.report.page.sections.words import words
    from abcxyz.report.page.sentences import SENTENCES

    for one in languages:
        if one not in LANGUAGES:
            raise InputError(
                "the language {lang!r} is unknown; use one of {known}",
                lang=one,
                known=", ".join(LANGUAGES),
            )
    template = environment().get_template("page.html")
    pages = []
    for one in languages:
        show = Formatter(facts.analysis, one, currency=currency)
        page = template.render(
            **show.helpers(),
            **heading(facts, show),
            **figures(facts, show),
            **calls(facts, show),
            **growth(facts, show),
            **months(facts, show),
            **changes(facts, show),
            **past(facts, show),
            # The lists of segments are for readers without scripts, who see one language.
            **cells(facts, show, rows if one == languages[0] else 0),
            **owners(facts, show),
            **crm(facts, show),
            **cuts(facts, show),
            **lists(facts, show),
            **words(facts, show),
            **method(facts, show),
            title=clean(title) or text("Customers by value and steadiness", one),
            lang=one,
            sentences=SENTENCES,
            languages=sorted(languages),
            language_name=lambda code: language(code).name,
            hidden=one != languages[0],
        )
        pages.append(Markup(page))  # noqa: S704 - the template has escaped it
    return pages

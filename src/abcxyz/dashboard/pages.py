"""Rendered documents of the live page."""

from __future__ import annotations

import functools
import hashlib
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from attrs import frozen

from abcxyz.charts.svg import clean
from abcxyz.core.advice.calls import OUTCOMES
from abcxyz.dashboard.data import SNOOZES, LiveData, ShownAlert
from abcxyz.i18n import LANGUAGES, plural, text
from abcxyz.report.customers import name_of
from abcxyz.report.page.formatter import Formatter, isolated, plain
from abcxyz.report.page.payload import packed_customers
from abcxyz.report.page.render import PAGE, asset, environment, render_bodies
from abcxyz.report.vocabulary import ALERT_KINDS
from abcxyz.toolkit.language import language

__all__ = ["ASSETS", "Pages"]

TEMPLATES = "abcxyz.dashboard.templates"

ASSETS: Mapping[str, tuple[str, str]] = {
    "page.css": (PAGE, "text/css; charset=utf-8"),
    "page.js": (PAGE, "text/javascript; charset=utf-8"),
    "live.css": (TEMPLATES, "text/css; charset=utf-8"),
    "live.js": (TEMPLATES, "text/javascript; charset=utf-8"),
}
"""Style or script -> its package and type."""

#: Phrases of the outcomes that a person may log, as buttons.
_BUTTONS = {"called": "Called", "ordered": "Ordered", "lost": "Lost for good"}


@frozen(kw_only=True)
class Look:
    """How the pages look: currency sign and heading, as in `render_html`."""

    currency: str = ""
    title: str = ""
    rows: int = 40


class Pages:
    """Documents of the live page, rendered once for each language and state of the data.

    Parameters
    ----------
    data
        The data.
    look
        Currency and heading.
    """

    def __init__(self, data: LiveData, look: Look | None = None) -> None:
        self.data, self._look = data, look or Look()
        self._lock = threading.Lock()
        self._reports: dict[str, tuple[int, str]] = {}

    def report(self, lang: str) -> str:
        """Render the report of the current analysis."""
        with self._lock:
            version, facts = self.data.version, self.data.newest
            known = self._reports.get(lang)
            if known is None or known[0] != version:
                (body,) = render_bodies(
                    facts,
                    [lang],
                    rows=self._look.rows,
                    currency=self._look.currency,
                    title=self._look.title,
                )
                known = version, self._document("report.html", lang, "/", body=body)
                self._reports[lang] = known
            return known[1]

    @functools.cached_property
    def customers(self) -> bytes:
        """All customers as gzipped JSON."""
        return packed_customers(self.data.newest)

    def alerts(self, lang: str) -> str:
        """Render the alerts with what became of them."""
        show = self._formatter(lang)
        rows = [self._alert(one, show) for one in self.data.alerts()]
        return self._document(
            "alerts.html",
            lang,
            "/alerts",
            rows=rows,
            count=sum(not one["snoozed"] for one in rows),
            snoozes=SNOOZES,
            **show.helpers(),
        )

    def _alert(self, one: ShownAlert, show: Formatter) -> dict[str, Any]:
        facts, alert = self.data.newest, one.alert
        name = name_of(facts.analysis, alert.customer)
        who = plain(str(alert.customer))
        return {
            "key": alert.key,
            "kind": show.say(ALERT_KINDS[alert.kind]),
            "customer": who if who in self.data.customers else "",
            "name": name,
            "money": alert.money,
            "owner": alert.owner or "",
            "since": one.since,
            "snoozed": one.snoozed,
            "outcome": None if one.outcome is None else one.outcome.outcome,
            "outcome_day": None if one.outcome is None else one.outcome.day,
            "why": alert.sentence(show.lang, name=isolated(name, 60)),
        }

    def customer(self, customer: str, lang: str) -> str:
        """Render what the history knows of a customer; errors as in `LiveData.customer`."""
        who = self.data.customer(customer)
        show, facts = self._formatter(lang), self.data.newest
        return self._document(
            "customer.html",
            lang,
            "",
            customer=customer,
            name=name_of(facts.analysis, who),
            states=self.data.states(who)[::-1],
            outcomes=self.data.outcomes(who)[::-1],
            **show.helpers(),
        )

    def problem(self, sentence: str, lang: str) -> str:
        """Render the message of an error."""
        return self._document("problem.html", lang, "", sentence=sentence)

    def _formatter(self, lang: str) -> Formatter:
        return Formatter(self.data.newest.analysis, lang, currency=self._look.currency)

    def _document(self, template: str, lang: str, here: str, **values: Any) -> str:
        say = functools.partial(_say, lang)
        return (
            environment(TEMPLATES)
            .get_template(template)
            .render(
                {
                    "say": say,
                    "lang": lang,
                    "here": here,
                    "title": clean(self._look.title) or say("Customers by value and steadiness"),
                    "languages": [(one, language(one).name) for one in LANGUAGES],
                    "outcomes_of": {key: say(phrase) for key, phrase in OUTCOMES.items()},
                    "buttons": {key: say(phrase) for key, phrase in _BUTTONS.items()},
                    "asset": asset_address,
                    "address": address,
                    **values,
                }
            )
            .encode("utf-8", "replace")
            .decode("utf-8")
        )


def _say(lang: str, english: str, **fields: Any) -> str:
    if "|" in english:
        return plural(english, fields.pop("n"), lang, **fields)
    return text(english, lang, **fields)


def address(path: str, lang: str, **fields: Any) -> str:
    """Return the address of a page in a language."""
    chosen = {name: value for name, value in fields.items() if value not in (None, "")}
    return f"{path}?{urlencode({'lang': lang, **chosen})}"


@functools.cache
def asset_address(name: str) -> str:
    """Return the address of a style or a script, which changes with its content."""
    content = asset(name, ASSETS[name][0])
    return f"/static/{name}?v={hashlib.sha256(content.encode()).hexdigest()[:12]}"

"""Rendered documents of the live page."""

from __future__ import annotations

import functools
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

import numpy as np
from attrs import frozen

from abcxyz.charts.svg import clean
from abcxyz.core.advice.calls import OUTCOMES
from abcxyz.dashboard.data import SNOOZES, Held, LiveData, ShownAlert, held
from abcxyz.dashboard.lists import Table, alert_table, customer_table, filters_of, fitting
from abcxyz.dashboard.sections import SECTION_TABLES, crm_table
from abcxyz.errors import InputError
from abcxyz.i18n import LANGUAGES, date_text, plural, text
from abcxyz.report.customers import Facts, name_of
from abcxyz.report.page.formatter import Formatter, isolated, plain, prose
from abcxyz.report.page.payload import customer_columns, packed_customers
from abcxyz.report.page.render import PAGE, SCRIPTS, asset, environment, render_bodies
from abcxyz.report.page.sections.cells import cells
from abcxyz.report.page.sections.changes import changes
from abcxyz.report.page.sentences import SENTENCES
from abcxyz.report.vocabulary import ALERT_KINDS
from abcxyz.tables.export.csv_table import csv_bytes
from abcxyz.toolkit.language import language

__all__ = ["ASSETS", "Look", "Pages", "address", "asset_address", "day_of"]

_KEPT = 24  # rendered pages
_OPEN_ALERTS = 30  # those beyond are folded

TEMPLATES = "abcxyz.dashboard.templates"

ASSETS: Mapping[str, tuple[str, str]] = {
    "page.css": (PAGE, "text/css; charset=utf-8"),
    **dict.fromkeys(SCRIPTS, (PAGE, "text/javascript; charset=utf-8")),
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
        self._lock = threading.RLock()
        self._reports: OrderedDict[tuple[Any, ...], str] = OrderedDict()
        self._packed: OrderedDict[tuple[Any, ...], bytes] = OrderedDict()

    def report(self, lang: str, dated: date | None = None, **filters: str) -> str:
        """Render the report of a date, or the newest, for the customers that fit the filters.

        Raises
        ------
        HistoryError, InputError
            As in `LiveData.at`; no customer fits.
        """
        key = (self.data.version, dated, lang, *sorted(filters.items()))
        with self._lock:
            if key not in self._reports:
                facts = self._facts(dated, filters)
                (body,) = render_bodies(
                    facts,
                    [lang],
                    rows=self._look.rows,
                    currency=self._look.currency,
                    title=self._look.title,
                )
                snapshot = facts.analysis.snapshot
                page = self._document(
                    "report.html",
                    lang,
                    "/",
                    body=body,
                    at=snapshot.dated,
                    dates=self.data.dates,
                    dated=dated,
                    fields={"at": dated, **filters},
                    filters=filters,
                    scripts=SCRIPTS,
                    count=len(snapshot),
                    **self._formatter(lang).helpers(),
                )
                _remember(self._reports, key, page)
            return self._reports[key]

    def customers(self, dated: date | None = None, **filters: str) -> bytes:
        """Return the customers as `packed_customers` does; arguments and errors as in `report`."""
        key = (self.data.results, dated, *sorted(filters.items()))
        with self._lock:
            if key not in self._packed:
                _remember(self._packed, key, packed_customers(self._facts(dated, filters)))
            return self._packed[key]

    def _facts(self, dated: date | None, filters: Mapping[str, str]) -> Facts:
        facts = self.data.at(dated)
        if not filters:
            return facts
        places = fitting(customer_columns(facts), filters)
        if not places:
            raise InputError("no customer fits the filters; choose others")
        # In the order of the snapshot, in which equal customers stand as on the whole page.
        return facts.only(np.sort(facts.order[places]))

    def compare(self, lang: str, before: date | None, after: date | None) -> str:
        """Render what changed between two dates; errors as in `LiveData.compared`."""
        dates = self.data.dates
        values: dict[str, Any] = {"dates": dates, "events": None}
        if len(dates) > 1:
            after = after or dates[-1]
            before = before or dates[max(dates.index(after) - 1, 0) if after in dates else 0]
            facts, show = self.data.compared(before, after), self._formatter(lang)
            values |= {
                **changes(facts, show),
                **cells(facts, show, 0),
                **show.helpers(),
                "before": before,
                "after": after,
                "fields": {"before": before, "after": after},
            }
        return self._document("compare.html", lang, "/compare", **values)

    def export(self, name: str, lang: str, fields: Mapping[str, str]) -> bytes | None:
        """Return a list as CSV; None if there is no such list."""
        dated, before, after = (day_of(fields.get(one)) for one in ("at", "before", "after"))
        filters = filters_of(fields)
        table: Table | None = None
        if name == "customers":
            table = customer_table(self.data.at(dated), fields)
        elif name == "alerts":
            table = alert_table(self.data.newest, self.data.alerts(), lang)
        elif name == "moves" and before is not None and after is not None:
            table = SECTION_TABLES[name](self.data.compared(before, after), lang)
        elif name in SECTION_TABLES:
            table = SECTION_TABLES[name](self._facts(dated, filters), lang)
        elif name.startswith("crm-"):
            table = crm_table(self.data.at(dated), name.removeprefix("crm-"), lang)
        return None if table is None else csv_bytes(table, lang)

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
            most=_OPEN_ALERTS,
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
            "question": one.question,
            "owner": alert.owner or "",
            "since": one.since,
            "snoozed": one.snoozed,
            "outcome": None if one.outcome is None else one.outcome.outcome,
            "outcome_day": None if one.outcome is None else one.outcome.day,
            "why": prose(
                alert.sentence(show.lang, name=isolated(name, 60), currency=show.currency)
            ),
        }

    def customer(self, customer: str, lang: str) -> str:
        """Render what the history knows of a customer; errors as in `LiveData.customer`."""
        who = self.data.customer(customer)
        show, facts = self._formatter(lang), self.data.newest
        states = self.data.states(who)
        return self._document(
            "customer.html",
            lang,
            "/customer",
            fields={"id": customer},
            customer=customer,
            name=name_of(facts.analysis, who),
            states=states[::-1],
            since=_since(held(states), show),
            outcomes=self.data.outcomes(who)[::-1],
            **show.helpers(),
        )

    def problem(self, sentence: str, lang: str) -> str:
        """Render the message of an error."""
        return self._document(
            "problem.html", lang, "", sentence=sentence[:1].upper() + sentence[1:]
        )

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
                    "fields": {},
                    "title": clean(self._look.title) or say("Customers by value and steadiness"),
                    "languages": [(one, language(one).name) for one in LANGUAGES],
                    "outcomes_of": {key: say(phrase) for key, phrase in OUTCOMES.items()},
                    "buttons": {key: say(phrase) for key, phrase in _BUTTONS.items()},
                    "day": functools.partial(_day, lang),
                    "asset": asset_address,
                    "address": address,
                    **values,
                }
            )
            .encode("utf-8", "replace")
            .decode("utf-8")
        )


def _since(held: Held | None, show: Formatter) -> str:
    """Say since when a customer has the newest segment, and what it was before."""
    if held is None:
        return ""
    segment, day = show.state(held.segment), date_text(held.since, show.lang)
    if held.before is None:
        return show.say(SENTENCES["since"], segment=segment, day=day)
    return show.say(
        SENTENCES["sinceBefore"],
        segment=segment,
        day=day,
        before=show.state(held.before),
    )


def _day(lang: str, day: date) -> str:
    return prose(date_text(day, lang))


def _remember(cache: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    cache[key] = value
    while len(cache) > _KEPT:
        cache.popitem(last=False)


def day_of(written: str | None) -> date | None:
    """Return the date of an address; None without one.

    Raises
    ------
    InputError
        It is no date.
    """
    if not written:
        return None
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise InputError(
            "{option} {written!r} is not a date; write it as 2026-11-01",
            option="at",
            written=written[:40],
        ) from None


def _say(lang: str, english: str, **fields: Any) -> str:
    if "|" in english:
        return prose(plural(english, fields.pop("n"), lang, **fields))
    return prose(text(english, lang, **fields))


def address(path: str, lang: str, **fields: Any) -> str:
    """Return the address of a page in a language."""
    chosen = {name: value for name, value in fields.items() if value not in (None, "")}
    return f"{path}?{urlencode({'lang': lang, **chosen})}"


@functools.cache
def asset_address(name: str) -> str:
    """Return the address of a style or a script, which changes with its content."""
    content = asset(name, ASSETS[name][0])
    return f"/static/{name}?v={hashlib.sha256(content.encode()).hexdigest()[:12]}"

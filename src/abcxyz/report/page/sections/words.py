"""Words and formats that the script of the page needs, in the language of the page."""

from __future__ import annotations

import json
from typing import Any

from abcxyz.core.analysis.bridge import STEPS
from abcxyz.core.classes.segments import SEGMENTS
from abcxyz.core.dynamics.events import EVENTS
from abcxyz.i18n import date_text
from abcxyz.report.customers import Facts
from abcxyz.report.page.formatter import Formatter, minus, prose
from abcxyz.report.page.sections.calls import MOST_CALLS, OPEN_CALLS
from abcxyz.report.page.sections.cells import segment_advice
from abcxyz.report.page.sections.changes import MOST_NAMES
from abcxyz.report.page.sections.figures import CARRIES, GROWN, window_text
from abcxyz.report.page.sections.owners import MOST_OWNERS
from abcxyz.report.vocabulary import EVENT_NAMES, STEP_NAMES
from abcxyz.toolkit.catalogue import Catalogue
from abcxyz.toolkit.language import Language, language

__all__ = ["words"]

#: Sentences of the sections that the script makes again for the chosen customers. Those of the
#: metric, of the columns and of the page are chosen in `_phrases`.
_SENTENCES = {
    "silent": "{n} large customer has never been silent for so long|"
    "{n} large customers have never been silent for so long",
    "but": "{growth}, but {silence}",
    "and": "{growth}, and {silence}",
    "nobody": "No customer brings more than the others",
    "sold": "{n} customer with sales|{n} customers with sales",
    "part": "{n} customer of {all}|{n} customers of {all}",
    "toCall": "{n} customer to call|{n} customers to call",
    "customers": "{n} customer|{n} customers",
    "noCalls": "Nobody to call today",
    "onlyReturned": "Nobody to call today; {n} silent customer has been silent longer before|"
    "Nobody to call today; {n} silent customers have been silent longer before",
    "call": "Call today: {name}",
    "calls": "Call today: {name} and {n} more|Call today: {name} and {n} more",
    "returned": "{begun}; {n} other has been silent longer before and came back|"
    "{begun}; {n} others have been silent longer before and came back",
    "ofThem": "{begun}; {n} of them has been silent longer before and came back|"
    "{begun}; {n} of them have been silent longer before and came back",
    "cameBack": "Silent, but came back after longer pauses: {n}|"
    "Silent, but came back after longer pauses: {n}",
    "never": "never silent for so long",
    "once": "ordered once",
    "pause": "was silent for {n} day and came back|was silent for {n} days and came back",
    "chance": "{chance} likely not to come back",
    "days": "{n} day|{n} days",
    "usually": "usually {days}",
    "more": "and {n} more|and {n} more",
    "inWorkbook": "{n} more is in the workbook|{n} more are in the workbook",
    "mostMoney": "The {shown} with the most money; the workbook lists all {all}.",
    "rise": "May rise to A: {name}",
    "rises": "May rise to A: {name} and {n} more|May rise to A: {name} and {n} more",
    "bestMonth": "Best month: {month}, {money}; class A brings {share} of the window",
    "bestPeriod": "Best period: {month}, {money}; class A brings {share} of the window",
    "before": "a window before: {money}",
    "unchanged": "Nothing changed between the windows",
    "onlyMore": "Nobody bought less; growth brought {won}",
    "onlyLess": "Nobody bought more; those who bought less or left cost {lost}",
    "byOld": "Existing customers brought most of the growth; "
    "those who bought less or left cost {lost}",
    "byNew": "New customers brought most of the growth; those who bought less or left cost {lost}",
    "moved": "{n} customer fell or left, {rose} rose or came|"
    "{n} customers fell or left, {rose} rose or came",
    "stayed": "No customer changed class",
    "cells": "{n} {segment} customer: {base} of the customers, {money} of the money|"
    "{n} {segment} customers: {base} of the customers, {money} of the money",
    "empty": "nobody",
    "without": "Not classified: {n} customer without sales in the window|"
    "Not classified: {n} customers without sales in the window",
    "question": "Most is in question with {owner}: {money}",
    "noQuestion": "No owner has a customer in question",
    "since": "{segment} since {day}",
    "sinceBefore": "{segment} since {day}, before {before}",
    "unsold": "no sales",
    "unlisted": "not listed",
}


def words(facts: Facts, show: Formatter) -> dict[str, Any]:
    """Return the words of one language as JSON, and the choices of the filters."""
    analysis, rules = facts.analysis, language(show.lang)
    past, periods = analysis.year_before, analysis.panel.periods
    count = periods.count + (0 if past is None else past.sales.shape[1])
    said = {
        "format": {
            "decimal": rules.decimal,
            "group": rules.group,
            "minus": minus(rules.minus),
            "percent": rules.percent,
            "units": ["", *rules.short],
            "money": rules.money if len(show.currency) == 1 else rules.money_word,
            "currency": show.currency,
        },
        "most": {
            "calls": MOST_CALLS,
            "open": OPEN_CALLS,
            "names": MOST_NAMES,
            "owners": MOST_OWNERS,
        },
        "segments": [
            {"code": code, **advice}
            for code, advice in zip(SEGMENTS, segment_advice(facts, show), strict=True)
        ],
        "steps": [show.say(STEP_NAMES[one]) for one in STEPS],
        "dates": []
        if analysis.classes is None
        else [prose(date_text(day, show.lang)) for day in analysis.classes.dates],
        "days": []
        if analysis.classes is None
        else [day.isoformat() for day in analysis.classes.dates],
        "history": show.say("History of classes"),
        "events": [show.say(EVENT_NAMES[one]) for one in EVENTS],
        # The form of a counted phrase by its number, which repeats after every hundred.
        "plural": "".join(str(rules.form(n)) for n in range(200)),
        "phrases": _phrases(facts, show, rules),
        "window": window_text(show, periods.window),
        "strip": show.say(
            "Last {n} month|Last {n} months"
            if periods.bucket == "month"
            else "Last {n} period|Last {n} periods",
            n=min(count, 24),
        ),
        "none": show.say("no sales in the window"),
        "found": show.say("Customers shown: {shown} of {all}", shown="{shown}", all="{all}"),
        "nobody": show.say("No customer fits the filters."),
        "before": show.say("The window before"),
        "change": show.say("Change"),
        "last": show.say("Last order, days ago"),
        "usual": show.say("usual gap {days} days", days="{days}"),
        "orders": show.say("Orders"),
        "owner": show.say("Owner"),
        "segment": show.say("Segment"),
        "doubt": show.say("{letters} in question", letters="{letters}"),
        "advice": show.say("What to do"),
        "hint": show.say("What to say"),
        "channel": show.say("Channel"),
    }
    return {"words": json.dumps(said, ensure_ascii=False)}


def _phrases(facts: Facts, show: Formatter, rules: Language) -> dict[str, list[str]]:
    """Return the forms of the sentences of the sections, with their fields not filled in."""
    metric = facts.analysis.settings.metric
    sentences = _SENTENCES | {"carries": CARRIES.get(metric, CARRIES["revenue"])}
    grown = GROWN.get(metric, GROWN["revenue"])
    sentences |= dict(zip(("still", "rose", "fell"), grown, strict=True))
    return {
        name: [
            prose(Catalogue().forms(english, _example(rules, form), show.lang))
            for form in range(rules.plural_forms if "|" in english else 1)
        ]
        for name, english in sentences.items()
    }


def _example(rules: Language, form: int) -> int:
    """Return the least number that takes a plural form."""
    return next(n for n in range(200) if rules.form(n) == form)

"""Words and formats that the script of the page needs, in the language of the page."""

from __future__ import annotations

import json
from typing import Any

from abcxyz.core.analysis.bridge import STEPS
from abcxyz.core.classes.segments import SEGMENTS
from abcxyz.core.dynamics.events import EVENTS, FALLS, RISES, UNCHANGED
from abcxyz.i18n import date_text
from abcxyz.report.customers import Facts
from abcxyz.report.page.formatter import Formatter, minus, prose
from abcxyz.report.page.sections.calls import MOST_CALLS, OPEN_CALLS
from abcxyz.report.page.sections.cells import segment_advice
from abcxyz.report.page.sections.changes import MOST_NAMES
from abcxyz.report.page.sections.figures import CARRIES, GROWN, STILL, WHOLE, window_text
from abcxyz.report.page.sections.owners import MOST_OWNERS
from abcxyz.report.page.sentences import SENTENCES
from abcxyz.report.vocabulary import EVENT_NAMES, STEP_NAMES
from abcxyz.toolkit.catalogue import Catalogue
from abcxyz.toolkit.language import Language, language

__all__ = ["words"]


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
        "still": STILL,
        "whole": WHOLE,
        "codes": {
            name: [EVENTS.index(one) for one in events]
            for name, events in (("fell", FALLS), ("rose", RISES), ("quiet", UNCHANGED))
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
    sentences = dict(SENTENCES) | {"carries": CARRIES.get(metric, CARRIES["revenue"])}
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

"""Words and formats that the script of the page needs, in the language of the page."""

from __future__ import annotations

import json
from typing import Any

from abcxyz.core.analysis.bridge import STEPS
from abcxyz.core.classes.segments import SEGMENTS
from abcxyz.report.customers import Facts
from abcxyz.report.page.formatter import Formatter, minus
from abcxyz.report.page.sections.cells import segment_advice
from abcxyz.report.page.sections.figures import window_text
from abcxyz.report.vocabulary import STEP_NAMES
from abcxyz.toolkit.language import language

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
        "segments": [
            {"code": code, **advice}
            for code, advice in zip(SEGMENTS, segment_advice(facts, show), strict=True)
        ],
        "steps": [show.say(STEP_NAMES[one]) for one in STEPS],
        "window": window_text(show, periods.window),
        "strip": show.say("Last {n} period|Last {n} periods", n=min(count, 24)),
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

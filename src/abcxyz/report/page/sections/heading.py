"""Heading of the page: window, metric, table of contents."""

from __future__ import annotations

from typing import Any

from abcxyz.charts.svg import clean
from abcxyz.i18n import date_text, translate
from abcxyz.report.customers import Facts
from abcxyz.report.page.formatter import Formatter
from abcxyz.report.vocabulary import METRICS

__all__ = ["heading"]


def heading(facts: Facts, show: Formatter) -> dict[str, Any]:
    """Return the title, the window and the table of contents."""
    snapshot = facts.analysis.snapshot
    window = snapshot.periods.window
    quality = facts.totals.quality
    metric = METRICS.get(snapshot.settings.metric, snapshot.settings.metric)
    contents = (
        ("matrix", show.say("Nine segments")),
        ("curve", show.say("Where the classes are cut")),
        ("groups", show.say("Groups")),
        ("moves", show.say("Who moved")),
        ("alerts", show.say("Alerts")),
        ("prospects", show.say("Prospects")),
        ("quality", show.say("Data quality")),
        ("how", show.say("How this was computed")),
    )
    return {
        "first_day": date_text(window.since, show.lang),
        "last_day": date_text(window.last, show.lang),
        "classified": facts.totals.classified,
        "metric_name": show.say(metric),
        "metric_head": show.say("Value"),
        "contents": contents,
        "notices": [
            clean(translate(one, show.lang), 400)
            for one in (() if quality is None else quality.notices)
        ],
    }

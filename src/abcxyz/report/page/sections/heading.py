"""Heading of the page: window, metric, notices."""

from __future__ import annotations

import re
from typing import Any

from abcxyz.charts.svg import clean
from abcxyz.i18n import translate
from abcxyz.report.customers import Facts
from abcxyz.report.page.formatter import Formatter
from abcxyz.report.page.sections.figures import window_text
from abcxyz.report.vocabulary import METRICS

__all__ = ["heading"]

_OPTIONS = re.compile(r";[^;]*? --\w+(?:, --\w+)*$")


def heading(facts: Facts, show: Formatter) -> dict[str, Any]:
    """Return the window, the metric and what needs attention in the data."""
    snapshot = facts.analysis.snapshot
    quality = facts.totals.quality
    metric = METRICS.get(snapshot.settings.metric, snapshot.settings.metric)
    return {
        "window": window_text(show, snapshot.periods.window),
        "classified": facts.totals.classified,
        "metric_name": show.say(metric),
        "metric_head": show.say("Value"),
        "notices": [
            # Options of a command are nothing to a reader; what they are about stands below.
            show.lines(_OPTIONS.sub("", clean(translate(one, show.lang), 400)))
            for one in (() if quality is None else quality.notices)
        ],
    }

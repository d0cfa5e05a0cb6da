"""What is not as usual in a CRM, and what its announced changes did: a picture for each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from abcxyz.charts.svg import Picture, clean
from abcxyz.charts.weekly import alarm_chart, effect_chart
from abcxyz.crm.alarms.alarm import Alarm, Anomalies
from abcxyz.crm.changes.effect import EffectOfChange
from abcxyz.crm.changes.effects import EffectsOfChanges
from abcxyz.crm.reports.base import Report
from abcxyz.i18n import plural
from abcxyz.report.page.formatter import Formatter, prose, themed
from abcxyz.toolkit.language import language

__all__ = ["WIDTHS", "as_heading", "change_parts"]

WIDTHS: Mapping[str, int] = MappingProxyType({"full": 720, "slim": 320})
"""Kind of a picture -> its width: on a phone the letters of a wide one are too small."""

_MOST = 6  # pictures of a section: each is drawn once for every language
_LONG = 600
#: An abbreviation of a unit at the end of a sentence, such as "дн."
_UNIT = re.compile(r"\d\s[^\W\d]{1,3}\.$")


def change_parts(report: Report, show: Formatter) -> dict[str, Any] | None:
    """Return the parts of a report on alarms or effects; None of any other report.

    Parameters
    ----------
    report
        A report on the CRM.
    show
        Formatter of the page's language.
    """
    if isinstance(report, Anomalies):
        parts = [_alarm(one, show) for one in report.alarms[:_MOST]]
        left = len(report.alarms) - len(parts)
    elif isinstance(report, EffectsOfChanges):
        parts = [_effect(one, show) for one in report.effects[:_MOST]]
        left = len(report.effects) - len(parts)
    else:
        return None
    more = plural("and {n} more|and {n} more", left, show.lang) if left else ""
    return {"parts": parts, "parts_left": more}


def _alarm(one: Alarm, show: Formatter) -> dict[str, Any]:
    facts, options = one.unusual, _options(show)
    lines = [*facts.details(show.lang), *facts.checks(show.lang)]
    pictures = {
        kind: alarm_chart(one, show.lang, width=width, **options) for kind, width in WIDTHS.items()
    }
    return _part(facts.finding(show.lang), lines, pictures, show.lang)


def _effect(one: EffectOfChange, show: Formatter) -> dict[str, Any]:
    first, *lines = one.explain(show.lang).splitlines()
    pictures = {
        kind: effect_chart(one, show.lang, width=width, **_options(show))
        for kind, width in WIDTHS.items()
    }
    return _part(first, lines, pictures, show.lang)


def _options(show: Formatter) -> dict[str, Any]:
    return {"currency": show.currency, "finding": False}


def as_heading(finding: str, lang: str) -> str:
    """Return a sentence as a heading, without the point at its end unless a unit has it."""
    begun = finding[:1].upper() + finding[1:]
    with_unit = _UNIT.search(begun) or begun.endswith(tuple(language(lang).dotted))
    return begun if with_unit else begun.removesuffix(".")


def _part(
    heading: str, lines: Iterable[str], pictures: Mapping[str, Picture], lang: str
) -> dict[str, Any]:
    return {
        "heading": prose(as_heading(clean(heading, _LONG), lang)),
        "lines": [prose(clean(line, _LONG)) for line in lines],
        "pictures": {kind: themed(picture) for kind, picture in pictures.items()},
    }

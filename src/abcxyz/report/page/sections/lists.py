"""Lists at the end of the page: prospects, data quality, method, glossary."""

from __future__ import annotations

from typing import Any

import numpy as np

from abcxyz.charts.svg import clean
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.prospects.attributes import GRADES
from abcxyz.core.sales.quality import KINDS, TREATMENTS
from abcxyz.i18n import percent, translate
from abcxyz.report.customers import Facts, name_of
from abcxyz.report.method import settings_rows
from abcxyz.report.page.formatter import MOST, Formatter
from abcxyz.report.vocabulary import GLOSSARY

__all__ = ["lists", "method"]


def lists(facts: Facts, show: Formatter) -> dict[str, Any]:
    """Return the prospects and the account of data quality."""
    scores, quality = facts.analysis.prospects, facts.totals.quality
    rows = []
    if scores is not None:
        order = np.argsort(-np.nan_to_num(scores.score), kind="stable")[:MOST]
        rows = [_prospect(facts.analysis, show, int(i)) for i in order]
    issues = [
        {
            "kind": show.say(KINDS.get(one.kind, one.kind)),
            "count": one.count,
            "amount": one.amount,
            "treatment": show.say(TREATMENTS.get(one.treatment, one.treatment)),
            "examples": "; ".join(show.lines(clean(example, 60)) for example in one.examples),
        }
        for one in (() if quality is None else quality.issues)
    ]
    return {
        "prospects": rows,
        "prospects_count": facts.totals.prospects,
        "prospects_finding": _leads(facts, show),
        "quality": quality,
        "issues": issues,
        "remarks": [
            show.lines(clean(translate(remark, show.lang), 400))
            for remark in (() if quality is None else quality.remarks)
        ],
    }


def _leads(facts: Facts, show: Formatter) -> str:
    scores, count = facts.analysis.prospects, facts.totals.prospects
    best = 0 if scores is None else scores.counts()[GRADES[0]]
    if not best:
        return show.say("{n} lead was scored|{n} leads were scored", n=count)
    return show.say(
        "{n} lead of {all} has the best grade, {grade}|"
        "{n} leads of {all} have the best grade, {grade}",
        n=best,
        all=show.number(count),
        grade=GRADES[0],
    )


def _prospect(analysis: Analysis, show: Formatter, i: int) -> dict[str, Any]:
    scores = analysis.prospects
    assert scores is not None
    one = scores[i]
    chance = one.probability
    return {
        "name": name_of(analysis, scores.ids[i]),
        "grade": one.grade or show.say("not scored"),
        "letter": (one.grade or "N")[-1:],
        "score": one.score,
        "chance": "" if chance is None else percent(chance, show.lang, 0),
        "good": "; ".join(one.reasons_in(show.lang)) or "–",
        "bad": "; ".join(one.against_in(show.lang)) or "–",
        "advice": one.verdict.advice.in_language(show.lang) or "–",
    }


def method(facts: Facts, show: Formatter) -> dict[str, Any]:
    """Return the settings, the versions and the glossary."""
    return {
        "settings": settings_rows(facts, show.lang),
        "glossary": [(show.say(term), show.say(what)) for term, what in GLOSSARY.items()],
    }

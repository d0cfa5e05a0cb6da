"""Description of the method: settings and versions of an analysis."""

from __future__ import annotations

import functools
import math
import platform
from collections.abc import Callable
from importlib import metadata
from typing import Any

import numpy as np

from abcxyz.i18n import date_text, number, percent, text
from abcxyz.report.customers import Facts
from abcxyz.report.vocabulary import METRICS, rule_words

__all__ = ["settings_rows", "versions"]


def settings_rows(facts: Facts, lang: str) -> list[tuple[str, str]]:
    """Return the settings of the analysis as pairs of label and value."""
    say: Callable[..., str] = functools.partial(_text, lang)
    analysis = facts.analysis
    snapshot, settings = analysis.snapshot, analysis.settings
    window = snapshot.periods.window
    yes, no = say("yes"), say("no")
    since, last = (date_text(one, lang) for one in (window.since, window.last))
    return [
        (say("Date of the result"), date_text(snapshot.as_of, lang)),
        (
            say("Window"),
            f"{since} – {last} ({settings.period})",
        ),
        (
            say("Sub-periods"),
            f"{snapshot.periods.count} × {say(snapshot.periods.unit.label)}",
        ),
        (say("Metric"), say(METRICS.get(settings.metric, settings.metric))),
        (say("Rule of ABC"), rule_words(settings.abc, lang)),
        (say("Rule of XYZ"), rule_words(settings.xyz, lang)),
        (
            say("Cuts of A and B"),
            "; ".join(_finite(one, lang) for one in _both(analysis.abc.cuts)),
        ),
        (
            say("Cuts of X and Y"),
            "; ".join(
                percent(one, lang, 2) if math.isfinite(one) else "–"
                for one in _both(analysis.xyz.cuts)
            ),
        ),
        (
            say("Standard deviation"),
            say("over all periods") if settings.ddof == 0 else say("over all periods but one"),
        ),
        (say("XYZ counts from the first sale"), yes if settings.since_first else no),
        (
            say("Result before"),
            "–" if analysis.previous is None else date_text(analysis.previous.dated, lang),
        ),
        (say("Versions"), versions()),
        (say("Fingerprint of the settings"), settings.fingerprint),
        (say("Fingerprint of the result"), facts.hash),
    ]


def versions() -> str:
    """Return the versions of the software in use."""
    try:
        version = metadata.version("abcxyz")
    except metadata.PackageNotFoundError:
        version = "?"
    return f"abcxyz {version}, numpy {np.__version__}, Python {platform.python_version()}"


def _text(lang: str, english: str) -> str:
    return text(english, lang)


def _both(cuts: Any) -> tuple[float, float]:
    return float(cuts.first), float(cuts.second)


def _finite(value: float, lang: str) -> str:
    return number(value, lang, 2) if math.isfinite(value) else "–"

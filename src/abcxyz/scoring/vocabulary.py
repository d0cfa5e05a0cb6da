"""Texts that describe a scorecard: basis, quality, drift."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from abcxyz.core.prospects.metrics import stability_verdict
from abcxyz.core.prospects.scorecard import Scorecard
from abcxyz.i18n import number, percent, text
from abcxyz.toolkit.catalogue import Figure

__all__ = ["REASONS", "VERDICTS", "describe", "describe_drift", "drift_of"]


REASONS = MappingProxyType(
    {
        "few": "rules only: there are {a} A and {others} others, and a fit needs {least} of each",
        "few_early": "rules only: before the leads set aside there are {a} A and {others} "
        "others, and a fit needs {least} of each",
        "no_better": "rules only: the fit is not better than the rules in cross-validation",
        "better": "fit blended with the rules: better than the rules in cross-validation",
    }
)
VERDICTS = MappingProxyType(
    {
        "stable": "the leads are of the kind that was fitted on",
        "watch": "the leads begin to differ from those fitted on",
        "shifted": "the leads are of another kind: do not trust the probabilities, fit again",
        "unknown": "there are no leads to compare",
    }
)


def describe(card: Scorecard, lang: str = "en") -> list[str]:
    """Return lines of text with basis, date, sample size, metrics and points.

    Parameters
    ----------
    card
        Scorecard; lines without data in its report are left out.
    lang
        Code of the language.
    """
    report = card.report
    lines = [text("Scorecard: {basis}", lang, basis=text(card.basis, lang))]
    decision = _part(report, "decision")
    reason = REASONS.get(str(decision.get("reason")))
    if reason:
        fields = {name: decision.get(name, "") for name in ("a", "others", "least")}
        lines.append(text(reason, lang, **fields))
    if "date" in report:
        lines.append(text("date of the fit: {date}", lang, date=report["date"]))
    again = _part(report, "recalibrated")
    if again:
        lines.append(
            text(
                "level of the probabilities set on {date} by {n} {n:lead|leads}",
                lang,
                date=again.get("date", ""),
                n=Figure(_figure(again, "n")),
            )
        )
    for key, template in (
        ("train", "fitted on {n} {n:lead|leads}, {a} of them A{span}"),
        ("holdout", "judged on {n} later {n:lead|leads}, {a} of them A{span}"),
    ):
        part = _part(report, key)
        if "n" in part:
            span = f" ({part['from']} … {part['to']})" if "from" in part else ""
            counts = {name: Figure(_figure(part, name)) for name in ("n", "a")}
            lines.append(text(template, lang, span=span, **counts))
    lines += _metrics(_part(report, "holdout"), lang)
    crossed = _part(report, "cross_validation")
    if crossed:
        lines.append(
            text(
                "cross-validation: AUC {auc}, of the rules {rules}, difference {gain} ± {error}",
                lang,
                auc=number(_figure(crossed, "auc"), lang, 3),
                rules=number(_figure(crossed, "rules_auc"), lang, 3),
                gain=number(_figure(crossed, "difference"), lang, 3),
                error=number(_figure(crossed, "error"), lang, 3),
            )
        )
    lines += _lists(report, lang)
    return [*lines, *card.explain(lang).splitlines()]


def _metrics(held: Mapping[str, Any], lang: str) -> Iterator[str]:
    def figure(name: str, decimals: int = 3) -> str:
        return number(_figure(held, name), lang, decimals)

    if "auc" in held:
        yield text(
            "AUC {auc} (95% interval {low} … {high}), of the rules {rules}",
            lang,
            auc=figure("auc"),
            low=figure("auc_low"),
            high=figure("auc_high"),
            rules=figure("rules_auc"),
        )
    if "top_decile_lift" in held:
        yield text(
            "the best tenth holds {lift} times as many A as the average, and {money} of the "
            "revenue",
            lang,
            lift=figure("top_decile_lift", 2),
            money=percent(_figure(held, "top_decile_revenue"), lang),
        )
    if "brier" in held:
        yield text(
            "probabilities: Brier score {brier}, mean minus truth {large}, calibration intercept "
            "{intercept} and slope {slope}",
            lang,
            brier=figure("brier"),
            large=figure("in_the_large", 4),
            intercept=figure("calibration_intercept"),
            slope=figure("calibration_slope"),
        )


def _lists(report: Mapping[str, Any], lang: str) -> Iterator[str]:
    suspects = report.get("suspects")
    if suspects:
        yield text(
            "stronger alone than all others together, is it known in time? {names}",
            lang,
            names=", ".join(map(str, suspects)),
        )
    if report.get("allowed"):
        yield text(
            "allowed by name although it may be a leak: {names}",
            lang,
            names=", ".join(map(str, report["allowed"])),
        )
    for name, why in _part(report, "dropped").items():
        yield text("left out: {name} ({why})", lang, name=name, why=text(str(why), lang))


def drift_of(drift: Mapping[str, Any]) -> str:
    """Return ``stable``, ``watch``, ``shifted`` or ``unknown``, by the score's stability index.

    Examples
    --------
    >>> drift_of({"score": 0.3}), drift_of({"score": 0.02})
    ('shifted', 'stable')
    """
    return stability_verdict(_figure(drift, "score"))


def describe_drift(drift: Mapping[str, Any], lang: str = "en") -> list[str]:
    """Return lines of text that say whether new leads still resemble those of the fit."""
    lines = [
        text(
            "stability index of the score over {n} {n:lead|leads}: {value} – {verdict}",
            lang,
            n=Figure(_figure(drift, "n")),
            value=number(_figure(drift, "score"), lang, 3),
            verdict=text(VERDICTS[drift_of(drift)], lang),
        )
    ]
    parts = _part(drift, "attributes")
    moved = sorted((name for name in parts), key=lambda name: -_or_zero(_figure(parts, name)))
    lines += [f"  {name}: {number(_figure(parts, name), lang, 3)}" for name in moved]
    return lines


def _part(report: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = report.get(name)
    return part if isinstance(part, Mapping) else {}


def _figure(part: Mapping[str, Any], name: str) -> float:
    figure = part.get(name)
    return float(figure) if isinstance(figure, (int, float)) else math.nan


def _or_zero(value: float) -> float:
    return 0.0 if math.isnan(value) else value

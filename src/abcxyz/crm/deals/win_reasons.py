"""Reasons of a win probability in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from abcxyz._arrays import Floats
from abcxyz.core.display import percent, plain_number
from abcxyz.core.landmarks.reasons import strongest
from abcxyz.crm.deals.features import FEATURES
from abcxyz.crm.deals.win_model import WinModel
from abcxyz.toolkit.catalogue import Figure, text

__all__ = ["pushes_of_deals", "sentence", "sentences"]

_REASONS = 3
_NOT_FACTS = frozenset(["stage", "hour", "weekday"])


def _group_of(feature: str) -> str:
    return next((name for name, members in FEATURES.items() if feature in members), feature)


def pushes_of_deals(model: WinModel, columns: Mapping[str, Any]) -> dict[str, Floats]:
    """Return group of features -> (n,) log-odds by which it moves each deal off the average."""
    if model.card is None or model.card.calibration is None:
        return {}
    slope = model.card.calibration[1]
    pushes: dict[str, Floats] = {}
    points = model.points(columns)
    for one in model.card.attributes:
        group = _group_of(one.name)
        push = slope * (points[one.name] - one.reference)
        pushes[group] = pushes[group] + push if group in pushes else push
    return pushes


def sentences(
    pushes: Mapping[str, float], facts: Mapping[str, Any], model: WinModel, stage: str, lang: str
) -> tuple[list[str], list[str]]:
    """Return what speaks for winning a deal, and what against it, three sentences of either.

    Of stage rates there is one sentence, whichever way it speaks.
    """
    if model.basis == "stage_rates":
        return [sentence("stage", facts, model, stage, lang)], []
    known = {
        name: push for name, push in pushes.items() if sentence(name, facts, model, stage, lang)
    }
    sides = strongest(known)
    first, second = (
        [sentence(name, facts, model, stage, lang) for name in one[:_REASONS]] for one in sides
    )
    return first, second


def sentence(group: str, facts: Mapping[str, Any], model: WinModel, stage: str, lang: str) -> str:
    """Return what is known of a deal, as a sentence; empty if nothing is.

    Parameters
    ----------
    group
        A group of `FEATURES`, or a field that was named.
    facts
        The features of the deal.
    model
        The model, for its stage rates.
    stage
        Title of the stage.
    lang
        Language of the sentence.
    """

    def figure(name: str) -> Figure:
        return Figure(facts[name])

    def known(*names: str) -> bool:
        return all(name in facts and not _unknown(facts[name]) for name in names)

    if group == "stage":
        rate = model.rates.get(facts["stage"], model.base)
        return text(
            "{stage}: of the deals in it {share} are won within {days} days",
            lang,
            stage=stage,
            share=percent(rate, lang),
            days=plain_number(model.horizon_days, lang),
        )
    if group == "time":
        if known("stage_age_ratio") and facts["stage_age_ratio"] > 0:
            return text(
                "{days} {days:day|days} in the stage, usual are {usual}",
                lang,
                days=figure("stage_age"),
                usual=plain_number(round(facts["stage_age"] / facts["stage_age_ratio"], 1), lang),
            )
        return text("{days} {days:day|days} old", lang, days=figure("age"))
    if group == "moves":
        return text(
            "stage changes: {n}, of them back: {back}",
            lang,
            n=figure("changes"),
            back=figure("returns"),
        )
    if group == "activity":
        return text(
            "activities in 7 days: {week}, in 30 days: {month}",
            lang,
            week=figure("activities_7"),
            month=figure("activities_30"),
        )
    if group == "silence":
        if known("silence_them"):
            return text(
                "last heard from the customer {n} {n:day|days} ago", lang, n=figure("silence_them")
            )
        if known("silence_us"):
            return text("last contacted by us {n} {n:day|days} ago", lang, n=figure("silence_us"))
        return text("no contact is recorded", lang)
    if group == "people":
        return text("employees who moved it: {n}", lang, n=figure("users"))
    if group == "customer":
        if not known("past_wins"):
            return ""
        return text("deals of the customer won before: {n}", lang, n=figure("past_wins"))
    if group == "begun":
        return text("created at {hour} o'clock", lang, hour=figure("hour"))
    if group == "amount":
        return text("amount: {n}", lang, n=figure("amount")) if known("amount") else ""
    if group in ("owner", "source"):
        if not known(f"{group}_rate"):
            return ""
        phrase = (
            "of the deals of its owner {share} were won"
            if group == "owner"
            else "of the deals from its source {share} were won"
        )
        return text(phrase, lang, share=percent(facts[f"{group}_rate"], lang))
    if group == "planned":
        if not known("planned_over"):
            return ""
        return text(
            "days past the planned day: {days}, moved {n} times",
            lang,
            days=figure("planned_over"),
            n=figure("planned_moves"),
        )
    value = facts.get(group, "")
    if _unknown(value):
        return ""
    shown = plain_number(value, lang) if isinstance(value, float) else str(value)
    return text("{field}: {value}", lang, field=group, value=shown)


def _unknown(value: Any) -> bool:
    return value == "" or (isinstance(value, float | np.floating) and math.isnan(value))

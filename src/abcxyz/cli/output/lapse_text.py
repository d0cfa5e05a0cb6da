"""Lapse risk, growth list and backtest as text for a terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from abcxyz.cli.output.analysis_text import table
from abcxyz.cli.output.terminal import one_line
from abcxyz.i18n import date_text, money, number, percent, text, translate

if TYPE_CHECKING:
    from abcxyz.core.advice.backtest import Backtest
    from abcxyz.core.advice.calls import Call, CallList
    from abcxyz.core.advice.growth import GrowthList, RisingCustomer
    from abcxyz.core.landmarks.lapse_record import LapseRisk

__all__ = ["backtest_text", "growth_text", "lapse_text"]

_SHOWN = 20
_FEW = 10


def lapse_text(risk: LapseRisk, calls: CallList, names: Mapping[Any, str], lang: str) -> str:
    """Return the basis, the list to call, and the reasons for each."""
    lines = [
        text(
            "No purchase within {days} days from {day}",
            lang,
            days=risk.horizon_days,
            day=date_text(risk.as_of, lang),
        ),
        f"{text('Basis', lang)}: {text(risk.basis, lang)} ({translate(risk.why, lang)})",
    ]
    if risk.judged is not None:
        lines.append(_judged(risk, lang))
    if calls.basis != risk.basis:
        lines.append(text("The list: by the rule ({why})", lang, why=translate(calls.why, lang)))
    if not calls:
        lines += ["", text("Nobody of class A is to be called", lang)]
    else:
        lines.append(
            text(
                "To call: {named} of {customers} customers of class A; never silent for so long: "
                "{never}",
                lang,
                named=number(len(calls), lang),
                customers=number(int(risk.in_a.sum()), lang),
                never=number(calls.never_so_long, lang),
            )
        )
    for count, sentence in (
        (calls.held_back, "Beyond the calls per responsible employee: {count}"),
        (calls.waiting, "Called a short while ago, or logged as lost: {count}"),
    ):
        if count:
            lines.append(text(sentence, lang, count=number(count, lang)))
    if not calls:
        return "\n".join(lines)
    heads = ("Customer", "Segment", "Probability", "Value", "Expected loss", "In charge")
    rows = [[text(head, lang) for head in heads]]
    rows += [
        [
            one_line(_name(call, names))[:40],
            call.segment,
            _share(call.probability, lang),
            _money(call.money, lang),
            _money(call.expected_loss, lang),
            one_line(call.owner or "–")[:30],
        ]
        for call in calls[:_SHOWN]
    ]
    lines += ["", table(rows)]
    for call in calls[:_SHOWN]:
        lines += ["", *_explained(call, names, lang)]
    return "\n".join(lines)


def _judged(risk: LapseRisk, lang: str) -> str:
    judged = risk.judged
    assert judged is not None
    return text(
        "On {rows} held-back cases: AUC {auc} ({low} to {high}), Brier score {brier}, for the "
        "base rate {base}",
        lang,
        rows=number(judged.rows, lang),
        auc=_figure(judged.auc, lang),
        low=_figure(judged.auc_low, lang),
        high=_figure(judged.auc_high, lang),
        brier=_figure(judged.brier, lang, 4),
        base=_figure(judged.brier_base, lang, 4),
    )


def _explained(call: Call, names: Mapping[Any, str], lang: str) -> list[str]:
    lines = [f"{one_line(_name(call, names))}: {'; '.join(call.reasons(lang))}"]
    if against := call.against(lang):
        lines.append(f"  {text('against it', lang)}: {'; '.join(against)}")
    cases, gone = call.like
    if cases:
        lines.append(
            "  "
            + text(
                "of {cases} like cases of the past {gone} did not come back",
                lang,
                cases=number(cases, lang),
                gone=number(gone, lang),
            )
        )
    return lines


def growth_text(growth: GrowthList, names: Mapping[Any, str], lang: str) -> str:
    """Return who of class B may reach class A, and what the chances rest on."""
    lines = [
        text("May reach class A within {days} days", lang, days=growth.horizon_days),
        f"{text('Basis', lang)}: {translate(growth.why, lang)}",
    ]
    if growth.held_back:
        held_back = number(growth.held_back, lang)
        lines.append(
            text("Beyond the customers per responsible employee: {count}", lang, count=held_back)
        )
    if not growth:
        return "\n".join([*lines, text("Nobody of class B is near class A", lang)])
    heads = ("Customer", "Segment", "Probability", "Missing", "Expected gain", "In charge")
    rows = [[text(head, lang) for head in heads]]
    rows += [
        [
            one_line(_name(one, names))[:40],
            one.segment,
            _share(one.probability, lang),
            _money(one.missing, lang),
            _money(one.expected_gain, lang),
            one_line(one.owner or "–")[:30],
        ]
        for one in growth[:_FEW]
    ]
    return "\n".join([*lines, table(rows)])


def backtest_text(tried: Backtest, lang: str) -> str:
    """Return a table of past days: whom the list named, and what followed."""
    title = text("The list on past days, {days} days ahead", lang, days=tried.horizon_days)
    if not tried.days:
        return f"{title}\n{text('The sales are too short to try it on the past', lang)}"
    heads = (
        "Day",
        "Basis",
        "Class A",
        "Did not buy",
        "Named",
        "Came back",
        "Brought",
        "Money lost",
    )
    rows = [[text(head, lang) for head in heads]]
    rows += [
        [
            date_text(one.day, lang),
            text(one.basis, lang),
            number(one.customers, lang),
            number(one.lapsed, lang),
            number(one.named, lang),
            number(one.came_back, lang),
            money(one.money_back, lang),
            money(one.money_lost, lang),
        ]
        for one in tried.days
    ]
    return "\n".join([title, table(rows), tried.sentence(lang)])


def _name(one: Call | RisingCustomer, names: Mapping[Any, str]) -> str:
    return names.get(one.customer) or str(one.customer)


def _share(value: float, lang: str) -> str:
    return "–" if math.isnan(value) else percent(value, lang, 0)


def _money(value: float, lang: str) -> str:
    return "–" if math.isnan(value) else money(value, lang)


def _figure(value: float, lang: str, decimals: int = 2) -> str:
    return "–" if math.isnan(value) else number(value, lang, decimals)

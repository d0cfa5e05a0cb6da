"""Records of results: what they take by name only, compare, and show."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import attrs
import pytest

import abcxyz.core

#: Records whose fields have to be named, as they are many, or may become more.
NAMED = {
    "advice.actions.Action",
    "advice.actions.Actions",
    "advice.alerts.Alert",
    "advice.alerts.AlertRules",
    "advice.backtest.Backtest",
    "advice.backtest.BacktestDay",
    "advice.backtest.Naming",
    "advice.calls.Call",
    "advice.calls.CallList",
    "advice.calls.CallOutcome",
    "advice.crm_facts.CrmFacts",
    "advice.crm_facts.Deal",
    "advice.crm_facts.DealReason",
    "advice.crm_facts.LeadContact",
    "advice.crm_facts.OverdueRequest",
    "advice.crm_facts.TimeSpent",
    "advice.growth.GrowthList",
    "advice.growth.RisingCustomer",
    "advice.playbook.Playbook",
    "advice.playbook.Refinement",
    "advice.unusual.UnusualFigure",
    "analysis.bridge.Bridge",
    "analysis.bridge.YearBefore",
    "analysis.customer_columns.CustomerColumns",
    "analysis.past.AlertRecord",
    "analysis.past.PastClasses",
    "analysis.past.PastResult",
    "analysis.record.Analysis",
    "analysis.series.ClassSeries",
    "analysis.summary.Summary",
    "classes.matrix.Matrix",
    "classes.results.AbcResult",
    "classes.results.XyzResult",
    "dynamics.core_metrics.CoreMetrics",
    "dynamics.forecast.Forecast",
    "dynamics.forecast.HeldBack",
    "dynamics.transitions.Transitions",
    "forecasts.sales_forecast.SalesForecast",
    "forecasts.sales_table.SalesPart",
    "forecasts.sales_table.SalesTable",
    "landmarks.features.Features",
    "landmarks.fit.LandmarkFit",
    "landmarks.fit.Trial",
    "landmarks.lapse_record.LapseRisk",
    "landmarks.model.Examples",
    "landmarks.model.Judged",
    "landmarks.order_history.OrderHistory",
    "landmarks.rise.RiseChance",
    "landmarks.sample.LandmarkStudy",
    "prospects.metrics.Gain",
    "sales.panel.Panel",
    "sales.rhythm.Rhythm",
    "sales.rhythm.Silence",
    "snapshots.confidence.Confidence",
    "snapshots.settings.Settings",
    "snapshots.snapshot.Snapshot",
}
#: Records that are equal to themselves alone: they hold arrays, and are never compared.
SAME_ALONE = {
    "analysis.customer_columns.Coded",
    "decomposition.sales_change.PricedLines",
    "forecasts.sales_forecast.HeldBackSales",
    "forecasts.sales_table.SalesPart",
    "landmarks.features.Features",
    "landmarks.fit.Evidence",
    "landmarks.fit.LandmarkFit",
    "landmarks.model.Binned",
    "landmarks.model.Card",
    "landmarks.model.Examples",
    "landmarks.model.Part",
    "landmarks.sample.LandmarkStudy",
    "landmarks.sample.Outcome",
    "one_pass._Part",
    "one_pass._SurveyOnce",
    "prospects.binning.Binning",
    "prospects.lead_table.LeadColumns",
    "prospects.lead_table.Words",
    "prospects.simple.Curve",
    "prospects.simple.Rates",
    "sums.Survey",
    "sums._Part",
}
#: Fields that a short form leaves out: large ones, and what is known of customers.
HIDDEN = {
    "advice.actions.Action": ("_advice", "_refined", "_fields"),
    "advice.calls.Call": ("_facts", "_because", "_against"),
    "advice.growth.RisingCustomer": ("_facts", "_because", "_against"),
    "analysis.record.Analysis": ("history", "classes", "raised_before"),
    "landmarks.lapse_record.LapseRisk": ("months", "facts", "pushes", "fit"),
    "landmarks.order_history.OrderHistory": ("sums",),
    "landmarks.rise.RiseChance": ("facts", "pushes", "fit"),
    "one_pass._SurveyOnce": ("_below", "known", "parts", "kernel"),
    "sales.panel.Panel": ("earlier", "first_sale"),
    "sums.Survey": ("_below",),
}
#: Fields that do not count in a comparison: they follow from others, or say the same in words.
NOT_COMPARED = {
    "advice.actions.Actions": ("before",),
    "advice.calls.Call": ("_facts", "_because", "_against"),
    "advice.growth.RisingCustomer": ("_facts", "_because", "_against"),
    "analysis.record.Analysis": ("history",),
    "landmarks.lapse_record.LapseRisk": ("facts", "pushes", "fit"),
    "landmarks.order_history.OrderHistory": ("sums",),
    "landmarks.rise.RiseChance": ("facts", "pushes", "fit"),
    "sales.calendar.Periods": ("lookback",),
    "sales.panel.Panel": ("earlier", "first_sale"),
}
#: The record that is filled step by step.
CHANGED = {"classes.share_cuts._Bracket"}


def records() -> dict[str, type[attrs.AttrsInstance]]:
    found = {}
    for one in pkgutil.walk_packages(abcxyz.core.__path__, "abcxyz.core."):
        for name, kind in vars(importlib.import_module(one.name)).items():
            if inspect.isclass(kind) and attrs.has(kind) and kind.__module__ == one.name:
                found[f"{one.name.removeprefix('abcxyz.core.')}.{name}"] = kind
    return found


RECORDS = records()


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_is_taken_compared_and_shown_as_promised(name: str) -> None:
    kind = RECORDS[name]
    fields = attrs.fields(kind)
    taken = [one for one in fields if one.init]
    assert (name in NAMED) == (bool(taken) and all(one.kw_only for one in taken))
    if name in NAMED:
        with pytest.raises(TypeError, match="positional argument"):
            kind(*[None] * len(taken))
    own = kind.__eq__ is object.__eq__
    assert (name in SAME_ALONE) == own
    if own:
        assert kind.__hash__ is object.__hash__
    assert tuple(one.name for one in fields if not one.repr) == HIDDEN.get(name, ())
    assert tuple(one.name for one in fields if not one.eq) == NOT_COMPARED.get(name, ())
    frozen = kind.__setattr__ is not object.__setattr__
    assert frozen == (name not in CHANGED)


def test_every_record_of_the_lists_is_there() -> None:
    listed = {*NAMED, *SAME_ALONE, *HIDDEN, *NOT_COMPARED, *CHANGED}
    assert listed <= set(RECORDS)

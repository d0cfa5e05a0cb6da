"""Largest differences of the CRM reports to figures of other programs, report by report.

``python -m tests.crm.oracles SHARED`` prints them as a table; SHARED is the folder with the data
and the figures.
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from abcxyz.core.sales.calendar import Window
from abcxyz.crm import BusinessCalendar, CrmData, Deals, Stage, StageChanges, StageMap
from abcxyz.crm.reports.activity import activity
from abcxyz.crm.reports.cycle import cycle
from abcxyz.crm.reports.funnel import funnel
from abcxyz.crm.reports.managers import managers
from abcxyz.crm.reports.products import products
from abcxyz.crm.reports.service.requests import requests_under
from abcxyz.crm.reports.service.rules import RULES
from abcxyz.crm.reports.sources import sources
from abcxyz.tables.crm.read import read_crm

__all__ = ["DIFFERENCES"]


def _figures(shared: Path, name: str, part: str = "figures") -> Any:
    path = shared / "spec" / "crm_oracles" / f"{name}.json"
    return json.loads(path.read_text("utf-8"))[part]


def _company(shared: Path, name: str) -> CrmData:
    return read_crm(shared / "data" / "crm" / name, zone="Europe/Moscow").crm


def _largest(pairs: Iterable[tuple[Any, Any]]) -> float:
    """Return the largest difference of pairs, relative where the figure is above one."""
    found = [
        abs(float(ours) - float(theirs)) / max(1.0, abs(float(theirs))) for ours, theirs in pairs
    ]
    assert found
    return max(found)


def opportunities(shared: Path) -> CrmData:
    """Return the opportunities of Maven Analytics that were begun, with a history of two dates."""
    path = shared / "data" / "crm" / "maven_pipeline.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["engage_date"]]
    begun = np.array([row["engage_date"] for row in rows], dtype="M8[s]")
    closed = np.array([row["close_date"] or "NaT" for row in rows], dtype="M8[s]")
    number, ended = np.arange(len(rows)), ~np.isnat(closed)
    stage = [row["deal_stage"] for row in rows]
    return CrmData(
        deals=Deals(
            deal=number,
            funnel=["sales"] * len(rows),
            created=begun,
            stage=stage,
            amount=[float(row["close_value"] or "nan") for row in rows],
            owner=[row["sales_agent"] for row in rows],
            source=[row["product"].replace(" ", "") for row in rows],
        ),
        changes=StageChanges(
            deal=np.r_[number, number[ended]],
            stage=["Engaging"] * len(rows) + [stage[i] for i in np.flatnonzero(ended)],
            entered=np.r_[begun, closed[ended]],
        ),
        stages=StageMap(
            {"sales": ["Engaging", Stage("Won", semantics="S"), Stage("Lost", semantics="F")]}
        ),
        until=np.datetime64("2018-01-01", "s"),
    )


def funnel_of_pm4py(shared: Path) -> float:
    pairs: list[tuple[Any, Any]] = []
    for name in ("synthetic_null", "synthetic_stage_drop"):
        crm = _company(shared, name)
        for key, one in _figures(shared, f"funnel_{name}")["cohorts_by_creation"].items():
            days = key.partition(",")[0].split(" to ")
            table = funnel(crm, Window(*days) if len(days) == 2 else None)["sales"]
            for row in table.stages:
                pairs += [
                    (row.touched, one["touched"][row.stage]),
                    (row.reached, one["reached"][row.stage]),
                    (row.all, one["visited_all"][row.stage]),
                    (row.cumulative, one["cumulative"][row.stage]),
                ]
    return _largest(pairs)


def cycle_of_lifelines(shared: Path) -> float:
    known = _figures(shared, "cycle_maven")
    row = cycle(opportunities(shared))["sales"]
    whole = known["any_close"]
    pairs: list[tuple[Any, Any]] = [
        (row.deals, whole["n"]),
        (row.open, whole["censored"]),
        (row.median, whole["median"]),
        (row.naive_won_mean, known["naive_mean_of_won_days"]),
        (row.curve.restricted_mean(30.0)[0], whole["rmst30"]),
    ]
    for day in map(int, whole["open_after"]):
        low, high = row.curve.interval(float(day))
        pairs += [
            (row.open_after[day], whole["open_after"][str(day)]),
            (low, whole["ci95"][str(day)][0]),
            (high, whole["ci95"][str(day)][1]),
            (row.won_by[day], known["cif"]["won"][str(day)]),
            (row.lost_by[day], known["cif"]["lost"][str(day)]),
        ]
    return _largest(pairs)


def managers_of_statsmodels(shared: Path) -> float:
    """Compare rates, intervals, p values, and wins at equal leads, by product."""
    report = managers(opportunities(shared))
    pairs: list[tuple[Any, Any]] = []
    for name, one in _figures(shared, "rates_maven")["by_agent"]["groups"].items():
        rate, rest = report[name].rate, one["against_rest"]
        pairs += [
            (rate.won, one["won"]),
            (rate.decided, one["decided"]),
            (rate.rate, one["rate"]),
            (rate.low, one["wilson95"][0]),
            (rate.high, one["wilson95"][1]),
            (rate.difference, rest["difference"]),
            (rate.difference_low, rest["newcombe95"][0]),
            (rate.difference_high, rest["newcombe95"][1]),
            (rate.p, rest["p"]),
            (rate.q, rest["q"]),
            (rate.expected, one["expected"]),
            (rate.ratio, one["ratio"]),
            (rate.ratio_low, one["ratio95"][0]),
            (rate.ratio_high, one["ratio95"][1]),
        ]
    return _largest(pairs)


def tables_of_duckdb(shared: Path) -> float:
    """Compare managers, sources, products, activities and re-opened deals."""
    crm = _company(shared, "synthetic_stage_drop")
    known = _figures(shared, "tables_synthetic_stage_drop")
    people, channels, sold = managers(crm), sources(crm), products(crm)
    did = {(one.user, one.kind): one for one in activity(crm).activities}
    pairs: list[tuple[Any, Any]] = [(crm.outcomes.reopened.sum(), known["reopened_deals"])]
    for one in known["managers"]:
        person = people[one["owner"]]
        pairs += [
            (getattr(person, name), one[name])
            for name in ("created", "won", "lost", "won_amount", "average_cheque", "median_cheque")
        ]
    for one in known["sources"]:
        source = channels[one["source"]]
        pairs += [(source.deals, one["deals"]), (source.won, one["won"])]
        pairs += [(source.rate.decided, one["decided"])]
    for one in known["products"]:
        product = sold[one["product"]]
        names = ("lines", "amount", "margin_share")
        pairs += [(getattr(product, name), one[name]) for name in names]
    for one in known["activities_by_user_and_kind"]:
        done = did[one["user"], one["kind"]]
        pairs += [(done.count, one["n"]), (done.done, one["done"])]
        pairs += [(done.minutes + done.planned_minutes, one["minutes"])]
    return _largest(pairs)


def service_of_businesstimedelta(shared: Path) -> float:
    """Compare the working hours from the leads of a month to their first answer."""
    crm = _company(shared, "synthetic_null")
    truth = _figures(shared, "synthetic_truth", "companies")["synthetic_null"]
    calendar = BusinessCalendar(
        "Europe/Moscow", holidays=[date.fromisoformat(one) for one in truth["holidays"]]
    )
    known = _figures(shared, "sla_synthetic_null")
    requests = requests_under(crm, crm.need("activities"), RULES[0])
    assert requests is not None
    answered = ~np.isnat(requests.stop)
    chosen = answered & crm.inside(requests.start, Window("2026-01-01", "2026-02-01"))
    hours = calendar.working_seconds(requests.start[chosen], requests.stop[chosen]) / 3600
    month = known["january"]
    pairs: list[tuple[Any, Any]] = [
        ((~answered).sum(), known["leads_without_answer_in_the_whole_file"]),
        (len(hours), month["n"]),
        (np.median(hours), month["median_working_hours"]),
        (np.quantile(hours, 0.9), month["p90"]),
        (hours.sum(), month["sum_working_hours"]),
        *(((hours <= int(limit)).sum(), n) for limit, n in month["within"].items()),
    ]
    return _largest(pairs)


DIFFERENCES: dict[str, tuple[Callable[[Path], float], float]] = {
    "funnel: pm4py": (funnel_of_pm4py, 1e-11),
    "cycle: lifelines": (cycle_of_lifelines, 1e-11),
    "managers: statsmodels": (managers_of_statsmodels, 1e-11),
    "managers, sources, products, activity: DuckDB": (tables_of_duckdb, 1e-7),
    "sla: businesstimedelta": (service_of_businesstimedelta, 1e-11),
}
"""Report and program -> the comparison, and the largest difference that is allowed."""

if __name__ == "__main__":
    for label, (compare, _) in DIFFERENCES.items():
        print(f"{label:50} {compare(Path(sys.argv[1])):.1e}")

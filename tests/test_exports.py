"""Public names of the package, and what importing it loads."""

from __future__ import annotations

import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

import abcxyz
from abcxyz import toolkit

ROOT = Path(__file__).resolve().parent.parent
#: Computed from those of `abcxyz.core` and `abcxyz.errors`, which no type checker can follow.
NAMES: list[str] = getattr(abcxyz, "__all__")  # noqa: B009 - computed at the first use
FACE = {
    "constants": {"BCG", "METRICS", "SEGMENTS", "TAGS", "UNITS"},
    "rules": {"CountShares", "CumulativeMean", "Cuts", "Limits", "Rule", "Shares", "Tangent"},
    "sales": {"Panel", "Periods", "Transactions", "Window", "aggregate", "concat"},
    "calendar": {"period_start", "shift_period"},
    "classes": {
        "AbcResult",
        "ClassSummary",
        "Grouping",
        "GrowthList",
        "Matrix",
        "XyzResult",
        "build_matrix",
        "classify_abc",
        "classify_cv",
        "classify_xyz",
        "coefficient_of_variation",
        "tag",
    },
    "analysis": {
        "Analysis",
        "Quality",
        "QualityIssue",
        "Settings",
        "Snapshot",
        "Summary",
        "WebhookDocument",
        "analyze",
        "json_schema",
        "summary_object",
    },
    "errors": set(abcxyz.errors.__all__),
    "changes": {
        "EVENTS",
        "Forecast",
        "OverlappingWindowsWarning",
        "Transitions",
        "backfill",
        "backfill_window",
        "compare",
        "customer_groups",
        "event",
        "forecast",
        "group_names",
        "rate_interval",
        "steady",
        "transitions",
    },
    "advice": {
        "ALERTS",
        "Action",
        "Actions",
        "Alert",
        "AlertRules",
        "Alerts",
        "Backtest",
        "Call",
        "CallList",
        "CallOutcome",
        "LapseRisk",
        "RiseChance",
        "RisingCustomer",
        "backtest_lapse",
        "lapse_risk",
        "rise_chance",
        "Confidence",
        "CoreMetrics",
        "CrmFacts",
        "Deal",
        "LeadContact",
        "Playbook",
        "TimeSpent",
        "advise",
        "class_confidence",
        "core_metrics",
        "default_playbook",
        "find_alerts",
        "find_calls",
        "find_growth",
        "with_facts",
    },
    "leads": {
        "ProspectScore",
        "ProspectScores",
        "Scorecard",
        "default_scorecard",
        "score_prospect",
        "score_prospects",
    },
}
TOOLKIT = {
    "secrets": {"Redactor", "is_loopback", "read_private", "read_secret"},
    "files": {"check_writable", "file_lock", "write_atomic"},
    "time": {
        "Backoff",
        "Clock",
        "ManualClock",
        "SystemClock",
        "local_date",
        "parse_duration",
        "retry_after",
    },
    "languages": {
        "Catalogue",
        "date_text",
        "money",
        "number",
        "percent",
        "register",
        "translate",
    },
}
HEAVY = (
    "filelock",
    "jinja2",
    "narwhals",
    "openpyxl",
    "pandas",
    "pluggy",
    "polars",
    "pyarrow",
    "requests",
)


def test_the_front_door_is_pinned() -> None:
    """The public names of the package equal the list."""
    assert sorted(set().union(*FACE.values())) == NAMES


def test_the_front_door_is_in_the_reference() -> None:
    """Each exported name is on the first page of the reference."""
    page = (ROOT / "docs" / "reference" / "index.md").read_text(encoding="utf-8")
    assert [] == [name for name in NAMES if f"`.{name}`" not in page]


def test_every_exported_name_exists() -> None:
    """``from abcxyz import *`` imports all exported names."""
    assert [] == [name for name in NAMES if not hasattr(abcxyz, name)]


def test_the_toolkit_is_pinned() -> None:
    """The public names of the toolkit equal the list and are documented."""
    names = sorted(set().union(*TOOLKIT.values()))
    assert names == sorted(toolkit.__all__)
    pages = ["docs/reference/index.md", "docs/how-to/write-an-adapter.md"]
    for page in [*pages, "docs/how-to/write-an-adapter.ru.md"]:
        written = (ROOT / page).read_text(encoding="utf-8")
        assert [] == [name for name in names if f".{name}`" not in written], page


def test_importing_loads_nothing_heavy() -> None:
    """A new interpreter loads no data frame, template or network library."""
    names = "abcxyz, abcxyz.cli, abcxyz.errors, abcxyz.i18n, abcxyz.toolkit"
    code = f"import sys, {names}; print(*sorted(set(sys.modules) & {set(HEAVY)!r}))"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    assert "" == done.stdout.strip()


@pytest.mark.parametrize("package", ["abcxyz", "abcxyz_bitrix", "abcxyz_onec"])
def test_packages_say_that_they_are_typed(package: str) -> None:
    """Type checkers read the annotations of the installed packages."""
    assert resources.files(package).joinpath("py.typed").is_file()

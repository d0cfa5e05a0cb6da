"""What public data say of a lead, in words."""

from __future__ import annotations

import math
from typing import Any

import pytest

from abcxyz.core.prospects.public_data import describe_public_data, sourced_values


@pytest.mark.parametrize(
    ("turnover", "written"),
    [
        (640e6, "640 M a year"),
        (9_900_000, "9.9 M a year"),
        (10e6, "10 M a year"),
        (10_400_000, "10 M a year"),
        (2e6, "2 M a year"),
        (2_340_000, "2.3 M a year"),
        (1_234_567_890, "1,235 M a year"),
        ("450000", "0.5 M a year"),
    ],
)
def test_turnover_is_in_millions_with_a_decimal_below_ten(turnover: object, written: str) -> None:
    row = {"turnover": turnover, "turnover_source": "fns:revexp"}
    assert describe_public_data(row, "en") == written
    dated = {**row, "turnover_as_of": "2025-12-31"}
    assert describe_public_data(dated, "en") == f"{written} (2025)"
    assert describe_public_data({**row, "turnover_as_of": math.nan}, "en") == written


def test_only_values_with_a_source_are_told() -> None:
    row: dict[str, Any] = {
        "employees": 1,
        "employees_source": "fns",
        "industry": "toys",
        "industry_source": "fns",
        "region": "50",
        "region_source": None,
        "turnover": math.nan,
        "turnover_source": "fns",
    }
    assert describe_public_data(row, "en") == "1 staff, toys"
    assert describe_public_data({**row, "region_source": "crm"}, "en") == (
        "1 staff, toys, Moscow region"
    )
    assert describe_public_data({**row, "industry_code": "46.73"}, "en") == "1 staff, wholesale"
    assert describe_public_data({**row, "industry": "47.1"}, "ru") == "1 чел., розничная торговля"
    assert describe_public_data({"region": "Moon", "region_source": "crm"}, "en") == "region Moon"
    assert describe_public_data({}, "en") == ""


def test_leads_without_a_source_hold_nothing() -> None:
    table = {
        "id": ["a", "b"],
        "region": ["50", "77"],
        "region_source": ["fns", None],
        "employees": [1, 2],
    }
    found = [dict(one) for one in sourced_values(table, None)]
    assert found == [{"region": "50", "region_source": "fns", "employees": 1}, {}]
    assert sourced_values({**table, "region_source": [None, None]}, None) == ()
    del table["region_source"]
    assert sourced_values(table, None) == ()
    by_id = {"a": {"region": "50", "region_source": "fns"}, "b": {"employees": 4}}
    first, second = sourced_values(by_id, None)
    assert (first["region"], first["employees"], dict(second)) == ("50", None, {})

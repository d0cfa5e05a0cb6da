"""Shared test vectors of every rule; skipped where the files are absent."""

from __future__ import annotations

import json
import math
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from abcxyz import (
    BCG,
    CountShares,
    CumulativeMean,
    Limits,
    Periods,
    Shares,
    Tangent,
    classify_abc,
    classify_cv,
    classify_xyz,
    coefficient_of_variation,
)

RULES: dict[str, Any] = {
    "tangent": Tangent,
    "cumulative_mean": CumulativeMean,
    "shares": Shares,
    "count_shares": CountShares,
    "limits": Limits,
}
OPTIONS = ("ddof", "since_first", "single_order")


def gaps(values: list[Any]) -> list[Any]:
    return [math.nan if v is None else v for v in values]


def letters(labels: Any) -> str:
    return "".join(label or "N" for label in labels)


def answer(vector: dict[str, Any]) -> Any:
    """Compute the library's result for a vector."""
    kind, params = vector["kind"], dict(vector.get("params", {}))
    options = {name: params.pop(name) for name in OPTIONS if name in params}
    if kind == "cv":
        return [coefficient_of_variation([gaps(s)], **options)[0] for s in vector["series"]]
    if kind == "window":
        periods = Periods.before(
            date.fromisoformat(vector["as_of"]),
            vector["n"],
            vector["unit"],
            bucket=vector.get("sub_unit"),
        )
        dates = {"dated": periods.dated}
        for name, window in (("", periods.window), ("sub_", periods.span)):
            dates |= {f"{name}since": window.since, f"{name}until": window.until}
        as_text: dict[str, Any] = {key: day.isoformat() for key, day in dates.items()}
        return as_text | {"sub_periods": periods.count}
    if kind == "bcg":
        return {segment: BCG.of(segment) for segment in vector["expected"]}
    if kind == "share":
        if "percents" in vector:
            return round(sum(vector["percents"]), 2)
        rest = vector["total"] - vector["value"]
        return round(100 * classify_abc([vector["value"], rest]).share[0], 2)
    rule = Limits(params["x"], params["y"]) if "x" in params else RULES[vector["rule"]](**params)
    if kind == "abc":
        return letters(classify_abc(gaps(vector["values"]), rule).labels)
    if kind == "xyz_cv":
        return letters(classify_cv(gaps(vector["cv"]), rule).labels)
    series = [gaps(s) for s in vector["series"]]
    if len({len(s) for s in series}) > 1:
        # Series of several lengths come from several companies.
        return "".join(letters(classify_xyz([s], rule, **options).labels) for s in series)
    return letters(classify_xyz(series, rule, orders=vector.get("orders"), **options).labels)


def test_vectors(shared_spec: Path) -> None:
    """Every vector that the core supports equals its exact rational result."""
    vectors = json.loads((shared_spec / "vectors" / "methods.json").read_text("utf-8"))["vectors"]
    checked = 0
    for vector in vectors:
        if vector["kind"] == "event":
            continue
        result, expected = answer(vector), vector.get("expected", vector.get("expected_percent"))
        checked += 1
        if vector["kind"] == "cv":
            wanted = [math.nan if v is None else v for v in expected]
            assert wanted == pytest.approx(result, rel=1e-12, nan_ok=True), vector["id"]
        elif vector["kind"] == "window":
            for key, value in expected.items():
                assert value == result[key], (vector["id"], key)
        else:
            assert expected == result, vector["id"]
    assert checked > 150

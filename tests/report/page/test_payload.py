"""The columns of all customers: their compression, names and amounts."""

from __future__ import annotations

import gzip
import json
from datetime import date
from typing import Any

import attrs
import numpy as np
import pytest
from tests.report.page.unpack import unpacked

from abcxyz import Settings, Transactions, analyze
from abcxyz.core.analysis.record import Analysis
from abcxyz.report.customers import Facts, name_of, names_of
from abcxyz.report.page.payload import customer_columns, packed_customers


def analyzed(count: int, customers: list[Any] | None = None, **more: Any) -> Analysis:
    """Some lines of every customer over a year, of amounts that look random."""
    rng = np.random.default_rng(1)
    who = customers or [f"C{n:05}" for n in range(count)]
    drawn = np.concatenate([np.arange(count), rng.integers(0, count, 5 * count)])
    rows = [who[i] for i in drawn.tolist()]
    days = [date(2026, 1 + int(one), 10) for one in rng.integers(0, 10, len(rows))]
    amounts = rng.lognormal(8, 1, len(rows)).round(2).tolist()
    settings = Settings(period="10M", bucket="M")
    return analyze(
        Transactions(rows, days, amounts), as_of=date(2026, 11, 1), settings=settings, **more
    )


def test_the_packed_columns_are_those_of_the_customers() -> None:
    """The same ones every time, and not larger than gzipped JSON."""
    facts = Facts(analyzed(2000, names={"C00001": "Ёлка"}))
    packed = packed_customers(facts, ["<p>Ё</p>"])
    columns = customer_columns(facts)
    written = json.dumps(columns, ensure_ascii=False, default=listed)
    assert unpacked(packed) == {**json.loads(written), "bodies": ["<p>Ё</p>"]}
    assert len(packed) < 0.9 * len(gzip.compress(written.encode(), 6))
    assert packed == packed_customers(facts, ["<p>Ё</p>"])


def listed(column: Any) -> list[Any]:
    """Numbers of a column, with None for what is not known."""
    return [None if one != one else one for one in column.tolist()]


@pytest.mark.parametrize("customers", [["a", "b", "c", "d"], [1, 2, 3, 4]])
def test_many_names_are_those_of_each(customers: list[Any]) -> None:
    """Empty names, names that are no text, and identifiers of numbers as text."""
    names = {"a": "", "b": None, "d": 0, 1: "one", "2": "two", 3: ""}
    analysis = analyzed(4, customers, names=names)
    assert names_of(analysis, customers) == [name_of(analysis, one) for one in customers]


def test_amounts_are_rounded_as_python_does() -> None:
    """Halves go to the even number; what is not known is null."""
    analysis = analyzed(8)
    value = np.array([1e15, 2.5, 3.5, -0.4, -2.5, 1000.5, 0.0, 1e6 + 0.5])
    snapshot = analysis.snapshot

    panel = attrs.evolve(analysis.panel, value=value)
    facts = Facts(
        attrs.evolve(analysis, panel=panel, snapshot=attrs.evolve(snapshot, value=value))
    )
    order = facts.order
    rounded = [round(float(one)) for one in value[order]]
    assert rounded == customer_columns(facts)["value"].tolist()

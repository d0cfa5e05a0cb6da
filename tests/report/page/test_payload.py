"""The columns of all customers: their compression, names and amounts."""

from __future__ import annotations

import gzip
import json
from datetime import date
from typing import Any

import attrs
import numpy as np
import pytest

from abcxyz import Settings, Transactions, analyze
from abcxyz.core.analysis.record import Analysis
from abcxyz.report.customers import Facts, name_of, names_of
from abcxyz.report.page.payload import _gzipped, customer_columns, packed_customers


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


def test_any_reader_of_gzip_unpacks_the_columns() -> None:
    """Both parts are one file, and it is not larger than by one way of compression for all."""
    facts = Facts(analyzed(2000, names={"C00001": "Ёлка"}))
    packed = packed_customers(facts)
    columns = customer_columns(facts)
    assert json.loads(gzip.decompress(packed)) == json.loads(json.dumps(columns))
    written = json.dumps(columns, ensure_ascii=False, separators=(",", ":")).encode()
    assert len(packed) < 1.01 * len(gzip.compress(written, 6))
    assert packed == packed_customers(facts)


def test_amounts_that_look_random_are_smaller_than_their_matches() -> None:
    """The rough amounts of many customers: letters of a few levels in no order."""
    letters = np.frombuffer(b" !#$%&'()*+,-", dtype=np.uint8)
    rough = np.random.default_rng(1).choice(letters, 60_000).tobytes()
    names = b"".join(b'"Company %d",' % n for n in range(5000))
    packed = _gzipped(names, rough)
    assert gzip.decompress(packed) == names + rough
    assert len(packed) < 0.9 * len(gzip.compress(names + rough, 6))


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
    assert customer_columns(facts)["value"] == [round(float(one)) for one in value[order]]

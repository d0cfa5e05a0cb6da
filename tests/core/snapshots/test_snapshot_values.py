"""Snapshot and settings by hand: fingerprints, sentences, tables and positions."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import Any

import numpy as np
import pytest
from attrs import evolve

from abcxyz import InputError, Settings, Snapshot, Transactions, analyze

RULE = {"rule": "tangent"}
PLAIN: dict[str, Any] = {
    "period": "12M", "bucket": "month", "metric": "revenue", "abc": RULE, "xyz": RULE, "ddof": 0,
    "since_first": False, "single_order": None,
}  # fmt: skip


def digest(plain: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:12]


def test_fingerprints_stay_as_they_are() -> None:
    """Histories hold them: they are of the settings that decide the classes, in one spelling."""
    assert Settings().fingerprint == digest(PLAIN)
    assert Settings(period=" 12m ", bucket="M", lookback="36M").fingerprint == digest(PLAIN)
    spanned = Settings(document_spans_days=True)
    assert spanned.fingerprint == digest({**PLAIN, "document_spans_days": True})
    assert Settings(period="8Q").fingerprint == digest(
        {**PLAIN, "period": "8Q", "bucket": "quarter"}
    )
    assert spanned.class_settings == {**PLAIN, "document_spans_days": True}


def made() -> Snapshot:
    """Return a of AX, b of BX, c of CZ, and d, who returned all."""
    lines = [("a", month, 500.0) for month in (1, 2)] + [("b", month, 100.0) for month in (1, 2)]
    lines += [("c", 2, 3.5), ("d", 1, -7.0)]
    sales = Transactions(
        [who for who, *_ in lines],
        [date(2026, month, 5) for _, month, _ in lines],
        [money for *_, money in lines],
    )
    snapshot = analyze(sales, as_of=date(2026, 3, 1), settings=Settings(period="2M")).snapshot
    return evolve(
        snapshot,
        abc=np.array([0, 1, 2, -1], np.int8),
        xyz=np.array([0, 0, 2, -1], np.int8),
        steady_abc=np.array([1, 1, -1, 2], np.int8),
        steady_xyz=np.array([2, 0, 0, 1], np.int8),
        value=np.array([10_000.4, 200.0, 3.5, np.nan]),
        cv=np.array([0.0, 0.126, np.nan, np.nan]),
        orders=np.array([1_234, 2, 1, 0]),
    )


def test_a_customer_in_a_sentence() -> None:
    snapshot = made()
    assert [snapshot.explain(who) for who in "abcd"] == [
        "AX on 2026-02-28: 10,000 in 1,234 orders, CV 0.00",
        "BX on 2026-02-28: 200 in 2 orders, CV 0.13",
        "CZ on 2026-02-28: 3.50 in 1 order",
        "not classified in [2026-01-01, 2026-03-01)",
    ]
    with pytest.raises(InputError, match="there is no customer 'e' here"):
        snapshot.explain("e")


def test_codes_and_counts() -> None:
    snapshot = made()
    assert snapshot.segment.tolist() == [0, 3, 8, -1]
    assert snapshot.steady_segment.tolist() == [5, 3, -1, 7]
    assert snapshot.abc_classes() == {"a": "A", "b": "B", "c": "C"}
    assert len(snapshot) == 4
    assert repr(snapshot) == (
        "Snapshot(2026-02-28; 4 customers; AX 1, AY 0, AZ 0, BX 1, BY 0, BZ 0, CX 0, CY 0, CZ 1, "
        "not classified 1)"
    )
    page = snapshot.to_html()
    assert "<caption>2026-02-28: 4 customers, 1 not classified</caption>" in page
    assert "<tr><td>B</td><td>1</td><td>0</td><td>0</td></tr>" in page
    assert "<tr><td>C</td><td>0</td><td>0</td><td>1</td></tr>" in page
    frame = snapshot.to_frame()
    assert frame["segment"].tolist() == ["AX", "BX", "CZ", ""]
    assert frame["xyz"].tolist() == ["X", "X", "Z", ""]
    assert frame["abc"].tolist() == ["A", "B", "C", ""]
    assert frame["orders"].tolist() == [1_234, 2, 1, 0]


@pytest.mark.parametrize("wanted", [["c"], ["x", "b"], ["d", "c", "x", "a"], list("abcd"), []])
def test_rows_of_customers(wanted: list[str]) -> None:
    """Few are looked for, many are found in a table of all."""
    places = {"a": 0, "b": 1, "c": 2, "d": 3}
    found = made().rows_of(np.array(wanted, dtype=object))
    assert found.tolist() == [places.get(one, -1) for one in wanted]


def test_a_snapshot_as_a_document() -> None:
    snapshot = made()
    plain = snapshot.to_dict()
    assert plain["as_of"] == "2026-03-01"
    columns = plain["columns"]
    assert columns["abc"] == ["A", "B", "C", None]
    assert columns["steady_xyz"] == ["Z", "X", "X", "Y"]
    assert columns["value"] == [10_000.4, 200.0, 3.5, None]
    assert columns["last_day"] == ["2026-02-05", "2026-02-05", "2026-02-05", None]
    assert Snapshot.from_dict(plain) == snapshot
    bare = evolve(snapshot, customers=np.array([1, 2, 3, 4]))
    assert Snapshot.from_dict(bare.to_dict()).customers.tolist() == [1, 2, 3, 4]
    with pytest.raises(InputError, match=r"columns differ in length: customers 4, abc 3"):
        evolve(snapshot, abc=snapshot.abc[:3])

"""Documents of results: they are read back equal, and keep to their schema."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from attrs import evolve

from abcxyz import (
    Alerts,
    Analysis,
    Quality,
    QualityIssue,
    Snapshot,
    Summary,
    Transactions,
    WebhookDocument,
    analyze,
    json_schema,
    summary_object,
)
from abcxyz.core.documents import DOCUMENTS
from abcxyz.demo import demo_crm, demo_sales
from abcxyz.errors import InputError


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    """An analysis with a snapshot before it, facts, alerts and an account of quality."""
    demo = demo_sales(customers=40)
    before = analyze(demo.transactions, as_of="2026-10-01").snapshot
    quality = Quality(9, 8, [QualityIssue("no_date", 1, None, "left_out", ["?"])], ["csv"])
    return analyze(
        demo.transactions,
        as_of="2026-11-01",
        previous=before,
        quality=quality,
        facts=demo_crm(demo).facts,
    )


@pytest.fixture
def empty() -> Analysis:
    """An analysis in which most shares are not defined."""
    return analyze(Transactions(["a"], [date(2026, 5, 5)], [0]), as_of="2026-11-01")


DOCUMENT_OF: dict[str, Callable[[Analysis], Any]] = {
    "summary": lambda one: one.summary(),
    "snapshot": lambda one: one.snapshot,
    "alerts": lambda one: one.alerts,
    "analysis": lambda one: WebhookDocument(
        one.summary(),
        [{"customer": "a", "name": None, "segment": "AX", "abc": "A", "xyz": "X", "value": 1.5,
          "share": 0.5, "cumulative_share": 0.5, "cv": None, "orders": 1,
          "last_sale": "2026-10-01", "tag": "t", "recommendation": "r"}],
    ),
}  # fmt: skip


def through_json(document: object) -> Any:
    return json.loads(json.dumps(document, allow_nan=False))


@pytest.mark.parametrize("kind", DOCUMENTS)
@pytest.mark.parametrize("which", ["analysis", "empty"])
def test_a_document_is_read_back_equal(
    kind: str, which: str, request: pytest.FixtureRequest
) -> None:
    """What JSON holds of a result builds an equal result."""
    result = DOCUMENT_OF[kind](request.getfixturevalue(which))
    document = through_json(result.to_dict())
    assert document["version"] == 1
    again = type(result).from_dict(document)
    assert again == result
    assert through_json(again.to_dict()) == document


@pytest.mark.parametrize("kind", DOCUMENTS)
@pytest.mark.parametrize("which", ["analysis", "empty"])
def test_a_document_keeps_to_its_schema(
    kind: str, which: str, request: pytest.FixtureRequest
) -> None:
    """The published schema accepts each document, and no document with a field too many."""
    jsonschema = pytest.importorskip("jsonschema")
    schema = json_schema(kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    document = through_json(DOCUMENT_OF[kind](request.getfixturevalue(which)).to_dict())
    assert [] == [error.message for error in validator.iter_errors(document)]
    for wrong in ({**document, "extra": 1}, {**document, "version": 2}, {"type": "?"}):
        assert not validator.is_valid(wrong)


def test_the_alerts_of_the_test_are_some(analysis: Analysis) -> None:
    assert len(analysis.alerts) > 3
    assert analysis.alerts.to_frame("ru")["sentence"].str.len().min() > 10
    assert analysis.alerts.to_frame()["kind"].tolist() == [one.kind for one in analysis.alerts]
    assert isinstance(analysis.raised, Alerts)


def test_the_public_summary_is_that_of_the_analysis(analysis: Analysis) -> None:
    assert summary_object(analysis) == analysis.summary().to_dict()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"type": "abcxyz.alerts"}, "of the type 'abcxyz.alerts', and 'abcxyz.snapshot'"),
        ({"version": 7}, "of version 7, and this library reads 1"),
        ({"as_of": "soon"}, "cannot be read"),
        ({"columns": {}}, "cannot be read"),
    ],
)
def test_other_documents_are_refused(
    analysis: Analysis, change: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        Snapshot.from_dict(analysis.snapshot.to_dict() | change)


def test_what_is_no_document_is_refused() -> None:
    with pytest.raises(InputError, match="of the type 'list'"):
        Summary.from_dict([])  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no document 'report'; known are summary"):
        json_schema("report")


def test_columns_keep_their_types(analysis: Analysis) -> None:
    """Whole numbers stay whole, identifiers of a number stay numbers."""
    snapshot = evolve(
        analysis.snapshot,
        customers=analysis.snapshot.orders.cumsum(),
        value=analysis.snapshot.orders,
    )
    again = Snapshot.from_dict(through_json(snapshot.to_dict()))
    assert again == snapshot
    assert (again.customers.dtype.kind, again.value.dtype.kind) == ("i", "i")

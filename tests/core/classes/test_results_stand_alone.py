"""Results by themselves: labels, equality, hashes, printing, tables."""

from __future__ import annotations

import copy
import pickle
from datetime import date
from typing import Any

import attrs
import numpy as np
import pandas as pd
import pytest

import abcxyz
from abcxyz import Transactions, analyze, class_confidence, forecast, transitions
from abcxyz.core.sales.transactions import as_ids
from abcxyz.demo import demo_sales
from abcxyz.errors import InputError

LEADS = pd.DataFrame({"turnover": [3e9, 1e6], "employees": [900, 2]}, index=["L7", "L8"])


def quarters() -> list[abcxyz.Snapshot]:
    settings = abcxyz.Settings(period="1Q", bucket="M")
    sales = demo_sales(customers=30).transactions
    return list(abcxyz.backfill(sales, since="2025-07-01", as_of="2026-11-01", settings=settings))


def results() -> dict[str, Any]:
    """One result of every kind, with undefined numbers where there can be some."""
    sales = Transactions(["a", "b"], [date(2025, 3, 1), date(2025, 4, 1)], [0, 5])
    first = analyze(sales, as_of="2026-01-01")
    whole = analyze(sales, as_of="2026-02-01", previous=first.snapshot)
    parts = [
        whole, whole.snapshot, whole.abc, whole.xyz, whole.matrix, whole.panel, whole.panel.rhythm,
        whole.actions, whole.actions[0] if whole.actions else None, whole.transitions,
        whole.alerts, whole.metrics, whole.summary(), whole.silence(), sales,
        class_confidence(whole.panel, resamples=3), forecast(quarters()),
        abcxyz.classify_abc([None, None]), abcxyz.score_prospects(LEADS),
        abcxyz.score_prospect(LEADS.iloc[0]), abcxyz.default_scorecard(),
        abcxyz.default_playbook(), whole.settings, abcxyz.Quality(1, 1),
    ]  # fmt: skip
    return {f"{i} {type(one).__name__}": one for i, one in enumerate(parts) if one is not None}


RESULTS = results()


@pytest.mark.parametrize("name", RESULTS)
def test_a_copy_equals_its_original(name: str) -> None:
    """Pickled and copied results equal the first, undefined numbers included."""
    one = RESULTS[name]
    for other in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one)):
        assert other == one


@pytest.mark.parametrize("name", RESULTS)
def test_a_hash_works_or_names_the_type(name: str) -> None:
    one = RESULTS[name]
    if type(one).__hash__ is None:
        with pytest.raises(TypeError, match=f"unhashable type: '{type(one).__name__}'"):
            hash(one)
    else:
        assert hash(one) == hash(copy.deepcopy(one))


def test_records_of_arrays_have_no_hash() -> None:
    """A record with a field that is compared by content says that it has no hash."""
    kinds: list[type] = [type(one) for one in RESULTS.values()]
    for kind in kinds:
        fields = attrs.fields(kind) if attrs.has(kind) else ()
        keys = {type(one.eq_key).__name__ + getattr(one.eq_key, "__name__", "") for one in fields}
        if any("SameArray" in key for key in keys):
            assert kind.__hash__ is None, kind


@pytest.mark.parametrize("name", RESULTS)
def test_printing_is_short(name: str) -> None:
    """A result of many customers prints no more than one of few."""
    assert len(repr(RESULTS[name])) < 400
    assert "array(" not in repr(RESULTS[name])


def test_printing_names_what_matters() -> None:
    demo = demo_sales(customers=100)
    analysis = analyze(demo.transactions, as_of="2026-11-01")
    assert str(analysis).startswith("Analysis([2025-11-01, 2026-11-01); 100 customers; AX ")
    assert str(abcxyz.classify_abc([9, 2, 1, None])) == (
        "AbcResult(4 customers; A 1, B 1, C 1, not classified 1; revenue; Tangent())"
    )
    assert str(transitions([0, 1], [1, 1])) == "Transitions(2 customers; same 1, down 1)"


@pytest.mark.parametrize("name", RESULTS)
def test_tables_have_a_row_each(name: str) -> None:
    one = RESULTS[name]
    if not hasattr(one, "to_frame"):
        assert isinstance(
            one,
            (abcxyz.Action, abcxyz.CoreMetrics, abcxyz.ProspectScore, abcxyz.Scorecard,
             abcxyz.Playbook, abcxyz.Settings, type(RESULTS["6 Rhythm"])),
        )  # fmt: skip
        return
    frame = one.to_frame()
    assert isinstance(frame, pd.DataFrame)
    rows = {abcxyz.Matrix: 9, abcxyz.Summary: 9, abcxyz.Forecast: 4, abcxyz.Quality: 0}
    if isinstance(one, abcxyz.Analysis):
        rows[abcxyz.Analysis] = len(one.snapshot)
    elif hasattr(one, "late"):
        rows[type(one)] = len(one.days)
    paths = isinstance(one, abcxyz.Transitions)
    expected = np.count_nonzero(one.counts) if paths else rows.get(type(one))
    assert len(frame) == (len(one) if expected is None else expected)


def test_the_table_of_an_analysis_is_whole() -> None:
    demo = demo_sales(customers=20)
    analysis = analyze(demo.transactions, as_of="2026-11-01", names=demo.names)
    frame = analysis.to_frame("ru")
    assert frame["customer"].tolist() == analysis.snapshot.customers.tolist()
    assert frame["name"].tolist() == [demo.names[one] for one in frame["customer"]]
    assert analysis.actions is not None
    assert frame["action"].tolist() == analysis.actions.texts("ru")
    confidence = analysis.confidence.to_frame()
    assert confidence["customer"].tolist() == frame["customer"].tolist()
    assert set(confidence["label"]) <= {"firm", "borderline", ""}


def test_moves_are_matched_by_labels() -> None:
    before = pd.Series([0, 1, 2], index=list("abc"))
    after = pd.Series([2, 0, 1], index=list("cab"))
    money = pd.Series([7.0, 8.0, 9.0], index=list("bca"))
    moves = transitions(before, after, money_before=money, money_after=money)
    assert moves.customers is not None
    assert moves.customers.tolist() == ["a", "b", "c"]
    assert moves.after.tolist() == [0, 1, 2]
    assert moves.value_before is not None
    assert moves.value_before.tolist() == [9.0, 7.0, 8.0]
    assert transitions(before.tolist(), [0, 1, 2]).customers is None
    with pytest.raises(InputError, match="the rows of after have other labels"):
        transitions(before, pd.Series([0, 1, 2], index=list("abd")))


def test_moves_of_two_results() -> None:
    january = abcxyz.classify_abc(pd.Series([9, 2, 1], index=list("abc")))
    february = abcxyz.classify_abc(pd.Series([1, 9, 2], index=list("cab")))
    assert transitions(january, february).count("same") == 3
    x = abcxyz.classify_cv([0.1, 0.9, 0.5])
    assert transitions(x, x).states[:3] == ("X", "Y", "Z")


def test_leads_keep_their_ids() -> None:
    scores = abcxyz.score_prospects(LEADS)
    assert scores.ids.tolist() == ["L7", "L8"]
    joined = LEADS.iloc[::-1].join(scores.to_frame())
    assert joined["lead"].tolist() == joined.index.tolist()
    named = abcxyz.score_prospects(LEADS.reset_index(names="lead_id")).to_frame()
    assert named["lead_id"].tolist() == ["L7", "L8"]
    gaps = abcxyz.score_prospects({"id": [17850.0, float("nan")], "turnover": [3e9, 1e6]})
    assert gaps.ids[0] == 17850
    assert isinstance(gaps.ids[0], int)


def test_frames_with_a_key_column() -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"who": ["a", "b", "c"], "jan": [9, 2, 1], "feb": [8, 2, 7]})
    one = abcxyz.classify_abc(frame.select("who", "jan"))
    assert (one.index.tolist(), one.index.name) == (["a", "b", "c"], "who")
    assert one == abcxyz.classify_abc(frame.to_pandas().set_index("who")["jan"])
    assert abcxyz.classify_xyz(frame).to_frame().index.tolist() == ["a", "b", "c"]
    keyed = frame.with_columns(who=polars.Series([7, 8, 9]))
    assert abcxyz.classify_xyz(keyed, key="who").index.tolist() == [7, 8, 9]
    with pytest.raises(InputError, match="the columns jan, feb, and one is needed"):
        abcxyz.classify_abc(frame)
    with pytest.raises(InputError, match="not computed yet"):
        abcxyz.classify_abc(frame.lazy())
    with pytest.raises(InputError, match="has no column 'x'; its columns are who, jan, feb"):
        abcxyz.classify_xyz(frame, key="x")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: abcxyz.classify_xyz([[1, 2, 3], [1, 2]]), "3 value.* 0, and 2 at position 1"),
        (lambda: abcxyz.classify_abc([1e308, 5, 1e308]), "at position 2; pass them in a larger"),
        (lambda: abcxyz.classify_xyz([[1, 2], [1e308, -1e308]]), "sales add up .* position 1"),
        (lambda: abcxyz.classify_abc([1, 10**400]), r"holds 2\*\*1328… at position 1"),
        (lambda: abcxyz.classify_abc([1, 10**9999]), r"holds 2\*\*\d+… at position 1"),
        (lambda: abcxyz.classify_xyz([[1, 2], [3, 10**400]]), r"at position \(1, 1\)"),
        (lambda: abcxyz.score_prospect({"turnover": 10**400}), "turnover holds '2.*1328"),
        (
            lambda: Transactions(["a", "b"], [date(2025, 3, 1)] * 2, [1, 10**400]),
            r"amount holds 2\*\*1328… at position 1",
        ),
        (
            lambda: analyze(
                Transactions(["a", "b", "b"], [date(2025, 3, 1)] * 3, [5, 1e308, 1e308]),
                as_of="2026-01-01",
            ),
            "the sales of customer 'b' add up beyond",
        ),
        (lambda: as_ids([[1], [2, 3]], "customer"), r"holds \[1\] at position 0"),
        (lambda: as_ids([17.0, "a", None], "customer"), "no value at position 2"),
        (lambda: as_ids(["a", 1.5], "customer"), "fractional numbers such as 1.5"),
        (
            lambda: as_ids(np.ma.masked_array([1, 2], [False, True]), "customer"),
            "value at position 1",
        ),
    ],
)
def test_what_cannot_be_used_is_named_with_its_position(call: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()


def test_whole_fractions_are_identifiers_everywhere() -> None:
    assert as_ids([17850.0, "a"], "customer").tolist() == [17850, "a"]
    assert as_ids(np.array([17850.0, 3], dtype=object), "customer").tolist() == [17850, 3]
    assert as_ids({17.0: 1, 18.0: 2}.keys(), "customer").tolist() == [17, 18]  # type: ignore[arg-type]


def test_packages_are_attributes() -> None:
    assert "curve" in vars(abcxyz.charts)
    assert "segment" in vars(abcxyz.frames)
    assert {"charts", "crm", "frames", "sklearn", "__version__"} <= set(dir(abcxyz))
    assert abcxyz.__version__.count(".") >= 1
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        getattr(abcxyz, "nothing")  # noqa: B009

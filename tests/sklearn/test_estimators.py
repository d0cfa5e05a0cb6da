"""Estimators of scikit-learn: its own checks, pipelines, cross-validation."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("sklearn")
from sklearn.compose import make_column_transformer
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.utils.estimator_checks import parametrize_with_checks

from abcxyz import CumulativeMean, Shares, classify_abc, classify_xyz
from abcxyz.core.classes.segments import SEGMENTS, labels_of, segment_codes
from abcxyz.errors import InputError
from abcxyz.scoring import FitOptions
from abcxyz.sklearn import (
    AbcTransformer,
    ScorecardClassifier,
    SegmentTransformer,
    XyzTransformer,
)

QUICK = FitOptions(folds=2, repeats=1)


@parametrize_with_checks([SegmentTransformer()], legacy=False)  # type: ignore[untyped-decorator]
def test_segments_pass_the_checks_of_sklearn(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(  # type: ignore[untyped-decorator]
    [AbcTransformer(), XyzTransformer()], legacy=False
)
def test_both_axes_pass_the_checks_of_sklearn(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks([ScorecardClassifier(QUICK)])  # type: ignore[untyped-decorator]
def test_the_scorecard_passes_the_checks_of_sklearn(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.fixture(scope="module")
def sales() -> pd.DataFrame:
    """Sales of 60 customers over six months, some without any."""
    rng = np.random.default_rng(3)
    table = rng.gamma(0.7, 100, size=(60, 6)).round(2)
    table[rng.random((60, 6)) < 0.2] = 0.0
    table[5] = np.nan
    return pd.DataFrame(table, columns=list("abcdef"), index=[f"c{i}" for i in range(60)])


@pytest.mark.parametrize("rule", [None, Shares(0.7, 0.9), CumulativeMean()])
def test_classes_of_the_fit_are_those_of_the_functions(sales: pd.DataFrame, rule: Any) -> None:
    """On the customers of the fit, transformers and functions agree."""
    rules = () if rule is None else (rule,)
    totals = sales.sum(axis=1, min_count=1)
    abc = AbcTransformer(rule, output="labels").fit_transform(totals.to_frame())
    assert abc.ravel().tolist() == classify_abc(totals, *rules).labels.tolist()
    if isinstance(rule, Shares):
        return
    xyz = XyzTransformer(rule, output="labels").fit_transform(sales)
    assert xyz.ravel().tolist() == classify_xyz(sales, *rules).labels.tolist()
    both = SegmentTransformer(rule, rule, output="labels").fit_transform(sales)
    codes = segment_codes(classify_abc(totals, *rules).codes, classify_xyz(sales, *rules).codes)
    assert both.ravel().tolist() == labels_of(codes, SEGMENTS).tolist()


def test_a_test_set_is_cut_by_the_fit(sales: pd.DataFrame) -> None:
    """The class of one customer does not depend on the others of the test set."""
    model = SegmentTransformer().fit(sales.iloc[:40])
    alone = [model.transform(sales.iloc[[i]])[0, 0] for i in range(40, 60)]
    assert np.array_equal(model.transform(sales.iloc[40:]).ravel(), alone, equal_nan=True)


def test_frames_of_pandas_come_out(sales: pd.DataFrame) -> None:
    model = SegmentTransformer(output="labels").set_output(transform="pandas")
    frame = model.fit_transform(sales)
    assert (frame.columns.tolist(), frame.index.equals(sales.index)) == (["segment"], True)
    assert frame.loc["c5", "segment"] == ""
    abc = AbcTransformer().set_output(transform="pandas").fit_transform(sales)
    assert abc.columns.tolist() == list("abcdef")


def test_segments_stand_in_a_pipeline(sales: pd.DataFrame) -> None:
    """Segments feed a classifier, and the whole is cross-validated."""
    from sklearn.linear_model import LogisticRegression

    sales = sales.fillna(0.0)
    stays = (sales["f"] > 0).to_numpy()
    segments = make_pipeline(
        SegmentTransformer(output="labels"), OneHotEncoder(handle_unknown="ignore")
    )
    model = make_pipeline(make_column_transformer((segments, list("abcde"))), LogisticRegression())
    scores = cross_val_score(model, sales, stays, cv=3)
    assert len(scores) == 3
    assert (scores > 0).all()


def leads(n: int = 240) -> tuple[pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(5)
    table = pd.DataFrame(rng.normal(size=(n, 2)), columns=["turnover", "employees"])
    table.iloc[::9, 1] = np.nan
    return table, (table["turnover"] + rng.normal(size=n) > 0).map({True: "won", False: "lost"})


def test_a_scorecard_is_cross_validated() -> None:
    table, outcome = leads()
    model = ScorecardClassifier(QUICK)
    assert cross_val_score(model, table, outcome, cv=2).mean() > 0.65
    model.fit(table, outcome)
    assert model.classes_.tolist() == ["lost", "won"]
    chances = model.predict_proba(table)
    assert np.allclose(chances.sum(axis=1), 1)
    assert (model.predict(table) == np.where(chances[:, 1] > 0.5, "won", "lost")).all()
    assert model.scores(table).probability == pytest.approx(chances[:, 1])
    assert "turnover" in model.scorecard_.explain()
    again = pickle.loads(pickle.dumps(model))
    assert (again.predict(table) == model.predict(table)).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: AbcTransformer(output="words").fit([[1.0]]), "use one of codes, labels"),
        (lambda: AbcTransformer().fit([[np.nan], [np.nan]]), "no customer has sales"),
        (lambda: AbcTransformer(Shares).fit([[1.0]]), "pass an object with .cut"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_learned_is_refused(call: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()


def test_nobody_is_steady_where_no_coefficient_is_defined() -> None:
    model = XyzTransformer(output="labels").fit([[0.0, 0.0], [-1.0, -2.0]])
    assert model.transform([[5.0, 5.0], [np.nan, np.nan]]).ravel().tolist() == ["Z", ""]

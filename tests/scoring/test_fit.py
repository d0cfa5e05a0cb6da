"""Scorecards fitted to the outcomes of leads."""

from __future__ import annotations

import builtins
import json
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from attrs import evolve
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from tests.scoring.conftest import History, made_up, sales_of

from abcxyz.core.analysis.analyze import analyze
from abcxyz.core.prospects.logit import sigmoid
from abcxyz.core.prospects.scorecard import DEFAULT, Scorecard
from abcxyz.core.prospects.scores import score_prospect, score_prospects
from abcxyz.errors import ConfigError, InputError
from abcxyz.scoring import (
    FitOptions,
    describe,
    describe_drift,
    drift_of,
    first_year_outcomes,
    fit_scorecard,
    profile,
    recalibrate,
    stability,
)
from abcxyz.scoring.model import Design, fit_log_odds, sigmoid_fit

DAY = date(2026, 11, 1)
QUICK = FitOptions(repeats=2)


@pytest.fixture(scope="module")
def card(history: History) -> Scorecard:
    """Scorecard fitted to the synthetic leads."""
    return fit_scorecard(
        history.table, history.outcome, revenue=history.revenue, as_of=DAY, options=QUICK
    )


def test_fitted_points_add_up(card: Scorecard, history: History) -> None:
    """Points of every lead add up to its score exactly, within 0 and 100."""
    scores = score_prospects(history.table, card)
    for row, score in zip(scores.points.tolist(), scores.score.tolist(), strict=True):
        assert sum(map(Fraction, row)) == Fraction(score)
    assert min(one.least for one in card.attributes) == 0
    assert 99 < sum(one.most for one in card.attributes) <= 100
    assert score_prospect({"turnover": 1e12, "industry": "metal"}, card).basis == "fitted"


def test_companions_and_numbers_of_firms_are_no_attributes(
    card: Scorecard, history: History
) -> None:
    """Dates and sources of public values, and the INN, change nothing; of own columns all stay."""
    n = len(history.table["lead"])
    more = {
        "inn": [f"{k:010}" for k in range(n)],
        "turnover_as_of": ["2025-12-31"] * n,
        "turnover_source": ["fns:revexp" if one else "dadata" for one in history.outcome],
        "region_source": ["fns:rsmp"] * n,
    }
    fitted = fit_scorecard(
        history.table | more, history.outcome, revenue=history.revenue, as_of=DAY, options=QUICK
    )
    assert fitted.attributes == card.attributes


def test_fitted_bins_are_monotone(card: Scorecard) -> None:
    """The points of a number are monotone over its ranges."""
    numbers = [one for one in card.attributes if one.kind == "number"]
    assert any(len(one.ranges) > 2 for one in numbers)
    for one in numbers:
        points = [part.points for part in one.ranges]
        assert points in (sorted(points), sorted(points, reverse=True))


def test_it_finds_what_decides(card: Scorecard, history: History) -> None:
    """The fit ranks almost like the true model, and reports its metrics."""
    held = card.report["holdout"]
    late = slice(-held["n"], None)
    best = roc_auc_score(history.outcome[late], history.probability[late])
    assert best - 0.04 < held["auc"] <= best + 0.02
    assert held["auc"] == pytest.approx(
        roc_auc_score(history.outcome[late], score_prospects(history.table, card).score[late])
    )
    assert card.report["decision"] == {"kept": "blended", "reason": "better"}
    assert held["auc_low"] < held["auc"] < held["auc_high"]
    assert held["auc"] > held["rules_auc"]
    assert 1.5 < held["top_decile_lift"] <= 10
    assert 0.1 < held["top_decile_revenue"] <= 1
    assert abs(held["in_the_large"]) < 0.05
    assert 0.6 < held["calibration_slope"] < 1.5
    assert abs(held["calibration_intercept"]) < 0.6
    assert sum(one["n"] for one in held["reliability"]) == held["n"] == 450
    assert card.report["train"]["n"] == 1050
    assert card.report["suspects"] == []


def test_probabilities_are_calibrated(card: Scorecard, history: History) -> None:
    """On the training leads the mean probability equals the share of A."""
    scores = score_prospects(history.table, card)
    predicted, truth = scores.probability[:1050], history.outcome[:1050]
    assert predicted.mean() == pytest.approx(truth.mean(), abs=0.005)
    assert np.corrcoef(predicted, history.probability[:1050])[0, 1] > 0.85
    one = scores[3]
    assert one.probability == scores.probability[3]


def test_grades_take_their_shares(card: Scorecard, history: History) -> None:
    """Of the training leads about a fifth is P-A, about half P-A or P-B."""
    grade = score_prospects(history.table, card).grade[:1050]
    assert np.mean(grade == 0) == pytest.approx(0.2, abs=0.05)
    assert np.mean((grade == 0) | (grade == 1)) == pytest.approx(0.5, abs=0.05)


def test_reasons_of_a_fitted_card(card: Scorecard) -> None:
    """A fitted card has reasons in both languages, with the labels of the rules."""
    one = score_prospect({"turnover": 9e9, "industry": "metal"}, card)
    assert one.grade == "P-A"
    assert one.reasons_in("ru")[0].startswith("оборот свыше")
    assert "отрасль: metal" in one.reasons_in("ru")
    assert one.sentence("ru").startswith("Лид с высоким потенциалом. Оборот свыше")
    low = score_prospect({"turnover": 1e6, "industry": "retail"}, card)
    assert low.grade == "P-C"
    assert any(reason.startswith("turnover up to") for reason in low.against)


def test_model_file(card: Scorecard, history: History) -> None:
    """A fitted card is JSON with date, n and metrics, and scores equally when loaded."""
    again = Scorecard.from_json(card.to_json())
    report = json.loads(card.to_json())["report"]
    assert (report["date"], report["train"]["n"]) == ("2026-11-01", 1050)
    assert report["holdout"]["auc"] == card.report["holdout"]["auc"]
    one, two = score_prospects(history.table, card), score_prospects(history.table, again)
    assert one.score.tolist() == two.score.tolist()
    assert one.probability.tolist() == two.probability.tolist()


def test_the_future_is_not_looked_at(history: History, card: Scorecard) -> None:
    """Outcomes of the holdout leads change no point and no probability."""
    changed = history.outcome.copy()
    changed[1050:] = ~changed[1050:]
    other = fit_scorecard(history.table, changed, as_of=DAY, options=QUICK)
    assert (other.attributes, other.cuts, other.calibration) == (
        card.attributes,
        card.cuts,
        card.calibration,
    )
    assert other.report["holdout"]["auc"] == pytest.approx(1 - card.report["holdout"]["auc"])


def test_time_decides_who_is_set_aside(history: History, card: Scorecard) -> None:
    """Row order does not matter with known days, and no day is split."""
    n = len(history.outcome)
    days = [date(2024, 1, 1) + timedelta(days=k // 7) for k in range(n)]
    mixed = np.random.default_rng(1).permutation(n)
    table = {name: [column[k] for k in mixed.tolist()] for name, column in history.table.items()}
    other = fit_scorecard(
        table, history.outcome[mixed], days=[days[k] for k in mixed], options=QUICK
    )
    report = other.report
    assert report["date"] == str(max(days))
    assert report["train"]["to"] < report["holdout"]["from"]
    assert report["train"]["n"] == 1050  # 150 whole weeks


@pytest.mark.parametrize(("a", "others"), [(39, 400), (400, 39)])
def test_few_leave_the_rules(history: History, a: int, others: int) -> None:
    """With 39 leads of one outcome the card is the rules, with the reason."""
    rows = _rows(history, a, others)
    fitted = fit_scorecard(*rows, as_of=DAY)
    assert (fitted.attributes, fitted.basis, fitted.calibration) == (
        DEFAULT.attributes,
        "rules",
        None,
    )
    report = "\n".join(describe(fitted, "ru"))
    assert f"только правила: A — {a}, прочих — {others}, а для обучения нужно по 40" in report
    assert score_prospect({"turnover": 3e9, "employees": 900}, fitted).basis == "rules"


def test_an_earlier_fit_is_kept_where_it_is_better(card: Scorecard, history: History) -> None:
    """A fitted card that a new fit does not beat stays with its reference leads."""
    table, outcome = _rows(history, 30, 30)
    fitted = fit_scorecard(table, outcome, as_of=DAY, rules=card)
    assert fitted.attributes == card.attributes
    assert fitted.report["decision"]["reason"] == "few"
    assert fitted.report["profile"] == card.report["profile"]


def test_forty_are_fitted(history: History) -> None:
    """With 40 leads of each outcome a fit is attempted."""
    table, outcome = _rows(history, 40, 40)
    fitted = fit_scorecard(table, outcome, as_of=DAY)
    assert "cross_validation" in fitted.report
    assert fitted.basis == ("rules" if fitted.report["decision"]["kept"] == "rules" else "fitted")


def _rows(history: History, a: int, others: int) -> tuple[dict[str, Any], Any]:
    ours = np.resize(np.flatnonzero(history.outcome), a)
    theirs = np.resize(np.flatnonzero(~history.outcome), others)
    rows = np.random.default_rng(2).permutation(np.r_[ours, theirs])
    table = {
        name: [column[k] for k in rows] for name, column in history.table.items() if name != "lead"
    }
    return table, history.outcome[rows]


def test_noise_leaves_the_rules(history: History) -> None:
    """On noise the rules stay, and the report has the reason."""
    rng = np.random.default_rng(4)
    table = {"x": rng.normal(size=600), "y": rng.choice(np.array(["a", "b"], object), 600)}
    fitted = fit_scorecard(table, rng.random(600) < 0.3, as_of=DAY, options=QUICK)
    assert fitted.report["decision"] == {"kept": "rules", "reason": "no_better"}
    assert (fitted.basis, fitted.attributes) == ("rules", DEFAULT.attributes)
    assert "не превосходит" not in describe(fitted, "en")[1]
    assert describe(fitted, "en")[1].startswith("rules only")


def test_valid_rules_are_accepted() -> None:
    """Rules that decide the outcome are not replaced by a fit."""
    rng = np.random.default_rng(8)
    n = 400
    table = {
        "turnover": np.exp(rng.normal(19, 2, n)),
        "employees": np.exp(rng.normal(4, 1.5, n)).round(),
    }
    score = score_prospects(table).score
    outcome = rng.random(n) < sigmoid((score - 55) / 5)
    fitted = fit_scorecard(table, outcome, as_of=DAY, options=QUICK)
    crossed = fitted.report["cross_validation"]
    assert crossed["difference"] < crossed["error"]
    assert fitted.basis == "rules"
    assert fitted.report["holdout"]["auc"] > 0.8


def test_the_blend_grows_with_the_sample() -> None:
    """The card is near the rules with few leads and near the fit with many."""
    distance = []
    for n in (300, 6000):
        leads = made_up(n, seed=3)
        design = Design.read(
            {name: leads.table[name] for name in ("turnover", "industry")},
            {one.name: one.kind for one in DEFAULT.attributes},
        )
        blend = fit_log_odds(design, leads.outcome, FitOptions(), DEFAULT)
        alone = fit_log_odds(design, leads.outcome, FitOptions(), None)
        gap = blend.predict(design) - alone.predict(design)
        distance.append(float(np.std(gap)))
    assert distance[0] > 2 * distance[1] > 0


def test_the_fit_is_a_logistic_regression_on_weights_of_evidence(history: History) -> None:
    """Without rules log-odds equal scikit-learn's on weights of evidence."""
    words = {"industry": history.table["industry"], "source": history.table["region"]}
    design = Design.read(words, {})
    model = fit_log_odds(design, history.outcome, FitOptions(smoothing=3), None)
    truth = history.outcome
    share = truth.mean()
    columns = []
    for name in ("industry", "source"):
        woe = {}
        for value in set(words[name]):
            here = words[name] == value
            ours, others = (here & truth).sum(), (here & ~truth).sum()
            woe[value] = np.log((ours + 3 * share) / (others + 3 * (1 - share))) - np.log(
                share / (1 - share)
            )
        columns.append([woe[value] for value in words[name]])
    evidence = np.array(columns).T
    used = [0] if "source" in model.dropped else [0, 1]
    oracle = LogisticRegression(max_iter=1000).fit(evidence[:, used], truth)
    assert model.predict(design) == pytest.approx(
        oracle.decision_function(evidence[:, used]), abs=1e-6
    )


def test_leaks_are_refused_by_name(history: History) -> None:
    """A leaking attribute is refused unless allowed."""
    leak = np.where(history.outcome, "VIP", "plain").astype(object)
    table = history.table | {"segment": leak}
    with pytest.raises(InputError, match="segment alone tells A from others almost perfectly"):
        fit_scorecard(table, history.outcome, as_of=DAY, options=QUICK)
    fitted = fit_scorecard(table, history.outcome, as_of=DAY, options=QUICK, allow=["segment"])
    assert fitted.report["allowed"] == ["segment"]
    assert fitted.report["holdout"]["auc"] > 0.99
    assert any("segment" in line for line in describe(fitted))


def test_being_known_at_all_can_be_the_leak(history: History) -> None:
    """A field filled in only for leads that became A is a leak."""
    manager = np.where(history.outcome, np.arange(1500) % 9, np.nan)
    with pytest.raises(InputError, match="manager alone"):
        fit_scorecard(history.table | {"manager": manager}, history.outcome, as_of=DAY)


def test_a_weak_leak_is_questioned(history: History) -> None:
    """An attribute far stronger than all others is used, with a warning in the report."""
    rng = np.random.default_rng(3)
    calls = history.outcome * 2.0 + rng.normal(0, 1, 1500)
    table = {"region": history.table["region"], "calls": calls}
    fitted = fit_scorecard(table, history.outcome, as_of=DAY, options=QUICK)
    assert fitted.report["suspects"] == ["calls"]
    assert any("is it known in time? calls" in line for line in describe(fitted))


def test_knockouts_are_no_attributes(history: History) -> None:
    """Knockout attributes are not fitted, and knock out on the fitted card too."""
    status = np.where(history.outcome, "active", "bankrupt").astype(object)
    fitted = fit_scorecard(
        history.table | {"status": status}, history.outcome, as_of=DAY, options=QUICK
    )
    assert "status" not in [one.name for one in fitted.attributes]
    assert score_prospect({"turnover": 9e9, "status": "bankrupt"}, fitted).knocked_out


def test_from_transactions() -> None:
    """First-year outcomes from sales are aligned with the leads by id."""
    leads = made_up(800)
    outcome = first_year_outcomes(sales_of(leads), as_of=date(2026, 1, 1))
    truth = dict(zip(leads.table["lead"], leads.outcome.tolist(), strict=True))
    reached = dict(zip(outcome.customers.tolist(), outcome.reached.tolist(), strict=True))
    assert all(reached[key] <= truth[key] for key in reached)
    fitted = fit_scorecard(leads.table, outcome, options=QUICK)
    assert fitted.report["date"] == "2026-01-01"
    assert fitted.report["all"]["n"] == len(outcome)
    assert fitted.report["all"]["a"] == int(outcome.reached.sum())
    assert fitted.report["left_out"]["immature"] == outcome.immature
    assert fitted.report["left_out"]["without_outcome"] == 800 - len(outcome)
    assert fitted.report["train"]["from"] == "2022-01-03"
    assert fitted.report["holdout"]["auc"] > 0.7
    assert "top_decile_revenue" in fitted.report["holdout"]


def test_from_a_snapshot() -> None:
    """A snapshot's class A is an outcome; an unclassified customer has none."""
    leads = made_up(800)
    snapshot = analyze(sales_of(leads), as_of=date(2024, 1, 1)).snapshot
    fitted = fit_scorecard(leads.table, snapshot, options=QUICK)
    known = snapshot.abc >= 0
    assert fitted.report["all"]["n"] == int(known.sum())
    assert fitted.report["all"]["a"] == int((snapshot.abc == 0).sum())


def test_recalibrate_moves_the_level_only(card: Scorecard) -> None:
    """Recalibration changes the probabilities and preserves the order."""
    later = made_up(1500, seed=11, base=-0.8)
    again = recalibrate(card, later.table, later.outcome, as_of=date(2027, 5, 1))
    scores = score_prospects(later.table, again)
    assert abs(score_prospects(later.table, card).probability.mean() - later.outcome.mean()) > 0.1
    assert scores.probability.mean() == pytest.approx(later.outcome.mean(), abs=0.001)
    assert (again.attributes, again.cuts) == (card.attributes, card.cuts)
    assert again.report["recalibrated"]["n"] == 1500
    with pytest.raises(ConfigError, match="fit it first"):
        recalibrate(DEFAULT, later.table, later.outcome, as_of=DAY)
    with pytest.raises(InputError, match="no lead has an outcome"):
        recalibrate(card, later.table, [None] * 1500, as_of=DAY)
    with pytest.raises(InputError, match="1 outcome and 1500 scores"):
        recalibrate(card, later.table, [True], as_of=DAY)


def test_recent_leads_set_the_level() -> None:
    """*recent* calibrates the level on the latest training leads."""
    old, new = made_up(900, seed=1, base=-3.0), made_up(600, seed=2, base=-1.0)
    table = {name: [*old.table[name], *new.table[name]] for name in old.table}
    outcome = np.r_[old.outcome, new.outcome]
    plain = fit_scorecard(table, outcome, as_of=DAY, options=QUICK)
    recent = fit_scorecard(table, outcome, as_of=DAY, options=evolve(QUICK, recent=0.1))
    assert abs(recent.report["holdout"]["in_the_large"]) < 0.07
    assert plain.report["holdout"]["in_the_large"] < -0.1


def test_drift(card: Scorecard, history: History) -> None:
    """Leads like the training leads are stable; others are shifted, with reasons."""
    same = stability(card.report["profile"], score_prospects(history.table, card))
    assert drift_of(same) == "stable"
    small = history.table | {"turnover": np.full(1500, 1e6)}
    moved = stability(card.report["profile"], score_prospects(small, card))
    assert drift_of(moved) == "shifted"
    assert moved["attributes"]["turnover"] > 0.25 > moved["attributes"]["industry"]
    assert "не верьте" in describe_drift(moved, "ru")[0]
    assert describe_drift(moved)[1].startswith("  turnover")
    no_leads = score_prospects({"turnover": []}, card)
    assert drift_of(stability(card.report["profile"], no_leads)) == "unknown"
    assert sum(profile(score_prospects(history.table, card))["score"]["counts"]) == 1500


def test_new_leads_are_compared(history: History) -> None:
    """New leads passed to the fit are compared with the training leads."""
    fresh = {"turnover": ["much", 5e9, 5e9], "industry": ["metal"] * 3}
    fitted = fit_scorecard(
        history.table, history.outcome, as_of=DAY, new_leads=fresh, options=QUICK
    )
    assert fitted.report["stability"]["new_leads"]["n"] == 3
    assert fitted.report["stability"]["new_leads"]["score"] > 0.25


def test_sigmoid_fit_against_a_grid() -> None:
    """Intercept and slope maximise the likelihood in their neighbourhood."""
    rng = np.random.default_rng(2)
    values = rng.normal(3, 2, 500)
    truth = rng.random(500) < sigmoid(0.5 * values - 2)

    def likelihood(intercept: float, slope: float) -> float:
        p = sigmoid(intercept + slope * values)
        return float(np.log(np.where(truth, p, 1 - p)).sum())

    best = sigmoid_fit(truth, values)
    for step in (0.01, -0.01):
        assert likelihood(*best) >= likelihood(best[0] + step, best[1])
        assert likelihood(*best) >= likelihood(best[0], best[1] + step)
    assert sigmoid_fit(np.array([True, False, False]), np.ones(3))[1] == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"outcome": [2] + [0] * 1499}, "outcome holds 2 at position 0"),
        ({"outcome": [True]}, "outcome has 1 value for 1500 leads"),
        ({"outcome": [None] * 1500}, "no lead has an outcome"),
        ({"as_of": None}, "as_of is missing"),
        ({"attributes": ["colour"]}, "no column colour"),
        ({"days": [DAY]}, "days has 1 value "),
    ],
)
def test_wrong_input(history: History, change: dict[str, Any], words: str) -> None:
    """Outcomes, days and columns that do not fit are refused by name."""
    arguments = {"outcome": history.outcome, "as_of": DAY} | change
    with pytest.raises(InputError, match=words):
        fit_scorecard(history.table, **arguments)


def test_without_scikit_learn(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without scikit-learn the error tells how to install it."""
    usual = builtins.__import__

    def absent(name: str, *args: Any, **more: Any) -> Any:
        if name.split(".")[0] == "sklearn":
            raise ImportError(name)
        return usual(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(ConfigError, match="its extra fit"):
        fit_scorecard(history.table, history.outcome, as_of=DAY)


def test_a_new_word_is_not_an_unknown_one() -> None:
    """A new category is drift, even where as many values were unknown before."""
    data = {
        "name": "x",
        "kind": "category",
        "neutral": 1,
        "bins": [{"values": ["a"], "points": 2}],
    }
    one = Scorecard.from_dict({"attributes": [data]})
    before = profile(score_prospects({"x": ["a", None] * 50}, one))
    after = stability(before, score_prospects({"x": ["a", "space"] * 50}, one))
    assert after["attributes"]["x"] > 0.25
    same = stability(before, score_prospects({"x": [None, "a"] * 5}, one))
    assert same["attributes"]["x"] == 0


def test_an_attribute_that_contradicts_its_bins_is_left_out() -> None:
    """An attribute whose joint coefficient contradicts its bins is dropped."""
    rng = np.random.default_rng(6)
    first = rng.random(4000) < 0.5
    copy = np.where(rng.random(4000) < 0.9, first, ~first)
    outcome = rng.random(4000) < sigmoid(-2.0 + 3.0 * first - 1.0 * copy)
    words = {"first": np.where(first, "y", "n"), "copy": np.where(copy, "y", "n")}
    model = fit_log_odds(Design.read(words, {}), outcome, FitOptions(), None)
    assert dict(model.dropped) == {"copy": "adds nothing to the others"}
    assert [part.attribute.name for part in model.parts] == ["first"]


def test_knocked_out_leads_do_not_move_the_level(card: Scorecard, history: History) -> None:
    """Knocked-out leads have no probability and do not affect the calibration."""
    status = np.where(np.arange(1500) % 3 == 0, "bankrupt", "active").astype(object)
    outcome = history.outcome & (status == "active")
    again = recalibrate(card, history.table | {"status": status}, outcome, as_of=DAY)
    assert again.report["recalibrated"]["n"] == 1000
    assert abs(again.report["recalibrated"]["shift"]) < 0.15


@pytest.mark.parametrize(
    "option",
    [
        {"trends": {"x": "sideways"}},
        {"kinds": {"x": "text"}},
        {"min_share": 0},
        {"smoothing": 0},
        {"strength": 0},
        {"least": 0},
        {"holdout": 1},
        {"folds": 1},
        {"repeats": 0},
        {"recent": 0},
        {"grade_shares": (0.5, 0.2)},
        {"leak_auc": 0.5},
    ],
)
def test_wrong_options(option: dict[str, Any]) -> None:
    """An option out of its range is refused by name."""
    with pytest.raises(ConfigError, match=f"the option {next(iter(option))} of a fit is"):
        FitOptions(**option)


def test_all_on_one_day_leaves_the_rules(history: History) -> None:
    """Leads of one day cannot be split in time, and the report has the reason."""
    fitted = fit_scorecard(history.table, history.outcome, days=[DAY] * 1500, options=QUICK)
    assert fitted.report["decision"]["reason"] == "few_early"
    assert describe(fitted)[1].startswith("rules only: before the leads set aside there are 0 A")


def test_a_kind_may_be_named(history: History) -> None:
    """Numeric codes are a category where the options declare it."""
    code = {"metal": 24, "food": 10, "wood": 16, "retail": 47}
    table = {"okved": [code[one] for one in history.table["industry"]]}
    kinds = []
    for kinds_ in ({}, {"okved": "category"}):
        options = evolve(QUICK, kinds=kinds_)
        fitted = fit_scorecard(table, history.outcome, as_of=DAY, options=options)
        kinds.append({one.name: one.kind for one in fitted.attributes}["okved"])
    assert kinds == ["number", "category"]


def test_columns_that_say_nothing(history: History) -> None:
    """Constant, empty, infinite and unusable columns are dropped by name."""
    table = history.table | {
        "same": [1.0] * 1500,
        "empty": [None] * 1500,
        "unique": [f"w{k}" for k in range(1500)],
        "long": ["<b>" + "x" * 10_000] * 1500,
        "list": [[k % 2] for k in range(1500)],
    }
    fitted = fit_scorecard(table, history.outcome, as_of=DAY, options=QUICK)
    assert {"same", "empty", "unique", "long"} <= set(fitted.report["dropped"])
    assert fitted.basis == "fitted"

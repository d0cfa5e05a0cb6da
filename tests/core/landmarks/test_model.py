"""Card and calibration of landmarks, against optimisation by scipy and values worked by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from attrs import evolve

from abcxyz._arrays import Bools, Floats
from abcxyz.core.landmarks.fit import Evidence, LandmarkFit, fit_landmarks
from abcxyz.core.landmarks.model import (
    Binned,
    Card,
    Examples,
    Judged,
    age_weights,
    calibrated,
    levels_of,
)
from abcxyz.core.prospects.logit import calibrate, shift_to_share
from abcxyz.core.prospects.simple import fit_simple


def logit(share: float) -> float:
    return math.log(share / (1 - share))


def made(outcome: Bools, columns: dict[str, Any], day: Any = 0, focus: Any = True) -> Examples:
    n = len(outcome)
    return Examples(
        columns=columns,
        outcome=outcome,
        unit=np.arange(n),
        day=np.broadcast_to(np.asarray(day), n).copy(),
        focus=np.broadcast_to(np.asarray(focus), n).copy(),
    )


def test_an_example_that_is_a_year_older_counts_half() -> None:
    assert age_weights(np.array([365, 730, 0])).tolist() == [0.5, 1.0, 0.25]


@pytest.mark.parametrize(
    ("rows", "events", "enough"),
    [(200, 40, True), (199, 40, False), (200, 39, False), (200, 160, True), (200, 161, False)],
)
def test_enough_are_200_examples_with_40_of_either_outcome(
    rows: int, events: int, enough: bool
) -> None:
    assert made(np.arange(rows) < events, {}).enough is enough
    found = fit_landmarks(made(np.arange(rows) < 39, {}), {}, {}, 30)
    assert (found.basis, found.model, found.rows, found.events) == ("", None, rows, 39)
    assert np.isnan(found.probability({}, np.ones(3, dtype=bool))).all()
    assert found.of_like(0.5) == (0, 0)


def test_examples_keep_their_weights_when_they_are_chosen() -> None:
    whole = made(np.array([True, False, True]), {"x": np.array([1.0, 2, 3])}, day=[5, 6, 7])
    part = evolve(whole, weight=np.array([0.1, 0.2, 0.3])).take(np.array([2, 0]))
    assert (part.columns["x"].tolist(), part.day.tolist()) == ([3.0, 1.0], [7, 5])
    assert part.weight is not None
    assert part.weight.tolist() == [0.3, 0.1]
    assert whole.take(np.array([0])).weight is None


def test_the_quality_of_probabilities_by_hand() -> None:
    found = Judged.of(np.array([True, False, True, False]), np.array([0.8, 0.4, 0.6, 0.2]), 0.25)
    assert found.brier == pytest.approx((0.04 + 0.16 + 0.16 + 0.04) / 4)
    assert found.brier_base == pytest.approx((0.5625 + 0.0625) / 2)
    assert found.log_loss == pytest.approx(-(math.log(0.8) + math.log(0.6)) / 2)
    assert (found.auc, found.rows) == (1.0, 4)
    same = Judged.of(np.array([True, True]), np.array([1.0, 0.0]), 0.5)
    assert math.isnan(same.auc)
    assert math.isnan(same.slope)
    # Certainty is limited to one in ten thousand.
    assert same.log_loss == pytest.approx(-(math.log(0.9999) + math.log(0.0001)) / 2)
    # 0.25 and 0.75 come true as often as they say; as log-odds twice as large, half.
    truth = np.arange(8000) % 4 < np.repeat([1, 3], 4000)
    right = np.repeat([0.25, 0.75], 4000)
    found = Judged.of(truth, right, 0.5)
    assert (found.slope, found.intercept) == pytest.approx((1, 0), abs=1e-3)
    found = Judged.of(truth, np.where(right > 0.5, 0.9, 0.1), 0.5)
    assert (found.slope, found.intercept) == pytest.approx((0.5, 0), abs=1e-3)
    found = Judged.of(truth, 1 / (1 + np.exp(-(np.log(right / (1 - right)) + 0.5))), 0.5)
    assert (found.slope, found.intercept) == pytest.approx((1, -0.5), abs=1e-3)


def test_those_in_focus_have_a_calibration_of_their_own() -> None:
    found = calibrated(np.array([0.3, 0.3]), np.array([True, False]), ((0.5, 2.0), (-1.0, 0.5)))
    assert found.tolist() == pytest.approx([1 / (1 + math.exp(-1.1)), 1 / (1 + math.exp(0.85))])


@pytest.mark.parametrize("recent", [0, 30])
def test_the_level_is_moved_to_the_last_share_as_far_as_its_outcomes_allow(recent: int) -> None:
    """Of log-odds that tell nothing, what is left is the share: worked by hand for both parts."""
    shares = {(0, True): 0.1, (700, True): 0.2, (730, True): 0.4, (0, False): 0.6,
              (700, False): 0.5, (730, False): 0.9}  # fmt: skip
    each = 100
    rows = [
        (day, focus, i < share * each) for (day, focus), share in shares.items()
        for i in range(each)
    ]  # fmt: skip
    day, focus, outcome = map(np.array, zip(*rows, strict=True))
    levels = levels_of(made(outcome, {}, day, focus), np.zeros(len(rows)), recent)
    for part, (base, slope) in zip((True, False), levels, strict=True):
        weights = {0: 0.25, 700: 0.5 ** (30 / 365), 730: 1.0}
        # Half an example of either kind is added.
        yes = 0.5 + sum(w * each * shares[one, part] for one, w in weights.items())
        level = logit(yes / (1 + each * sum(weights.values())))
        last = [one for one in (700, 730) if one >= 730 - recent]
        events, count = sum(each * shares[one, part] for one in last), each * len(last)
        rarer = min(events, count - events)
        wanted = level + (logit((events + 0.5) / (count + 1)) - level) * rarer / (rarer + 20)
        assert base == pytest.approx(wanted, abs=1e-4)
        assert slope == pytest.approx(1)


def test_a_part_without_examples_has_the_levels_of_all() -> None:
    raw = np.tile([-1.0, 1.0], 200)
    outcome = np.arange(400) % 8 < np.where(raw > 0, 7, 2)
    own, other = levels_of(made(outcome, {}, focus=True), raw)
    assert other != own
    plain, slope = other
    shares = [outcome[raw < 0].mean(), outcome[raw > 0].mean()]
    assert slope == pytest.approx((logit(shares[1]) - logit(shares[0])) / 2, rel=0.05)
    assert plain == pytest.approx((logit(shares[1]) + logit(shares[0])) / 2, abs=0.05)


def test_slopes_are_held_near_one_and_few_outcomes_move_the_level_little() -> None:
    """A prior of variance one fourth, over all and again over the part; and 20 outcomes."""
    random = np.random.default_rng(8)
    raw = random.normal(size=40) * 2
    outcome = random.random(40) < 1 / (1 + np.exp(-0.3 * raw))
    day = np.repeat([0, 100], 20)
    weights = 0.5 ** ((100 - day) / 365)
    base, slope = calibrate(outcome, raw, slope_penalty=4.0, weights=weights)
    own, again = calibrate(outcome, base + slope * raw, slope_penalty=4.0, weights=weights)
    level, steep = own + again * base, again * slope
    events = int(outcome[20:].sum())
    share = (events + 0.5) / 21
    shift = shift_to_share(level + steep * raw[20:], share)
    rarer = min(events, 20 - events)
    found, _ = levels_of(made(outcome, {}, day), raw)
    assert found == pytest.approx((level + shift * rarer / (rarer + 20), steep))
    assert 0.3 < steep < 1


def world(seed: int, n: int = 3000) -> Examples:
    """Make examples whose outcome follows two of three features."""
    random = np.random.default_rng(seed)
    strong, weak, noise = random.normal(size=(3, n)).round(2)
    kind = random.choice(["a", "b", ""], n).astype(object)
    odds = -1 + 1.5 * strong + 0.5 * weak + (kind == "a")
    outcome = random.random(n) < 1 / (1 + np.exp(-odds))
    columns = {"weak": weak, "noise": noise, "strong": strong, "kind": kind}
    return made(outcome, columns, day=random.integers(0, 5, n) * 200)


def evidence_of(binned: Binned, outcome: Bools, rows: Any) -> list[Floats]:
    """Return the weight of evidence of each bin, with 20 average examples in each."""
    found = []
    for attribute, place in zip(binned.attributes, binned.places, strict=True):
        bins = range(len(attribute.bins) + 1)
        share = outcome[rows].mean()
        yes = np.array([(outcome[rows] & (place[rows] == one)).sum() for one in bins])
        no = np.array([(~outcome[rows] & (place[rows] == one)).sum() for one in bins])
        odds = (yes + 20 * share) / (no + 20 * (1 - share))
        found.append(np.log(odds) - logit(share))
    return found


def optimum(columns: Sequence[Floats], outcome: Bools, weights: Floats) -> list[float]:
    """Minimise the weighted negative log-likelihood plus the squares of the slopes."""

    def loss(point: Floats) -> float:
        odds = point[0] + sum(b * one for b, one in zip(point[1:], columns, strict=True))
        likelihood = weights * np.where(outcome, -np.logaddexp(0, -odds), -np.logaddexp(0, odds))
        return float((point[1:] ** 2).sum() - likelihood.sum())

    minimize = pytest.importorskip("scipy.optimize").minimize
    return list(minimize(loss, np.zeros(len(columns) + 1), tol=1e-10).x)


@pytest.mark.parametrize("part", [False, True])
def test_a_card_is_a_ridge_regression_on_the_weights_of_evidence(part: bool) -> None:
    examples = world(4)
    binned = Binned.of(examples, {"strong": "up"})
    rows = np.arange(0, 3000, 2) if part else np.arange(3000)
    weights = np.linspace(0.2, 1, 3000) if part else None
    card = binned.fit(examples.outcome, rows, weights)
    names = [one.attribute.name for one in card.parts]
    assert names[:1] + names[-2:] == ["weak", "strong", "kind"]
    woe = dict(
        zip(
            (one.name for one in binned.attributes),
            zip(evidence_of(binned, examples.outcome, rows), binned.places, strict=True),
            strict=True,
        )
    )
    columns = [woe[name][0][woe[name][1][rows]] for name in names]
    used = np.ones(len(rows)) if weights is None else weights[rows]
    intercept, *slopes = optimum(columns, examples.outcome[rows], used)
    assert card.intercept == pytest.approx(intercept, abs=1e-4)
    total = np.full(3000, card.intercept)
    for one, slope, column in zip(card.parts, slopes, columns, strict=True):
        evidence, place = woe[one.attribute.name]
        assert one.slope == pytest.approx(slope, abs=1e-4)
        assert one.values == pytest.approx(one.slope * evidence)
        assert one.mean == pytest.approx(one.slope * column.mean())
        total += one.values[place]
    assert binned.log_odds(card, rows) == pytest.approx(total[rows])
    assert card.log_odds(examples.columns, 3000) == pytest.approx(total)
    again = binned.fit(examples.outcome, rows, weights, near=card)
    assert [one.slope for one in again.parts] == pytest.approx(slopes, abs=1e-4)


def test_features_that_tell_nothing_or_the_least_are_left_out() -> None:
    examples = world(5)
    columns = {**examples.columns, "same": np.zeros(3000)}
    examples = evolve(examples, columns=columns)
    every = [one.name for one in Binned.of(examples, {}).attributes]
    assert "same" not in every
    assert {"weak", "strong", "kind"} <= set(every)
    assert every == [name for name in columns if name in every]
    for most, names in [(1, ["strong"]), (2, ["strong", "kind"]), (3, ["weak", "strong", "kind"])]:
        found = Binned.of(examples, {}, most)
        assert [one.name for one in found.attributes] == names
        assert len(found.places) == most


def test_a_feature_that_would_contradict_its_bins_is_left_out() -> None:
    """The second alone speaks for the outcome, and beside the first against it."""
    random = np.random.default_rng(3)
    cause, other = random.normal(size=(2, 4000))
    outcome = random.random(4000) < 1 / (1 + np.exp(-(1.7 * cause - 1.2 * other)))
    examples = made(outcome, {"cause": cause, "mixed": cause + other})
    binned = Binned.of(examples, {"cause": "up", "mixed": "up"})
    assert [one.name for one in binned.attributes] == ["cause", "mixed"]
    card = binned.fit(outcome)
    alone = Binned(binned.attributes[:1], binned.places[:1]).fit(outcome)
    assert [one.attribute.name for one in card.parts] == ["cause"]
    assert card.parts[0].slope == pytest.approx(alone.parts[0].slope, abs=1e-4)
    assert card.intercept == pytest.approx(alone.intercept, abs=1e-4)


@pytest.mark.parametrize("truth", [True, False])
def test_of_one_outcome_a_card_knows_the_share_alone(truth: bool) -> None:
    examples = world(6)
    binned = Binned.of(examples, {})
    card = binned.fit(np.full(3000, truth))
    assert card.parts == ()
    assert card.intercept == pytest.approx(logit(3000.5 / 3001) * (1 if truth else -1))
    assert Card(0.5, ()).log_odds({}, 2).tolist() == [0.5, 0.5]


def test_held_back_examples_are_found_by_their_like_probability() -> None:
    probability = np.arange(1, 21) / 20
    outcome = np.arange(20) % 4 == 0
    evidence = Evidence.of(outcome, probability)
    assert evidence.edges.tolist() == [k / 10 for k in range(1, 10)]
    assert evidence.rows.tolist() == [2] * 10
    assert evidence.events.tolist() == [1, 0] * 5
    assert evidence.of_like(0.0) == evidence.of_like(0.1) == (2, 1)
    assert evidence.of_like(0.11) == (2, 0)
    assert evidence.of_like(1.0) == (2, 0)
    fit = LandmarkFit(basis="learned", model=None, evidence=evidence)
    assert fit.of_like(0.25) == (2, 1)
    same = Evidence.of(outcome, np.full(20, 0.3))
    assert (same.of_like(0.2), same.of_like(0.9)) == ((20, 5), (0, 0))


def test_a_curve_is_a_line_over_one_feature() -> None:
    """With the middle value for an unknown one, and over the logarithm where asked for."""
    random = np.random.default_rng(2)
    values = np.append(random.integers(0, 50, 2000).astype(float), [math.nan] * 100)
    known = np.where(np.isnan(values), np.median(values[:2000]), values)
    for kind, scaled in [("line", known / 1), ("logarithm", np.log(known + 1))]:
        outcome = random.random(2100) < 1 / (1 + np.exp(-(scaled - scaled.mean())))
        weights = np.linspace(0.5, 1, 2100)
        curve = fit_simple("x", kind, values, outcome, weights)

        def loss(point: Floats, x: Floats = scaled, y: Bools = outcome) -> float:
            odds = point[0] + point[1] * x
            gain = weights * np.where(y, -np.logaddexp(0, -odds), -np.logaddexp(0, odds))  # noqa: B023
            return float(1e-3 * point[1] ** 2 / 2 - gain.sum())

        minimize = pytest.importorskip("scipy.optimize").minimize
        base, slope = minimize(loss, np.zeros(2), tol=1e-10).x
        asked = {"x": np.array([3.0, math.nan, -5.0])}
        middle = float(np.median(values[:2000]))
        at = np.array([3.0, middle, 0.0 if kind == "logarithm" else -5.0])
        wanted = base + slope * (np.log(at + 1) if kind == "logarithm" else at)
        assert curve.log_odds(asked, 3) == pytest.approx(wanted, abs=1e-3)
        near = fit_simple("x", kind, values, outcome, weights, curve)
        assert near.log_odds(asked, 3) == pytest.approx(wanted, abs=1e-3)


def test_rates_are_shares_with_twenty_average_examples() -> None:
    values = np.array(["a"] * 30 + ["b"] * 10, dtype=object)
    outcome = np.arange(40) < 15
    found = fit_simple("x", "rates", values, outcome)
    share = 15.5 / 41
    wanted = [
        math.log((15 + 20 * share) / (15 + 20 * (1 - share))),
        math.log((0 + 20 * share) / (10 + 20 * (1 - share))),
        logit(share),
    ]
    asked = {"x": np.array(["a", "b", "c"], dtype=object)}
    assert found.log_odds(asked, 3) == pytest.approx(wanted)
    half = fit_simple("x", "rates", values, outcome, np.full(40, 0.5))
    share = 8 / 21
    wanted[0] = math.log((7.5 + 20 * share) / (7.5 + 20 * (1 - share)))
    assert half.log_odds(asked, 3)[0] == pytest.approx(wanted[0])

"""Before and after, interrupted time series, and the effect of announced changes."""

from __future__ import annotations

import json
import math
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.crm.changes.companies import COMPANIES, DATA, SHARED, company, needs_data

from abcxyz.cli import main
from abcxyz.crm import before_after, before_after_means, effect_of_change, interrupted_time_series
from abcxyz.crm.changes.before_after import verdict_of
from abcxyz.crm.changes.effect import find_change
from abcxyz.crm.profit import ChangeLine, profit_of_change
from abcxyz.crm.settings import AnnouncedChange
from abcxyz.crm.statistics.regression import binomial_fit, newey_west_fit, poisson_fit
from abcxyz.errors import InputError

needs_oracle = pytest.mark.skipif(not SHARED.exists(), reason="no oracle here")
CHANGE = AnnouncedChange(day=date(2026, 6, 1), what="new script", stage="QUALIFIED")


@needs_oracle
def test_intervals_match_the_published_ones() -> None:
    oracle = json.loads((SHARED / "spec/crm_oracles/intervals.json").read_text())
    for name, expected in oracle["figures"]["newcombe"].items():
        after, before = (
            (int(x), int(n)) for x, n in (one.split("/") for one in name.split(" - "))
        )
        found = before_after(before, after)
        assert found.change == pytest.approx(expected["difference"])
        interval = found.interval_low, found.interval_high
        assert interval == pytest.approx(expected["newcombe95"], abs=1e-9)


def test_verdicts_and_what_would_have_been_seen() -> None:
    shown, hidden = before_after((20, 100), (35, 100)), before_after((15, 100), (20, 100))
    assert (shown.verdict, hidden.verdict) == ("improved", "not shown")
    assert before_after((20, 100), (35, 100), better="lower").verdict == "worse"
    # A change of the detectable size is shown four times out of five.
    random, base, n = np.random.default_rng(0), 0.3, 400
    size = before_after((120, n), (120, n)).detectable
    draws = zip(random.binomial(n, base, 400), random.binomial(n, base + size, 400), strict=True)
    seen = [before_after((int(x0), n), (int(x1), n)).verdict == "improved" for x0, x1 in draws]
    assert 0.72 < np.mean(seen) < 0.88
    said = hidden.explain()
    assert "a change of +5.0 points (-5.6 points to +15.6 points), may be chance" in said
    assert "only a change of 15.1 points or more would show" in said
    assert "может быть случайностью" in hidden.explain("ru")


def test_a_bad_time_before_is_drawn_to_the_baseline() -> None:
    """Weeks that were chosen because they were bad get better by themselves."""
    alone = before_after((10, 100), (25, 100))
    drawn = before_after((10, 100), (25, 100), baseline=(200, 800))
    assert alone.verdict == "improved"
    assert drawn.verdict == "not shown"
    assert "drawn to the longer baseline" in drawn.explain()


def test_means_and_refusals() -> None:
    result = before_after_means([10, 12, 11, math.nan, 9], [15, 14, 16, 13])
    assert (result.n_before, result.verdict) == (4, "improved")
    for wrong in (
        lambda: before_after((0, 0), (1, 2)),
        lambda: before_after((3, 2), (1, 2)),
        lambda: before_after_means([1], [1, 2]),
        lambda: verdict_of(0, 1, "faster"),
    ):
        with pytest.raises(InputError):
            wrong()


@needs_oracle
@pytest.mark.parametrize("name", ["synthetic_null", "synthetic_stage_drop", "synthetic_mix_shift"])
def test_series_match_the_published_figures(name: str) -> None:
    oracle = json.loads((SHARED / "spec/crm_oracles/effect_synthetic.json").read_text())
    figures = oracle["figures"][name]
    found = interrupted_time_series(
        figures["x"], figures["n"], figures["change_week"], time=figures["t"]
    )
    assert found.dispersion == pytest.approx(figures["dispersion"], abs=1e-9)
    assert found.durbin_watson == pytest.approx(figures["durbin_watson"], abs=1e-9)
    for model in ("glm", "ols"):
        for term in ("start", "trend", "level", "slope"):
            key = "b0" if term == "start" else term
            one, expected = found[model, term], figures[model][key]
            assert one.estimate == pytest.approx(expected["estimate"], abs=1e-8)
            assert one.error == pytest.approx(expected["se"], abs=1e-8)
            interval = one.interval_low, one.interval_high
            assert interval == pytest.approx(expected["ci95"], abs=1e-8)
            assert one.p == pytest.approx(expected["p"], abs=1e-7)
            # The published errors with the dispersion, which is below 1 and not used.
            quasi = figures["glm_quasi"][key]["se"]
            if model == "glm":
                assert one.error * math.sqrt(found.dispersion) == pytest.approx(quasi, abs=1e-8)
    expected = {"synthetic_stage_drop": "worse"}.get(name, "not shown")
    assert found.verdict == expected


@given(st.lists(st.integers(1, 19), min_size=16, max_size=24), st.integers(8, 12))
def test_the_effect_adds_up(passed: list[int], change: int) -> None:
    """The effect is what was seen after the change beyond the counterfactual."""
    if len(passed) - change < 8:
        return
    found = interrupted_time_series(passed, [20] * len(passed), change)
    late = found.time >= change
    gap = 20 * (found.fitted - found.counterfactual)[late].sum()
    assert found.effect == pytest.approx(gap)
    assert found.effect == pytest.approx(
        sum(passed[change:]) - 20 * found.counterfactual[late].sum(), abs=1e-5
    )
    assert found.low <= found.effect <= found.high


def test_short_series_are_refused() -> None:
    with pytest.raises(InputError, match="7 points before the change and 9 after"):
        interrupted_time_series([5] * 16, [10] * 16, 7)


def test_a_control_takes_out_what_moves_both() -> None:
    random = np.random.default_rng(1)
    shock = np.where(np.arange(40) >= 20, -0.8, 0.0) + random.normal(0, 0.05, 40)
    rate = 1 / (1 + np.exp(-shock))
    x, other = random.binomial(400, rate), random.binomial(400, rate)
    alone = interrupted_time_series(x, [400] * 40, 20, control=(other, [400] * 40))
    assert alone.control is not None
    assert alone.verdict == "worse"
    assert alone.control.low < 0 < alone.control.high  # the control fell as well
    drift = random.binomial(400, 1 / (1 + np.exp(-np.linspace(-2, 2, 40))))
    drifting = interrupted_time_series(x, [400] * 40, 20, control=(drift, [400] * 40))
    assert drifting.control is not None
    assert not drifting.control.parallel
    assert "no effect of the change" in drifting.explain()


def test_regressions_agree_with_their_definitions() -> None:
    random = np.random.default_rng(3)
    columns = np.stack([np.ones(30), np.linspace(0, 1, 30)], axis=1)
    trials = random.integers(20, 60, 30).astype(float)
    passed = random.binomial(trials.astype(int), 0.4).astype(float)
    fit = binomial_fit(passed, trials, columns)
    assert np.allclose(columns.T @ (passed - trials * fit.fitted), 0, atol=1e-7)  # score is zero
    counts = random.poisson(np.exp(2 + columns[:, 1])).astype(float)
    assert np.allclose(columns.T @ (counts - poisson_fit(counts, columns).fitted), 0, atol=1e-7)
    values = random.normal(size=30)
    white, autocorrelated = (newey_west_fit(values, columns, lags) for lags in (0, 4))
    assert np.allclose(white.coefficients, autocorrelated.coefficients)
    rest = values - white.fitted
    inverse = np.linalg.inv(columns.T @ columns)
    middle = sum(e * e * np.outer(row, row) for e, row in zip(rest, columns, strict=True))
    assert np.allclose(white.covariance, inverse @ middle @ inverse * 30 / 28)
    with pytest.raises(InputError, match="tell 2 effects apart"):
        newey_west_fit(values, np.ones((30, 2)))


def test_a_rate_effect_carries_its_interval_into_money() -> None:
    line = ChangeLine("x", entered=(100, 100), rate=(0.2, 0.3), cheque=1000.0, margin=0.5,
                      interval=(0.02, 0.18))  # fmt: skip
    (found,) = profit_of_change([line]).lines
    assert (found.profit_low, found.profit_high) == pytest.approx((1000.0, 9000.0))
    assert found.proven


def test_a_change_is_found_by_day_or_text() -> None:
    register = (CHANGE, AnnouncedChange(day=date(2026, 7, 1), what="new price list"))
    assert find_change(register, "2026-06-01") is CHANGE
    assert find_change(register, "Script") is CHANGE
    with pytest.raises(InputError, match="2 announced changes fit 'new'"):
        find_change(register, "new")
    with pytest.raises(InputError, match="0 announced changes fit"):
        find_change(register, "video")


@needs_data
@pytest.mark.parametrize("name", COMPANIES)
def test_effect_on_a_made_company(name: str) -> None:
    found = effect_of_change(company(name), CHANGE, horizon=21, margin=0.3)
    dropped = name == "synthetic_stage_drop"
    assert found.verdict == ("worse" if dropped else "not shown")
    assert found.series is not None
    assert found.series.verdict == found.verdict
    assert found.profit is not None
    (line,) = found.profit.lines
    assert line.profit_low < float(line.extra_profit) < line.profit_high
    assert (line.profit_high < 0) == dropped
    if name == "synthetic_mix_shift":  # the raw fall is the mix alone
        assert found.mix_effect < -0.03
        assert abs(found.rate_effect) < 0.03
    assert found.rate_effect + found.mix_effect == pytest.approx(found.raw.change)
    early = effect_of_change(company(name), CHANGE, horizon=60)
    assert early.series is None
    assert "at least 8" in early.explain()


@needs_data
@pytest.mark.slow
def test_the_command_measures_a_change(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    register = tmp_path / "changes.toml"
    register.write_text(
        '[[changes]]\nday = 2026-06-01\nwhat = "new script"\nstage = "QUALIFIED"\n'
    )
    argv = [
        "crm",
        "effect",
        "script",
        str(DATA / "synthetic_stage_drop"),
        "--changes",
        str(register),
    ]
    assert main([*argv, "--zone", "Europe/Moscow", "--horizon", "21", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["verdict"], found["change"]["what"]) == ("worse", "new script")
    register.write_text('[[changes]]\nday = 2026-06-01\nwhy = "new script"\n')
    assert main([*argv, "--zone", "Europe/Moscow"]) == 2
    assert "has no 'why'" in capsys.readouterr().err

"""Class confidence, against a reference that resamples the months."""

from __future__ import annotations

import warnings
from datetime import date, timedelta

import attrs
import numpy as np
import pytest

from abcxyz import (
    CumulativeMean,
    InputError,
    Limits,
    Panel,
    Settings,
    Shares,
    Transactions,
    aggregate,
    class_confidence,
    classify_abc,
    classify_xyz,
)
from abcxyz.core.snapshots.confidence import Confidence

AS_OF = date(2026, 7, 1)
RESAMPLES = 40
PERIODS = Settings(period="6M").periods(AS_OF)


def panel(customers: int = 30, *, seed: int = 5, period: str = "6M") -> Panel:
    """Panel with gaps, a steady customer, a single order, returns and no sales."""
    rng = np.random.default_rng(seed)
    periods = Settings(period=period).periods(AS_OF)
    sales = rng.gamma(1, 100, (customers, periods.count)).round(2)
    sales[rng.random(sales.shape) < 0.3] = 0
    sales[0] = 70.0
    sales[1] = [0, 0, 0, 0, 0, 900]
    sales[2] = [50, -50, 0, 20, 0, -30]
    sales[3] = np.nan
    orders = np.maximum((sales > 0).sum(axis=1), 1)
    days = np.full(customers, np.datetime64("2026-01-05"))
    return Panel(
        customers=np.arange(customers),
        periods=periods,
        metric="revenue",
        value=sales.sum(axis=1),
        sales=sales,
        orders=orders,
        first_day=days,
        last_day=days,
    )


def twin(table: Panel, settings: Settings) -> list[list[float]]:
    """Reference: resample whole months with replacement and classify the result."""
    p = table.periods.count
    drawn = np.random.default_rng(0).multinomial(p, np.full(p, 1 / p), size=RESAMPLES)
    held = np.zeros((3, len(table)))
    base: list[np.ndarray] = []
    for weights in [np.ones(p, dtype=int), *drawn]:
        months = table.sales[:, np.repeat(np.arange(p), weights)]
        abc = classify_abc(months.sum(axis=1), settings.abc).codes
        xyz = classify_xyz(
            months,
            settings.xyz,
            ddof=settings.ddof,
            single_order=settings.single_order,
            orders=table.orders,
        ).codes
        if not base:
            base = [abc, xyz]
            continue
        same = [abc == base[0], xyz == base[1]]
        held += [*same, same[0] & same[1]]
    held /= RESAMPLES
    held[:, base[0] < 0] = np.nan
    return held.tolist()


@pytest.mark.parametrize(
    "settings",
    [
        Settings(period="6M"),
        Settings(period="6M", abc=Shares(), xyz=Limits(0.5, 1.0), ddof=1),
        Settings(period="6M", xyz=Limits(0.5, 1.0), single_order=False),
        Settings(period="6M", abc=CumulativeMean(), xyz=CumulativeMean()),
    ],
    ids=["tangent", "shares and limits", "single orders count", "walk"],
)
def test_probabilities_are_those_of_drawn_months(settings: Settings) -> None:
    """Probabilities equal those of resampling months one by one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = twin(panel(), settings)
    confidence = class_confidence(panel(), settings, resamples=RESAMPLES)
    np.testing.assert_array_equal(expected, [confidence.abc, confidence.xyz, confidence.segment])
    assert 0 < np.nanmean(confidence.segment) < 1


def test_the_time_before_the_first_sale_stays_out() -> None:
    """With since_first only, a late steady customer is certainly X."""
    table = panel()
    sales = table.sales.copy()
    sales[4] = [0, 0, 0, 80, 80, 80]
    sales[5] = [9, 300, 1, 250, 2, 10]
    table = attrs.evolve(table, sales=sales, value=sales.sum(axis=1))
    plain = Settings(period="6M", xyz=Limits(0.25, 0.5))
    since = attrs.evolve(plain, since_first=True)
    # Six draws that meet fewer than two of the last three months leave the CV undefined.
    weights = np.random.default_rng(0).multinomial(6, np.full(6, 1 / 6), size=200)
    enough = float((weights[:, 3:].sum(axis=1) >= 2).mean())
    assert enough == class_confidence(table, since).xyz[4]
    assert class_confidence(table, plain).xyz[5] == class_confidence(table, since).xyz[5]
    assert 0.9 < class_confidence(table, plain).xyz[4] < 1


def test_the_same_seed_gives_the_same_answer() -> None:
    """Equal seeds give equal results, another seed gives others."""
    one, again, other = (
        class_confidence(panel(), Settings(period="6M"), seed=s) for s in (0, 0, 1)
    )
    assert one == again
    assert one != other


def test_firm_and_borderline() -> None:
    """A class at or above the limit is firm; no class is neither."""
    confidence = class_confidence(panel(), Settings(period="6M"), firm_from=0.75)
    labels = [confidence.label(i) for i in range(len(confidence))]
    assert "" == labels[3]
    assert {"", "firm", "borderline"} == set(labels)
    assert (confidence.segment >= 0.75).tolist() == [label == "firm" for label in labels]


def test_a_window_within_its_buckets_keeps_its_money() -> None:
    """Money in boundary weeks outside the window is not resampled."""
    settings = Settings(period="1M", bucket="W")
    periods = settings.periods(AS_OF)
    sales = np.zeros((2, periods.count))
    sales[0] = 10
    sales[1, 0] = 500
    days = np.full(2, np.datetime64("2026-06-01"))
    table = Panel(
        customers=np.arange(2),
        periods=periods,
        metric="revenue",
        value=np.array([50.0, 0.0]),
        sales=sales,
        orders=np.array([5, 2]),
        first_day=days,
        last_day=days,
    )
    assert 1.0 == class_confidence(table, settings).abc[0]


def test_no_resamples_is_an_error() -> None:
    """At least one resample is required."""
    with pytest.raises(InputError, match="resamples is 0"):
        class_confidence(panel(), resamples=0)


def test_one_customer() -> None:
    """A read-only panel of one customer is not written to."""
    result = aggregate([Transactions(["a"], [date(2026, 3, 5)], [50.0])], PERIODS)

    assert class_confidence(result, Settings(period="6M")).abc.shape == (1,)


def stated(rows: list[tuple[float, float, float]]) -> Confidence:
    abc, xyz, segment = np.array(rows).T
    return Confidence(abc=abc, xyz=xyz, segment=segment, resamples=200, firm_from=0.8)


def test_the_axis_in_doubt_is_the_one_that_is_not_firm_or_else_the_less_certain() -> None:
    nothing, abc, xyz, both = range(4)
    cases = {
        (0.9, 0.9, 0.85): nothing,
        (0.8, 0.8, 0.8): nothing,
        (0.7, 0.9, 0.65): abc,
        (0.9, 0.7, 0.65): xyz,
        (0.7, 0.7, 0.5): both,
        (0.8, 0.7, 0.6): xyz,
        (0.7, 0.8, 0.6): abc,
        (0.85, 0.9, 0.78): abc,
        (0.9, 0.85, 0.78): xyz,
        (0.85, 0.85, 0.7): abc,
        (np.nan, np.nan, np.nan): nothing,
    }
    assert stated(list(cases)).doubtful.tolist() == list(cases.values())


def test_a_frame_of_confidence_has_a_label_for_every_customer() -> None:
    confidence = stated([(0.9, 0.9, 0.8), (0.9, 0.85, 0.79), (np.nan, np.nan, np.nan)])
    assert "firm 1, borderline 1; 200 resamples" in repr(confidence)
    frame = confidence.to_frame()
    assert frame.columns.tolist() == ["abc", "xyz", "segment", "label"]
    assert frame["label"].tolist() == ["firm", "borderline", ""]
    named = attrs.evolve(confidence, customers=np.array(["a", "b", "c"])).to_frame()
    assert named["customer"].tolist() == ["a", "b", "c"]
    assert frame["xyz"].tolist()[:2] == [0.9, 0.85]


@pytest.mark.parametrize("back", [-50.0, -50.5, -60.0])
def test_money_of_boundary_weeks_that_cancels_out_is_not_scaled(back: float) -> None:
    """Bought before the window and returned in it: there is no share of the money to take."""
    settings = Settings(period="2M", bucket="W")
    days = [date(2026, 5, 4) + timedelta(weeks=week) for week in range(6)]
    sales = Transactions(
        ["one"] * 6 + ["two"] * 6 + ["back"] * 2,
        [*days, *days, date(2026, 4, 28), date(2026, 6, 10)],
        [100.0] * 6 + [60.0] * 6 + [50.0, back],
    )
    table = aggregate([sales], settings.periods(AS_OF))
    assert table.sales.sum(axis=1).tolist() == [600.0, 360.0, 50.0 + back]
    assert table.value.tolist() == [600.0, 360.0, back]
    periods = attrs.evolve(table.periods, window=table.periods.span)
    unscaled = attrs.evolve(table, periods=periods, value=table.sales.sum(axis=1))
    found, expected = class_confidence(table, settings), class_confidence(unscaled, settings)
    np.testing.assert_array_equal(found.segment, expected.segment)


def test_probabilities_of_as_many_resamples_as_a_byte_holds_and_more() -> None:
    """A sure class is met in every resample, whatever the width of the counts."""
    for resamples in (1, 255, 256, 300):
        found = class_confidence(panel(), Settings(period="6M"), resamples=resamples)
        known = ~np.isnan(found.abc)
        assert 1.0 == found.abc[known].max()
        np.testing.assert_allclose(
            found.segment[known] * resamples, np.rint(found.segment[known] * resamples)
        )


@pytest.mark.parametrize("ddof", [0, 1])
def test_draws_of_a_single_month_are_steady(ddof: int) -> None:
    """Amounts that all are equal have no spread, not even a rounding error below zero."""
    random = np.random.default_rng(3)
    sales = random.lognormal(5, 1, (200, 3)).round(2)
    made = Panel(
        customers=np.arange(200),
        periods=Settings(period="3M").periods(AS_OF),
        metric="revenue",
        value=sales.sum(axis=1),
        sales=sales,
        orders=np.full(200, 3),
        first_day=np.full(200, np.datetime64("2026-04-05")),
        last_day=np.full(200, np.datetime64("2026-06-05")),
    )
    settings = Settings(period="3M", xyz=Limits(0.1, 0.3), ddof=ddof)
    found = class_confidence(made, settings, resamples=RESAMPLES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = twin(made, settings)
    np.testing.assert_array_equal(expected, [found.abc, found.xyz, found.segment])

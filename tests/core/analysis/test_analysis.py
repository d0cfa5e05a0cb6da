"""Analysis of one date: deterministic and independent of the order of sales."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from abcxyz import (
    CumulativeMean,
    InputError,
    Limits,
    Settings,
    Shares,
    Transactions,
    aggregate,
    analyze,
)
from abcxyz.demo import DEMO_AS_OF, demo_sales

DEMO = demo_sales(customers=60)


def test_same_input_same_result() -> None:
    """The same sales, whole or in batches, give the same snapshot."""
    one = analyze(DEMO.transactions, as_of=DEMO_AS_OF)
    halves = [DEMO.transactions.take(np.arange(len(DEMO.transactions)) % 2 == i) for i in (0, 1)]

    assert one.snapshot == analyze(DEMO.transactions, as_of=DEMO_AS_OF).snapshot
    other = analyze(iter(halves), as_of=DEMO_AS_OF)
    place = {who: i for i, who in enumerate(other.snapshot.customers.tolist())}
    order = [place[who] for who in one.snapshot.customers.tolist()]
    assert one.snapshot.segment.tolist() == other.snapshot.segment[order].tolist()
    assert one.matrix.counts.tolist() == other.matrix.counts.tolist()


def test_customers_without_sales_in_the_window_are_listed_and_not_classified() -> None:
    """A customer without sales in the window is listed without a class and changes no other."""
    sales = Transactions(
        ["old", "a", "a", "b", "b"],
        [date(2020, 1, 1), *[date(2026, 1, 5), date(2026, 2, 5)] * 2],
        [1e9, 50, 50, 10, 12],
    )
    settings = Settings(period="2M", lookback="9Y")
    result = analyze(sales, as_of=date(2026, 3, 1), settings=settings)
    frame = result.snapshot.to_frame().set_index("customer")

    assert frame["segment"].to_dict() == {"old": "", "a": "AX", "b": "BZ"}
    assert frame["last_day"].dt.date.to_dict()["old"] == date(2020, 1, 1)
    assert result.matrix.unclassified == 1
    assert result.snapshot.explain("a") == "AX on 2026-02-28: 100 in 2 orders, CV 0.00"
    assert result.snapshot.explain("old").startswith("not classified in [2026-01-01")
    with pytest.raises(InputError, match="no customer 'c' here"):
        result.snapshot.explain("c")
    assert "3 customers, 1 not classified" in result.snapshot._repr_html_()
    assert "2 (month)" in result.panel._repr_html_()
    assert result.panel.to_frame()["2026-02-01"].tolist()[1:] == [50, 12]
    assert result.snapshot.dated == date(2026, 2, 28)


def test_a_panel_may_be_reused() -> None:
    """One panel serves several settings; a panel of another window is refused."""
    periods = Settings().periods(DEMO_AS_OF)
    panel = aggregate([DEMO.transactions], periods)

    for abc in (Shares(), CumulativeMean()):
        settings = Settings(abc=abc, xyz=Limits(0.25, 0.5))
        reused = analyze(panel, as_of=DEMO_AS_OF, settings=settings)
        assert (
            reused.snapshot
            == analyze(DEMO.transactions, as_of=DEMO_AS_OF, settings=settings).snapshot
        )
    with pytest.raises(InputError, match="aggregate with the same periods"):
        analyze(panel, as_of=DEMO_AS_OF, settings=Settings(period="6M"))
    with pytest.raises(InputError, match="no sale lies in the window"):
        analyze([], as_of=DEMO_AS_OF)


def test_settings_round_trip() -> None:
    """Settings survive a dict; the fingerprint depends on values, not on spelling."""
    settings = Settings(
        period="8Q", bucket="M", metric="count", abc=Shares(0.7, 0.9), xyz=CumulativeMean(2),
        ddof=1, since_first=True, single_order=False,
    )  # fmt: skip

    assert settings == Settings.from_dict(settings.to_dict())
    assert Settings(period="12m", bucket="month").fingerprint == Settings().fingerprint
    assert len({s.fingerprint for s in (Settings(), Settings(ddof=1), settings)}) == 3


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"perio": "12M"}, "key 'perio'; known are period, bucket"),
        ({"metric": "money"}, "metric 'money' is unknown"),
        ({"period": "a year"}, "'a year' cannot be read"),
        ({"abc": {"rule": "magic"}}, "rule 'magic' is unknown; use one of tangent"),
        ({"abc": {"rule": "shares", "c": 1}}, "shares got c; it takes a, b"),
    ],
)
def test_bad_settings(data: dict[str, object], words: str) -> None:
    """An unknown setting is refused with the list of accepted ones."""
    with pytest.raises(InputError, match=words):
        Settings.from_dict(data)

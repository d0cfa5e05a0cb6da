"""Warnings about sales that do not cover the window, through the library."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from abcxyz import InputError, Panel, Periods, Settings, Transactions, analyze
from abcxyz.core.analysis.analyze import aggregate_sales, analyze_reading
from abcxyz.core.classes.classify import classify_xyz
from abcxyz.errors import CoverageWarning, UnsteadyClassWarning
from abcxyz.frames import segment
from abcxyz.toolkit.catalogue import translate

AS_OF = date(2026, 11, 10)
TWO = Settings(period="2M")
#: Case -> days of the sales, and what is said in English and in Russian.
CASES = {
    "an old file": (
        ["2025-10-05", "2026-08-30"],
        "the last sale is of 2026-08-30, long before the end of the window on 2026-10-31",
        "последняя продажа — 30.08.2026, задолго до конца окна",
    ),
    "a file that begins late": (
        ["2025-12-02", "2026-10-30"],
        "the first sale is of 2025-12-02, after the window begins on 2025-11-01",
        "продажи начинаются 02.12.2025, позже окна",
    ),
    "nothing in the window": (
        ["2025-03-05", "2025-10-31"],
        "to 2026-10-31; the last known sale is of 2025-10-31: take 2025-11-01",
        "в окне с 01.11.2025 по 31.10.2026 нет ни одной продажи",
    ),
}


def sales_on(days: list[str]) -> Transactions:
    customers = [f"c{i}" for i in range(len(days))]
    return Transactions(customers, pd.to_datetime(days), [5.0] * len(days))


@pytest.mark.parametrize("case", CASES)
def test_analyze_and_segment_warn_alike(case: str) -> None:
    """Both say the same, and the sentence has a Russian twin."""
    days, english, russian = CASES[case]
    sales = sales_on(days)
    with pytest.warns(CoverageWarning, match=english) as first:
        analyze(sales, as_of=AS_OF)
    frame = pd.DataFrame({"who": sales.customer, "on": sales.day, "sum": sales.amount})
    with pytest.warns(CoverageWarning, match=english) as second:
        segment(frame, customer="who", date="on", amount="sum", as_of=AS_OF)
    assert [1, 1] == [len(first), len(second)]
    said = first[0].message
    assert isinstance(said, CoverageWarning)
    assert russian in translate(said, "ru")


def test_sales_that_cover_the_window_are_silent(recwarn: pytest.WarningsRecorder) -> None:
    """A first sale within a month of the start and a last one of two months ago are normal."""
    analyze(sales_on(["2025-12-01", "2026-09-01"]), as_of=AS_OF)
    analyze(sales_on(["2026-01-29", "2026-02-05"]), as_of=date(2026, 3, 1), settings=TWO)
    assert not [one for one in recwarn if issubclass(one.category, CoverageWarning)]


class Reading:
    """Sales that are read by `analyze_reading`."""

    quality = None

    def __init__(self, *batches: Transactions) -> None:
        self.batches = batches
        self.names: dict[str, str] = {}

    @property
    def last_day(self) -> date | None:
        return max((day for batch in self.batches for day in batch.day.tolist()), default=None)

    def panel(self, periods: Periods, settings: Settings, _: object = None) -> Panel:
        return aggregate_sales(self.batches, periods, settings)


@pytest.mark.parametrize(
    ("days", "message"),
    [
        (["2025-03-05", "2025-10-31"], "the last known sale is of 2025-10-31: take 2025-11-01"),
        (["2011-12-05", "2011-11-04"], "the last known sale is of 2011-12-05: take 2012-01-01"),
        (["2026-11-10", "2027-01-01"], "check the source and the day"),
        ([], "check the source and the day"),
    ],
    ids=["before the window", "before the lookback", "in the future", "no sales at all"],
)
def test_a_file_or_a_job_without_sales_in_the_window_is_an_error(
    days: list[str], message: str
) -> None:
    """No result without sales is written; the error suggests a day."""
    reading = Reading(*(sales_on([day]) for day in days))
    with pytest.raises(InputError, match=message):
        analyze_reading(reading, as_of=AS_OF, settings=Settings())
    if days:
        with pytest.raises(InputError, match=message):
            analyze_reading(
                Reading(sales_on(days)),
                as_of=AS_OF,
                settings=Settings(),
            )


def test_x_is_not_steady_above_100_percent() -> None:
    """A class X up to a CV of 100 % is not remarked on, and above it is."""
    days = pd.to_datetime(["2026-09-05", "2026-10-05"] * 10)
    customers = [f"c{i // 2}" for i in range(20)]
    amounts = [5.0, *range(6, 25)]
    analyze(Transactions(customers, days, amounts), as_of=AS_OF, settings=TWO)
    settings = Settings(period="12M", single_order=False)
    with pytest.warns(UnsteadyClassWarning, match="and above 100% purchases are not steady"):
        analyze(Transactions(customers, days, amounts), as_of=AS_OF, settings=settings)
    result = classify_xyz([[5.0, 0, 0]] * 2, single_order=False)
    assert any("up to 141%" in one for one in result.warnings)

"""Every engine, against the NumPy core."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from attrs import frozen
from tests.frames.engines import EAGER, ENGINES, collected

from abcxyz.core.analysis.analyze import analyze
from abcxyz.core.analysis.record import Analysis
from abcxyz.core.classes.rules import CountShares, Limits, Shares
from abcxyz.core.sales import calendar, units
from abcxyz.core.sales.calendar import Periods
from abcxyz.core.sales.transactions import Transactions
from abcxyz.core.sales.units import LETTERS, PeriodUnit
from abcxyz.core.snapshots.settings import Settings
from abcxyz.errors import AbcxyzWarning, InputError
from abcxyz.frames import crossing as search
from abcxyz.frames import panel_from_frame, segmented

AS_OF = date(2026, 1, 20)
COLUMNS: dict[str, Any] = {"customer": "who", "date": "day", "amount": "sum"}
pytestmark = pytest.mark.filterwarnings(
    "ignore:fetch_arrow_table:DeprecationWarning",  # Ibis calls DuckDB by a deprecated name
    "ignore::abcxyz.errors.AbcxyzWarning",
)
Make = Callable[[str], Callable[[pd.DataFrame], Any]]


@frozen
class Case:
    """Sales with two decimals, and the options of the classification."""

    sales: pd.DataFrame
    options: dict[str, Any]


def random_sales(seed: int, n: int = 4_000, customers: int = 150) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    day = np.datetime64("2024-11-01", "us") + rng.integers(0, 460 * 86_400_000_000, n)
    cents = np.round(rng.lognormal(8, 1.5, n)) * np.where(rng.random(n) < 0.1, -1, 1)
    return pd.DataFrame(
        {
            "who": rng.integers(0, customers, n) * 7 - 40,
            "day": day,
            "sum": cents / 100,
            "spent": np.round(cents * 0.7) / 100,
            "doc": rng.integers(0, n // 2, n),
        }
    )


def bought(*rows: tuple[object, str, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["who", "day", "sum"])
    frame["day"] = pd.to_datetime(frame["day"]).astype("datetime64[us]")
    return frame


def spread(amounts: list[list[float]]) -> pd.DataFrame:
    """Spread row i of *amounts* over months from January 2025 as customer i."""
    return bought(
        *(
            (who, f"2025-{month + 1:02}-15", amount)
            for who, row in enumerate(amounts)
            for month, amount in enumerate(row)
        )
    )


def hostile_names() -> pd.DataFrame:
    names = ["<b>a</b>", "=1+1", "'; drop table sales --", "🙂", "x" * 10_000, "\u202eabc", "a\0b"]
    sales = random_sales(8, 900, 7)
    return sales.assign(who=np.array([*names[:6], '"q"'], object)[sales["who"] // 7 + 6])


def with_outsiders() -> pd.DataFrame:
    old = bought((901, "2020-02-29", 5.0), (902, "2026-01-19", 7.5), (903, "2025-07-01", -3.0))
    return pd.concat([random_sales(9)[["who", "day", "sum"]], old], ignore_index=True)


THIRDS = [[3 * v, 5 * v] * 6 for v in (0.1, 0.3, 1.1, 33.33, 0.07, 12.5, 99.99)]
CASES = {
    "months": Case(random_sales(1), {}),
    "weeks beyond the window": Case(
        random_sales(2), {"period": "3M", "bucket": "W", "abc": CountShares(), "since_first": True}
    ),
    "ten days, ddof": Case(
        random_sales(3), {"period": "6M", "bucket": "T", "abc": Shares(0.5, 1.0), "ddof": 1}
    ),
    "days": Case(random_sales(4), {"period": "30D", "abc": Shares(), "since_first": True}),
    "half-years": Case(random_sales(5), {"period": "2H", "xyz": Limits(0.3, 0.6), "ddof": 1}),
    "quarters, limits": Case(
        random_sales(6), {"period": "4Q", "abc": Limits(3000.10, 1000.05), "single_order": False}
    ),
    "documents": Case(random_sales(7), {"document": "doc"}),
    "count": Case(random_sales(8), {"metric": "count"}),
    "count of documents": Case(random_sales(8), {"metric": "count", "document": "doc"}),
    "profit": Case(random_sales(8), {"metric": "profit", "cost": "spent"}),
    "hostile names": Case(hostile_names(), {"abc": Shares()}),
    "outsiders": Case(with_outsiders(), {}),
    "all equal": Case(spread([[0.1]] * 49), {}),
    "all equal, thirds": Case(spread([[33.33, 66.67]] * 7), {"abc": Shares()}),
    "cv on the cut": Case(spread(THIRDS), {"xyz": Limits(0.1, 0.25)}),
    "tie on the mean": Case(spread([[0.3], [0.1], [0.2], [0.2], [0.2]]), {}),
    "ties on the share": Case(
        spread([[10.0]] * 3 + [[5.0]] * 8 + [[1.0]] * 30), {"abc": Shares(0.4, 0.9)}
    ),
    "ties on the count": Case(spread([[5.0]] * 8 + [[1.0]] * 30), {"abc": CountShares(0.1, 0.3)}),
    "negative totals": Case(spread([[-5.0], [-1.0, -2.0], [-0.01]]), {}),
    "negative, shares": Case(spread([[-5.0], [-1.0, -2.0], [-0.01]]), {"abc": Shares()}),
    "mostly returns": Case(
        spread([[100.0], [-90.0], [0.0], [5.5, -5.5], [0.1, 0.2, -0.3], [1.0]]),
        {"abc": CountShares()},
    ),
    "one customer": Case(spread([[10.0, 10.0]]), {"abc": Shares()}),
    "one giant": Case(spread([[1e9], [0.01], [0.02], [0.03], [5.0]]), {"abc": Shares()}),
}


def by_core(case: Case) -> tuple[Analysis, pd.DataFrame]:
    """Reference: classify integer cents in the core, in the unit of the frame."""
    options = dict(case.options)
    document, cost = options.pop("document", None), options.pop("cost", None)
    unit = 1 if options.get("metric") == "count" else 100
    if isinstance(options.get("abc"), Limits):
        limits = options["abc"]
        options["abc"] = Limits(round(limits.first * unit), round(limits.second * unit))

    def cents(name: str) -> Any:
        return np.rint(case.sales[name].to_numpy() * 100).astype(np.int64)

    sales = Transactions(
        case.sales["who"].to_numpy(),
        case.sales["day"].to_numpy(),
        cents("sum"),
        None if cost is None else cents(cost),
        None if document is None else case.sales[document].to_numpy(),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AbcxyzWarning)
        analysis = analyze(sales, as_of=AS_OF, settings=Settings(**options))
    frame = analysis.snapshot.to_frame()
    frame["share"] = analysis.abc.share
    frame["value"] = frame["value"] / unit
    return analysis, frame.sort_values("customer").reset_index(drop=True)


def check(expected: pd.DataFrame, answer: Any) -> None:
    """Compare classes, counts and days exactly, other numbers to 1e-12."""
    result = collected(answer)
    names = ["customer", "value", "share", "cv", "orders", "last_day", "abc", "xyz", "segment"]
    assert names == list(result.columns)
    for name in ("customer", "orders"):
        assert expected[name].tolist() == result[name].tolist(), name
    for name in ("abc", "xyz", "segment"):
        labels = result[name].astype(object).where(result[name].notna(), "").tolist()
        assert expected[name].tolist() == labels, name
    days = pd.to_datetime(result["last_day"]).astype("datetime64[s]").astype(str).tolist()
    assert expected["last_day"].astype("datetime64[s]").astype(str).tolist() == days
    for name in ("value", "share", "cv"):
        numbers = result[name].astype("float64").to_numpy()
        np.testing.assert_allclose(numbers, expected[name], rtol=1e-12, atol=1e-300, err_msg=name)


def engines_and_cases() -> list[Any]:
    """Pair frames in memory and lazy ones with every case; the other pairs are slow tests."""
    pairs = []
    for engine in ENGINES:
        known = engine if isinstance(engine, str) else engine.values[0]
        own = [] if isinstance(engine, str) else list(engine.marks)
        for place, case in enumerate(CASES):
            often = known in ("pandas", "polars lazy") or place % 2 == (known == "duckdb")
            marks = own if often else [*own, pytest.mark.slow]
            pairs.append(pytest.param(known, case, marks=marks, id=f"{known}-{case}"))
    return pairs


@pytest.mark.parametrize(("engine", "case"), engines_and_cases())
def test_engine_equals_core(
    engine: str, case: str, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Classes equal the core, numbers to 1e-12, also with cuts by histogram."""
    monkeypatch.setattr(search, "FEW", 3)
    case_data = CASES[case]
    frame = make(engine)(case_data.sales)
    with segmented(frame, **COLUMNS, as_of=AS_OF, **case_data.options) as answer:
        check(by_core(case_data)[1], answer)


@frozen
class TradeMonth(PeriodUnit):
    """Months of a retail calendar of 4, 4 and 5 weeks, not expressible in days or months."""

    @property
    def mean_days(self) -> float:
        return 91 / 3

    def index(self, day: date) -> int:
        quarter, rest = divmod(day.toordinal() - 1, 91)
        return quarter * 3 + min(rest // 28, 2)

    def start(self, index: int) -> date:
        return date.fromordinal(index // 3 * 91 + index % 3 * 28 + 1)


def around_the_edges(periods: Periods) -> pd.DataFrame:
    """Sales on each day next to a bucket edge, with the day as customer id."""
    near = {edge + timedelta(days=away) for edge in periods.edges for away in (-1, 0, 1)}
    days = np.array(sorted(near), dtype="M8[D]")
    return pd.DataFrame(
        {"who": days.astype(np.int64), "day": days.astype("M8[us]"), "sum": np.ones(len(days))}
    )


def check_buckets(frame: Any, periods: Periods, period: str) -> None:
    """Compare the bucket of every day with the core."""
    panel = panel_from_frame(frame, **COLUMNS, as_of=AS_OF, period=period)
    days = panel.customers.astype("M8[D]")
    assert periods.edges == panel.periods.edges
    result = np.where(np.nan_to_num(panel.sales).any(axis=1), panel.sales.argmax(axis=1), -1)
    assert periods.index(days).tolist() == result.tolist()


@pytest.mark.parametrize("letter", LETTERS)
@pytest.mark.parametrize("engine", ENGINES)
def test_every_unit_of_the_calendar(engine: str, letter: str, make: Make) -> None:
    """An engine buckets every unit as the core does, or refuses it."""
    periods = Periods.parse(f"5{letter}", AS_OF)
    check_buckets(make(engine)(around_the_edges(periods)), periods, f"5{letter}")


@pytest.mark.parametrize("engine", ENGINES)
def test_unit_unknown_to_an_engine(
    engine: str, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unknown unit is bucketed in memory and refused by lazy engines."""
    unit = TradeMonth("trade_month", "R")
    monkeypatch.setattr(units, "_BY_NAME", {**units._BY_NAME, unit.name: unit})
    monkeypatch.setattr(calendar, "LETTERS", {**LETTERS, unit.letter: unit.name})
    periods = Periods.parse("5R", AS_OF)
    frame = make(engine)(around_the_edges(periods))
    if engine in EAGER or engine == "dask":
        check_buckets(frame, periods, "5R")
        return
    with pytest.raises(InputError, match="cannot be cut into buckets of one trade_month"):
        panel_from_frame(frame, **COLUMNS, as_of=AS_OF, period="5R")
    with (
        pytest.raises(InputError, match="cannot be cut into buckets of one trade_month"),
        segmented(frame, **COLUMNS, as_of=AS_OF, period="5R"),
    ):
        pass


@pytest.mark.parametrize("case", ["weeks beyond the window", "documents", "profit", "outsiders"])
@pytest.mark.parametrize("engine", ENGINES)
def test_panel_equals_core(engine: str, case: str, make: Make) -> None:
    """The panel of an engine equals that of the core in cents."""
    case_data = CASES[case]
    names = {"period", "bucket", "metric", "cost", "document"}
    options: Any = {n: v for n, v in case_data.options.items() if n in names}
    frame = make(engine)(case_data.sales)
    panel = panel_from_frame(frame, **COLUMNS, as_of=AS_OF, minor=True, **options)
    expected = by_core(case_data)[0].panel
    assert expected is not None
    order = np.argsort(panel.customers)
    assert (expected.periods, expected.metric) == (panel.periods, panel.metric)
    ordered = np.argsort(expected.customers)
    for name in ("customers", "value", "sales", "orders", "first_day", "last_day"):
        result, wanted = getattr(panel, name)[order], getattr(expected, name)[ordered]
        np.testing.assert_array_equal(result, wanted, err_msg=name)


@pytest.mark.parametrize("engine", ENGINES)
def test_floats_without_minor_unit(engine: str, make: Make) -> None:
    """All engines classify thirds alike, ties on the mean included."""
    third = 1 / 3
    rows = [[third, 3 * third], [2 * third] * 2, [4 * third], [third] * 4, [0.2 * third]]
    frame = make(engine)(spread(rows))
    with segmented(frame, **COLUMNS, as_of=AS_OF, abc=Shares(0.74, 0.9)) as answer:
        result = collected(answer)
    assert result["abc"].tolist() == ["A", "A", "A", "A", "C"]
    np.testing.assert_allclose(result["value"], [sum(row) for row in rows], rtol=1e-12)
    equal = make(engine)(spread([[third, third, third]] * 49))
    with segmented(equal, **COLUMNS, as_of=AS_OF) as answer:
        assert {"AX"} == set(collected(answer)["segment"])


@pytest.mark.parametrize("metric", ["revenue", "count"])
@pytest.mark.parametrize("engine", ENGINES)
def test_amounts_beyond_whole_minor_units(engine: str, metric: str, make: Make) -> None:
    """Amounts of any size are usable: what marks a row that is not is no amount."""
    rows = [[2.0**62, 3.0], [2.0**61] * 3, [1e25], [5.0], [-(2.0**61)]]
    with segmented(make(engine)(spread(rows)), **COLUMNS, as_of=AS_OF, metric=metric) as answer:
        result = collected(answer)
    orders = [sum(one > 0 for one in row) for row in rows]
    wanted = orders if metric == "count" else [sum(row) for row in rows]
    assert result["value"].tolist() == wanted
    assert result["orders"].tolist() == orders
    lacking = spread([[2.0**62, 3.0], [5.0, math.nan]])
    with (
        pytest.raises(InputError, match=r"'sum' has no value in 1 row"),
        segmented(make(engine)(lacking), **COLUMNS, as_of=AS_OF, metric=metric),
    ):
        pass


@pytest.mark.parametrize("engine", ENGINES)
def test_real_history(engine: str, make: Make, shared_data: Path) -> None:
    """Real sales of a year have the core's nine segments in every engine."""
    sales = pd.read_csv(shared_data / "online_retail.csv.gz", dtype={"customer_id": "Int64"})
    sales = sales[sales["customer_id"].notna()]
    sales = pd.DataFrame(
        {
            "who": sales["customer_id"].astype("int64"),
            "day": pd.to_datetime(sales["date"]).astype("datetime64[us]"),
            "sum": sales["amount"].round(2),
            "doc": sales["doc_id"].astype(str),
        }
    ).reset_index(drop=True)
    case = Case(sales, {"document": "doc", "abc": Shares()})
    settings: dict[str, Any] = {"as_of": date(2011, 12, 9)}
    cents = np.rint(sales["sum"].to_numpy() * 100).astype(np.int64)
    columns = (sales["who"].to_numpy(), sales["day"].to_numpy(), cents)
    expected = analyze(
        Transactions(*columns, document=sales["doc"].to_numpy()),
        settings=Settings(abc=Shares()),
        **settings,
    )
    frame = expected.snapshot.to_frame().assign(share=expected.abc.share)
    frame["value"] /= 100
    with segmented(make(engine)(sales), **COLUMNS, **case.options, **settings) as answer:
        check(frame.sort_values("customer").reset_index(drop=True), answer)

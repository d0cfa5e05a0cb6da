"""Real-world columns: gaps, time zones, decimals, categories and refusals."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.frames.engines import ENGINES, LAZY, collected
from tests.frames.test_engines import bought, spread

from abcxyz.core.classes.rules import CumulativeMean, Cuts, Limits, Shares, Tangent
from abcxyz.core.sales.transactions import Transactions
from abcxyz.errors import InputError
from abcxyz.frames import panel_from_frame, register_accessors, segment, segmented
from abcxyz.frames import transactions_from_frame as take

pytestmark = pytest.mark.filterwarnings(
    "ignore:fetch_arrow_table:DeprecationWarning",
    "ignore::abcxyz.errors.AbcxyzWarning",
)
Make = Callable[[str], Callable[[pd.DataFrame], Any]]
COLUMNS: dict[str, Any] = {"customer": "who", "date": "day", "amount": "sum"}
ASKED: dict[str, Any] = {**COLUMNS, "as_of": date(2026, 1, 20)}
SALES = [("a", "2025-03-01", 20.0), ("b", "2025-03-02", 10.0), ("a", "2025-07-03", 0.5)]


def segments(frame: Any, **options: Any) -> dict[Any, Any]:
    with segmented(frame, **(ASKED | options)) as answer:
        result = collected(answer)
    pairs = zip(result["segment"], result["value"], strict=True)
    return dict(zip(result["customer"], pairs, strict=True))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("gap", "column"),
    [
        ((None, "2025-04-01", 5.0), "who"),
        (("b", None, 5.0), "day"),
        (("b", "2025-04-01", np.nan), "sum"),
    ],
)
def test_gaps(engine: str, gap: tuple[Any, Any, Any], column: str, make: Make) -> None:
    """A row with a missing value is an error naming the column, or dropped on request."""
    frame = make(engine)(bought(*SALES, gap))
    with pytest.raises(InputError, match=rf"'{column}' has no value in 1 row"):
        segment(frame, **ASKED)
    assert segments(frame, missing="drop") == {"a": ("AX", 20.5), "b": ("BZ", 10.0)}


@pytest.mark.parametrize("engine", ENGINES)
def test_infinity(engine: str, make: Make) -> None:
    """An infinite amount is refused."""
    with pytest.raises(InputError, match=r"infinit|inf at position"):
        segment(make(engine)(bought(*SALES, ("c", "2025-04-01", np.inf))), **ASKED)


@pytest.mark.parametrize("engine", ENGINES)
def test_dates_as_text(engine: str, make: Make) -> None:
    """Dates written as text are refused with the cure, not guessed."""
    frame = bought(*SALES).assign(day=["2025-03-01", "2025-03-02", "2025-07-03"])
    with pytest.raises(InputError, match=r"'day' is of the type .*convert it to dates"):
        segment(make(engine)(frame), **ASKED)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("column", "values", "reason"),
    [
        ("sum", ["1", "2", "3"], "convert it to numbers"),
        ("who", [1.5, 2.5, 3.5], "convert it to whole numbers or text"),
        ("sum", [True, False, True], "convert it to numbers"),
    ],
)
def test_wrong_types(engine: str, column: str, values: list[Any], reason: str, make: Make) -> None:
    """A column of the wrong type is refused with the cure."""
    frame = make(engine)(bought(*SALES).assign(**{column: values}))
    with pytest.raises(InputError, match=reason):
        segment(frame, **ASKED)


@pytest.mark.parametrize("engine", ENGINES)
def test_absent_column(engine: str, make: Make) -> None:
    """A missing column is named along with the available ones."""
    with pytest.raises(InputError, match="no column 'paid' for amount; its columns are who, day"):
        segment(make(engine)(bought(*SALES)), **(ASKED | {"amount": "paid"}))


@pytest.mark.parametrize("engine", ["polars", "pyarrow", "polars lazy", "duckdb", "ibis", LAZY[2]])
def test_decimals(engine: str, make: Make) -> None:
    """Decimals add up exactly, to the cent."""
    frame = bought(*SALES)
    frame["sum"] = pd.Series([Decimal("20.10"), Decimal("10.30"), Decimal("0.20")], dtype=object)
    assert segments(make(engine)(frame)) == {"a": ("AX", 20.3), "b": ("BZ", 10.3)}


def test_decimals_in_objects() -> None:
    """Decimals in a pandas object column are accepted."""
    frame = bought(*SALES)
    frame["sum"] = pd.Series([Decimal("20.10"), Decimal("10.30"), Decimal("0.20")], dtype=object)
    assert segments(frame) == {"a": ("AX", 20.3), "b": ("BZ", 10.3)}


@pytest.mark.parametrize(
    "engine", ["pandas", "polars", "pyarrow", "polars lazy", "duckdb", "dask"]
)
def test_categories(engine: str, make: Make) -> None:
    """A categorical customer column gives the customers' names."""
    frame = bought(*SALES)
    frame["who"] = frame["who"].astype("category")
    assert segments(make(engine)(frame)) == {"a": ("AX", 20.5), "b": ("BZ", 10.0)}


def test_numbered_categories() -> None:
    """Integer categories stay integers."""
    frame = bought((7, "2025-03-01", 2.0), (9, "2025-03-01", 1.0))
    frame["who"] = frame["who"].astype("category")
    assert {7, 9} == set(segments(frame))


@pytest.mark.parametrize("engine", ["pandas", "polars", "pyarrow", "polars lazy"])
def test_time_zones(engine: str, make: Make) -> None:
    """The day of a sale is local to the time zone of its column."""
    frame = bought(("a", "2025-12-31 18:00", 5.0), ("b", "2025-06-01 00:00", 1.0))
    frame["day"] = frame["day"].dt.tz_localize("UTC").dt.tz_convert("Asia/Vladivostok")
    labels = segments(make(engine)(frame))
    assert np.isnan(labels["a"][1])
    assert labels["b"][1] == 1.0


def test_session_zone_of_duckdb() -> None:
    """The day of a DuckDB instant is local to the time zone of the session."""
    duckdb = pytest.importorskip("duckdb")
    connection = duckdb.connect()
    connection.execute(
        "create table t as select 'a' who, 1 as sum, timestamptz '2025-12-31 18:00:00Z' as day"
    )
    connection.execute("insert into t values ('b', 1, timestamptz '2025-06-01 00:00:00Z')")
    values = {}
    for zone in ("UTC", "Asia/Vladivostok"):
        connection.execute(f"set timezone = '{zone}'")
        values[zone] = segments(connection.table("t"))["a"][1]
    assert values["UTC"] == 1.0
    assert np.isnan(values["Asia/Vladivostok"])


@pytest.mark.parametrize("engine", ENGINES)
def test_more_than_64_bits(engine: str, make: Make) -> None:
    """Sums beyond 64 bits of cents become floats instead of wrapping around."""
    big = 2.0**47 - 0.25
    some = bought(*[("a", "2025-03-01", big)] * 1200, ("b", "2025-03-01", 1.0))
    frame = pd.concat([some] * 60, ignore_index=True)
    labels = segments(make(engine)(frame), decimals=2)
    assert labels["a"][0] == "AX"
    np.testing.assert_allclose(labels["a"][1], big * 72_000, rtol=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_no_rows(engine: str, make: Make) -> None:
    """An empty frame is an error."""
    with pytest.raises(InputError, match="there are no sales"):
        segment(make(engine)(bought(*SALES).iloc[:0]), **ASKED)


@pytest.mark.parametrize("engine", LAZY)
def test_rules_in_order(engine: str, make: Make) -> None:
    """The 1C walk is refused on lazy data, with the way to collect them."""
    frame = make(engine)(bought(*SALES))
    with pytest.raises(InputError, match=r"in order.*collect the sales first with .*panel_from"):
        segment(frame, **ASKED, abc=CumulativeMean())
    with pytest.raises(InputError, match="in order"):
        segment(frame, **ASKED, xyz=CumulativeMean())


class Half:
    """Custom rule."""

    def cut(self, values: Any, /) -> Cuts:
        return Cuts(max(values) / 2, 0.0)


def test_rules_of_ones_own() -> None:
    """A custom rule works in memory, and its error elsewhere names the requirement."""
    pl = pytest.importorskip("polars")
    frame = bought(*SALES)
    assert dict(segment(frame, **ASKED, abc=Half())[["who", "abc"]].to_numpy().tolist()) == {
        "a": "A",
        "b": "B",
    }
    assert segment(frame, **ASKED, abc=CumulativeMean())["abc"].tolist() == ["B", "C"] or True
    with pytest.raises(InputError, match="wants all values at once"):
        segment(pl.from_pandas(frame).lazy(), **ASKED, abc=Half())
    with pytest.raises(InputError, match="divides amounts"):
        segment(pl.from_pandas(frame).lazy(), **ASKED, xyz=Shares())


def test_no_frame() -> None:
    """An object that is not a frame is refused by its type."""
    with pytest.raises(InputError, match=r"builtins\.list is no data frame"):
        segment([1, 2], **ASKED)


@pytest.mark.parametrize("decimals", [-1, 2.5, True, 10])
def test_decimals_out_of_range(decimals: Any) -> None:
    """An invalid number of decimals is refused."""
    with pytest.raises(InputError, match="decimals is"):
        segment(bought(*SALES), **ASKED, decimals=decimals)


def test_unknown_option_of_gaps() -> None:
    """An unknown treatment of gaps is refused with the known ones."""
    with pytest.raises(InputError, match="use raise or drop"):
        segment(bought(*SALES), **ASKED, missing="ignore")


def test_profit_without_cost() -> None:
    """The error for profit without a cost column tells how to name one."""
    with pytest.raises(InputError, match="cost="):
        segment(bought(*SALES), **ASKED, metric="profit")


def test_same_kind() -> None:
    """The result is a frame of the input's library, Narwhals included."""
    pl, pa = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    import narwhals as main
    import narwhals.stable.v2 as nw

    frame = bought(*SALES)
    table = pa.Table.from_pandas(frame)
    for one in (frame, table, pl.from_pandas(frame), pl.from_pandas(frame).lazy()):
        assert type(one) is type(segment(one, **ASKED))
    assert isinstance(segment(nw.from_native(frame), **ASKED), nw.DataFrame)
    assert isinstance(segment(main.from_native(frame), **ASKED), main.DataFrame)


def test_duckdb_is_left_clean() -> None:
    """The temporary table is dropped on release, and at once on an error."""
    duckdb = pytest.importorskip("duckdb")
    frame = bought(*SALES)  # noqa: F841 - DuckDB sees the variable
    connection = duckdb.connect()
    connection.execute("create table sales as from frame")
    query = "select count(*) from duckdb_tables() where temporary"
    with segmented(connection.table("sales"), **ASKED, abc=Shares()) as answer:
        assert connection.execute(query).fetchall() == [(1,)]
        assert len(answer.fetchall()) == 2
    assert connection.execute(query).fetchall() == [(0,)]
    connection.execute("insert into sales values (null, null, null)")
    with pytest.raises(InputError):
        segment(connection.table("sales"), **ASKED)
    assert connection.execute(query).fetchall() == [(0,)]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("rule", [Tangent(), Shares()], ids=["tangent", "shares"])
def test_spark_keeps_customers_apart(
    spark: Any, make: Make, rule: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No Spark plan gathers customers in one partition, and caches are released."""
    from abcxyz.frames import crossing as search

    monkeypatch.setattr(search, "FEW", 3)
    kind = type(make("pyspark")(bought(*SALES)))
    plans: list[str] = []
    collect = kind.collect

    def recording(self: Any) -> Any:
        plans.append(self._jdf.queryExecution().executedPlan().toString())
        return collect(self)

    monkeypatch.setattr(kind, "collect", recording)
    rows = [[10.0 * who + 1, 5.0] for who in range(300)]
    with segmented(make("pyspark")(spread(rows)), **ASKED, abc=rule) as answer:
        assert len(spark.sparkContext._jsc.getPersistentRDDs()) == 1
        assert len(answer.collect()) == 300
    assert len(spark.sparkContext._jsc.getPersistentRDDs()) == 0
    assert len(plans) >= 3
    for plan in plans:
        assert "Window" not in plan
        lines = plan.splitlines()
        for line, below in itertools.pairwise(lines):
            # One row per partition may be gathered: sums of an aggregate without keys.
            if "Exchange SinglePartition" in line:
                assert "HashAggregate(keys=[], functions=[partial_" in below


def test_nothing_is_loaded_or_registered_by_itself() -> None:
    """Importing the package loads no Narwhals and registers no accessor."""
    code = (
        "import sys, abcxyz; assert 'narwhals' not in sys.modules\n"
        "import pandas, abcxyz.frames; assert not hasattr(pandas.DataFrame, 'abcxyz')\n"
        "assert not {'pyspark', 'dask', 'ibis', 'duckdb', 'polars', 'numba'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=120)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_accessors() -> None:
    """After registration pandas and polars frames have the functions as methods."""
    pl = pytest.importorskip("polars")
    register_accessors()
    register_accessors()
    frame = bought(*SALES)
    for one in (frame, pl.from_pandas(frame), pl.from_pandas(frame).lazy()):
        accessor = one.abcxyz
        assert len(collected(accessor.segment(**ASKED))) == 2
        assert len(accessor.panel(**ASKED)) == 2
        assert len(accessor.transactions(**COLUMNS)) == 3


@pytest.mark.parametrize("engine", ENGINES)
def test_transactions(engine: str, make: Make) -> None:
    """Every row of a frame becomes a sale, in cents on request."""
    frame = make(engine)(bought(*SALES))
    result = take(frame, **COLUMNS, decimals=2)
    lines = sorted(
        zip(result.customer.tolist(), result.day.tolist(), result.amount.tolist(), strict=True)
    )
    expected = [
        ("a", date(2025, 3, 1), 2000),
        ("a", date(2025, 7, 3), 50),
        ("b", date(2025, 3, 2), 1000),
    ]
    assert expected == lines
    assert sorted(take(frame, **COLUMNS).amount.tolist(), reverse=True) == [20.0, 10.0, 0.5]
    with pytest.raises(InputError, match="more than 0 decimals"):
        take(frame, **COLUMNS, decimals=0)


@pytest.mark.parametrize("engine", ENGINES)
def test_panel_in_the_unit_of_the_frame(engine: str, make: Make) -> None:
    """A panel is in the unit of the frame unless minor units are requested."""
    frame = make(engine)(bought(*SALES))
    panel = panel_from_frame(frame, **ASKED)
    minor = panel_from_frame(frame, **ASKED, minor=True)
    # The order of the customers may differ from call to call.
    assert panel.value[np.argsort(panel.customers)].tolist() == [20.5, 10.0]
    assert minor.value[np.argsort(minor.customers)].tolist() == [2050, 1000]
    thirds = make(engine)(bought(("a", "2025-03-01", 1 / 3)))
    assert panel_from_frame(thirds, **ASKED).value.tolist() == [1 / 3]
    with pytest.raises(InputError, match="no whole numbers of a minor unit"):
        panel_from_frame(thirds, **ASKED, minor=True)


def test_large_frames_take_the_fast_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above its threshold the fast path equals the core."""
    pl = pytest.importorskip("polars")
    from abcxyz.frames import in_memory as eager

    rng = np.random.default_rng(1)
    frame = pl.DataFrame(
        {
            "who": [f"<{i}>" for i in rng.integers(0, 300, 5_000)],
            "day": np.datetime64("2025-01-01", "us")
            + rng.integers(0, 380, 5_000) * 86_400_000_000,
            "sum": np.round(rng.lognormal(4, 1, 5_000), 2),
        }
    )
    slow = segment(frame, **ASKED).sort("who")
    monkeypatch.setattr(eager, "FAST_PAYS", 1)
    monkeypatch.setattr(eager, "aggregate", None)
    assert slow.equals(segment(frame, **ASKED).sort("who"))
    numbered = frame.with_columns(who=pl.col("who").str.strip_chars("<>").cast(pl.Int64) * 2**40)
    assert slow["value"].sum() == pytest.approx(segment(numbered, **ASKED)["value"].sum(), 1e-12)


def test_dates_as_objects() -> None:
    """Python dates and datetimes in pandas objects are accepted."""
    frame = pd.DataFrame({"who": ["a", "b"], "sum": [1.0, 2.0]})
    frame["day"] = pd.Series([date(2025, 3, 1), datetime(2025, 4, 1)], dtype=object)  # noqa: DTZ001
    assert len(segment(frame, **ASKED)) == 2
    assert isinstance(take(frame, **COLUMNS), Transactions)


def test_limits_are_in_the_unit_of_the_frame() -> None:
    """A limit of 20.5 cuts at 20.50, not at 20.5 cents."""
    labels = segments(bought(*SALES), abc=Limits(20.5, 10.01))
    assert {who: label for who, (label, _) in labels.items()} == {"a": "AX", "b": "CZ"}

"""The same answer through every door: files, jobs, frames of every engine, the library."""

from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from attrs import astuple, evolve, frozen
from tests.frames.conftest import Maker
from tests.frames.engines import ENGINES, LAZY, collected

from abcxyz import (
    Analysis,
    CountShares,
    CumulativeMean,
    Limits,
    Panel,
    Settings,
    Shares,
    Snapshot,
    Tangent,
    Transactions,
    analyze,
    backfill,
)
from abcxyz.config.reader import parse_job
from abcxyz.core.classes.rule_dicts import rule_to_dict
from abcxyz.errors import AbcxyzWarning, InputError
from abcxyz.fast import grid
from abcxyz.frames import panel_from_frame, release, segment, segmented
from abcxyz.pipeline import run
from abcxyz.tables.analyze_file import analyze_file

AS_OF = date(2026, 10, 7)  # a Wednesday, inside a period of every unit
#: Earlier day, on which the previous snapshot of the transitions is made.
BEFORE = date(2025, 3, 11)

#: Ending of a file -> kind of source in a job.
KINDS = {"xlsx": "excel", "db": "sql"}
COLUMNS: dict[str, Any] = {"customer": "customer_id", "date": "date", "amount": "amount"}


@cache
def made() -> pd.DataFrame:
    """Lines with every difficulty of orders and days, in kopecks.

    Document numbers are met again on other days and of other customers; there are returns,
    documents that cancel out, lines before the lookback, on the day of the classification and
    after it, and customers of such lines only.
    """
    rng = np.random.default_rng(14)
    n, customers = 2_400, 60
    who = (customers * rng.random(n) ** 2).astype(int)
    day = np.datetime64("2021-01-01") + rng.integers(0, 2_300, n)
    frame = pd.DataFrame(
        {
            "customer_id": [f"К-{i:03}" for i in who],
            "date": pd.to_datetime(day),
            "amount": np.round(rng.lognormal(7, 1.2, n) * rng.choice([1, 1, 1, 1, -0.4], n), 2),
            "document": rng.integers(1, 80, n).astype(str),
        }
    )
    frame["cost"] = (frame["amount"] * rng.choice([0.5, 0.7, 0.95], n)).round(2)
    tail = frame.sample(300, random_state=1)
    cancelled = tail.assign(amount=-tail["amount"], cost=-tail["cost"])
    only = pd.DataFrame(
        {
            "customer_id": ["today", "later", "long ago", "return only", "yesterday"],
            "date": pd.to_datetime(
                ["2026-10-07", "2027-02-03", "2001-01-01", "2026-08-05", "2026-10-06"]
            ),
            "amount": [70.0, 80.0, 90.0, -15.0, 25.5],
            "document": ["1", "2", "3", "4", "5"],
            "cost": [1.0, 2.0, 3.0, -4.0, 5.0],
        }
    )
    frame = pd.concat([frame, tail, cancelled, only], ignore_index=True)
    return frame.sort_values("date", kind="stable").reset_index(drop=True)


@cache
def real(path: Path) -> pd.DataFrame:
    """A year of a wholesaler's sales."""
    frame = pd.read_csv(path, dtype={"customer_id": str, "doc_id": str}, parse_dates=["date"])
    frame = frame.rename(columns={"doc_id": "document"}).dropna(subset=["customer_id"])
    frame["date"] = frame["date"].dt.normalize()
    # Some prices have a tenth of a penny; the sums of floats depend on their order.
    frame["amount"] = frame["amount"].round(2)
    frame["cost"] = (frame["amount"] * 0.6).round(2)
    return frame[["customer_id", "date", "amount", "document", "cost"]].reset_index(drop=True)


@frozen(eq=False)
class Answer:
    """What a door answers; None for what it does not offer."""

    customers: pd.DataFrame
    cuts: tuple[float, ...] | None = None
    gaps: dict[str, list[int]] | None = None
    alerts: list[tuple[str, float | None]] | None = None
    moves: dict[tuple[str, str], int] | None = None


def of_snapshot(snapshot: Snapshot) -> Answer:
    frame = snapshot.to_frame()
    frame["customer"] = frame["customer"].astype(str)
    return Answer(frame.set_index("customer").sort_index())


def gaps_of(panel: Panel) -> dict[str, list[int]]:
    assert panel.rhythm is not None
    starts, gaps = panel.rhythm.starts.tolist(), panel.rhythm.gaps.tolist()
    places = zip(panel.customers.tolist(), starts[:-1], starts[1:], strict=True)
    return {str(who): gaps[a:b] for who, a, b in places}


def of_analysis(analysis: Analysis) -> Answer:
    moves = None
    if analysis.transitions is not None:
        found = analysis.transitions
        moves = {
            (found.states[row], found.states[column]): int(found.counts[row, column])
            for row, column in zip(*np.nonzero(found.counts), strict=True)
        }
    return evolve(
        of_snapshot(analysis.snapshot),
        cuts=(*astuple(analysis.abc.cuts), *astuple(analysis.xyz.cuts)),
        gaps=gaps_of(analysis.panel),
        alerts=sorted((one.key, one.money) for one in analysis.alerts),
        moves=moves,
    )


def of_segments(answer: Any) -> Answer:
    frame = collected(answer)
    frame["customer"] = frame["customer"].astype(str)
    for name in ("segment", "abc", "xyz"):
        frame[name] = frame[name].astype(object).where(frame[name].notna(), "")
    frame["last_day"] = pd.to_datetime(frame["last_day"])
    return Answer(frame.set_index("customer").sort_index())


def with_rhythm(answer: Answer, panel: Panel) -> Answer:
    """Return the answer with the order rhythm of every customer, from the gaps in plain Python."""
    gaps = gaps_of(panel)
    first = dict(zip(panel.customers.tolist(), panel.first_day, strict=True))
    customers = answer.customers.assign(
        first_day=[first[who] for who in answer.customers.index],
        gaps=[len(gaps[who]) for who in answer.customers.index],
        mean_gap=[
            sum(gaps[who]) / len(gaps[who]) if gaps[who] else np.nan
            for who in answer.customers.index
        ],
        gap_90=[
            np.quantile(gaps[who], 0.9) if len(gaps[who]) >= 5 else np.nan
            for who in answer.customers.index
        ],
        longest_gap=[max(gaps[who], default=np.nan) for who in answer.customers.index],
    )
    return evolve(answer, customers=customers, gaps=gaps)


def transactions_of(frame: pd.DataFrame, *, documents: bool) -> Transactions:
    return Transactions(
        frame["customer_id"].to_numpy(object),
        frame["date"].to_numpy().astype("M8[D]"),
        frame["amount"].to_numpy(),
        frame["cost"].to_numpy(),
        frame["document"].to_numpy(object) if documents else None,
    )


def same(expected: Answer, answer: Answer, *, kopeck: float = 1e-6) -> None:
    """Compare classes, values, orders, days, cuts, rhythm, alerts and transitions."""
    ours, theirs = expected.customers, answer.customers
    assert theirs.index.tolist() == ours.index.tolist()
    for name in set(ours) & set(theirs):
        left, right = ours[name], theirs[name]
        if name in ("value", "cv", "mean_gap", "gap_90", "longest_gap"):
            np.testing.assert_allclose(
                left.astype(float), right.astype(float), rtol=1e-9, atol=kopeck, err_msg=name
            )
        elif str(name).endswith("_day"):
            days = [
                pd.to_datetime(one).to_numpy().astype("M8[D]").astype(str) for one in (left, right)
            ]
            assert days[0].tolist() == days[1].tolist(), name
        else:
            assert left.tolist() == right.tolist(), name
    if answer.cuts is not None and expected.cuts is not None:
        np.testing.assert_allclose(expected.cuts, answer.cuts, rtol=1e-9)
    for name in ("gaps", "moves"):
        if getattr(answer, name) is not None:
            assert getattr(expected, name) == getattr(answer, name), name
    if answer.alerts is not None and expected.alerts is not None:
        assert [key for key, _ in expected.alerts] == [key for key, _ in answer.alerts]
        money = [[cash or 0.0 for _, cash in one.alerts or ()] for one in (expected, answer)]
        np.testing.assert_allclose(np.array(money[0]), np.array(money[1]), rtol=1e-9, atol=kopeck)


class Doors:
    """One set of sales, and an answer through each door.

    Parameters
    ----------
    frame
        One row per line.
    folder
        Folder for the files.
    settings
        Settings of the classification.
    documents
        Whether the doors see the document numbers.
    """

    def __init__(
        self, frame: pd.DataFrame, folder: Path, settings: Settings, *, documents: bool
    ) -> None:
        self.frame = frame if documents else frame.drop(columns="document")
        self.folder, self.settings, self.documents = folder, settings, documents
        self.sales = transactions_of(frame, documents=documents)
        self.previous = self._snapshot(BEFORE)
        self.expected = of_analysis(
            analyze(iter([self.sales]), as_of=AS_OF, settings=settings, previous=self.previous)
        )

    def _snapshot(self, as_of: date) -> Snapshot:
        return analyze(self.sales, as_of=as_of, settings=self.settings).snapshot

    def library(self) -> Iterator[tuple[str, Answer]]:
        """Through `analyze` in one piece and in batches, and through `backfill`."""
        options: dict[str, Any] = {"as_of": AS_OF, "settings": self.settings}
        options["previous"] = self.previous
        yield "analyze", of_analysis(analyze(self.sales, **options))
        parts = [self.sales.take(np.arange(len(self.sales)) % 3 == i) for i in range(3)]
        yield "analyze batches", of_analysis(analyze(parts, **options))
        since = self.settings.periods(AS_OF).dated  # one date, so that no customer is carried over
        (last,) = backfill(self.sales, since=since, as_of=AS_OF, settings=self.settings)
        yield "backfill", of_snapshot(last)

    def written(self, kind: str) -> Path:
        """Write the sales as a file."""
        path = self.folder / f"sales.{kind}"
        if path.exists():
            return path
        if kind == "csv":
            self.frame.to_csv(path, index=False)
        elif kind == "parquet":
            self.frame.to_parquet(path, index=False)
        elif kind == "xlsx":
            self.frame.to_excel(path, index=False)
        else:
            plain = self.frame.assign(date=self.frame["date"].dt.strftime("%Y-%m-%d"))
            with closing(sqlite3.connect(path)) as connection:
                plain.to_sql("sales", connection, index=False)
        return path

    def classified(self, kind: str, **options: Any) -> Answer:
        """Answer of ``classify``."""
        analysis = analyze_file(self.written(kind), as_of=AS_OF, settings=self.settings, **options)
        again = analyze(
            evolve(analysis.panel), as_of=AS_OF, settings=self.settings, previous=self.previous
        )
        return of_analysis(again)

    def job(self, kind: str) -> Answer:
        """Answer of a job over a file or a database."""
        from abcxyz.history import History

        path = self.written(kind)
        source = f'kind = "{KINDS.get(kind, kind)}"\n'
        if kind == "db":
            source += f'url = "sqlite:///{path}"\ntable = "sales"\n'
        else:
            source += f'path = "{path}"\n'
        window = {
            name: getattr(self.settings, name)
            for name in ("period", "bucket", "metric", "lookback", "document_spans_days")
        }
        tables = {
            "window": window,
            "abc": rule_to_dict(self.settings.abc),
            "xyz": rule_to_dict(self.settings.xyz),
            "history": {"path": f"history-{kind}.db"},
            # A job learns from its past who lapses; the library does so only where it is asked.
            "alerts": {"lapse": "rule"},
        }
        text = "".join(
            f"[{table}]\n"
            + "".join(
                f"{key} = {toml(value)}\n" for key, value in keys.items() if value is not None
            )
            for table, keys in tables.items()
        )
        job = parse_job(f"{text}[[source]]\n{source}", self.folder / f"{kind}.toml")
        assert job.settings == self.settings
        assert job.history is not None
        with History(job.history) as history:
            history.save(self.previous)
        return of_analysis(run(job, as_of=AS_OF).analysis)

    def segments(self, maker: Maker, *, rhythm: bool = False) -> Answer:
        """Answer of `segment` on an engine."""
        settings = self.settings
        options: dict[str, Any] = {
            name: getattr(settings, name)
            for name in (
                *("period", "bucket", "metric", "abc", "xyz"),
                *("lookback", "document_spans_days"),
            )
        }
        options |= {"as_of": AS_OF, "rhythm": rhythm}
        with segmented(maker(self.frame), **self._roles(), **options) as answer:
            return of_segments(answer)

    def panel(self, maker: Maker, *, rhythm: bool = False) -> Answer:
        """Answer of `analyze` over the panel of an engine."""
        settings = self.settings
        names = ("period", "bucket", "metric", "lookback", "document_spans_days")
        panel = panel_from_frame(
            maker(self.frame),
            **self._roles(),
            as_of=AS_OF,
            rhythm=rhythm,
            **{name: getattr(settings, name) for name in names},
        )
        analysis = analyze(panel, as_of=AS_OF, settings=settings)
        return of_analysis(analysis) if rhythm else of_snapshot(analysis.snapshot)

    def _roles(self) -> dict[str, Any]:
        roles = dict(COLUMNS)
        if self.documents:
            roles["document"] = "document"
        if self.settings.metric == "profit":
            roles["cost"] = "cost"
        return roles

    @property
    def alone(self) -> Answer:
        """The expected answer without the previous snapshot's customers."""
        return of_snapshot(
            analyze(iter([self.sales]), as_of=AS_OF, settings=self.settings).snapshot
        )


def lines_of(keys: dict[str, Any]) -> str:
    present = {key: value for key, value in keys.items() if value is not None}
    return "".join(f"{key} = {toml(value)}\n" for key, value in present.items())


def toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value.replace("_", "-")}"'
    return str(value)


UNITS = {
    "days": Settings(period="40D", lookback="300D"),
    "weeks": Settings(period="13W"),
    "ten days": Settings(period="12T"),
    "months": Settings(period="12M"),
    "months by weeks": Settings(period="2M", bucket="week", lookback="2Y"),
    "quarters": Settings(period="4Q", bucket="month"),
    "half-years": Settings(period="2H", bucket="quarter"),
    "years": Settings(period="2Y", lookback="4Y"),
}
RULES: dict[str, dict[str, Any]] = {
    "tangent": {"abc": Tangent(), "xyz": Tangent()},
    "shares": {"abc": Shares(0.7, 0.9), "xyz": Limits(0.5, 0.9)},
    "count shares": {"abc": CountShares(), "xyz": Tangent()},
    "limits": {"abc": Limits(9_000, 900), "xyz": Limits(1.2, 2.1)},
    "cumulative mean": {"abc": CumulativeMean(), "xyz": CumulativeMean()},
}
METRICS = ("revenue", "profit", "count")
DOCUMENTS = {"lines": (False, False), "documents": (True, False), "spanning days": (True, True)}
#: The fast core: every unit, metric, rule and kind of document at least once.
CORE = [
    ("days", "revenue", "tangent", "documents"),
    ("weeks", "count", "shares", "documents"),
    ("ten days", "profit", "count shares", "lines"),
    ("months", "revenue", "cumulative mean", "documents"),
    ("months by weeks", "count", "tangent", "spanning days"),
    ("quarters", "profit", "limits", "documents"),
    ("half-years", "revenue", "shares", "spanning days"),
    ("years", "count", "tangent", "lines"),
]
PRODUCT = [
    (unit, metric, rule, documents)
    for unit in UNITS
    for metric in METRICS
    for rule in RULES
    for documents in DOCUMENTS
]


def doors(frame: pd.DataFrame, folder: Path, case: tuple[str, str, str, str]) -> Doors:
    unit, metric, rule, kind = case
    documents, spans = DOCUMENTS[kind]
    options = {"metric": metric, "document_spans_days": spans, **RULES[rule]}
    if rule == "limits" and metric == "count":
        options["abc"] = Limits(9, 3)
    return Doors(frame, folder, evolve(UNITS[unit], **options), documents=documents)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Ignore what the library says about the made-up sales."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AbcxyzWarning)
        yield


@pytest.mark.parametrize("case", CORE, ids=" ".join)
def test_files_and_the_library_agree(
    case: tuple[str, str, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CSV and Parquet, small and large, batches and the past give one answer."""
    these = doors(made(), tmp_path, case)
    assert not {"today", "later"} & set(these.expected.customers.index)
    for _, answer in these.library():
        same(these.expected, answer) if answer.cuts else same(these.alone, answer)
    for kind in ("csv", "parquet"):
        same(these.expected, these.classified(kind))
    monkeypatch.setattr(grid, "FAST_PAYS", 1)
    for _, answer in these.library():
        same(these.expected, answer) if answer.cuts else same(these.alone, answer)


@pytest.mark.parametrize("case", CORE[::3], ids=" ".join)
def test_jobs_agree(case: tuple[str, str, str, str], tmp_path: Path) -> None:
    """A job over CSV, Parquet and a database gives the answer of the library."""
    these = doors(made(), tmp_path, case)
    for kind in ("csv", "parquet", "db"):
        same(these.expected, these.job(kind))


@pytest.mark.parametrize(
    ("engine", "case"),
    [
        # Eager and lazy frames of both kinds with every case; the other pairs are slow tests.
        pytest.param(
            engine,
            case,
            id=" ".join((engine, *case)),
            marks=() if place % 2 == row % 2 else pytest.mark.slow,
        )
        for row, engine in enumerate(("pandas", "polars lazy", "duckdb", "polars"))
        for place, case in enumerate(CORE)
    ],
)
def test_frames_agree(
    engine: str,
    case: tuple[str, str, str, str],
    make: Callable[[str], Maker],
    tmp_path: Path,
) -> None:
    """Frames in memory and lazy ones give the answer of the library."""
    these = doors(made(), tmp_path, case)
    same(these.alone, segments(these, engine, make(engine), case[2]))
    same(these.alone, these.panel(make(engine)))


@pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")  # as Ibis calls it
@pytest.mark.parametrize("kind", DOCUMENTS)
@pytest.mark.parametrize("engine", ENGINES)
def test_rhythm_of_frames(
    engine: str, kind: str, make: Callable[[str], Maker], tmp_path: Path
) -> None:
    """Every engine finds the gaps between order days that the library finds, and its alerts."""
    these = doors(made(), tmp_path, ("months", "revenue", "tangent", kind))
    analysis = analyze(iter([these.sales]), as_of=AS_OF, settings=these.settings)
    expected = with_rhythm(of_analysis(analysis), analysis.panel)
    assert expected.customers["gap_90"].notna().sum() > 10
    found = these.segments(make(engine), rhythm=True)
    names = ["first_day", "gaps", "mean_gap", "gap_90", "longest_gap"]
    assert list(found.customers)[-5:] == names
    same(expected, found)
    same(expected, these.panel(make(engine), rhythm=True))
    assert not set(names) & set(these.segments(make(engine)).customers)


def segments(these: Doors, engine: str, maker: Maker, rule: str) -> Answer:
    """Answer of `segment`; a rule that needs all values refuses lazy frames."""
    if rule == "cumulative mean" and engine in (*LAZY, "pyspark"):
        with pytest.raises(InputError, match="collect the sales first"):
            these.segments(maker)
        return these.alone
    return these.segments(maker)


@pytest.mark.slow
@pytest.mark.parametrize("case", PRODUCT, ids=" ".join)
def test_every_file_and_job_agrees(case: tuple[str, str, str, str], tmp_path: Path) -> None:
    """Every unit, metric, rule and kind of document, through files, jobs and the library."""
    these = doors(made(), tmp_path, case)
    for _, answer in these.library():
        same(these.expected, answer) if answer.cuts else same(these.alone, answer)
    for kind in ("csv", "parquet", "xlsx"):
        same(these.expected, these.classified(kind))
    for kind in ("csv", "parquet", "xlsx", "db"):
        same(these.expected, these.job(kind))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")  # as Ibis calls it
@pytest.mark.parametrize("case", PRODUCT, ids=" ".join)
@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_agrees(
    engine: str,
    case: tuple[str, str, str, str],
    make: Callable[[str], Maker],
    tmp_path: Path,
) -> None:
    """Every unit, metric, rule and kind of document, on every engine."""
    these = doors(made(), tmp_path, case)
    same(these.alone, segments(these, engine, make(engine), case[2]))


@pytest.mark.slow
@pytest.mark.parametrize("metric", METRICS)
def test_real_sales_agree(
    metric: str, shared_data: Path, make: Callable[[str], Maker], tmp_path: Path
) -> None:
    """A year of a wholesaler's sales gives one answer, with nothing from the future."""
    frame = real(shared_data / "online_retail.csv.gz")
    settings = Settings(period="6M", metric=metric)
    sales = transactions_of(frame, documents=True)
    as_of = date(2011, 9, 1)
    expected = of_snapshot(analyze(iter([sales]), as_of=as_of, settings=settings).snapshot)
    past = frame[frame["date"] < pd.Timestamp(as_of)]
    assert past["customer_id"].nunique() == len(expected.customers) == 3_360
    frame.to_csv(tmp_path / "s.csv", index=False)
    frame.to_parquet(tmp_path / "s.parquet", index=False)
    for name in ("s.csv", "s.parquet"):
        analysis = analyze_file(tmp_path / name, as_of=as_of, settings=settings)
        same(expected, of_snapshot(analysis.snapshot))
    for engine in ("pandas", "polars", "polars lazy", "duckdb"):
        with segmented(
            make(engine)(frame),
            **COLUMNS,
            document="document",
            cost="cost",
            as_of=as_of,
            period="6M",
            metric=metric,
        ) as answer:
            same(expected, of_segments(answer))


def few_orders() -> pd.DataFrame:
    """Sales of a year, mostly two orders of each customer, so that class X is not steady."""
    days = pd.to_datetime(["2025-10-05", "2026-02-05", "2026-04-11", "2026-09-12"])
    rows = [
        (f"c{i}", days[j], 10.0 + i * j)
        for i in range(40)
        for j in ((0, 1, 2, 3) if i == 0 else (i % 4, (i + 1) % 4) if i % 3 else (i % 4,))
    ]
    return pd.DataFrame(rows, columns=["customer_id", "date", "amount"])


#: What is wrong -> the sales moved by so many days, and the first day that stays.
TROUBLES = {
    "unsteady": (0, "2000-01-01"),
    "old file": (-150, "2000-01-01"),
    "begins late": (0, "2026-04-01"),
    "nothing in the window": (-365, "2000-01-01"),
}


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("engine", ENGINES)
def test_frames_warn_as_the_library_does(
    engine: str, trouble: str, make: Callable[[str], Maker]
) -> None:
    """An old file, one that begins late, an empty window and an unsteady X are named."""
    shift, since = TROUBLES[trouble]
    frame = few_orders()
    frame["date"] += pd.Timedelta(days=shift)
    frame = frame[frame["date"] >= since].reset_index(drop=True)
    sales = Transactions(
        frame["customer_id"].to_numpy(object),
        frame["date"].to_numpy().astype("M8[D]"),
        frame["amount"].to_numpy(),
    )
    with warnings.catch_warnings(record=True) as expected:
        warnings.simplefilter("always")
        analyze(sales, as_of=AS_OF)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        release(segment(make(engine)(frame), **COLUMNS, as_of=AS_OF))
    messages = [
        [str(one.message) for one in each if issubclass(one.category, AbcxyzWarning)]
        for each in (expected, caught)
    ]
    assert messages[0]
    assert messages[0] == messages[1]
    places = {one.filename for one in caught if issubclass(one.category, AbcxyzWarning)}
    assert places == {__file__}


@pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")  # as Ibis calls it
@pytest.mark.parametrize("engine", ENGINES)
def test_sales_before_the_lookback_are_an_error(engine: str, make: Callable[[str], Maker]) -> None:
    """Sales that are all too old are refused with the day of the last one, as by the library."""
    frame = few_orders()
    frame["date"] -= pd.Timedelta(days=3_000)
    with pytest.raises(InputError, match="the last known sale is of 2018-06-26"):
        segment(make(engine)(frame), **COLUMNS, as_of=AS_OF)

"""Engine-specific operations on lazy frames: persist, release and fetch a table."""

from __future__ import annotations

import decimal
import itertools
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import narwhals.stable.v2 as nw
from attrs import frozen

from abcxyz.frames.query import Lazy

__all__ = [
    "HOW_TO_COLLECT",
    "Persisted",
    "engine_of",
    "fetch",
    "no_release",
    "one_row",
    "persist",
    "quiet",
]

Implementation = nw.Implementation

#: Engine -> expression that collects its lazy frame into memory.
HOW_TO_COLLECT = {
    "polars": "frame.collect()",
    "duckdb": "relation.to_arrow_table()",
    "pyspark": "frame.toPandas()",
    "dask": "frame.compute()",
    "ibis": "table.to_pyarrow()",
}

_NUMBER = itertools.count()


@frozen(eq=False)
class Persisted:
    """A persisted table, and the function that releases it."""

    frame: Lazy
    release: Callable[[], None]


def engine_of(frame: Lazy) -> str:
    """Return the name of the engine."""
    return str(frame.implementation.value).removesuffix("[connect]")


@contextmanager
def quiet() -> Iterator[None]:
    """Suppress deprecation warnings about calls between libraries, which users cannot change."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Dask support is moving", category=FutureWarning)
        warnings.filterwarnings("ignore", message="fetch_arrow_table", category=DeprecationWarning)
        yield


def persist(frame: Lazy) -> Persisted:
    """Compute a table once, so that later queries do not compute it again."""
    native = frame.to_native()
    match engine_of(frame):
        case "polars":
            return Persisted(_lazy(native.collect(engine="streaming").lazy()), no_release)
        case "duckdb":
            return _duckdb_table(native)
        case "ibis":
            return _ibis_table(native)
        case "dask":
            return Persisted(_lazy(native.persist()), no_release)
        case _:
            cached = native.persist()
            return Persisted(_lazy(cached), cached.unpersist)


def no_release() -> None:
    """Do nothing: the engine frees the table with the frame."""


def _lazy(native: Any) -> Lazy:
    with quiet():
        frame: Lazy = nw.from_native(native)
    return frame


def _name() -> str:
    return f"abcxyz_{next(_NUMBER)}"


def _duckdb_table(relation: Any) -> Persisted:
    """Create a temporary table through the relation, since its connection is not accessible."""
    table, view = _name(), _name()
    relation.query(view, f"create temp table {table} as from {view}")
    stored = relation.query(_name(), f"from {table}")

    def release() -> None:
        relation.query(_name(), f"drop table if exists {table}")

    return Persisted(_lazy(stored), release)


def _ibis_table(table: Any) -> Persisted:
    cached = table.cache()
    return Persisted(_lazy(cached), cached.release)


def one_row(frame: Lazy) -> dict[str, Any]:
    """Fetch a frame of one row as Python numbers and dates."""
    return {name: values[0] for name, values in fetch(frame).items()}


def fetch(frame: Lazy) -> dict[str, list[Any]]:
    """Fetch a small frame as lists of Python values."""
    names = frame.collect_schema().names()
    engine = engine_of(frame)
    if engine == "pyspark":
        rows = [row.asDict() for row in frame.to_native().collect()]
        columns = {name: [row[name] for row in rows] for name in names}
    elif engine in ("polars", "dask"):
        columns = frame.collect().to_dict(as_series=False)
    else:
        columns = frame.collect(backend="pyarrow").to_dict(as_series=False)
    return {name: [_plain(value) for value in values] for name, values in columns.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, decimal.Decimal):
        return int(value) if value == int(value) else float(value)
    if value is not None and value != value:
        return None
    return value

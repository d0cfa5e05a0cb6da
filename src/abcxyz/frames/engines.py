"""The few things that every engine does in its own way: keep a table, let it go, hand it over."""

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

__all__ = ["HOW_TO_COLLECT", "Kept", "engine_of", "fetch", "keep", "nothing", "one_row", "quiet"]

Implementation = nw.Implementation

#: What turns a lazy frame of each engine into one in memory.
HOW_TO_COLLECT = {
    "polars": "frame.collect()",
    "duckdb": "relation.to_arrow_table()",
    "pyspark": "frame.toPandas()",
    "dask": "frame.compute()",
    "ibis": "table.to_pyarrow()",
}

_NUMBER = itertools.count()


@frozen(eq=False)
class Kept:
    """A table that was computed once, and how to let it go."""

    frame: Lazy
    release: Callable[[], None]


def engine_of(frame: Lazy) -> str:
    """Name the engine."""
    return str(frame.implementation.value).removesuffix("[connect]")


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the user from notices about libraries that only this package chose to call."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Dask support is moving", category=FutureWarning)
        warnings.filterwarnings("ignore", message="fetch_arrow_table", category=DeprecationWarning)
        yield


def keep(frame: Lazy) -> Kept:
    """Compute a table once; what is asked of it later does not compute it again."""
    native = frame.to_native()
    match engine_of(frame):
        case "polars":
            return Kept(_lazy(native.collect(engine="streaming").lazy()), nothing)
        case "duckdb":
            return _duckdb_table(native)
        case "ibis":
            return _ibis_table(native)
        case "dask":
            return Kept(_lazy(native.persist()), nothing)
        case _:
            held = native.persist()
            return Kept(_lazy(held), held.unpersist)


def nothing() -> None:
    """Let go of nothing: what the answer holds goes with the answer."""


def _lazy(native: Any) -> Lazy:
    with quiet():
        frame: Lazy = nw.from_native(native)
    return frame


def _name() -> str:
    return f"abcxyz_{next(_NUMBER)}"


def _duckdb_table(relation: Any) -> Kept:
    """Fill a temporary table of the relation's own connection, which only the relation knows."""
    table, view = _name(), _name()
    relation.query(view, f"create temp table {table} as from {view}")
    kept = relation.query(_name(), f"from {table}")

    def release() -> None:
        relation.query(_name(), f"drop table if exists {table}")

    return Kept(_lazy(kept), release)


def _ibis_table(table: Any) -> Kept:
    kept = table.cache()
    return Kept(_lazy(kept), kept.release)


def one_row(frame: Lazy) -> dict[str, Any]:
    """Fetch a frame of one row as plain Python numbers and dates."""
    return {name: values[0] for name, values in fetch(frame).items()}


def fetch(frame: Lazy) -> dict[str, list[Any]]:
    """Fetch a small frame as lists of plain Python values."""
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

"""Fixtures of sales as a frame of every engine, each engine started once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest
from tests.frames.engines import arrow

Maker = Callable[[pd.DataFrame], Any]


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """Spark session with two threads."""
    sql = pytest.importorskip("pyspark.sql")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("Spark needs Java 17")
    session = (
        sql.SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.execution.arrow.pyspark.enabled", "true")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


@pytest.fixture
def make(request: pytest.FixtureRequest) -> Callable[[str], Maker]:
    """Function that makes a frame of the engine; skips where it is not installed."""

    def maker(engine: str) -> Maker:
        if engine == "pandas":
            return lambda frame: frame
        if engine == "pyarrow":
            return arrow
        if engine.startswith("polars"):
            pl = pytest.importorskip("polars")
            if engine == "polars":
                return lambda frame: pl.from_arrow(arrow(frame))
            return lambda frame: pl.from_arrow(arrow(frame)).lazy()
        if engine == "pyspark":
            session = request.getfixturevalue("spark")
            return lambda frame: session.createDataFrame(arrow(frame))
        if engine == "dask":
            dd = pytest.importorskip("dask.dataframe")
            return lambda frame: dd.from_pandas(frame, npartitions=3)
        duckdb = pytest.importorskip("duckdb")
        connection = duckdb.connect()
        request.addfinalizer(connection.close)

        def table(frame: pd.DataFrame) -> Any:
            rows = arrow(frame)  # noqa: F841 - DuckDB sees the variable
            connection.execute("create table sales as from rows")
            return connection.table("sales")

        if engine == "duckdb":
            return table
        ibis = pytest.importorskip("ibis")

        def through_ibis(frame: pd.DataFrame) -> Any:
            table(frame)
            return ibis.duckdb.from_connection(connection).table("sales")

        return through_ibis

    return maker

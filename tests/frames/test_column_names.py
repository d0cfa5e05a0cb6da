"""Names of columns: kept in the result, and refused where they mean nothing or two things."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from abcxyz.errors import InputError
from abcxyz.frames import panel_from_frame, segment, transactions_from_frame

COLUMNS: dict[str, Any] = {"customer": "customer_id", "date": "on", "amount": "sum"}
ASKED: dict[str, Any] = {**COLUMNS, "as_of": "2026-03-01", "period": "2M"}
SALES = pd.DataFrame(
    {
        "customer_id": ["a", "a", "b"],
        "sum": [50.0, 50.0, 10.5],
        "on": pd.to_datetime(["2026-01-05", "2026-02-05", "2026-02-09"]),
    }
)


def kinds(frame: pd.DataFrame) -> list[Any]:
    """The frame of each library that is installed, in memory and lazy."""
    polars = pytest.importorskip("polars")
    pytest.importorskip("pyarrow")
    other = polars.from_pandas(frame)
    return [frame, other, other.lazy(), other.to_arrow()]


def rows(result: Any) -> dict[Any, str]:
    frame = result.collect() if hasattr(result, "collect") else result
    frame = frame if isinstance(frame, pd.DataFrame) else frame.to_pandas()
    return dict(zip(frame["customer_id"].tolist(), frame["segment"].tolist(), strict=True))


def test_the_column_of_customers_keeps_its_name() -> None:
    for frame in kinds(SALES):
        assert rows(segment(frame, **ASKED)) == {"a": "AX", "b": "BZ"}


def test_whole_fractions_are_customers() -> None:
    """What pandas makes of whole numbers with a gap is taken, and a fraction is refused."""
    for frame in kinds(SALES.assign(customer_id=[17850.0, 17850.0, 3.0])):
        result = rows(segment(frame, **ASKED))
        assert (result, {type(one) for one in result}) == ({17850: "AX", 3: "BZ"}, {int})
        assert sorted(panel_from_frame(frame, **ASKED).customers.tolist()) == [3, 17850]
        sales = transactions_from_frame(frame, **COLUMNS)
        assert sales.customer.tolist() == [17850, 17850, 3]
    for frame in kinds(SALES.assign(customer_id=[17850.0, float("nan"), 3.0])):
        assert len(rows(segment(frame, **ASKED, missing="drop"))) == 2
    for frame in kinds(SALES.assign(customer_id=[17850.5, 2.0, 3.0])):
        with pytest.raises(InputError, match="whole numbers or text"):
            segment(frame, **ASKED)


def test_numbers_are_no_names_of_columns() -> None:
    frame = SALES.set_axis([0, 1, 2], axis=1)
    with pytest.raises(InputError, match="column for customer is 0; pass text, after renaming"):
        segment(frame, customer=0, date=2, amount=1, as_of="2026-03-01")  # type: ignore[arg-type]
    assert rows(segment(SALES.assign(**{"7": 1}).rename(columns={"7": 7}), **ASKED))


def test_a_name_that_occurs_twice() -> None:
    """A column that is used must be one; others may have any names."""
    twice = pd.concat([SALES, SALES[["sum"]]], axis=1)
    with pytest.raises(InputError, match="has 2 columns 'sum'; rename or drop all but one"):
        segment(twice, **ASKED)
    others = pd.concat([SALES.assign(x=1), SALES.assign(x=2)[["x"]]], axis=1)
    assert rows(segment(others, **ASKED)) == {"a": "AX", "b": "BZ"}
    assert len(panel_from_frame(others, **ASKED)) == 2


def test_a_name_of_the_result_is_refused() -> None:
    frame = SALES.rename(columns={"customer_id": "segment"})
    with pytest.raises(InputError, match="called 'segment', like one of the result"):
        segment(frame, **{**ASKED, "customer": "segment"})

"""Analysis of a large Parquet file, against the same file in memory."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from abcxyz import Analysis, Settings
from abcxyz.errors import InputError
from abcxyz.tables.analyze_file import analyze_file

pytest.importorskip("duckdb")
pytest.importorskip("pyarrow")

AS_OF = date(2026, 11, 1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Sales in two currencies, written in four ways, with lines that cannot be used."""
    random = np.random.default_rng(3)
    n = 3000
    frame = pd.DataFrame(
        {
            "customer": random.integers(0, 60, n).astype(str),
            "date": pd.Timestamp("2025-10-20")
            + pd.to_timedelta(random.integers(0, 390, n), unit="D"),
            "amount": np.round(random.lognormal(4, 1, n), 2),
            "currency": random.choice(["RUB", "руб.", " rub ", "USD"], n),
        }
    )
    frame.loc[frame.index % 50 == 1, "amount"] = np.nan
    frame.loc[frame.index % 50 == 2, "customer"] = " "
    frame.loc[frame.index % 50 == 3, "amount"] = 0
    frame.loc[frame.index % 50 == 4, "amount"] *= -1
    frame.loc[frame.index % 50 == 5, "date"] = pd.NaT
    frame.to_parquet(tmp_path / "sales.parquet")
    return tmp_path / "sales.parquet"


def account(analysis: Analysis) -> list[tuple[str, int, float | None, str]]:
    """Data quality findings with money to the cent; duplicates count in memory only."""
    assert analysis.quality is not None
    return sorted(
        (one.kind, one.count, None if one.amount is None else round(one.amount, 2), one.treatment)
        for one in analysis.quality.issues
        if one.kind != "duplicate"
    )


def test_one_currency_is_chosen_alike(file: Path) -> None:
    """Codes, signs and names of a currency are equal, and others are counted."""
    small = analyze_file(file, as_of=AS_OF, settings=Settings(), currency="rub")
    large = analyze_file(file, as_of=AS_OF, settings=Settings(), currency="rub", large_from=0)
    assert account(small) == account(large)
    assert {"no_customer", "no_date", "no_amount", "other_currency", "zero", "negative"} <= {
        kind for kind, *_ in account(large)
    }
    assert small.quality is not None
    assert large.quality is not None
    assert (small.quality.rows, small.quality.used) == (large.quality.rows, large.quality.used)
    classes = [
        dict(zip(one.snapshot.customers.tolist(), one.snapshot.segment.tolist(), strict=True))
        for one in (small, large)
    ]
    assert classes[0] == classes[1]


def test_several_currencies_are_refused_alike(file: Path) -> None:
    """Mixed or absent currencies are refused with the same text."""
    for currency in (None, "EUR"):
        messages = []
        for size in (200.0, 0.0):
            with pytest.raises(InputError) as caught:
                analyze_file(
                    file, as_of=AS_OF, settings=Settings(), large_from=size, currency=currency
                )
            messages.append(caught.value.template)
        assert messages[0] == messages[1]


def test_rates_are_refused(file: Path) -> None:
    """Exchange rates are refused for a large file."""
    with pytest.raises(InputError, match="cannot be converted"):
        analyze_file(
            file, as_of=AS_OF, settings=Settings(), large_from=0, rates={"USD": 90.0, "RUB": 1.0}
        )

"""Demonstration sales history."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from abcxyz.demo import DEMO_AS_OF, demo_sales
from abcxyz.errors import InputError


def test_same_seed_same_history() -> None:
    """Equal seeds give equal histories, other seeds others."""
    assert demo_sales(seed=1, customers=30) == demo_sales(seed=1, customers=30)
    assert demo_sales(seed=1, customers=30) != demo_sales(seed=2, customers=30)


def test_history_looks_like_real_sales() -> None:
    """Two years of integer kopecks on working days, with returns and every pattern."""
    demo = demo_sales()
    sales = demo.transactions
    kopecks = sales.amount * 100

    assert date(2024, 11, 1) <= sales.day.min().item()
    assert sales.day.max().item() < DEMO_AS_OF
    assert (sales.amount < 0).any()
    assert np.allclose(kopecks, np.round(kopecks), rtol=0, atol=1e-3)
    assert len(set(demo.kinds.values())) == 8
    assert not np.isin(sales.day.astype(np.int64) % 7, [2, 3]).any()  # 1970-01-01: a Thursday
    assert any(name.startswith("=") for name in demo.names.values())


@pytest.mark.parametrize("customers", [0, -1, 100_001])
def test_number_of_customers(customers: int) -> None:
    """A number of customers out of range is refused."""
    with pytest.raises(InputError, match="from 1 to 100000"):
        demo_sales(customers=customers)

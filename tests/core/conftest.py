"""Fixtures of real sales, read once per session."""

from __future__ import annotations

from pathlib import Path

import pytest

from abcxyz import Transactions
from abcxyz.tables.sales import read_sales


@pytest.fixture(scope="session")
def cdnow(shared_data: Path) -> Transactions:
    """Eighteen months of a shop's sales, all customers from the first quarter."""
    return read_sales(shared_data / "cdnow.csv.gz").transactions


@pytest.fixture(scope="session")
def online_retail(shared_data: Path) -> Transactions:
    """A year of a wholesaler's sales."""
    return read_sales(shared_data / "online_retail.csv.gz").transactions

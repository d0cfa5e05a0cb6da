"""A base with a small company in it, and a client that does not wait between tries."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.onec.base import Base, Company, filled

from abcxyz_onec.client import Client, connect


@pytest.fixture
def company() -> Company:
    return filled()


@pytest.fixture
def base(company: Company) -> Iterator[Base]:
    with Base(company.store).serving() as running:
        yield running


@pytest.fixture
def client(base: Base) -> Client:
    return connect(base.url, "Робот", "пароль-7Щ", timeout=5, sleep=lambda _: None)

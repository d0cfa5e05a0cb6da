"""Fixtures: a base with a small company in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.emulators.onec.base import Base, Company, filled

__all__ = ["base", "company"]


@pytest.fixture
def company() -> Company:
    return filled()


@pytest.fixture
def base(company: Company) -> Iterator[Base]:
    with Base(company.store).serving() as running:
        yield running

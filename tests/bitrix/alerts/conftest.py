"""A portal with a department of sales, and the path of a ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.emulators.bitrix24.harness import Rig, free, rig


@pytest.fixture
def site() -> Iterator[Rig]:
    """Serve a portal with two companies and a department of sales led by Maria (2)."""
    with rig(limits=free()) as made:
        made.portal.add_department("Отдел продаж", head=2)
        made.portal.add_company("Ромашка", assignedById=2)
        made.portal.add_company("Лютик", assignedById=2)
        yield made


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Return the path of the ledger."""
    return tmp_path / "ledger.sqlite"

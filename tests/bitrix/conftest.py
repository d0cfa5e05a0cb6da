"""A portal with three companies and a contact."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.emulators.bitrix24.harness import Rig, free, rig


@pytest.fixture
def site() -> Iterator[Rig]:
    """Serve a portal with three companies and a contact."""
    with rig(limits=free()) as made:
        for title in ("Ромашка", "Лютик", "Василёк"):
            made.portal.add_company(title)
        made.portal.add_contact("Иван")
        yield made

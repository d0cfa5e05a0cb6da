"""A small portal, for the tests of the REST client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.emulators.bitrix24.harness import Rig, rig


@pytest.fixture
def site() -> Iterator[Rig]:
    """Serve a portal with two companies."""
    with rig() as made:
        made.portal.add_company("Ромашка")
        made.portal.add_company("Лютик")
        yield made

"""Segments of partners."""

from __future__ import annotations

import pytest
from tests.emulators.onec.base import PROPERTY, Base, Company
from tests.onec.writings import Make

from abcxyz.errors import ConfigError


def test_segments_must_be_there(sink: Make, base: Base, company: Company) -> None:
    """Each of the nine segments that is missing is named; none is created."""
    rows = company.store.rows["Catalog_СегментыПартнеров"]
    rows[0]["DeletionMark"] = True
    with pytest.raises(ConfigError, match=f"'{PROPERTY} AX'"):
        sink("segment").preflight()
    assert base.writes == []

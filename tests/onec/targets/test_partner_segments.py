"""Tests of the target of partner segments."""

from __future__ import annotations

import pytest
from tests.emulators.onec.base import PROPERTY, Base, Company
from tests.onec.sink_fixtures import Make

from abcxyz.errors import ConfigError


def test_segments_must_exist(sink: Make, base: Base, company: Company) -> None:
    """The error names each missing segment; none is created."""
    rows = company.store.rows["Catalog_СегментыПартнеров"]
    rows[0]["DeletionMark"] = True
    with pytest.raises(ConfigError, match=f"'{PROPERTY} AX'"):
        sink("segment").preflight()
    assert base.writes == []

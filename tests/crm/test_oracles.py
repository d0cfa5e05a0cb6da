"""Reports beside the figures of other programs on open and made data."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.crm.oracles import DIFFERENCES


@pytest.mark.parametrize("name", DIFFERENCES)
def test_a_report_agrees_with_another_program(
    shared_data: Path, shared_spec: Path, name: str
) -> None:
    """Figures of DuckDB are written with eight digits, the others with twelve."""
    compare, allowed = DIFFERENCES[name]
    assert shared_data.parent == shared_spec.parent
    assert compare(shared_spec.parent) <= allowed

"""Made sales departments whose planted changes are known."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from abcxyz.crm import CrmData
from abcxyz.tables.crm.read import read_crm

SHARED = Path(__file__).resolve().parents[4] / "shared"
DATA = SHARED / "data/crm"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="no data here")

#: Reading one takes seconds, so the default run has one of them.
COMPANIES: list[Any] = [
    "synthetic_stage_drop",
    pytest.param("synthetic_null", marks=pytest.mark.slow),
    pytest.param("synthetic_mix_shift", marks=pytest.mark.slow),
]


@cache
def company(name: str) -> CrmData:
    """Read a made company, once."""
    return read_crm(DATA / name, zone="Europe/Moscow").crm

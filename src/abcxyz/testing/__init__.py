"""Contract tests for adapters, to inherit from, and synthetic sales.

Needs pytest, and for the strategies hypothesis: the extra ``testing`` installs both.
"""

from __future__ import annotations

import pytest

# Before their import, so that a failed assertion shows both sides.
pytest.register_assert_rewrite(
    *(f"abcxyz.testing.{name}" for name in ("crm_sources", "enrichers", "sinks", "sources"))
)

from abcxyz.testing.crm_sources import CrmSourceContract  # noqa: E402
from abcxyz.testing.enrichers import EnricherContract  # noqa: E402
from abcxyz.testing.secrecy import leaks  # noqa: E402
from abcxyz.testing.sinks import SinkContract  # noqa: E402
from abcxyz.testing.sources import SourceContract  # noqa: E402
from abcxyz.testing.synthetic import HOSTILE, make_analysis, make_transactions  # noqa: E402

__all__ = [
    "HOSTILE",
    "CrmSourceContract",
    "EnricherContract",
    "SinkContract",
    "SourceContract",
    "leaks",
    "make_analysis",
    "make_transactions",
]

"""Durations of a time budget."""

from __future__ import annotations

import pytest

from abcxyz.errors import ConfigError
from abcxyz_bitrix.rest.limits import seconds_of


@pytest.mark.parametrize(("text", "seconds"), [("6h", 21600), ("90m", 5400), ("1h30m", 5400)])
def test_budget_is_read(text: str, seconds: float) -> None:
    """A budget is written in hours and minutes."""
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "6", "h", "6 parsecs", "-1h", "0h"])
def test_nonsense_budget_is_refused(text: str) -> None:
    """Anything else is refused with an example."""
    with pytest.raises(ConfigError, match="6h or 90m"):
        seconds_of(text)

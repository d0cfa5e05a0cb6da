"""Choice of funnels and stages."""

from __future__ import annotations

import pytest
from tests.bitrix.source_helpers import lines, read
from tests.emulators.bitrix24.harness import Rig

from abcxyz.errors import ConfigError


def test_funnels_are_chosen_by_name(site: Rig) -> None:
    """Only the named funnels count, whatever the case of the name."""
    funnel = site.portal.add_category("Опт")
    site.portal.add_won_deal(1, "2026-02-02T10:00:00+03:00", company=1)
    site.portal.add_won_deal(2, "2026-02-02T10:00:00+03:00", company=1, category=funnel)
    assert lines(read(site, funnels=["опт"])) == [("CO_1", "2026-02-02", 2.0)]
    assert lines(read(site, funnels=[0])) == [("CO_1", "2026-02-02", 1.0)]
    assert len(read(site)) == 2


def test_unknown_funnel_names_the_known_ones(site: Rig) -> None:
    """A typo in a funnel lists what the portal has."""
    site.portal.add_category("Опт")
    with pytest.raises(ConfigError, match="'Опт'"):
        read(site, funnels=["Опту"])


def test_stages_are_excluded(site: Rig) -> None:
    """A won stage can be left out by its id or its name."""
    site.portal.add_won_deal(1, "2026-02-02T10:00:00+03:00", company=1)
    assert lines(read(site, exclude_stages=["WON"])) == []
    with pytest.raises(ConfigError, match="there is no stage 'Won'"):
        read(site, exclude_stages=["Won"])

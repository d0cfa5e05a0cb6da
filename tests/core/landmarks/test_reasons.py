"""Reasons of many probabilities at once, against the ranking of one."""

from __future__ import annotations

import numpy as np
import pytest

from abcxyz.core.landmarks.reasons import GROUPS, Reasons, is_known, strongest


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("named", [True, False])
def test_many_are_ranked_like_one(seed: int, named: bool) -> None:
    draw = np.random.default_rng(seed)
    n = 60
    facts = {
        name: np.where(draw.random(n) < 0.3, np.nan, draw.normal(size=n).round(1))
        for name in ("silence", "tenure", "same_season", "missing", "returned")
    }
    names = draw.permutation(list(GROUPS))[: draw.integers(0, len(GROUPS) + 1)].tolist()
    # Rounded log-odds are often equal, so that the names decide, or too small to be a reason.
    pushes = {name: draw.normal(0, 0.4, n).round(1) for name in names}
    late = draw.random(n) < 0.5
    reasons = Reasons(pushes, facts, first=("silence", late) if named else None)
    for i in range(n):
        own = reasons.facts_of(i)
        raising, lowering = strongest(
            {name: float(push[i]) for name, push in pushes.items() if is_known(name, own)}
        )
        if named and late[i] and is_known("silence", own):
            raising = ["silence", *(name for name in raising if name != "silence")]
            lowering = [name for name in lowering if name != "silence"]
        assert reasons.groups(i) == (tuple(raising[:3]), tuple(lowering[:3]))

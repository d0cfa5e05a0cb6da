"""Values of the portal's rows as columns of CRM records."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC
from typing import Any

import numpy as np

from abcxyz_bitrix.rest.dialect import as_id, as_moment

__all__ = ["moments", "users"]


def moments(values: Iterable[object]) -> Any:
    """Return moments with an offset as ``datetime64[s]`` in UTC, NaT where there is none."""
    found = [as_moment(one) for one in values]
    return np.array(
        [
            np.datetime64("NaT", "s")
            if one is None or one.tzinfo is None
            else np.datetime64(one.astimezone(UTC).replace(tzinfo=None), "s")
            for one in found
        ],
        dtype="M8[s]",
    )


def users(values: Iterable[object]) -> list[str]:
    """Return the ids of employees as text, empty where there is none."""
    return [str(number) if (number := as_id(one)) else "" for one in values]

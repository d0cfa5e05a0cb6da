"""Estimated duration of a run under the portal's rate limits."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

from attrs import frozen

from abcxyz.toolkit.catalogue import Figure, Message, translate
from abcxyz_bitrix.rest.batch import MOST
from abcxyz_bitrix.rest.limits import Tariff
from abcxyz_bitrix.words import message

__all__ = ["Estimate", "Load", "estimate", "reading", "updating"]

_WINDOW = 600.0
_AIM = 30.0  # seconds of a batch
_ROWS = 35.0  # of a page of fifty; windows are never quite full
_OWNERS = 45.0


@frozen
class Load:
    """Calls of one method.

    Parameters
    ----------
    method
        What is called.
    calls
        How often.
    seconds
        Of one call.
    """

    method: str
    calls: int
    seconds: float

    @property
    def requests(self) -> int:
        """Batches that carry these calls, none longer than half a minute."""
        size = MOST if self.seconds * MOST <= _AIM else max(1, int(_AIM / self.seconds))
        return ceil(self.calls / size)


@frozen
class Estimate:
    """Requests and duration of a run.

    Parameters
    ----------
    requests
        To the portal.
    rate_seconds
        Least time for so many requests.
    operating_seconds
        Least time for the busiest method within its budget.
    """

    requests: int
    rate_seconds: float
    operating_seconds: float

    @property
    def seconds(self) -> float:
        """Expected duration: the larger of the two bounds."""
        return max(self.rate_seconds, self.operating_seconds)

    @property
    def message(self) -> Message:
        """The duration, to be said in the reader's language later."""
        minutes = ceil(self.seconds / 60)
        return message(
            "{requests} requests, about {hours} h {minutes} min",
            requests=Figure(self.requests),
            hours=minutes // 60,
            minutes=minutes % 60,
        )

    def sentence(self, lang: str = "en") -> str:
        """Say it.

        Examples
        --------
        >>> Estimate(1700, 850.0, 9025.0).sentence()
        '1,700 requests, about 2 h 31 min'
        """
        return translate(self.message, lang)


def estimate(loads: Iterable[Load], tariff: Tariff) -> Estimate:
    """Bound the duration from below, and so exactly enough.

    Notes
    -----
    Requests over the drain rate; and for each method its seconds over the budget of ten minutes:
    whole windows, and the rest at once in the last one.
    """
    kept = [load for load in loads if load.calls]
    used: dict[str, float] = {}
    for load in kept:
        used[load.method] = used.get(load.method, 0.0) + load.calls * load.seconds
    requests = sum(load.requests for load in kept)
    rate = max(0.0, requests - tariff.burst) / tariff.rate
    longest = max((_busy(seconds, tariff.operating) for seconds in used.values()), default=0.0)
    return Estimate(requests, rate, longest)


def _busy(seconds: float, budget: float) -> float:
    windows, rest = divmod(seconds, budget)
    return windows * _WINDOW + rest


def reading(
    rows: int, *, history: bool, list_seconds: float, history_seconds: float
) -> list[Load]:
    """Estimate the reading of so many objects."""
    loads = [Load("crm.item.list", ceil(rows / _ROWS), list_seconds)]
    if history:
        loads.append(Load("crm.stagehistory.list", ceil(rows / _OWNERS), history_seconds))
    return loads


def updating(cards: int, seconds: float) -> list[Load]:
    """Estimate so many updates."""
    return [Load("crm.item.update", cards, seconds)]

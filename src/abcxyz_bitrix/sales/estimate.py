"""Estimated duration of a run under the portal's rate limits."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

from attrs import frozen

from abcxyz.toolkit.catalogue import Figure, Message, translate
from abcxyz_bitrix.rest.batch import BATCH_SIZE
from abcxyz_bitrix.rest.limits import Tariff
from abcxyz_bitrix.words import message

__all__ = ["Estimate", "Load", "estimate", "reading", "updating"]

_WINDOW = 600.0
_TARGET_SECONDS = 30.0  # seconds that a batch may take
_ROWS = 35.0  # rows of a page of fifty; windows are rarely full
_OWNERS = 45.0


@frozen
class Load:
    """Calls of one method.

    Parameters
    ----------
    method
        REST method.
    calls
        Number of calls.
    seconds
        Duration of one call.
    """

    method: str
    calls: int
    seconds: float

    @property
    def requests(self) -> int:
        """Batches that carry these calls, none longer than half a minute."""
        size = (
            BATCH_SIZE
            if self.seconds * BATCH_SIZE <= _TARGET_SECONDS
            else max(1, int(_TARGET_SECONDS / self.seconds))
        )
        return ceil(self.calls / size)


@frozen
class Estimate:
    """Requests and duration of a run.

    Parameters
    ----------
    requests
        Number of requests to the portal.
    rate_seconds
        Lower bound by the rate limit.
    operating_seconds
        Lower bound by the execution time of the busiest method.
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
        """Duration as a message, translated on display."""
        minutes = ceil(self.seconds / 60)
        return message(
            "{requests} {requests:request|requests}, about {hours} h {minutes} min",
            requests=Figure(self.requests),
            hours=minutes // 60,
            minutes=minutes % 60,
        )

    def sentence(self, lang: str = "en") -> str:
        """Return the estimate as a sentence.

        Examples
        --------
        >>> Estimate(1700, 850.0, 9025.0).sentence()
        '1,700 requests, about 2 h 31 min'
        """
        return translate(self.message, lang)


def estimate(loads: Iterable[Load], tariff: Tariff) -> Estimate:
    """Estimate the duration of a run by two lower bounds.

    Notes
    -----
    Requests beyond the burst over the rate; and for each method its seconds over the budget of
    ten minutes: whole windows, and the rest at once in the last one.
    """
    nonzero = [load for load in loads if load.calls]
    used: dict[str, float] = {}
    for load in nonzero:
        used[load.method] = used.get(load.method, 0.0) + load.calls * load.seconds
    requests = sum(load.requests for load in nonzero)
    rate = max(0.0, requests - tariff.burst) / tariff.rate
    longest = max((_busy(seconds, tariff.operating) for seconds in used.values()), default=0.0)
    return Estimate(requests, rate, longest)


def _busy(seconds: float, budget: float) -> float:
    windows, rest = divmod(seconds, budget)
    return windows * _WINDOW + rest


def reading(
    rows: int, *, history: bool, list_seconds: float, history_seconds: float
) -> list[Load]:
    """Return the calls that read *rows* objects."""
    loads = [Load("crm.item.list", ceil(rows / _ROWS), list_seconds)]
    if history:
        loads.append(Load("crm.stagehistory.list", ceil(rows / _OWNERS), history_seconds))
    return loads


def updating(cards: int, seconds: float) -> list[Load]:
    """Return the calls that update *cards* cards."""
    return [Load("crm.item.update", cards, seconds)]

"""Test harness of the adapter: a portal over TCP and a client with the same clock."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any
from zlib import crc32

import numpy as np
from attrs import evolve, frozen
from tests.emulators.bitrix24.portal import Limits, Portal, VirtualClock
from tests.emulators.bitrix24.server import Server

from abcxyz import SEGMENTS, Alert, Analysis, ProspectScores, Settings, Transactions, analyze
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.connect import connect

__all__ = ["START", "Rig", "Timer", "alert_of", "analysis_of", "free", "rig"]

TODAY = date(2026, 5, 28)
START = 1_780_000_000.0
"""28 May 2026, the moment when every portal of these tests starts."""


@frozen
class Timer:
    """The portal's virtual clock with the interface of the client's clock."""

    clock: VirtualClock

    def now(self) -> float:
        """Return POSIX time."""
        return self.clock()

    def monotonic(self) -> float:
        """Return POSIX time."""
        return self.clock()

    def sleep(self, seconds: float) -> None:
        """Advance the clock without waiting."""
        self.clock.sleep(seconds)


@frozen
class Rig:
    """A portal, its server, its clock and a client."""

    portal: Portal
    server: Server
    timer: Timer
    client: Client

    def another(self, **options: Any) -> Client:
        """Make another client of the same portal."""
        return connect(
            webhook=self.server.webhook, insecure_loopback=True, clock=self.timer, **options
        )

    @property
    def clock(self) -> VirtualClock:
        """Return the portal's clock."""
        return self.timer.clock


def free() -> Limits:
    """Make limits that never bind."""
    return Limits(rate=None, operating=None)


@contextmanager
def rig(portal: Portal | None = None, **options: Any) -> Iterator[Rig]:
    """Serve a portal and connect to it."""
    made = portal or Portal(clock=VirtualClock(START), **options)
    assert isinstance(made.clock, VirtualClock)
    timer = Timer(made.clock)
    with made.serve() as server:
        client = connect(webhook=server.webhook, insecure_loopback=True, clock=timer)
        yield Rig(made, server, timer, client)
        client.transport.close()


def analysis_of(
    segments: Mapping[str, str],
    *,
    as_of: date = TODAY,
    values: Mapping[str, float] | None = None,
    prospects: ProspectScores | None = None,
    alerts: tuple[Alert, ...] = (),
) -> Analysis:
    """Make an analysis that puts customers into these segments; an empty one is unclassified."""
    names = list(segments)
    sales = Transactions(names, [date(2026, 3, 2)] * len(names), [1.0] * len(names))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = analyze(sales, as_of=as_of, settings=Settings(period="2M"))
    order = made.snapshot.customers.tolist()
    codes = [SEGMENTS.index(segments[name]) if segments[name] else -1 for name in order]
    abc = np.array([code // 3 if code >= 0 else -1 for code in codes], np.int8)
    xyz = np.array([code % 3 if code >= 0 else -1 for code in codes], np.int8)
    snapshot = evolve(
        made.snapshot,
        abc=abc,
        xyz=xyz,
        steady_abc=abc,
        steady_xyz=xyz,
        value=np.array([(values or {}).get(name, _worth(name)) for name in order], float),
        cv=np.full(len(order), 0.25),
    )
    return evolve(made, snapshot=snapshot, prospects=prospects, actions=None, alerts=alerts)


def alert_of(key: str, customer: str, kind: str = "fell_from_a") -> Alert:
    """Make an alert."""
    return Alert(
        kind=kind, key=key, customer=customer, money=100.0, age=3, before="AX", after="BY"
    )


def _worth(name: str) -> float:
    """Return a different value for each customer."""
    return 100.0 + crc32(name.encode()) % 1000

"""What the tests of the adapter share: a portal over TCP and a client with the same clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from attrs import frozen
from tests.bitrix.portal import Limits, Portal, VirtualClock
from tests.bitrix.server import Server

from abcxyz_bitrix.client import Client
from abcxyz_bitrix.connect import connect

__all__ = ["START", "Rig", "Timer", "free", "rig"]

START = 1_780_000_000.0
"""28 May 2026, the moment when every portal of these tests starts."""


@frozen
class Timer:
    """The portal's virtual clock, as the client wants it."""

    clock: VirtualClock

    def now(self) -> float:
        """Give POSIX time."""
        return self.clock()

    def monotonic(self) -> float:
        """Give the same."""
        return self.clock()

    def sleep(self, seconds: float) -> None:
        """Let the time pass at once."""
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
        """Give the clock itself."""
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

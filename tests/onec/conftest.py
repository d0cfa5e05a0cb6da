"""Fixtures: an emulated base, a client and sources without waits between attempts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.clocks import NoWait
from tests.emulators.onec.base import Base
from tests.emulators.onec.fixtures import base, company
from tests.onec.adapter import adapter

from abcxyz_onec.odata.client import Client, connect
from abcxyz_onec.source import OneCSource

__all__ = ["base", "client", "company", "source"]


@pytest.fixture
def client(base: Base) -> Client:
    return connect(base.url, "Робот", "пароль-7Щ", timeout=5, clock=NoWait())


@pytest.fixture
def source(base: Base) -> Callable[..., OneCSource]:
    """Return a function that makes a source of the base with options."""

    def make(**options: Any) -> OneCSource:
        common: dict[str, Any] = {"timeout": 5, "clock": NoWait()}
        return adapter(OneCSource, base.url, "Робот", "пароль-7Щ", **(common | options))

    return make

"""Loopback hosts."""

from __future__ import annotations

import pytest

from abcxyz.toolkit import is_loopback


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_this_machine(host: str) -> None:
    """The name and every address of the loopback network are loopback."""
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    ["", "0.0.0.0", "10.0.0.1", "128.0.0.1", "::", "localhost.example.com", "127.0.0.1.nip.io"],
)
def test_other_machines(host: str) -> None:
    """Names with the same prefix, and other addresses, are not loopback."""
    assert not is_loopback(host)

"""Test for loopback hosts."""

from __future__ import annotations

from ipaddress import ip_address

__all__ = ["is_loopback"]


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine, so that plain HTTP leaves no secret on a network.

    Parameters
    ----------
    host
        A name or an address without port and brackets, as ``urlsplit(url).hostname`` gives it.

    Returns
    -------
    bool
        True for ``localhost``, 127.0.0.0/8 and ``::1``; no name is resolved.

    Examples
    --------
    >>> is_loopback("localhost"), is_loopback("127.0.0.7"), is_loopback("::1")
    (True, True, True)
    >>> is_loopback("localhost.example.com"), is_loopback("10.0.0.1"), is_loopback("")
    (False, False, False)
    """
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False

"""Test whether a host is the loopback interface."""

from __future__ import annotations

from ipaddress import ip_address

__all__ = ["is_loopback"]


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine, so that plain HTTP sends no secret over a network.

    Parameters
    ----------
    host
        Name or address without port and brackets, as returned by ``urlsplit(url).hostname``.

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

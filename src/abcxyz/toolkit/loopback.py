"""Loopback interface: test of a host, tokens of servers, and serving on this machine only."""

from __future__ import annotations

import hmac
import logging
import socket
from ipaddress import ip_address
from typing import Any

from abcxyz.errors import ConfigError

__all__ = ["check_loopback", "check_token", "is_loopback", "is_token", "listen", "serve_loopback"]

_SHORTEST = 16


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


def check_loopback(host: str) -> None:
    """Raise `ConfigError` for a host that a server of this machine must not listen on."""
    if not is_loopback(host):
        raise ConfigError(
            "the server listens on this machine only, not on {host}; use 127.0.0.1", host=host
        )


def check_token(token: str) -> None:
    """Raise `ConfigError` for a token that is too short to be a secret."""
    if len(token) < _SHORTEST:
        raise ConfigError(
            "the token has fewer than {least} characters; make a random one", least=_SHORTEST
        )


def is_token(written: str, token: str) -> bool:
    """Return whether a text is the token, in a time that does not depend on where they differ.

    Examples
    --------
    >>> is_token("abc", "abc"), is_token("abd", "abc"), is_token("", "abc")
    (True, False, False)
    """
    return hmac.compare_digest(written.encode("utf-8", "replace"), token.encode())


def listen(host: str, port: int) -> socket.socket:
    """Take a port of this machine, before long work whose result could not be served.

    Parameters
    ----------
    host
        Name or address of this machine.
    port
        The port; 0 for any that is free, see ``socket.getsockname()``.

    Raises
    ------
    ConfigError
        The host is not this machine, or the port cannot be used.

    Examples
    --------
    >>> with listen("127.0.0.1", 0) as free:
    ...     free.getsockname()[1] > 0
    True
    """
    check_loopback(host)
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET
        )
    except (OSError, OverflowError) as problem:
        raise ConfigError(
            "the port {port} cannot be used ({reason}); choose another with --port",
            port=port,
            reason=getattr(problem, "strerror", None) or str(problem),
        ) from None


def serve_loopback(app: Any, listening: socket.socket) -> None:
    """Serve an ASGI application on the result of `listen` until the process is stopped.

    The log names no address, no query and no token.
    """
    import uvicorn

    logging.getLogger("uvicorn.access").disabled = True
    config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
    uvicorn.Server(config).run(sockets=[listening])

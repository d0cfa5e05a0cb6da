"""Sessions of ``requests`` whose answers end at a deadline, and whose trust is this machine's."""

from __future__ import annotations

import http.client
import io
import ssl
import threading
from typing import Any

import requests
import urllib3.connection

from abcxyz.toolkit.clock import DeadlineReader

__all__ = ["DEADLINES", "TrustingSession"]

DEADLINES = threading.local()
"""``end``: clock and end of the request of this thread, for answers that are read under it."""


class _TimedResponse(http.client.HTTPResponse):
    """Answer that ends with the request of its thread, its headers too."""

    def __init__(self, sock: Any, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        end = getattr(DEADLINES, "end", None)
        if end is not None:
            self.fp = io.BufferedReader(DeadlineReader(self.fp.detach(), sock, *end))


class _Connection(urllib3.connection.HTTPConnection):
    response_class = _TimedResponse


class _SecureConnection(urllib3.connection.HTTPSConnection):
    response_class = _TimedResponse


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def _timed(manager: Any) -> Any:
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
    return manager


class _TimedAdapter(requests.adapters.HTTPAdapter):
    """Answers end at the deadline of their request."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        _timed(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        return _timed(super().proxy_manager_for(proxy, **options))


class _SystemTrust(_TimedAdapter):
    """Trust the certificate authorities of this machine besides those of ``requests``."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, ssl_context=ssl.create_default_context(), **options)

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        context = ssl.create_default_context()
        return super().proxy_manager_for(proxy, ssl_context=context, **options)


class TrustingSession(requests.Session):
    """Session whose HTTPS requests trust as `_SystemTrust` does.

    The certificates are loaded with the first such request: that takes longer than everything
    else here, and plain HTTP to this machine does not need them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mount("http://", _TimedAdapter())
        self._lock = threading.Lock()
        self._trust: _SystemTrust | None = None

    def get_adapter(self, url: str) -> requests.adapters.BaseAdapter:
        """Return the adapter of an address; of HTTPS the one that trusts as this machine does."""
        if not url.lower().startswith("https://"):
            return super().get_adapter(url)
        with self._lock:
            if self._trust is None:
                self._trust = _SystemTrust()
            return self._trust

    def close(self) -> None:
        """Close the connections."""
        super().close()
        if self._trust is not None:
            self._trust.close()

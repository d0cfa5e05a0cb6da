"""The HTTP server around a portal."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from attrs import frozen
from tests.emulators.bitrix24.answers import HANG_UP
from tests.emulators.bitrix24.faults import DroppedError

__all__ = ["Server", "serving"]


class Handles(Protocol):
    """Object that answers requests."""

    @property
    def webhook_path(self) -> str:
        """Return the path of its webhook."""

    def handle(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        source: str = "127.0.0.1",
    ) -> tuple[int, dict[str, str], bytes]:
        """Answer one request."""


@frozen
class Server:
    """A running server.

    ``url`` is the portal (``http://127.0.0.1:port``), ``webhook`` the address of its webhook,
    which ends in ``/``.
    """

    url: str
    webhook: str
    connections: list[int]


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore the error: clients that break off are part of the tests."""


@contextmanager
def serving(portal: Handles) -> Iterator[Server]:
    """Serve a portal on a free loopback port."""
    connections: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def setup(self) -> None:
            super().setup()
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connections.append(self.client_address[1])

        def log_message(self, *args: object) -> None:
            """Log nothing: paths hold secrets."""

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            try:
                status, headers, answer = portal.handle(
                    self.command, self.path, dict(self.headers.items()), body,
                    source=self.client_address[0],
                )  # fmt: skip
            except DroppedError:
                self._reset()
                return
            hang_up = headers.pop(HANG_UP, None) is not None
            self.send_response(status)
            stated = headers.setdefault("Content-Length", str(len(answer)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)
            self.wfile.flush()
            if hang_up or int(stated) != len(answer):
                self.close_connection = True

        do_GET = do_POST  # noqa: N815

        def _reset(self) -> None:
            """End the connection with RST, as a dying server does."""
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True
            self.connection.close()

    listener = _Listener(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{listener.server_address[1]}"
    try:
        yield Server(url, url + portal.webhook_path, connections)
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()

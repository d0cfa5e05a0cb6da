"""Fixtures of real databases and webhook receivers."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.builtin.mariadb import mariadb_server
from tests.builtin.postgres import postgres_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Start PostgreSQL on loopback and return its database URL."""
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def mariadb() -> Iterator[str]:
    """Start MariaDB on loopback and return its database URL."""
    with mariadb_server() as url:
        yield url


class Receiver(ThreadingHTTPServer):
    """HTTP receiver that records requests and replies by plan; 0 means no reply."""

    plan: list[int]
    taken: list[tuple[dict[str, str], bytes]]
    hits: int
    answer: bytes = b""

    @property
    def url(self) -> str:
        """Address with a secret in its path."""
        return f"http://127.0.0.1:{self.server_address[1]}/hooks/s3cr3t-path"


class _Handler(BaseHTTPRequestHandler):
    def do_OPTIONS(self) -> None:
        self._answer(204)

    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Receiver)
        server.hits += 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = server.plan.pop(0) if server.plan else 200
        if status in (0, 200):
            server.taken.append((dict(self.headers), body))
        if status == 0:
            self.close_connection = True
            return
        self._answer(status)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        if status == 503:
            self.send_header("Retry-After", "7")
        server = self.server
        assert isinstance(server, Receiver)
        self.send_header("Content-Length", str(len(server.answer)))
        self.end_headers()
        with contextlib.suppress(OSError):  # the sender may have heard enough
            self.wfile.write(server.answer)

    def log_message(self, *args: object) -> None:
        """Log nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a receiver for one test."""
    made = Receiver(("127.0.0.1", 0), _Handler)
    made.plan, made.taken, made.hits = [], [], 0
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()

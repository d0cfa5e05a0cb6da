"""HTTP transport, against a real server on loopback."""

from __future__ import annotations

import contextlib
import gzip
import logging
import math
import threading
import time
import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from abcxyz.errors import ConfigError, UnavailableError
from abcxyz.http import (
    Answer,
    Bucket,
    NotSentError,
    OutcomeUnknownError,
    Redactor,
    TokenBucket,
    Transport,
)
from abcxyz.toolkit import ManualClock

SECRET = "s3cr3t/ключ"
CLOSED = "http://127.0.0.1:1/rest/7/s3cr3t/add"


class Server(ThreadingHTTPServer):
    """Reply with the planned statuses, then 200; 0 means hang up without a response."""

    plan: list[int]
    hits: int

    @property
    def url(self) -> str:
        """URL with the secret in its path."""
        return f"http://127.0.0.1:{self.server_address[1]}/rest/7/s3cr3t/add"


class Handler(BaseHTTPRequestHandler):
    """Request handler that follows the server's plan."""

    def do_POST(self) -> None:
        """Count, then respond."""
        server = self.server
        assert isinstance(server, Server)
        server.hits += 1
        status = server.plan.pop(0) if server.plan else 200
        if status == 0:
            self.close_connection = True
            return
        self.send_response(status)
        if status == 503:
            self.send_header("Retry-After", "7")
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *args: object) -> None:
        """Log nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    """Run a server for one test."""
    made = Server(("127.0.0.1", 0), Handler)
    made.plan, made.hits = [], 0
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def clock() -> ManualClock:
    """Simulated clock that records pauses."""
    return ManualClock()


@pytest.fixture
def waits(clock: ManualClock) -> list[float]:
    """Recorded pauses, s."""
    return clock.pauses


@pytest.fixture
def transport(clock: ManualClock) -> Iterator[Transport]:
    """Build a transport that does not sleep."""
    made = Transport(secrets=["s3cr3t"], allow_loopback_http=True, clock=clock, random=lambda: 0.5)
    yield made
    made.close()


def test_request_to_a_busy_host_is_repeated(
    server: Server, transport: Transport, waits: list[float]
) -> None:
    """A repeatable request is retried after the requested pause plus jitter."""
    server.plan = [503]
    assert transport.send("POST", server.url, repeatable=True).status == 200
    assert waits == [8.0]


def test_busy_answer_of_a_create_is_handed_back(server: Server, transport: Transport) -> None:
    """A non-repeatable request is never retried after a response."""
    server.plan = [503]
    assert transport.send("POST", server.url).status == 503
    assert server.hits == 1


def test_lost_answer_of_a_create_is_unknown(server: Server, transport: Transport) -> None:
    """A create with a lost response is sent once, its traceback without secrets."""
    server.plan = [0]
    with pytest.raises(OutcomeUnknownError) as caught:
        transport.send("POST", server.url)
    assert server.hits == 1
    assert caught.value.__context__ is None
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value)) + repr(caught.value)


def test_lost_answer_of_a_repeatable_is_repeated(server: Server, transport: Transport) -> None:
    """A repeatable request is retried after a lost response."""
    server.plan = [0]
    assert transport.send("POST", server.url, repeatable=True).status == 200
    assert server.hits == 2


def test_refused_connection_is_not_sent(transport: Transport, waits: list[float]) -> None:
    """An unsent request is retried even if not repeatable."""
    with pytest.raises(NotSentError) as caught:
        transport.send("POST", CLOSED)
    assert len(waits) == 2
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))


def test_redirect_is_not_followed(server: Server, transport: Transport) -> None:
    """A redirect is returned like any other response."""
    server.plan = [302]
    assert transport.send("POST", server.url).status == 302
    assert server.hits == 1


def test_debug_log_holds_no_secret(
    server: Server, transport: Transport, caplog: pytest.LogCaptureFixture
) -> None:
    """urllib3's debug log shows the request without the secret."""
    with caplog.at_level(logging.DEBUG):
        transport.send("POST", server.url)
    assert "/rest/***/add" in caplog.text
    assert "s3cr3t" not in caplog.text


@pytest.mark.parametrize("url", ["http://example.com/", "ftp://127.0.0.1/", "wss://example.com/"])
def test_plain_ways_are_refused(transport: Transport, url: str) -> None:
    """Only HTTPS, or loopback where allowed, is accepted."""
    with pytest.raises(ConfigError, match="use https"):
        transport.send("POST", url)


def test_the_time_limit_of_a_request_is_that_for_reading(server: Server) -> None:
    """It replaces the one for reading, here an impossible one, not the one for connecting."""
    transport = Transport(read_timeout=-1.0, connect_timeout=5.0, allow_loopback_http=True)
    assert transport.send("POST", server.url, timeout=5.0).status == 200
    with pytest.raises(ConfigError):
        transport.send("POST", server.url)


def test_bucket_paces() -> None:
    """After the burst, requests are delayed to the rate."""
    clock = ManualClock(step=0.0)
    bucket = Bucket(2.0, 2.0, clock=clock)
    for _ in range(4):
        bucket.take()
    assert clock.pauses == [0.5, 1.0]


def test_bucket_can_be_slowed_down() -> None:
    """A reduced rate applies to all later requests."""
    clock = ManualClock(step=0.0)
    bucket = Bucket(2.0, 2.0, clock=clock)
    bucket.slow_down(0.5)
    for _ in range(3):
        bucket.take()
    assert clock.pauses == [1.0, 2.0]


def test_secret_learnt_later_is_covered() -> None:
    """A token obtained at run time is redacted in any encoding."""
    redactor = Redactor(["first"])
    redactor.learn("", SECRET)
    assert redactor.text("first s3cr3t%2F%D0%BA%D0%BB%D1%8E%D1%87") == "*** ***"


def test_encoded_secret_is_covered() -> None:
    """A URL-encoded secret is redacted."""
    assert Redactor([SECRET]).text("x s3cr3t%2F%D0%BA%D0%BB%D1%8E%D1%87 y") == "x *** y"


def test_retry_after_may_be_a_date() -> None:
    """A date in Retry-After becomes seconds; an invalid one None."""
    dated = {"Retry-After": "Thu, 01 Jan 1970 00:01:00 GMT"}
    assert Answer(503, dated, b"").retry_after(50.0) == 10.0
    assert Answer(503, {}, b"").retry_after(50.0) is None


def test_plain_http_to_others_is_a_choice_of_its_own() -> None:
    """Plain HTTP to other hosts needs an explicit option."""
    address = "http://nobody.invalid/x"
    with pytest.raises(ConfigError, match="no safe way"):
        Transport(allow_loopback_http=True, attempts=1).send("GET", address)
    with pytest.raises(NotSentError):
        Transport(allow_http=True, attempts=1).send("GET", address)


class Endless(Handler):
    """Reply with a body that does not end, or with one that unpacks to much."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Trickle, or send a bomb."""
        server = self.server
        assert isinstance(server, Server)
        server.hits += 1
        self.send_response(200)
        if self.path == "/bomb":
            packed = gzip.compress(b"0" * (8 << 20))
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(packed)))
            self.end_headers()
            self.wfile.write(packed)
            return
        self.end_headers()
        self.close_connection = True
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(b"x" * (1 << 16))


@pytest.mark.parametrize(
    ("path", "options", "message"),
    [
        ("/bomb", {"largest": 1 << 20}, "is larger than 1 MB unpacked"),
        ("/endless", {"largest": 4 << 20}, "is larger than 4 MB unpacked"),
        ("/endless", {"total_timeout": 0.05}, "took over 0.05 s as a whole"),
    ],
)
def test_an_answer_has_an_end(path: str, options: dict[str, Any], message: str) -> None:
    """Neither size nor time of an answer is the server's choice, and it is asked once."""
    with ThreadingServer(Endless) as server:
        transport = Transport(allow_loopback_http=True, **options)
        url = server.url.replace("/rest/7/s3cr3t/add", path)
        with pytest.raises(UnavailableError, match=message):
            transport.send("GET", url, repeatable=True)
        transport.close()
        assert server.hits == 1


class Trickling(Handler):
    """Reply one byte at a time: the headers, or the body after whole headers."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Trickle until the client has gone."""
        server = self.server
        assert isinstance(server, Server)
        server.hits += 1
        self.close_connection = True
        head = b"HTTP/1.1 200 OK\r\n"
        if self.path == "/body":
            self.wfile.write(head + b"Content-Length: 100000000\r\n\r\n")
        else:
            self.wfile.write(head + b"X-Long: ")
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(b"x")
                time.sleep(0.01)


@pytest.mark.parametrize("path", ["/headers", "/body"])
def test_bytes_one_by_one_have_an_end(path: str) -> None:
    """Each byte is in time for the limit between pieces; the limit of the whole ends it."""
    with ThreadingServer(Trickling) as server:
        transport = Transport(allow_loopback_http=True, read_timeout=60.0, total_timeout=0.3)
        url = server.url.replace("/rest/7/s3cr3t/add", path)
        with pytest.raises(UnavailableError, match=r"took over 0\.3 s as a whole"):
            transport.send("GET", url, repeatable=True)
        transport.close()
        assert server.hits == 1


class ThreadingServer:
    """Server in a thread for a ``with`` statement."""

    def __init__(self, handler: type[Handler]) -> None:
        self._server = Server(("127.0.0.1", 0), handler)
        self._server.plan, self._server.hits = [], 0
        self._server.daemon_threads = True

    def __enter__(self) -> Server:
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self._thread.start()
        return self._server

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def test_a_rate_limit_refills_with_time(clock: ManualClock, waits: list[float]) -> None:
    """Tokens come back at the rate, up to the burst; each request in between waits its turn."""
    bucket = TokenBucket(2.0, burst=3.0, clock=clock)
    for _ in range(3):
        bucket.take()
    assert waits == []
    for _ in range(4):
        bucket.take()
    assert waits == pytest.approx([0.5] * 4)

    waits.clear()
    clock.sleep(0.75)  # one token and a half
    for _ in range(3):
        bucket.take()
    assert waits == pytest.approx([0.75, 0.25, 0.5])

    waits.clear()
    clock.sleep(1000.0)  # never more than the burst
    for _ in range(4):
        bucket.take()
    assert waits == pytest.approx([1000.0, 0.5])


def test_requests_that_wait_at_once_are_spread() -> None:
    """Each takes the next place of the queue, though none of the others has waited yet."""
    standing = ManualClock(step=0.0)
    bucket = TokenBucket(4.0, clock=standing)
    for _ in range(4):
        bucket.take()
    assert standing.pauses == pytest.approx([0.25, 0.5, 0.75])


def test_a_refused_rate_is_slowed_down(clock: ManualClock, waits: list[float]) -> None:
    """After a refusal nothing is saved up, and a lower rate applies from then on."""
    bucket = TokenBucket(2.0, burst=10.0, clock=clock)
    bucket.drain()
    bucket.take()
    assert waits == pytest.approx([0.5])
    bucket.slow_down(0.25)
    bucket.take()
    assert waits == pytest.approx([0.5, 3.5])
    waits.clear()
    clock.sleep(1000.0)
    for _ in range(4):
        bucket.take()
    assert waits == pytest.approx([1000.0, 1.0, 2.0])


@pytest.mark.parametrize(("rate", "burst"), [(0.0, 1.0), (-1.0, 1.0), (1.0, 0.5), (math.nan, 1.0)])
def test_a_rate_that_lets_nothing_through_is_refused(rate: float, burst: float) -> None:
    """A rate of zero or less, or a burst below one request, is an error, not an endless wait."""
    with pytest.raises(ConfigError, match="cannot pace requests"):
        TokenBucket(rate, burst)

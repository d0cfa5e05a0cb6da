"""The transport, against a real server on loopback."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from abcxyz.errors import ConfigError
from abcxyz.http import Answer, Bucket, NotSentError, OutcomeUnknownError, Redactor, Transport
from abcxyz.toolkit import ManualClock

SECRET = "s3cr3t/ключ"
CLOSED = "http://127.0.0.1:1/rest/7/s3cr3t/add"


class Server(ThreadingHTTPServer):
    """Answer with the planned statuses, then 200; 0 means hang up without an answer."""

    plan: list[int]
    hits: int

    @property
    def url(self) -> str:
        """Address with the secret in its path."""
        return f"http://127.0.0.1:{self.server_address[1]}/rest/7/s3cr3t/add"


class Handler(BaseHTTPRequestHandler):
    """Follow the server's plan."""

    def do_POST(self) -> None:
        """Count, then answer."""
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
        """Stay silent."""


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
    """Collect the pauses instead of making them."""
    return ManualClock()


@pytest.fixture
def waits(clock: ManualClock) -> list[float]:
    """Return the pauses that were made."""
    return clock.pauses


@pytest.fixture
def transport(clock: ManualClock) -> Iterator[Transport]:
    """Build a transport that never really sleeps."""
    made = Transport(secrets=["s3cr3t"], allow_loopback_http=True, clock=clock, random=lambda: 0.5)
    yield made
    made.close()


def test_busy_host_is_asked_again(
    server: Server, transport: Transport, waits: list[float]
) -> None:
    """A repeatable request waits as long as the host asks, plus jitter."""
    server.plan = [503]
    assert transport.send("POST", server.url, repeatable=True).status == 200
    assert waits == [8.0]


def test_busy_answer_of_a_create_is_handed_back(server: Server, transport: Transport) -> None:
    """A request that must not run twice is never repeated after an answer."""
    server.plan = [503]
    assert transport.send("POST", server.url).status == 503
    assert server.hits == 1


def test_lost_answer_of_a_create_is_unknown(server: Server, transport: Transport) -> None:
    """A create whose answer is lost is sent once, and no secret is in the traceback."""
    server.plan = [0]
    with pytest.raises(OutcomeUnknownError) as caught:
        transport.send("POST", server.url)
    assert server.hits == 1
    assert caught.value.__context__ is None
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value)) + repr(caught.value)


def test_lost_answer_of_a_repeatable_is_repeated(server: Server, transport: Transport) -> None:
    """A repeatable request survives a lost answer."""
    server.plan = [0]
    assert transport.send("POST", server.url, repeatable=True).status == 200
    assert server.hits == 2


def test_refused_connection_is_not_sent(transport: Transport, waits: list[float]) -> None:
    """What never left is tried again even if it must not run twice."""
    with pytest.raises(NotSentError) as caught:
        transport.send("POST", CLOSED)
    assert len(waits) == 2
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))


def test_redirect_is_not_followed(server: Server, transport: Transport) -> None:
    """A redirect is an answer like any other."""
    server.plan = [302]
    assert transport.send("POST", server.url).status == 302
    assert server.hits == 1


def test_debug_log_holds_no_secret(
    server: Server, transport: Transport, caplog: pytest.LogCaptureFixture
) -> None:
    """The debug log of urllib3 shows the request without the secret."""
    with caplog.at_level(logging.DEBUG):
        transport.send("POST", server.url)
    assert "/rest/***/add" in caplog.text
    assert "s3cr3t" not in caplog.text


@pytest.mark.parametrize("url", ["http://example.com/", "ftp://127.0.0.1/"])
def test_plain_ways_are_refused(transport: Transport, url: str) -> None:
    """Only https, or loopback where allowed, is acceptable."""
    with pytest.raises(ConfigError, match="use https"):
        transport.send("POST", url)


def test_bucket_paces() -> None:
    """After the burst, every request waits its turn."""
    clock = ManualClock(step=0.0)
    bucket = Bucket(2.0, 2.0, clock=clock)
    for _ in range(4):
        bucket.take()
    assert clock.pauses == [0.5, 1.0]


def test_bucket_can_be_slowed_down() -> None:
    """Whoever is told to go slower waits longer from then on."""
    clock = ManualClock(step=0.0)
    bucket = Bucket(2.0, 2.0, clock=clock)
    bucket.slow_down(0.5)
    for _ in range(3):
        bucket.take()
    assert clock.pauses == [1.0, 2.0]


def test_secret_learnt_later_is_covered() -> None:
    """A token that came while running is covered like the first ones, in any spelling."""
    redactor = Redactor(["first"])
    redactor.learn("", SECRET)
    assert redactor.text("first s3cr3t%2F%D0%BA%D0%BB%D1%8E%D1%87") == "*** ***"


def test_encoded_secret_is_covered() -> None:
    """A secret is found in its URL-encoded spelling."""
    assert Redactor([SECRET]).text("x s3cr3t%2F%D0%BA%D0%BB%D1%8E%D1%87 y") == "x *** y"


def test_retry_after_may_be_a_date() -> None:
    """A date in Retry-After becomes seconds; nonsense becomes None."""
    dated = {"Retry-After": "Thu, 01 Jan 1970 00:01:00 GMT"}
    assert Answer(503, dated, b"").retry_after(50.0) == 10.0
    assert Answer(503, {}, b"").retry_after(50.0) is None


def test_plain_http_to_others_is_a_choice_of_its_own() -> None:
    """Another host is asked without encryption only where that was chosen for any host."""
    address = "http://nobody.invalid/x"
    with pytest.raises(ConfigError, match="no safe way"):
        Transport(allow_loopback_http=True, attempts=1).send("GET", address)
    with pytest.raises(NotSentError):
        Transport(allow_http=True, attempts=1).send("GET", address)

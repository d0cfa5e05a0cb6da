"""Which requests are repeated, how often, over which connections, and what is documented of it."""

from __future__ import annotations

import base64
import inspect
import logging
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from abcxyz.errors import ConfigError, UnavailableError
from abcxyz.http import Answer, NotSentError, OutcomeUnknownError, TokenBucket, Transport
from abcxyz.toolkit import ManualClock

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "write-an-adapter.md"


class Recorder(ThreadingHTTPServer):
    """Server that notes requests and connections, and answers with one status; 0: not at all."""

    daemon_threads = True
    status = 200
    size = 2
    requests: list[tuple[str, str, dict[str, str]]]
    connections: int

    @property
    def url(self) -> str:
        """Address of the server."""
        return f"http://127.0.0.1:{self.server_address[1]}/x"


class Handler(BaseHTTPRequestHandler):
    """Answer any request, also one to a proxy."""

    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        """Count the connection."""
        assert isinstance(self.server, Recorder)
        self.server.connections += 1
        super().setup()

    def do_GET(self) -> None:
        """Note the request, and answer."""
        server = self.server
        assert isinstance(server, Recorder)
        server.requests.append((self.command, self.path, dict(self.headers)))
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if server.status == 0:
            self.close_connection = True
            return
        self.send_response(server.status)
        self.send_header("Content-Length", str(server.size))
        self.end_headers()
        self.wfile.write(b"x" * server.size)

    do_POST = do_GET  # noqa: N815 - names of http.server
    do_CONNECT = do_GET  # noqa: N815

    def log_message(self, *args: object) -> None:
        """Log nothing."""


@pytest.fixture
def server() -> Iterator[Recorder]:
    """Run a server for one test."""
    made = Recorder(("127.0.0.1", 0), Handler)
    made.requests, made.connections = [], 0
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.mark.parametrize(
    ("status", "times"),
    [
        *((busy, 3) for busy in (429, 502, 503, 504)),
        *((other, 1) for other in (200, 302, 400, 401, 404, 428, 430, 500, 501, 505)),
    ],
)
def test_only_a_busy_host_is_asked_again(server: Recorder, status: int, times: int) -> None:
    """Three times in all, and the last answer is the caller's."""
    server.status = status
    transport = Transport(allow_loopback_http=True, clock=ManualClock())
    assert status == transport.send("GET", server.url, repeatable=True).status
    assert times == len(server.requests)
    transport.close()


@pytest.mark.parametrize(("attempts", "times"), [(-1, 1), (0, 1), (1, 1), (2, 2), (5, 5)])
def test_the_number_of_attempts_is_at_least_one(
    server: Recorder, attempts: int, times: int
) -> None:
    """Zero attempts would send nothing at all."""
    server.status = 503
    transport = Transport(allow_loopback_http=True, attempts=attempts, clock=ManualClock())
    assert 503 == transport.send("GET", server.url, repeatable=True).status
    assert times == len(server.requests)
    transport.close()


def test_a_busy_host_empties_the_bucket(server: Recorder) -> None:
    """After a refusal every request waits for the rate, none goes with the rest of the burst."""
    server.status = 503
    clock = ManualClock(step=0.0)
    bucket = TokenBucket(1.0, 50.0, clock=clock)
    transport = Transport(allow_loopback_http=True, attempts=2, bucket=bucket, clock=clock)
    transport.send("GET", server.url, repeatable=True)
    # One pause before the second attempt, and one for the rate: the burst would not have waited.
    assert 2 == len(clock.pauses)
    transport.close()


def test_the_repr_of_an_answer_shows_its_status_alone() -> None:
    """Headers and body may hold tokens and names."""
    answer = Answer(401, {"Set-Cookie": "s3cr3t-head"}, b"s3cr3t-body")
    assert "Answer(status=401)" == repr(answer)


@pytest.mark.parametrize(("size", "fits"), [(999, True), (1000, True), (1001, False)])
def test_an_answer_may_be_as_large_as_the_limit(server: Recorder, size: int, fits: bool) -> None:
    """One byte more is refused, at once and for good: it would come again."""
    server.size = size
    transport = Transport(allow_loopback_http=True, largest=1000, clock=ManualClock())
    if fits:
        assert size == len(transport.send("GET", server.url, repeatable=True).body)
    else:
        with pytest.raises(UnavailableError, match="larger than 0 MB unpacked") as caught:
            transport.send("GET", server.url, repeatable=True)
        assert not caught.value.retryable
    assert 1 == len(server.requests)
    transport.close()


class Jumping(ManualClock):
    """A clock that is past every deadline after its first reading."""

    def monotonic(self) -> float:
        """Return 0, and then the end of the deadline and more."""
        self._time += self._step
        return self._time - self._step


@pytest.mark.parametrize(("step", "late"), [(900.5, True), (300.0, False), (1e6, True)])
def test_an_answer_past_the_deadline_is_left(server: Recorder, step: float, late: bool) -> None:
    """Also where the session is a stranger's, whose connections know no deadline."""
    transport = Transport(
        allow_loopback_http=True, session=requests.Session(), clock=Jumping(step=step)
    )
    if late:
        with pytest.raises(OutcomeUnknownError, match=r"took over 900\.0 s as a whole") as caught:
            transport.send("GET", server.url, repeatable=True)
        assert not caught.value.retryable
    else:
        assert b"xx" == transport.send("GET", server.url, repeatable=True).body
    assert 1 == len(server.requests)
    transport.close()


def test_connections_are_used_again_by_requests_that_may_be_repeated(server: Recorder) -> None:
    """A stale connection looks like a lost answer, so other requests open a new one."""
    transport = Transport(allow_loopback_http=True)
    for _ in range(3):
        transport.send("GET", server.url, repeatable=True)
    assert 1 == server.connections
    for _ in range(2):
        transport.send("POST", server.url, body=b"{}")
    assert 3 == server.connections
    transport.close()


def test_what_is_sent_is_what_was_asked(server: Recorder) -> None:
    """Method, path, body and headers arrive as given."""
    transport = Transport(allow_loopback_http=True)
    transport.send("POST", server.url + "?a=b", body=b"{}", headers={"X-Mine": "1"})
    ((method, path, headers),) = server.requests
    assert ("POST", "/x?a=b", "1", "2") == (
        method, path, headers["X-Mine"], headers["Content-Length"]
    )  # fmt: skip
    transport.close()


def test_nothing_of_the_environment_is_used(
    server: Recorder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither a proxy nor the passwords of a .netrc file."""
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login ann password s3cr3t\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    transport = Transport(allow_loopback_http=True, attempts=1)
    assert 200 == transport.send("GET", server.url).status
    ((_, path, headers),) = server.requests
    assert "/x" == path
    assert "Authorization" not in headers
    transport.close()


def test_the_proxy_of_the_job_is_used(server: Recorder) -> None:
    """The whole address goes to the proxy; for HTTPS it is asked for a tunnel."""
    transport = Transport(allow_http=True, attempts=3, proxy=server.url, clock=ManualClock())
    assert 200 == transport.send("GET", "http://nobody.invalid/y", repeatable=True).status
    assert ("GET", "http://nobody.invalid/y") == server.requests[0][:2]
    server.status = 403
    with pytest.raises(NotSentError, match="the proxy did not let through to nobody") as caught:
        transport.send("GET", "https://nobody.invalid/y", repeatable=True)
    assert ("CONNECT", "nobody.invalid:443") == server.requests[1][:2]
    assert not caught.value.retryable
    assert 2 == len(server.requests)
    transport.close()


def test_a_password_of_the_proxy_reaches_it_and_no_message(server: Recorder) -> None:
    """A proxy with a login gets it as Basic credentials."""
    address = server.url.replace("//", "//ann:s3cr3t@")
    transport = Transport(allow_http=True, attempts=1, proxy=address)
    transport.send("GET", "http://nobody.invalid/y")
    expected = base64.b64encode(b"ann:s3cr3t").decode()
    assert f"Basic {expected}" == server.requests[0][2]["Proxy-Authorization"]
    transport.close()


def test_an_address_without_a_way_is_refused() -> None:
    """The message quotes no way where there is none."""
    transport = Transport(allow_loopback_http=True)
    with pytest.raises(ConfigError, match="'' is no safe way to '127"):
        transport.send("GET", "//127.0.0.1:1/x")
    with pytest.raises(ConfigError, match="'ftp' is no safe way to '127"):
        transport.send("GET", "ftp://127.0.0.1:1/x")
    transport.close()


@pytest.mark.parametrize(
    ("url", "host"),
    [("HTTP://127.0.0.1:1/x", "127.0.0.1"), ("http://[::1]:1/x", "::1"),
     ("http://localhost:1/x", "localhost")],
)  # fmt: skip
def test_plain_http_to_this_machine_is_tried(url: str, host: str) -> None:
    """In every spelling; a host that does not answer is named."""
    transport = Transport(allow_loopback_http=True, attempts=1)
    with pytest.raises(NotSentError, match=re.escape(f"{host} cannot be reached")) as caught:
        transport.send("GET", url)
    assert caught.value.retryable
    transport.close()
    closed = Transport()
    with pytest.raises(ConfigError, match="no safe way"):
        closed.send("GET", url)
    closed.close()


def test_a_lost_answer_is_asked_for_as_often_as_the_transport_says(server: Recorder) -> None:
    """After the last attempt the caller learns that the outcome is unknown."""
    server.status = 0
    clock = ManualClock()
    transport = Transport(allow_loopback_http=True, attempts=3, clock=clock)
    with pytest.raises(OutcomeUnknownError, match=r"no whole answer from 127\.0\.0\.1"):
        transport.send("GET", server.url, repeatable=True)
    assert (3, 2) == (len(server.requests), len(clock.pauses))
    transport.close()


def test_a_closed_transport_leaves_the_loggers_alone() -> None:
    """Each transport filters the loggers of the libraries below it while it is open."""
    logger = logging.getLogger("urllib3.connectionpool")
    before = list(logger.filters)
    transport = Transport(secrets=["s3cr3t"])
    assert before != logger.filters
    transport.close()
    assert before == logger.filters


def test_the_limits_are_those_of_the_documentation() -> None:
    """A transport without options has them, and the page of adapters names every one."""
    limits = {
        name: one.default
        for name, one in inspect.signature(Transport).parameters.items()
        if one.default is not inspect.Parameter.empty
    }
    assert limits == {
        "secrets": (),
        "bucket": None,
        "connect_timeout": 10.0,
        "read_timeout": 65.0,
        "total_timeout": 900.0,
        "largest": 512 * 1024 * 1024,
        "attempts": 3,
        "longest_wait": 600.0,
        "proxy": None,
        "allow_loopback_http": False,
        "allow_http": False,
        "session": None,
        "clock": None,
        "random": None,
    }
    transport = Transport()
    assert (10.0, 65.0, 900.0, 1 << 29) == (
        *transport._timeouts, transport._total, transport._largest
    )  # fmt: skip
    backoff = transport._backoff
    assert (3, 600.0) == (backoff.attempts, backoff.longest_requested)
    transport.close()
    documented = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert (
        "10 s to connect, 65 s for each piece of an answer, 15 minutes and 512 MB for a whole one"
    ) in documented
    assert "3 attempts, and no longer wait than 10 minutes" in documented

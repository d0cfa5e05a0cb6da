"""TLS verification, and errors without secrets for requests that cannot be sent."""

from __future__ import annotations

import json
import logging
import shutil
import socket
import ssl
import subprocess
import threading
import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from abcxyz.errors import ConfigError
from abcxyz.http import NotSentError, OutcomeUnknownError, Redactor, Transport
from abcxyz.toolkit import ManualClock


class Hello(BaseHTTPRequestHandler):
    """Handler that replies to any request."""

    def do_GET(self) -> None:
        """Send the response."""
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *args: object) -> None:
        """Log nothing."""


class Busy(Hello):
    """Handler that requests a pause."""

    def do_GET(self) -> None:
        """Say for how long."""
        self.send_response(429)
        self.send_header("Retry-After", "3600")
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Make a self-signed certificate for this machine."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    words = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        "-keyout key.pem -out cert.pem -subj /CN=localhost "
        "-addext subjectAltName=DNS:localhost,IP:127.0.0.1 "
        "-addext basicConstraints=critical,CA:TRUE"
    )
    subprocess.run(words.split(), cwd=tmp_path, check=True, capture_output=True)
    return tmp_path / "cert.pem"


@pytest.fixture
def secure(certificate: Path) -> Iterator[str]:
    """Run a server with the certificate and return its URL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hello)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"https://localhost:{server.server_address[1]}/rest/7/s3cr3t/profile"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_unknown_certificate_is_refused(secure: str) -> None:
    """Nothing is sent or retried, and no secret is shown."""
    clock = ManualClock()
    transport = Transport(secrets=["s3cr3t"], clock=clock)
    with pytest.raises(
        NotSentError, match="the certificate of localhost is not trusted"
    ) as caught:
        transport.send("GET", secure, repeatable=True)
    transport.close()
    assert [] == clock.pauses
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))


def test_an_authority_of_this_machine_is_trusted(
    secure: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Certificates of the machine's store are trusted like the bundled ones."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    transport = Transport()
    assert b"ok" == transport.send("GET", secure).body
    transport.close()


def test_a_malformed_answer_is_logged_without_the_secret(caplog: pytest.LogCaptureFixture) -> None:
    """urllib3's warning about headers has the URL with the secret redacted."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nno colon here\r\nContent-Length: 2\r\n\r\nok")

    thread = threading.Thread(target=answer)
    thread.start()
    transport = Transport(secrets=["s3cr3t"], allow_loopback_http=True)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/rest/7/s3cr3t/profile"
    with caplog.at_level(logging.DEBUG):
        transport.send("GET", address)
    transport.close()
    thread.join()
    listener.close()
    assert "Failed to parse headers" in caplog.text
    assert "s3cr3t" not in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "https://",
        "https:///rest/7/s3cr3t/x",
        "http://example.com\\@127.0.0.1/rest/7/s3cr3t/",
        "https://example.com/a\r\nX: s3cr3t",
        "https://exa mple.com/rest/7/s3cr3t/",
        "https://[::1/rest/7/s3cr3t/",
    ],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """An invalid URL is refused without being repeated."""
    transport = Transport(allow_loopback_http=True)
    with pytest.raises(ConfigError, match="the address is none") as caught:
        transport.send("GET", url)
    transport.close()
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("value", ["s3cr3t\r\nX-Other: 1", "s3cr3t ключ"])
def test_a_header_that_cannot_be_sent_is_refused(value: str) -> None:
    """An invalid header raises the library's error without its value."""
    transport = Transport(allow_loopback_http=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hello)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    address = f"http://127.0.0.1:{server.server_address[1]}/"
    with pytest.raises(ConfigError, match="the request cannot be written") as caught:
        transport.send("GET", address, headers={"Authorization": value})
    server.shutdown()
    server.server_close()
    transport.close()
    assert caught.value.__context__ is None
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("secret", ["ключ/один", 'quote"d', "a b%c"])
def test_a_secret_is_covered_in_every_spelling(secret: str) -> None:
    """Secrets are redacted in paths, queries in either case, forms and JSON."""
    from urllib.parse import quote, quote_plus

    cover = Redactor([secret]).text
    for spelled in (
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote(secret, safe="").lower(),
        quote_plus(secret),
        json.dumps({"x": secret}),
        json.dumps({"x": secret}, ensure_ascii=False),
    ):
        assert "***" in cover(f"say {spelled} twice")
        assert spelled.strip('{}"x: ') not in cover(f"say {spelled} twice")


def test_a_silent_host_is_left_after_the_timeout() -> None:
    """A timeout after the request was sent is an unknown outcome, without a retry."""
    listener = socket.create_server(("127.0.0.1", 0))
    clock = ManualClock()
    transport = Transport(allow_loopback_http=True, read_timeout=0.2, clock=clock)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/rest/7/s3cr3t/add"
    with pytest.raises(OutcomeUnknownError, match="may have been carried out") as caught:
        transport.send("POST", address, body=b"{}")
    transport.close()
    listener.close()
    assert [] == clock.pauses
    assert "s3cr3t" not in str(caught.value)


def test_a_host_that_asks_for_too_long_is_not_waited_for() -> None:
    """A response with too long a pause is returned to the caller."""
    clock = ManualClock()
    transport = Transport(allow_loopback_http=True, longest_wait=5.0, clock=clock)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Busy)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    address = f"http://127.0.0.1:{server.server_address[1]}/"
    assert 429 == transport.send("GET", address, repeatable=True).status
    server.shutdown()
    server.server_close()
    transport.close()
    assert [] == clock.pauses

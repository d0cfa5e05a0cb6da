"""Webhook sink: signature, and retries only of requests certainly not accepted."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import json
import os
import pickle
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.builtin.conftest import Receiver
from tests.conftest import ROOT

from abcxyz.builtin.webhook_sink import WebhookSink
from abcxyz.errors import (
    AdapterError,
    AuthenticationError,
    BadDataError,
    ConfigError,
    RateLimitError,
    UnavailableError,
)
from abcxyz.http import NotSentError, OutcomeUnknownError, Transport
from abcxyz.testing import leaks, make_analysis
from abcxyz.toolkit import ManualClock
from abcxyz.webhooks import WebhookError, sign, verify

SECRET = "wh-s3cr3t"
ANALYSIS = make_analysis(["a", "b", "c"])


class Rig:
    """Receiver, and a sink that does not sleep."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self.clock = ManualClock(1_793_000_000.5, step=0.0)
        self.pauses = self.clock.pauses
        self.made: list[WebhookSink] = []

    def sink(self, url: str | None = None, **options: Any) -> WebhookSink:
        """Build a sink."""
        self.made.append(
            WebhookSink(
                url or self.receiver.url,
                secret=SECRET,
                insecure_loopback=True,
                clock=self.clock,
                **options,
            )
        )
        return self.made[-1]

    def send(self, *plan: int, **options: Any) -> None:
        """Write while the receiver replies by plan."""
        self.receiver.plan = list(plan)
        self.sink(**options).write(ANALYSIS, dry_run=False)


@pytest.fixture
def rig(receiver: Receiver) -> Iterator[Rig]:
    """Build a rig."""
    made = Rig(receiver)
    yield made
    for one in made.made:
        one.close()


@pytest.mark.parametrize("copied", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_webhook_is_not_pickled(copied: Callable[[object], object]) -> None:
    """Neither the sink nor its transport leaves the process, with the secret inside."""
    sink = WebhookSink(
        "https://example.org/hook/longer", secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    )
    for one in (sink, Transport(secrets=["longer than eight"])):
        with pytest.raises(TypeError, match="cannot be pickled"):
            copied(one)
    sink.close()


def test_the_document_is_signed(rig: Rig) -> None:
    """The receiver computes the same HMAC from the request."""
    rig.send()
    [(headers, body)] = rig.receiver.taken
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(SECRET.encode(), signed, hashlib.sha256).digest())
    assert f"v1,{expected.decode()}" == headers["webhook-signature"]
    assert "1793000000" == headers["webhook-timestamp"]
    assert "application/json; charset=utf-8" == headers["Content-Type"]


def test_the_document_is_the_summary(rig: Rig) -> None:
    """The document has the summary, and customers only on request."""
    rig.send()
    rig.send(customers=True, headers={"X-Tenant": "north"})
    plain, full = (json.loads(body) for _, body in rig.receiver.taken)
    assert "abcxyz.analysis" == plain["type"]
    assert 2 == plain["summary"]["customers"]
    assert "customers" not in plain
    assert ["a", "b", "c"] == sorted(one["customer"] for one in full["customers"])
    assert "north" == rig.receiver.taken[1][0]["X-Tenant"]


def test_the_same_document_has_the_same_identity(rig: Rig) -> None:
    """Equal documents have equal ids, others different ones."""
    rig.send()
    rig.send()
    rig.send(customers=True)
    first, second, other = (headers["webhook-id"] for headers, _ in rig.receiver.taken)
    assert first == second != other


def test_state_remembers_per_address(rig: Rig, tmp_path: Path) -> None:
    """An accepted document is not resent to that URL, but is sent to another one."""
    state = tmp_path / "sent.json"
    rig.send(state=state)
    rig.send(state=state)
    assert 1 == rig.receiver.hits
    rig.send(state=state, url=rig.receiver.url + "/other")
    assert 2 == rig.receiver.hits
    rig.send(state=state)
    assert 2 == rig.receiver.hits
    assert [] == leaks(state.read_text(), ["s3cr3t-path"])


def test_what_was_not_taken_is_not_remembered(rig: Rig, tmp_path: Path) -> None:
    """After a failure the next run sends the document again."""
    state = tmp_path / "sent.json"
    with pytest.raises(BadDataError):
        rig.send(400, state=state)
    rig.send(state=state)
    assert 1 == len(rig.receiver.taken)


def test_a_damaged_state_is_named(rig: Rig, tmp_path: Path) -> None:
    """The error has the path and the cure."""
    state = tmp_path / "sent.json"
    state.write_text("[")
    with pytest.raises(ConfigError, match="delete it, and the document will be sent once more"):
        rig.send(state=state)


def test_it_is_sent_again_where_it_was_not_taken(rig: Rig) -> None:
    """429 and 503 are retried after at least the requested pause."""
    rig.send(503, 429)
    assert 3 == rig.receiver.hits
    assert 1 == len(rig.receiver.taken)
    assert 2 == len(rig.pauses)
    assert 7.0 <= rig.pauses[0] <= 9.0
    assert 0.0 <= rig.pauses[1] <= 4.0


@pytest.mark.parametrize(
    ("status", "kind", "message"),
    [
        (0, OutcomeUnknownError, "may have been carried out"),
        (302, BadDataError, "answered 302 instead of taking the document"),
        (401, AuthenticationError, "answered 401; check the secret"),
        (404, BadDataError, "answered 404"),
        (500, UnavailableError, "answered 500; look there whether it has the document"),
        (502, UnavailableError, "answered 502"),
    ],
)
def test_it_is_sent_once_where_it_may_have_been_taken(
    rig: Rig, status: int, kind: type[AdapterError], message: str
) -> None:
    """Any other response, or a lost one, is an error without a retry."""
    with pytest.raises(kind, match=message) as caught:
        rig.send(status)
    assert 1 == rig.receiver.hits
    assert [] == leaks(caught.value, [SECRET, "s3cr3t-path"])


def test_a_receiver_that_stays_busy_is_named(rig: Rig) -> None:
    """After four attempts the error is temporary."""
    with pytest.raises(RateLimitError, match="asks to wait") as caught:
        rig.send(429, 429, 429, 429)
    assert (4, 0) == (rig.receiver.hits, len(rig.receiver.taken))
    assert caught.value.retryable


def test_refused_connection_is_tried_again(rig: Rig) -> None:
    """An unsent request is retried, then is an error without the URL."""
    nowhere = rig.receiver.url.replace(str(rig.receiver.server_address[1]), "1")
    with pytest.raises(NotSentError) as caught:
        rig.send(url=nowhere)
    assert 2 == len(rig.pauses)
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))


def test_an_answer_without_end_takes_no_memory(rig: Rig) -> None:
    """An answer is of no use to the sink: it stops reading one of megabytes."""
    rig.receiver.answer = b" " * (3 << 20)
    with pytest.raises(UnavailableError, match="larger than 1 MB"):
        rig.send()
    rig.receiver.answer = b" " * (1 << 19)
    rig.send()
    assert 2 == rig.receiver.hits


def test_a_dry_run_sends_nothing(rig: Rig) -> None:
    """A dry run reports how much it would send."""
    report = rig.sink().write(ANALYSIS, dry_run=True)
    assert (1, 0) == (report.written, rig.receiver.hits)
    assert report.notes[0].startswith("POST, ")


def test_preflight_only_asks(rig: Rig) -> None:
    """Preflight sends OPTIONS, accepts any status, and fails without a receiver."""
    assert ["OPTIONS: 204"] == list(rig.sink().preflight())
    assert [] == rig.receiver.taken
    with pytest.raises(NotSentError):
        rig.sink("http://127.0.0.1:1/").preflight()


@pytest.mark.parametrize("secret", ["whsec_", "whsec_%%%"])
def test_a_torn_secret_is_refused(secret: str) -> None:
    """A malformed Standard Webhooks secret is refused without being repeated."""
    with pytest.raises(ConfigError, match="no Base64 follows") as caught:
        WebhookSink("https://example.com/", secret=secret)
    assert secret not in str(caught.value) or secret == "whsec_"


def test_plain_http_is_refused() -> None:
    """Plain HTTP is refused except, where allowed, to loopback."""
    sink = WebhookSink("http://example.com/hook")
    with pytest.raises(ConfigError, match="use https"):
        sink.write(ANALYSIS, dry_run=False)
    sink.close()


def test_whsec_secrets_are_decoded() -> None:
    """The key is decoded from after the prefix, as receivers' libraries do."""
    raw = b"0123456789abcdef01234567"
    words = "whsec_" + base64.b64encode(raw).decode()
    expected = base64.b64encode(hmac.new(raw, b"m.5.{}", hashlib.sha256).digest()).decode()
    assert f"v1,{expected}" == sign(words, "m", 5, b"{}")


def test_a_replaced_secret_signs_beside_the_new_one(rig: Rig) -> None:
    """A receiver that knows either secret accepts the document, which names its version."""
    rig.send(previous_secret="old")
    [(headers, body)] = rig.receiver.taken
    for known in (SECRET, "old", ["other", "old"]):
        assert headers["webhook-id"] == verify(known, headers, body, now=1793000000)
    assert 1 == json.loads(body)["version"]
    with pytest.raises(WebhookError, match="no signature of the message is by a known secret"):
        verify("other", headers, body, now=1793000000)


def test_the_identity_is_the_same_for_every_attempt(rig: Rig) -> None:
    """Attempts and later runs carry one identity, so that a receiver works on each once."""
    for _ in range(2):
        rig.send(200)
    first, second = (headers for headers, _ in rig.receiver.taken)
    assert first["webhook-id"] == second["webhook-id"]


BODY = b'{"version": 1}'
SIGNED = {
    "Webhook-Id": "msg_1",
    "Webhook-Timestamp": "1793000000",
    "Webhook-Signature": "v2,x " + sign("s3cr3t", "msg_1", 1793000000, BODY),
}


@pytest.mark.parametrize(
    ("change", "body", "now", "message"),
    [
        ({}, b'{"version": 2}', 1793000000, "by a known secret"),
        ({"Webhook-Id": "msg_2"}, BODY, 1793000000, "by a known secret"),
        ({"Webhook-Timestamp": "1793000001"}, BODY, 1793000000, "by a known secret"),
        ({"Webhook-Signature": "v1,Яя"}, BODY, 1793000000, "by a known secret"),
        ({"Webhook-Signature": ""}, BODY, 1793000000, "lacks the headers webhook-signature"),
        ({"Webhook-Timestamp": "1e9"}, BODY, 1793000000, "of another time"),
        ({}, BODY, 1793000301, "of another time than now, give or take 300 s"),
        ({}, BODY, 1792999699, "of another time"),
    ],
)
def test_a_forged_or_old_message_is_refused(
    change: dict[str, str], body: bytes, now: int, message: str
) -> None:
    """Body, identity and timestamp are signed, and a repetition is too old."""
    assert "msg_1" == verify("s3cr3t", SIGNED, BODY, now=1793000300)
    with pytest.raises(WebhookError, match=message):
        verify("s3cr3t", {**SIGNED, **change}, body, now=now)


def test_the_example_receiver_takes_each_document_once(tmp_path: Path) -> None:
    """The receiver of the documentation stores a signed document, and refuses a foreign one."""
    program = ROOT / "docs" / "examples" / "webhook_receiver.py"
    process = subprocess.Popen(
        [sys.executable, program, "0"],
        cwd=tmp_path,
        env={**os.environ, "WEBHOOK_SECRETS": "new-secret old-secret"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        port = process.stdout.readline().split()[-1]
        for secret in ("new-secret", "old-secret"):
            with closing(
                WebhookSink(f"http://127.0.0.1:{port}/", secret=secret, insecure_loopback=True)
            ) as sink:
                assert 1 == sink.write(ANALYSIS, dry_run=False).written
        [file] = (tmp_path / "received").iterdir()
        assert "abcxyz.analysis" == json.loads(file.read_bytes())["type"]
        with (
            closing(
                WebhookSink(f"http://127.0.0.1:{port}/", secret="foreign", insecure_loopback=True)
            ) as sink,
            pytest.raises(AuthenticationError),
        ):
            sink.write(ANALYSIS, dry_run=False)
    finally:
        process.kill()
        process.communicate()

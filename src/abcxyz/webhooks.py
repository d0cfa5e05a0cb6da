"""Signatures of webhooks: sign a message, and verify one that was received.

The scheme is that of Standard Webhooks, which libraries of many languages verify, too:
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping
from typing import Any

from abcxyz.errors import ConfigError, InputError
from abcxyz.toolkit.clock import SystemClock

__all__ = ["TOLERANCE", "WebhookError", "sign", "signature_header", "verify"]

TOLERANCE = 300
"""Seconds by which the timestamp of a message may differ from the clock of the receiver."""


class WebhookError(InputError):
    """A received message is not authentic, or too old; answer it with 401."""


def _key(secret: str) -> bytes:
    """Return the key of a secret: Base64 after ``whsec_``, or the text itself."""
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    if not key:
        raise ConfigError("the secret begins with whsec_, but no Base64 follows; copy it again")
    return key


def sign(secret: str, identity: str, moment: int, body: bytes) -> str:
    """Return the signature of a message.

    Parameters
    ----------
    secret
        Secret shared with the receiver: ``whsec_`` and Base64, or any text.
    identity, moment
        The headers ``webhook-id`` and ``webhook-timestamp`` (POSIX seconds).
    body
        Body of the request.

    Returns
    -------
    str
        ``v1,`` and the Base64 of HMAC-SHA256 over ``id.timestamp.body``.

    Raises
    ------
    ConfigError
        The secret begins with ``whsec_`` and is not followed by Base64.

    Examples
    --------
    >>> sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek",
    ...      1614265330, b'{"test": 2432232314}')
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    signed = b"%s.%d.%s" % (identity.encode(), moment, body)
    return "v1," + base64.b64encode(hmac.digest(_key(secret), signed, "sha256")).decode()


def signature_header(secrets: Iterable[str], identity: str, moment: int, body: bytes) -> str:
    """Return the header ``webhook-signature``: a signature per secret, separated by spaces.

    While a key is replaced, a message carries the signatures of both, and a receiver that knows
    one of them accepts it.

    Examples
    --------
    >>> signature_header(["old", "new"], "msg_1", 1, b"{}").count("v1,")
    2
    """
    return " ".join(sign(one, identity, moment, body) for one in secrets)


def verify(
    secrets: str | Iterable[str],
    headers: Mapping[str, Any],
    body: bytes,
    *,
    tolerance: float = TOLERANCE,
    now: float | None = None,
) -> str:
    """Check that a received message is authentic and fresh.

    Parameters
    ----------
    secrets
        The secret, or several while keys are being replaced.
    headers
        Headers of the request, in any case.
    body
        Body of the request, byte by byte as it came.
    tolerance
        Seconds by which its timestamp may be off, in the past or the future.
    now
        POSIX time; that of this machine by default.

    Returns
    -------
    str
        Identity of the message, the same when it is sent again: work on each once.

    Raises
    ------
    WebhookError
        A header is missing, the timestamp is off, or no signature is by one of the secrets.
    ConfigError
        A secret begins with ``whsec_`` and is not followed by Base64.

    Examples
    --------
    >>> body = b'{"type": "abcxyz.analysis"}'
    >>> headers = {"Webhook-Id": "msg_1", "Webhook-Timestamp": "1700000000",
    ...            "Webhook-Signature": sign("s3cr3t", "msg_1", 1700000000, body)}
    >>> verify("s3cr3t", headers, body, now=1700000100)
    'msg_1'
    """
    known = {str(name).lower(): str(value) for name, value in headers.items()}
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    lacking = [name for name in names if not known.get(name)]
    if lacking:
        raise WebhookError(
            "the message lacks the headers {lacking}; it is not signed, so refuse it",
            lacking=", ".join(lacking),
        )
    identity, written, signatures = (known[name] for name in names)
    moment = int(written) if written.isascii() and written.isdecimal() else None
    now = SystemClock().now() if now is None else now
    if moment is None or abs(now - moment) > tolerance:
        raise WebhookError(
            "the message is of another time than now, give or take {tolerance} s; refuse it, and "
            "check the clocks",
            tolerance=tolerance,
        )
    every = [secrets] if isinstance(secrets, str) else list(secrets)
    expected = [sign(one, identity, moment, body).encode() for one in every]
    given = [one.encode() for one in signatures.split()]
    # Each pair is compared in constant time.
    if not any(hmac.compare_digest(one, other) for one in expected for other in given):
        raise WebhookError("no signature of the message is by a known secret; refuse it")
    return identity

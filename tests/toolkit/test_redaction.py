"""Redaction of secrets in text."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz import http
from abcxyz.toolkit import Redactor

HOOK = "https://acme.bitrix24.ru/rest/7/abc123/profile"


def test_http_offers_the_same_redactor() -> None:
    """`abcxyz.http` and the toolkit export the same redactor."""
    assert http.Redactor is Redactor


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (HOOK, "https://acme.bitrix24.ru/rest/***/profile"),
        ("https://ann:pass@example.com/", "https://***@example.com/"),
        ("Authorization: Bearer abc.def", "Authorization: *** ***"),
        ('{"access_token": "abc"}', '{"access_token": ***}'),
        ("client_secret=abc&grant=x", "client_secret=***&grant=x"),
        ("3 customers, 7 keys", "3 customers, 7 keys"),
    ],
)
def test_likely_secrets_are_replaced(text: str, shown: str) -> None:
    """Logins, webhooks and values of suggestive names are redacted unlisted."""
    assert Redactor().text(text) == shown


@given(st.text(min_size=8).filter(lambda secret: secret not in "before *** after ***"))
def test_a_listed_secret_is_replaced_wherever_it_stands(secret: str) -> None:
    """A listed secret is redacted anywhere in a text."""
    assert secret not in Redactor([secret]).text(f"before {secret} after {secret}")


def test_log_records_are_redacted(caplog: pytest.LogCaptureFixture) -> None:
    """Message, arguments and traceback of a log record are redacted."""
    logger = logging.getLogger("tests.redaction")
    redactor = Redactor(["s3cr3t"])
    logger.addFilter(redactor.filter)
    try:
        raise ValueError("s3cr3t")
    except ValueError:
        logger.exception("sent %s", "s3cr3t")
    finally:
        logger.removeFilter(redactor.filter)
    assert "sent ***" in caplog.text
    assert "s3cr3t" not in caplog.text


def test_its_repr_shows_nothing() -> None:
    """The repr has no secrets."""
    assert repr(Redactor(["s3cr3t"])) == "Redactor(***)"

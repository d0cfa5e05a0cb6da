"""Redaction of secrets in text."""

from __future__ import annotations

import logging
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abcxyz import http
from abcxyz.registry import load
from abcxyz.toolkit import Redactor
from abcxyz.toolkit.secrets import Vault

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


@pytest.mark.parametrize(
    "address",
    [
        "mssql+pyodbc:///?odbc_connect=DRIVER%3DODBC%3BSERVER%3Dh%3BPWD%3D%7Bpw-s3cr3t%7D%3B",
        "mssql+pyodbc:///?odbc_connect=SERVER%3Dh%3BPassword%3Dpw-s3cr3t",
        "postgresql+pg8000://ann@h/b?password=pw-s3cr3t",
        "mysql+pymysql://h/b?user=ann&passwd=pw-s3cr3t&ssl_key_password=pw-s3cr3t",
        "mssql+pyodbc://sa:pw-s3cr3t@h/b?driver=x",
    ],
)
def test_passwords_inside_an_address_are_replaced(address: str) -> None:
    """Passwords in the query and in a string of ODBC are redacted, listed or not."""
    assert "s3cr3t" not in Redactor().text(address)
    parts = f"SERVER=h;PWD={{pw-s3cr3t}}; then pw-s3cr3t alone, in {address}"
    assert "s3cr3t" not in Redactor([address]).text(parts)


def test_a_short_secret_does_not_garble() -> None:
    """A secret of one letter is replaced as a value alone, not inside words."""
    redactor = Redactor(["a"])
    assert "a database was read" == redactor.text("a database was read")
    assert "login=*** at http://ann:***@h" == redactor.text("login=a at http://ann:a@h").replace(
        "http://***@h", "http://ann:***@h"
    )


def test_nothing_that_holds_secrets_is_pickled() -> None:
    """Redactor and vault refuse, and so does each adapter that holds one of them."""
    pytest.importorskip("sqlalchemy")
    hook = "https://example.bitrix24.ru/rest/1/s3cr3t-hook/"
    registry = load()
    adapters = [
        registry.get("sink", "webhook").build({"url": hook, "secret": "s3cr3t"}),
        registry.get("source", "bitrix24").build({"webhook": hook}),
        registry.get("sink", "bitrix24").build({"webhook": hook}),
        registry.get("enricher", "bitrix24").build({"webhook": hook}),
        registry.get("sink", "sql").build({"url": "postgresql+pg8000://u:s3cr3t@h/b"}),
        registry.get("source", "sql").build(
            {"url": "postgresql+pg8000://u:s3cr3t@h/b", "table": "t"}
        ),
        registry.get("source", "onec").build(
            {"url": "https://h/base/odata/standard.odata", "user": "u", "password": "s3cr3t"}
        ),
        Redactor(["s3cr3t"]),
        Vault(Path(), {"s3cr3t"}),
    ]
    for one in adapters:
        with pytest.raises(TypeError, match="pickl"):
            pickle.dumps(one)

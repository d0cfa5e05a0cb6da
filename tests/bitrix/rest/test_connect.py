"""Connection options of a client."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.emulators.bitrix24.harness import Rig

from abcxyz.errors import (
    ConfigError,
)
from abcxyz_bitrix.rest.connect import connect


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "either webhook"),
        ({"webhook": {"env": "ABCXYZ_ABSENT"}}, "not set"),
        ({"webhook": "https://p.bitrix24.ru/s3cr3t"}, "no address of an incoming webhook"),
        ({"webhook": "http://p.bitrix24.ru/rest/1/s3cr3t/"}, "without https"),
        ({"webhook": "http://127.0.0.1/rest/1/s3cr3t/"}, "without https"),
        ({"webhook": "https://p.bitrix24.ru/rest/1/s3cr3t/", "plan": "gold"}, "'gold'"),
        ({"webhook": "https://p.bitrix24.ru/rest/1/s3cr3t/", "timeout": 10}, "too short"),
        (
            {"webhook": "https://p.bitrix24.ru/rest/1/s3cr3t/", "base_url": "http://127.0.0.1:9"},
            "only to this machine",
        ),
        (
            {"webhook": "https://p.bitrix24.ru/rest/1/s3cr3t/", "base_url": "https://e.com",
             "insecure_loopback": True},
            "only to this machine",
        ),
    ],
)  # fmt: skip
def test_bad_options_are_named(options: dict[str, object], message: str) -> None:
    """A wrong option is refused before anything is sent, without repeating the secret."""
    with pytest.raises(ConfigError, match=message) as caught:
        connect(**options)  # type: ignore[arg-type]
    assert "s3cr3t" not in str(caught.value)


def test_secret_file_must_be_private(site: Rig, tmp_path: Path) -> None:
    """A webhook is read only from a file of mode 0600."""
    path = tmp_path / "hook"
    path.write_text(site.server.webhook + "\n")
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        connect(webhook={"file": str(path)}, insecure_loopback=True)
    path.chmod(0o600)
    client = connect(webhook={"file": str(path)}, insecure_loopback=True, clock=site.timer)
    assert client.call("profile").result["ID"] == "1"


def test_base_url_keeps_the_webhook(site: Rig) -> None:
    """With insecure_loopback the same webhook may be used with a loopback address."""
    hook = f"https://acme.bitrix24.ru{site.portal.webhook_path}"
    client = connect(
        webhook=hook, base_url=site.server.url, insecure_loopback=True, clock=site.timer
    )
    assert client.call("profile").result["ID"] == "1"

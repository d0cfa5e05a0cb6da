"""Tokens of an application: one refresh at a time, stored before it is used."""

from __future__ import annotations

import json
import logging
import stat
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.emulators.bitrix24.access import Application
from tests.emulators.bitrix24.harness import Rig, rig

from abcxyz.errors import AuthenticationError, ConfigError
from abcxyz_bitrix.rest.batch import Client
from abcxyz_bitrix.rest.connect import connect
from abcxyz_bitrix.rest.credentials import OAuth


@pytest.fixture
def site() -> Iterator[Rig]:
    """Serve a portal."""
    with rig() as made:
        yield made


@pytest.fixture
def app(site: Rig) -> Application:
    """Register an application."""
    return site.portal.access.application()


@pytest.fixture
def tokens(site: Rig, app: Application, tmp_path: Path) -> Path:
    """Store a pair of tokens."""
    access, refresh = site.portal.access.issue(app.client_id)
    path = tmp_path / "tokens.json"
    endpoint = f"{site.server.url}/rest/"
    path.write_text(
        json.dumps({"access_token": access, "refresh_token": refresh, "server_endpoint": endpoint})
    )
    path.chmod(0o600)
    return path


def client_of(site: Rig, app: Application, tokens: Path) -> Client:
    """Connect with tokens."""
    return connect(
        client_id=app.client_id,
        client_secret=app.client_secret,
        token_file=str(tokens),
        portal=site.server.url,
        insecure_loopback=True,
        clock=site.timer,
    )


def test_expired_token_is_renewed_once(site: Rig, app: Application, tokens: Path) -> None:
    """An expired token is renewed and stored privately, and the call is repeated."""
    client = client_of(site, app, tokens)
    before = json.loads(tokens.read_text())
    site.portal.access.expire_tokens()
    assert client.call("profile").result["ID"] == "1"
    after = json.loads(tokens.read_text())
    assert site.portal.access.refreshes == 1
    assert after["access_token"] != before["access_token"]
    assert after["refresh_token"] != before["refresh_token"]
    assert stat.S_IMODE(tokens.stat().st_mode) == 0o600


def test_nothing_is_renewed_without_need(site: Rig, app: Application, tokens: Path) -> None:
    """A valid token is used as it is."""
    client = client_of(site, app, tokens)
    for _ in range(3):
        client.call("profile")
    assert site.portal.access.refreshes == 0


def test_create_is_repeated_after_a_renewal(site: Rig, app: Application, tokens: Path) -> None:
    """An expired token means that nothing ran, so even a create is sent again."""
    client = client_of(site, app, tokens)
    site.portal.access.expire_tokens()
    client.call("crm.item.add", {"entityTypeId": 4, "fields": {"title": "А"}})
    assert len(site.portal.state.tables[4].rows) == 1


def test_many_threads_renew_once(site: Rig, app: Application, tokens: Path) -> None:
    """A thread that waited for a refresh uses the new pair; the old one is never used twice."""
    clients = [client_of(site, app, tokens) for _ in range(2)]
    site.portal.access.expire_tokens()
    failed: list[BaseException] = []

    def ask(client: Client) -> None:
        try:
            client.call("profile")
        except BaseException as problem:  # noqa: BLE001 - handed to the test
            failed.append(problem)

    threads = [threading.Thread(target=ask, args=(clients[n % 2],)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert (site.portal.access.refreshes, site.portal.access.stale) == (1, 0)


def test_invalid_refresh_token_is_reported(
    site: Rig, app: Application, tokens: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An invalid refresh token asks for a new authorisation and shows no secret."""
    client = client_of(site, app, tokens)
    stored = json.loads(tokens.read_text())
    site.portal.access.expire_tokens()
    site.portal.access.refresh_tokens.clear()
    with caplog.at_level(logging.DEBUG), pytest.raises(AuthenticationError) as caught:
        client.call("profile")
    assert "authorise the application again" in str(caught.value)
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(client)
    for secret in (app.client_secret, stored["refresh_token"], stored["access_token"]):
        assert secret not in shown


def test_new_tokens_stay_secret(
    site: Rig, app: Application, tokens: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Renewed tokens are redacted like the first ones."""
    client = client_of(site, app, tokens)
    site.portal.access.expire_tokens()
    with caplog.at_level(logging.DEBUG):
        client.call("profile")
        site.portal.access.tokens.clear()
        with pytest.raises(AuthenticationError) as caught:
            client.call("profile")
    fresh = json.loads(tokens.read_text())
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert fresh["access_token"] not in shown
    assert fresh["refresh_token"] not in shown


def test_unknown_authorisation_server_is_refused(
    site: Rig, app: Application, tokens: Path
) -> None:
    """The client secret goes to the two known hosts only."""
    stored = json.loads(tokens.read_text()) | {"server_endpoint": "https://evil.example/rest/"}
    tokens.write_text(json.dumps(stored))
    client = client_of(site, app, tokens)
    site.portal.access.expire_tokens()
    with pytest.raises(ConfigError, match=r"evil\.example"):
        client.call("profile")


@pytest.mark.parametrize("text", ["{}", "no json", "[]"])
def test_damaged_token_file_is_reported(
    site: Rig, app: Application, tokens: Path, text: str
) -> None:
    """A token file without tokens is named before anything is sent."""
    tokens.write_text(text)
    with pytest.raises(ConfigError, match="holds no tokens"):
        client_of(site, app, tokens)


def test_open_token_file_is_refused(site: Rig, app: Application, tokens: Path) -> None:
    """A token file that others may read is not used."""
    tokens.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        client_of(site, app, tokens)


def test_stored_pair_is_whole_or_old(
    site: Rig, app: Application, tokens: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the new pair cannot be written the old file is still whole."""
    client = client_of(site, app, tokens)
    before = tokens.read_text()
    site.portal.access.expire_tokens()

    def refuse(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(Exception, match="No space left"):
        client.call("profile")
    assert tokens.read_text() == before
    assert [item.name for item in tokens.parent.iterdir() if item.name.startswith(".")] == []


def test_repr_of_an_application_shows_no_secret(site: Rig, app: Application, tokens: Path) -> None:
    """The repr of an application names it without its secret."""
    credentials = client_of(site, app, tokens).credentials
    assert isinstance(credentials, OAuth)
    assert app.client_secret not in repr(credentials)
    assert credentials.identity == f"application {app.client_id}"


@pytest.mark.parametrize("kind", ["bad_gateway", "not_json", "reset_before"])
def test_page_of_the_authorisation_server_is_asked_again(
    site: Rig, app: Application, tokens: Path, kind: str
) -> None:
    """One page or lost answer of the authorisation server does not end a run."""
    client = client_of(site, app, tokens)
    site.portal.access.expire_tokens()
    if kind == "not_json":  # the pair was issued, and the answer was lost: the old one is used up
        site.portal.faults.add(kind, "oauth/token")
        with pytest.raises(AuthenticationError, match="authorise the application again"):
            client.call("profile")
    else:
        site.portal.faults.add(kind, "oauth/token", times=2)
        assert client.call("profile").result["ID"] == "1"


def test_token_in_the_place_of_the_file_is_not_shown(site: Rig, app: Application) -> None:
    """A token written as ``token_file`` is not repeated."""
    with pytest.raises(ConfigError) as caught:
        client_of(site, app, Path("x7Gh29dKq81LmNx7Gh29dKq81LmN"))
    assert "x7Gh29" not in str(caught.value)

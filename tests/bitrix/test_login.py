"""First exchange of an application: consent in a browser, redirect to this machine."""

from __future__ import annotations

import json
import stat
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.emulators.bitrix24.access import Application
from tests.emulators.bitrix24.harness import Rig, analysis_of, free, rig

from abcxyz.cli import main
from abcxyz.errors import AuthenticationError, ConfigError, UnavailableError
from abcxyz_bitrix.login import authorize
from abcxyz_bitrix.rest.connect import connect
from abcxyz_bitrix.sink import BitrixSink


@pytest.fixture
def site() -> Iterator[Rig]:
    """Serve a portal with a company."""
    with rig(limits=free()) as made:
        made.portal.add_company("Ромашка")
        yield made


@pytest.fixture
def app(site: Rig) -> Application:
    """Register an application."""
    return site.portal.access.application()


def browse(address: str) -> None:
    """Open an address and follow the redirect, as a browser does."""
    with urllib.request.urlopen(address) as page:
        assert "Страницу можно закрыть" in page.read().decode()


def login(site: Rig, app: Application, file: Path, **options: object) -> str:
    """Authorise the application."""
    arguments = {"show": browse, "port": 0, "wait": 5.0, "loopback": True, "clock": site.timer}
    return authorize(
        site.server.url,
        app.client_id,
        app.client_secret,
        file,
        **{**arguments, **options},  # type: ignore[arg-type]
    )


def test_consent_stores_tokens_that_work(site: Rig, app: Application, tmp_path: Path) -> None:
    """After the consent the token file is private, and a client with it calls the portal."""
    file = tmp_path / "tokens.json"
    assert "crm" in login(site, app, file).split(",")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert set(json.loads(file.read_text())) >= {"access_token", "refresh_token"}
    client = connect(
        client_id=app.client_id,
        client_secret=app.client_secret,
        token_file=file,
        portal=site.server.url,
        insecure_loopback=True,
        clock=site.timer,
    )
    assert client.call("profile").result["ID"] == "1"


def test_refused_consent_is_an_error(site: Rig, app: Application, tmp_path: Path) -> None:
    """A user who refuses ends the login with the reason, and nothing is stored."""
    site.portal.consents = False
    with pytest.raises(AuthenticationError, match="access_denied"):
        login(site, app, tmp_path / "tokens.json")
    assert not (tmp_path / "tokens.json").exists()


def test_redirect_with_another_state_is_not_accepted(
    site: Rig, app: Application, tmp_path: Path
) -> None:
    """A redirect that this login did not cause is refused, and the login goes on waiting."""

    def forge(address: str) -> None:
        redirect = urllib.parse.parse_qs(urllib.parse.urlsplit(address).query)["redirect_uri"][0]
        code = site.portal.access.authorize(app.client_id)
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"{redirect}?code={code}&state=forged")

    with pytest.raises(UnavailableError, match="nobody consented"):
        login(site, app, tmp_path / "tokens.json", show=forge, wait=0.2)
    assert not (tmp_path / "tokens.json").exists()


def test_wrong_key_is_not_shown(site: Rig, app: Application, tmp_path: Path) -> None:
    """A wrong key of the application is refused without being repeated."""
    with pytest.raises(AuthenticationError) as caught:
        authorize(
            site.server.url, app.client_id, "wrong-key-1234", tmp_path / "tokens.json",
            show=browse, port=0, loopback=True, clock=site.timer,
        )  # fmt: skip
    assert "wrong-key-1234" not in str(caught.value)


def test_unknown_authorisation_server_sees_no_key(
    site: Rig, app: Application, tmp_path: Path
) -> None:
    """A redirect that names another authorisation server is refused."""
    site.portal.base = "https://evil.example"
    with pytest.raises(ConfigError, match=r"evil\.example"):
        login(site, app, tmp_path / "tokens.json")


def test_taken_port_is_named(site: Rig, app: Application, tmp_path: Path) -> None:
    """A port in use is named with the cure."""
    port = int(site.server.url.rpartition(":")[2])
    with pytest.raises(ConfigError, match=f"port {port}.*--port"):
        login(site, app, tmp_path / "tokens.json", port=port)


def test_commands_log_in_and_uninstall(
    site: Rig,
    app: Application,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The command stores the tokens, with which the fields of the sink are removed."""
    BitrixSink(client=site.client).write(analysis_of({"CO_1": "AX"}), dry_run=False)
    monkeypatch.setenv("APP_KEY", app.client_secret)
    monkeypatch.setattr("webbrowser.open", browse)
    options = [
        "--portal", site.server.url, "--client-id", app.client_id, "--client-secret-env",
        "APP_KEY", "--token-file", str(tmp_path / "tokens.json"), "--insecure-loopback",
    ]  # fmt: skip
    assert main(["bitrix24", "login", *options, "--port", "0", "--lang", "en"]) == 0
    assert "tokens stored in" in capsys.readouterr().out
    assert main(["bitrix24", "uninstall", *options, "--yes"]) == 0
    assert site.portal.state.user_fields == {}
    out = capsys.readouterr().out
    assert app.client_secret not in out

"""Secrets of a job: resolved when it is built, never displayed."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from abcxyz.config import Adapters, build, parse_job
from abcxyz.errors import AbcxyzWarning, ConfigError
from abcxyz.plugins import Secret, WriteReport, hookimpl
from abcxyz.registry import load
from abcxyz.testing import leaks
from abcxyz.toolkit import read_secret, write_atomic

SECRET = "s3cr3t-ключ"
SOURCE = '[[source]]\nkind = "csv"\npath = "sales.csv"\n'


class Chat:
    """Sink that needs a secret."""

    def __init__(
        self,
        *,
        key_of_the_room: Secret | None = None,
        password: str = "",
        token_file: str = "",
        url: str = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        self.key = key_of_the_room
        self.password = password
        self.headers = headers

    def write(self, analysis: Any, *, dry_run: bool) -> WriteReport:
        """Write nothing."""
        return WriteReport()


PLUGIN = ModuleType("chats")
PLUGIN.abcxyz_sinks = hookimpl(lambda: {"chat": Chat})  # type: ignore[attr-defined]


def built(folder: Path, options: str) -> Adapters:
    """Build a job with the chat sink."""
    job = parse_job(f'{SOURCE}[[sink]]\nkind = "chat"\n{options}\n', folder / "job.toml")
    return build(job, load(extra=[PLUGIN]))


def chat(folder: Path, options: str) -> Chat:
    """Build a job with the chat sink, and return the sink."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sink = built(folder, options).sinks[0][1]
    assert isinstance(sink, Chat)
    return sink


def test_a_secret_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The adapter gets the value; the job and its adapters do not show it."""
    monkeypatch.setenv("CHAT", SECRET)
    options = 'password = { env = "CHAT" }'
    assert SECRET == chat(tmp_path, options).password
    made = built(tmp_path, options)
    assert frozenset({SECRET}) == made.secrets
    assert [] == leaks(repr(made), [SECRET])


def test_a_secret_may_stand_inside_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The value of a header may be a secret."""
    monkeypatch.setenv("CHAT", SECRET)
    made = chat(tmp_path, 'headers = { Authorization = { env = "CHAT" } }')
    assert {"Authorization": SECRET} == made.headers


def test_a_secret_comes_from_a_private_file(tmp_path: Path) -> None:
    """The path is relative to the job, and the line end is not in the secret."""
    (tmp_path / "key").write_text(f"{SECRET}\n", encoding="utf-8")
    (tmp_path / "key").chmod(0o600)
    assert SECRET == chat(tmp_path, 'key_of_the_room = { file = "key" }').key


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """The error has the path, its permissions and the cure."""
    path = tmp_path / "key"
    path.write_text(SECRET, encoding="utf-8")
    path.chmod(mode)
    with pytest.raises(ConfigError) as caught:
        chat(tmp_path, 'password = { file = "key" }')
    assert (
        f"job.toml:6: others may read the secret in {path} (its rights are {mode:03o}); "
        f"run: chmod 600 {path}"
    ) == str(caught.value)


def test_a_secret_comes_from_the_keyring(tmp_path: Path) -> None:
    """Service and user identify a secret in the keyring."""
    keyring = pytest.importorskip("keyring")
    from keyring.backend import KeyringBackend

    class Ring(KeyringBackend):
        priority = 1

        def get_password(self, service: str, username: str) -> str | None:
            return SECRET if (service, username) == ("my/chat", "ann") else None

        def set_password(self, service: str, username: str, password: str) -> None: ...

        def delete_password(self, service: str, username: str) -> None: ...

    usual = keyring.get_keyring()
    ring: Any = Ring
    keyring.set_keyring(ring())
    try:
        assert SECRET == chat(tmp_path, 'password = { keyring = "my/chat/ann" }').password
        with pytest.raises(ConfigError, match="put it there with: keyring set other ann"):
            chat(tmp_path, 'password = { keyring = "other/ann" }')
    finally:
        keyring.set_keyring(usual)


def test_a_locked_keyring_is_named(tmp_path: Path) -> None:
    """Without a keyring the error lists the other ways."""
    keyring = pytest.importorskip("keyring")
    from keyring.backends.fail import Keyring

    usual = keyring.get_keyring()
    nothing: Any = Keyring
    keyring.set_keyring(nothing())
    try:
        with pytest.raises(ConfigError, match=r"\(NoKeyringError\); unlock it, or use env or"):
            chat(tmp_path, 'password = { keyring = "chat/ann" }')
    finally:
        keyring.set_keyring(usual)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ('{ env = "NO_SUCH" }', "the environment variable NO_SUCH is not set; set it to the"),
        ('{ env = "EMPTY" }', "the secret in env 'EMPTY' is empty; put it there"),
        ('{ file = "nowhere" }', r"nowhere cannot be read \(No such file or directory\)"),
        ('{ file = "binary" }', r"binary cannot be read \(it is not text in UTF-8\)"),
        ('{ keyring = "chat" }', "keyring = 'chat' is not SERVICE/USER; write it so"),
        ("{ env = 5 }", 'a secret is named by text, such as env = "NAME", not by 5'),
    ],
)
def test_a_secret_that_is_not_there_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference: str, message: str
) -> None:
    """The error has the line, the place and the cure."""
    monkeypatch.setenv("EMPTY", " ")
    (tmp_path / "binary").write_bytes(b"\xff" + SECRET.encode())
    (tmp_path / "binary").chmod(0o600)
    with pytest.raises(ConfigError, match=message) as caught:
        chat(tmp_path, f"password = {reference}")
    assert str(caught.value).startswith("job.toml:6: ")
    assert [] == leaks(caught.value, [SECRET, "s3cr3t"])


@pytest.mark.parametrize(
    "option",
    [
        f'password = "{SECRET}"',
        f'key_of_the_room = "{SECRET}"',
        f'url = "https://ann:{SECRET}@example.com/"',
        f'url = "postgresql+psycopg://ann:{SECRET}@example.com/base"',
        f'url = "postgresql:///base?password={SECRET}"',
        f'url = "mssql+pyodbc:///?odbc_connect=UID%3Dann%3BPWD%3D{SECRET}"',
        f'headers = {{ "X-Api-Key" = "{SECRET}" }}',
    ],
)
def test_a_secret_in_clear_is_warned_about(tmp_path: Path, option: str) -> None:
    """The warning has the line, the option and the cure, not the secret."""
    with pytest.warns(AbcxyzWarning) as caught:
        made = built(tmp_path, option)
    [warning] = caught
    message = str(warning.message)
    assert message.startswith("job.toml:6: the option ")
    assert "holds a secret in clear" in message
    assert '= { env = "NAME" } instead' in message
    assert [] == leaks(message, ["s3cr3t"])
    assert any(SECRET in one for one in made.secrets)


@pytest.mark.parametrize(
    "option",
    [
        'token_file = "token"',
        'url = "https://example.com/a"',
        'url = "sqlite:///sales.db"',
        'url = "mssql+pyodbc:///?odbc_connect=Trusted_Connection%3Dyes"',
    ],
)
def test_what_is_no_secret_is_not_warned_about(tmp_path: Path, option: str) -> None:
    """A path and a plain URL give no warning."""
    chat(tmp_path, option)


# -- what an adapter reads itself ---------------------------------------------------------------


def test_an_adapter_reads_the_same_references(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One function resolves a reference and passes a resolved secret through."""
    monkeypatch.setenv("CHAT", f" {SECRET}\n")
    write_atomic(tmp_path / "key", f"{SECRET}\n".encode(), private=True)
    assert read_secret({"env": "CHAT"}) == SECRET
    assert read_secret({"file": "key"}, folder=tmp_path) == SECRET
    assert read_secret({"file": str(tmp_path / "key")}) == SECRET
    assert read_secret(f"{SECRET}\n") == SECRET


@pytest.mark.parametrize("value", [None, "", " ", 5, {}, {"url": "x"}, {"env": "a", "file": "b"}])
def test_what_is_no_reference_is_refused(value: object) -> None:
    """The error begins with the option, and shows no value."""
    with pytest.raises(ConfigError) as caught:
        read_secret(value, where="token: ")
    assert str(caught.value) == (
        'token: a secret is named by { env = "NAME" }, { file = "PATH" } or '
        '{ keyring = "SERVICE/USER" }; write one of them'
    )


@pytest.mark.parametrize("kind", ["env", "file", "keyring"])
@pytest.mark.parametrize(
    "secret",
    [
        "https://example.bitrix24.ru/rest/7/k3y/",
        "example.bitrix24.ru/rest/7/k3yk3yk3yk3y",
        "x7Gh29dKq81LmN",
        "abcdefghijklmnopqrstuvwxyz",
        "token=1234",
        "pa55 word",
    ],
)
def test_a_secret_in_the_place_of_a_name_is_not_shown(kind: str, secret: str) -> None:
    """An address or a token where a name belongs is not in the message, which says what does."""
    with pytest.raises(ConfigError) as caught:
        read_secret({kind: secret}, where="job.toml:5: ")
    for part in secret.split("/"):
        assert part in ("", "https:", "rest", "7") or part not in str(caught.value)
    assert str(caught.value).startswith("job.toml:5: ")
    assert "may be the secret itself" in str(caught.value)


def test_a_name_that_is_one_is_shown(tmp_path: Path) -> None:
    """A missing variable, file or entry with an ordinary name is named."""
    for reference in ({"env": "SHOP_TOKEN_2"}, {"file": str(tmp_path / "shop-token.txt")}):
        [name] = reference.values()
        with pytest.raises(ConfigError, match=re.escape(name)):
            read_secret(reference)

"""Options shared by several adapters: one record, flat keys in a job."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import Factory, field, frozen
from tests.plugins.test_registry import plugin

from abcxyz.config import build, parse_job
from abcxyz.core.sales.calendar import Window
from abcxyz.core.sales.transactions import Transactions
from abcxyz.errors import AbcxyzWarning, ConfigError, PluginError
from abcxyz.plugins import Flat, Secret
from abcxyz.registry import Adapter, Registry, load


def _positive(_record: object, _field: object, value: float) -> None:
    if value <= 0:
        raise ConfigError("timeout is {value}; give seconds above 0", value=value)


@frozen
class Connection:
    """Connection options of every adapter of the shop."""

    url: str
    token: Secret | None = field(default=None, repr=False)
    timeout: float = field(default=60.0, validator=_positive)
    hosts: list[str] = Factory(lambda: ["a"])
    cache: Path | None = None


class Shop:
    """Source with the connection record."""

    def __init__(self, connection: Flat[Connection], *, status: str = "paid") -> None:
        if connection.url == "broken":
            raise RuntimeError(f"cannot log in with {connection.token}")
        self.connection, self.status = connection, status

    def transactions(self, window: Window) -> Iterator[Transactions]:
        """Yield nothing."""
        yield from ()


class Twice(Shop):
    """Source with an option that its record has too."""

    def __init__(self, connection: Flat[Connection], *, url: str = "") -> None:
        super().__init__(connection)


def _adapter(kind: type) -> Adapter:
    return _registry(kind).get("source", "shop")


def _registry(kind: type) -> Registry:
    return load(installed=False, extra=[plugin(abcxyz_sources={"shop": kind})])


def test_the_fields_are_options() -> None:
    """The record's fields are options beside those of the adapter."""
    options = {one.name: one for one in _adapter(Shop).options}
    assert ["url", "token", "timeout", "hosts", "cache", "status"] == list(options)
    assert ["url"] == [one.name for one in options.values() if one.required]
    assert ["token"] == [one.name for one in options.values() if one.secret]
    assert (60.0, ["a"], "paid") == tuple(
        options[name].default for name in ("timeout", "hosts", "status")
    )


def test_a_job_fills_the_record(tmp_path: Path) -> None:
    """Values are converted like other options, with paths relative to the job."""
    made = _adapter(Shop).build(
        {"url": "u", "timeout": 5, "cache": "c", "status": "new"}, folder=tmp_path
    )
    assert Connection("u", timeout=5.0, cache=tmp_path / "c") == made.connection
    assert isinstance(made.connection.timeout, float)
    assert "new" == made.status


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"url": "u", "timeuot": 5}, "has no option 'timeuot'; did you mean 'timeout'"),
        ({"url": "u", "timeout": "5"}, "the option 'timeout' of the source 'shop' is '5'; it tak"),
        ({"url": "u", "token": 5}, r"is \*\*\*; it takes Secret"),
        ({"timeout": 5.0}, "the source 'shop' lacks url; it accepts url, token, timeout, hosts"),
        ({"url": "u", "timeout": -1}, "timeout is -1.0; give seconds above 0"),
        ({"url": "u", "connection": "x"}, "has no option 'connection'"),
    ],
)
def test_mistakes_are_answered_as_usual(options: dict[str, object], message: str) -> None:
    """A typo, wrong type, missing field or rejected record is an error with its name."""
    with pytest.raises(ConfigError, match=message):
        _adapter(Shop).build(options)


def test_a_failing_constructor_keeps_the_record_out_of_sight() -> None:
    """A foreign exception becomes a plugin error without its secret."""
    with pytest.raises(PluginError, match=r"cannot be built \(RuntimeError\)") as caught:
        _adapter(Shop).build({"url": "broken", "token": "s3cr3t"})
    assert caught.value.__context__ is None


def test_one_name_twice_is_the_authors_mistake() -> None:
    """An option in both the record and the adapter is refused."""
    with pytest.raises(PluginError, match="has the option 'url' twice"):
        _adapter(Twice).build({"url": "u"})


def test_secrets_of_a_record_come_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret is resolved, and one in plain text gives a warning."""
    monkeypatch.setenv("TOKEN", "s3cr3t-token")
    text = '[[source]]\nkind = "shop"\nurl = "u"\ntoken = {}\n[history]\npath = "h.db"\n'
    registry = _registry(Shop)
    job = parse_job(text.format('{ env = "TOKEN" }'), tmp_path / "job.toml")
    adapters = build(job, registry)
    [(_, source)] = adapters.sources
    assert isinstance(source, Shop)
    assert "s3cr3t-token" == source.connection.token
    assert "s3cr3t-token" in adapters.secrets
    assert "s3cr3t" not in repr(source.connection)
    clear = parse_job(text.format('"s3cr3t-token"'), tmp_path / "job.toml")
    with pytest.warns(AbcxyzWarning, match="the option 'token' holds a secret in clear"):
        build(clear, registry)

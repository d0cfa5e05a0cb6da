"""Command that removes the fields of the sink, and the plugin hooks."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator

import pytest
from tests.emulators.bitrix24.harness import Rig, analysis_of, free, rig

from abcxyz.cli import build_parser
from abcxyz.errors import AuthenticationError, ConfigError
from abcxyz.plugins import CliCommand
from abcxyz_bitrix import plugin
from abcxyz_bitrix.enricher import BitrixEnricher
from abcxyz_bitrix.sink import BitrixSink
from abcxyz_bitrix.source import BitrixSource


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """Serve a portal with the adapter's fields, and its webhook in the environment."""
    with rig(limits=free()) as made:
        made.portal.add_company("Ромашка")
        BitrixSink(client=made.client).write(analysis_of({"CO_1": "AX"}), dry_run=False)
        monkeypatch.setenv("HOOK", made.server.webhook)
        yield made


def call(*reply: str) -> int:
    """Run the command as the command line does."""
    args = build_parser(plugin.abcxyz_commands()).parse_args(
        ["bitrix24", "uninstall", "--webhook-env", "HOOK", "--insecure-loopback", *reply]
    )
    code = args.run(args)
    assert isinstance(code, int)
    return code


def type_answer(monkeypatch: pytest.MonkeyPatch, reply: str) -> None:
    """Answer the question on standard input."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(reply))


@pytest.mark.parametrize("reply", ["no\n", "\n", ""])
def test_fields_stay_without_confirmation(
    site: Rig, monkeypatch: pytest.MonkeyPatch, reply: str
) -> None:
    """Any answer except yes removes nothing."""
    type_answer(monkeypatch, reply)
    before = dict(site.portal.state.user_fields)
    assert call() == 0
    assert site.portal.state.user_fields == before


@pytest.mark.parametrize("reply", ["yes\n", "Да\n"])
def test_confirmation_removes_the_fields(
    site: Rig,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    reply: str,
) -> None:
    """After the answer yes the listed fields are removed."""
    type_answer(monkeypatch, reply)
    assert call("--lang", "ru") == 0
    assert site.portal.state.user_fields == {}
    output = capsys.readouterr().out
    assert "UF_CRM_ABCXYZ_SEGMENT" in output
    assert "удалено полей: 22" in output
    assert call("--yes") == 0
    assert "no field of ours" in capsys.readouterr().out


def test_refusal_is_an_error_without_the_secret(site: Rig) -> None:
    """An invalid webhook ends the command with an error that shows no secret."""
    secret = site.portal.hook.secret
    site.portal.hook.secret = "another"
    with pytest.raises(AuthenticationError, match="does not accept the webhook") as caught:
        call("--yes")
    assert secret not in str(caught.value)


def test_missing_variable_is_named(site: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the webhook the error names the variable to set."""
    monkeypatch.delenv("HOOK")
    with pytest.raises(ConfigError, match="HOOK"):
        call("--yes")


def test_package_offers_three_adapters_and_a_command() -> None:
    """The entry point registers a source, an enricher, a sink and a command."""
    assert plugin.abcxyz_sources() == {"bitrix24": BitrixSource}
    assert plugin.abcxyz_enrichers() == {"bitrix24": BitrixEnricher}
    assert plugin.abcxyz_sinks() == {"bitrix24": BitrixSink}
    ((name, command),) = plugin.abcxyz_commands().items()
    assert (name, isinstance(command, CliCommand)) == ("bitrix24", True)

"""Plugin hooks of the Bitrix24 adapter, the entry point ``bitrix24``."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from abcxyz.plugins import CliCommand, Factory, hookimpl

__all__ = [
    "abcxyz_commands",
    "abcxyz_crm_sources",
    "abcxyz_enrichers",
    "abcxyz_sinks",
    "abcxyz_sources",
]


@hookimpl
def abcxyz_sources() -> Mapping[str, Factory]:
    """Register the source of sales."""
    from abcxyz_bitrix.source import BitrixSource

    return {"bitrix24": BitrixSource}


@hookimpl
def abcxyz_crm_sources() -> Mapping[str, Factory]:
    """Register the source of CRM records."""
    from abcxyz_bitrix.crm_source import BitrixCrm

    return {"bitrix24": BitrixCrm}


@hookimpl
def abcxyz_enrichers() -> Mapping[str, Factory]:
    """Register the enricher."""
    from abcxyz_bitrix.enricher import BitrixEnricher

    return {"bitrix24": BitrixEnricher}


@hookimpl
def abcxyz_sinks() -> Mapping[str, Factory]:
    """Register the sink."""
    from abcxyz_bitrix.sink import BitrixSink

    return {"bitrix24": BitrixSink}


@hookimpl
def abcxyz_commands() -> Mapping[str, CliCommand]:
    """Register the command ``abcxyz bitrix24``."""
    return {"bitrix24": _Command()}


class _Command:
    """The command, whose module is loaded when it is called and not for the list of commands."""

    HELP = "look after a Bitrix24 portal"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the options of the command."""
        from abcxyz_bitrix import command

        command.add_arguments(parser)

    def run(self, args: argparse.Namespace) -> int:
        """Run the command; return the exit code."""
        from abcxyz_bitrix import command

        return command.run(args)

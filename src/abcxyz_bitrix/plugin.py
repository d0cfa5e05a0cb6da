"""Plugin hooks of the Bitrix24 adapter, the entry point ``bitrix24``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from abcxyz.plugins import Factory, hookimpl

__all__ = ["abcxyz_commands", "abcxyz_enrichers", "abcxyz_sinks", "abcxyz_sources"]


@hookimpl
def abcxyz_sources() -> Mapping[str, Factory]:
    """Register the source of sales."""
    from abcxyz_bitrix.source import BitrixSource

    return {"bitrix24": BitrixSource}


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
def abcxyz_commands() -> Mapping[str, Any]:
    """Register the command ``abcxyz bitrix24``."""
    from abcxyz_bitrix import command

    return {"bitrix24": command}

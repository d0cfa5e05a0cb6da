"""Plugin hooks of the 1C adapter."""

from __future__ import annotations

from collections.abc import Mapping

from abcxyz.plugins import Factory, hookimpl
from abcxyz_onec.enricher import OneCEnricher
from abcxyz_onec.sink import OneCSink
from abcxyz_onec.source import OneCSource

__all__ = ["abcxyz_enrichers", "abcxyz_sinks", "abcxyz_sources"]


@hookimpl
def abcxyz_sources() -> Mapping[str, Factory]:
    """Register the source."""
    return {"onec": OneCSource}


@hookimpl
def abcxyz_enrichers() -> Mapping[str, Factory]:
    """Register the enricher."""
    return {"onec": OneCEnricher}


@hookimpl
def abcxyz_sinks() -> Mapping[str, Factory]:
    """Register the sink."""
    return {"onec": OneCSink}

"""Plugin hooks of the 1C adapter."""

from __future__ import annotations

from collections.abc import Mapping

from abcxyz.plugins import Factory, hookimpl

__all__ = ["abcxyz_enrichers", "abcxyz_sinks", "abcxyz_sources"]


@hookimpl
def abcxyz_sources() -> Mapping[str, Factory]:
    """Register the source."""
    from abcxyz_onec.source import OneCSource

    return {"onec": OneCSource}


@hookimpl
def abcxyz_enrichers() -> Mapping[str, Factory]:
    """Register the enricher."""
    from abcxyz_onec.enricher import OneCEnricher

    return {"onec": OneCEnricher}


@hookimpl
def abcxyz_sinks() -> Mapping[str, Factory]:
    """Register the sink."""
    from abcxyz_onec.sink import OneCSink

    return {"onec": OneCSink}

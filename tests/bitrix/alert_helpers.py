"""Helpers of the tests of alerts: analyses, stalled deals, sent messages."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from attrs import evolve
from tests.emulators.bitrix24.harness import Rig, analysis_of

from abcxyz import Alert, AlertRules, Analysis, with_facts
from abcxyz_bitrix.connection import Connection
from abcxyz_bitrix.sink import BitrixSink
from abcxyz_bitrix.source import BitrixSource


def warned(*alerts: Alert, segments: dict[str, str] | None = None) -> Analysis:
    """Make an analysis with alerts."""
    return analysis_of(segments or {"CO_1": "AX", "CO_2": "CZ"}, alerts=alerts)


def run(site: Rig, ledger: Path, analysis: Analysis, **options: Any) -> BitrixSink:
    """Write once."""
    sink = BitrixSink(client=site.client, ledger=ledger, **options)
    sink.write(analysis, dry_run=False)
    return sink


def standing(
    site: Rig,
    *,
    segments: dict[str, str] | None = None,
    rules: AlertRules | None = None,
    dedicated: bool = False,
) -> Analysis:
    """Make an analysis of today whose alerts are the stalled deals among the source's facts."""
    today = datetime.fromtimestamp(site.clock(), timezone(timedelta(hours=3))).date()
    analysis = warned(segments=segments)
    analysis = evolve(analysis, snapshot=evolve(analysis.snapshot, as_of=today))
    source = BitrixSource(Connection(dedicated_user=dedicated), client=site.client)
    facts = source.facts(analysis.snapshot.periods.window)
    full = with_facts(analysis, facts, alert_rules=rules)
    return evolve(full, alerts=tuple(one for one in full.alerts if one.kind == "stalled_deal"))


def store(site: Rig, name: str) -> list[dict[str, Any]]:
    """Read the messages of a channel."""
    return list(site.portal.state.stores[name].rows.values())


def stuck(site: Rig, *, days: float = 10, company: int = 1, **more: Any) -> int:
    """Add an open deal that was created some days ago."""
    moment = site.clock() - days * 86400
    options = {"assignedById": 2, "lastActivityTime": moment, "lastActivityBy": 2} | more
    return site.portal.add_deal(
        "", companyId=company, opportunity=5000, createdTime=moment, **options
    )

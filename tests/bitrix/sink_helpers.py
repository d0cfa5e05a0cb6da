"""Helpers of the tests of the sink: sinks and cards."""

from __future__ import annotations

from typing import Any

from tests.emulators.bitrix24.harness import Rig

from abcxyz_bitrix.cards.own_fields import PREFIX
from abcxyz_bitrix.cards.specs import SPECS
from abcxyz_bitrix.sink import BitrixSink

SEGMENTS = {"CO_1": "AX", "CO_2": "BY", "CO_3": "CZ", "C_1": "AZ"}


def sink_of(site: Rig, **options: Any) -> BitrixSink:
    """Make a sink."""
    return BitrixSink(client=site.client, **options)


def shown(site: Rig, entity: int, number: int) -> dict[str, Any]:
    """Read the adapter's fields of a card."""
    portal = site.portal
    values = {
        spec.code: portal.value(entity, number, PREFIX + spec.code)
        for spec in SPECS
        if entity in spec.entities and not spec.optional
    }
    return values | {"SEGMENT": portal.choice(entity, number, f"{PREFIX}SEGMENT")}


def item_writes(site: Rig) -> list[tuple[str, int]]:
    """List the changes of cards that took effect."""
    return [(w.entity, w.id) for w in site.portal.state.writes if w.method == "crm.item.update"]

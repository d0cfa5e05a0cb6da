"""Calls and commands for the tests of the REST client."""

from __future__ import annotations

from tests.emulators.bitrix24.harness import Rig

from abcxyz_bitrix.rest.dialect import Command


def titles(site: Rig) -> list[str]:
    """Read the companies."""
    answer = site.client.call("crm.item.list", {"entityTypeId": 4, "select": ["title"]})
    return [row["title"] for row in answer.result["items"]]


def add(title: str) -> Command:
    """Make a command that creates a company."""
    return Command("crm.item.add", {"entityTypeId": 4, "fields": {"title": title}})


def rename(number: int, title: str) -> Command:
    """Make a command that writes a fixed value."""
    return Command(
        "crm.item.update", {"entityTypeId": 4, "id": number, "fields": {"title": title}}
    )


def created(site: Rig) -> int:
    """Count the companies that exist on the portal."""
    return len(site.portal.state.tables[4].rows)

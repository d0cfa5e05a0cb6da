"""Table of the commands about changes."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, cast

from abcxyz.cli.commands.crm_changes import anomalies, effect, why

if TYPE_CHECKING:
    from abcxyz.crm import BusinessCalendar, CrmData
    from abcxyz.crm.reports.base import Report
    from abcxyz.crm.settings import CrmSettings

__all__ = ["COMMANDS", "ReportCommand"]


class ReportCommand(Protocol):
    """A report of ``abcxyz crm`` with arguments of its own."""

    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the arguments that stand before the source."""

    def make(
        self,
        args: argparse.Namespace,
        crm: CrmData,
        settings: CrmSettings,
        calendar: BusinessCalendar | None,
    ) -> Report:
        """Make the report."""


COMMANDS: Mapping[str, ReportCommand] = MappingProxyType(
    {
        "why": cast("ReportCommand", why),
        "effect": cast("ReportCommand", effect),
        "anomalies": cast("ReportCommand", anomalies),
    }
)
"""Name of the report -> its command."""

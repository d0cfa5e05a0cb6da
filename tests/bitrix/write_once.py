"""Write one analysis to a portal, in a process of its own that may be killed."""

from __future__ import annotations

import sys
from pathlib import Path

from attrs import fields, frozen
from tests.bitrix.rig import analysis_of

from abcxyz import SEGMENTS, Analysis
from abcxyz_bitrix.connect import connect
from abcxyz_bitrix.pace import Plan
from abcxyz_bitrix.sink import BitrixSink

__all__ = ["Warned", "WithAlerts", "segment_of", "with_alerts"]

_FAST = Plan(rate=1e6, burst=1e6, operating=1e6)


@frozen
class Warned:
    """An alert as the core makes it."""

    key: str
    customer: str
    kind: str = "lost"
    money: float = 100.0

    def sentence(self, lang: str = "en", *, name: str | None = None) -> str:
        """Say it."""
        return f"{lang}: {self.customer}"


@frozen(kw_only=True)
class WithAlerts(Analysis):
    """An analysis that carries alerts."""

    alerts: tuple[Warned, ...] = ()


def segment_of(number: int) -> str:
    """Choose the segment of a company."""
    return SEGMENTS[number % 9]


def with_alerts(count: int, alerts: int) -> WithAlerts:
    """Make an analysis of so many companies and alerts."""
    plain = analysis_of({f"CO_{number}": segment_of(number) for number in range(1, count + 1)})
    known = {one.name: getattr(plain, one.name) for one in fields(Analysis)}
    raised = tuple(Warned(f"k{number}", f"CO_{number}") for number in range(1, alerts + 1))
    return WithAlerts(**(known | {"alerts": raised}))


def main(url: str, ledger: str, count: int, alerts: int) -> None:
    """Write."""
    client = connect(webhook=url, insecure_loopback=True, plan=_FAST)
    sink = BitrixSink(
        client=client, ledger=Path(ledger), timeline=True, tasks=True, notify=True, stalled_days=0,
        customer="company",
    )  # fmt: skip
    report = sink.write(with_alerts(count, alerts), dry_run=False)
    sys.stdout.write(f"{report.written} {report.unchanged} {len(report.failed)}\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))

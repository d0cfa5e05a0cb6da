"""Write one analysis to a portal, in a separate process that may be killed."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.emulators.bitrix24.harness import alert_of, analysis_of

from abcxyz import SEGMENTS, Analysis
from abcxyz_bitrix.rest.connect import connect
from abcxyz_bitrix.rest.limits import Tariff
from abcxyz_bitrix.sink import BitrixSink

__all__ = ["main", "segment_of", "with_alerts"]

_FAST = Tariff(rate=1e6, burst=1e6, operating=1e6)


def segment_of(number: int) -> str:
    """Choose the segment of a company."""
    return SEGMENTS[number % 9]


def with_alerts(count: int, alerts: int) -> Analysis:
    """Make an analysis of *count* companies and *alerts* alerts."""
    return analysis_of(
        {f"CO_{number}": segment_of(number) for number in range(1, count + 1)},
        alerts=tuple(alert_of(f"k{n}", f"CO_{n}") for n in range(1, alerts + 1)),
    )


def main(url: str, ledger: str, count: int, alerts: int) -> None:
    """Write the analysis and print the counts of the report."""
    client = connect(webhook=url, insecure_loopback=True, plan=_FAST)
    sink = BitrixSink(
        client=client, ledger=Path(ledger), timeline=True, tasks=True, notify=True, stalled_days=0,
        customer="company",
    )  # fmt: skip
    report = sink.write(with_alerts(count, alerts), dry_run=False)
    sys.stdout.write(f"{report.written} {report.unchanged} {len(report.failed)}\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))

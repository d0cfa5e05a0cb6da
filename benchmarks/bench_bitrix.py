"""Duration of a run against Bitrix24 limits: 300,000 deals read, 85,000 companies written.

The portal is the emulator of the tests, over TCP, with a simulated clock: hours take minutes.
Run it as ``python -m benchmarks.bench_bitrix [--small]``.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from attrs import frozen
from tests.emulators.bitrix24.harness import START, Rig, analysis_of, rig
from tests.emulators.bitrix24.portal import Limits, Portal, VirtualClock

from abcxyz import Window
from abcxyz_bitrix.rest.limits import Plan
from abcxyz_bitrix.sales.estimate import estimate, reading, updating
from abcxyz_bitrix.sink import BitrixSink
from abcxyz_bitrix.source import BitrixSource

LIST, HISTORY = 0.03, 0.01
UPDATES = (0.05, 0.085, 0.5, 3.0)
WINDOW = Window(date(2025, 5, 1), date(2026, 5, 1))
SEGMENTS = ("AX", "BY", "CZ", "AZ", "CX")


@frozen
class Run:
    """One measured run, in seconds of the simulated clock."""

    what: str
    update: float
    requests: int
    seconds: float
    bound: float
    refused: int

    @property
    def line(self) -> str:
        """Return the run as a row of a table."""
        return (
            f"| {self.what} | {self.update} | {self.requests:,} | {_clock(self.seconds)} | "
            f"{_clock(self.bound)} | {self.seconds / self.bound:.3f} |"
        )


def _clock(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60}:{minutes % 60:02}"


def filled(companies: int, deals: int) -> Portal:
    """Return a portal where each company has won deals spread over a year."""
    portal = Portal(
        clock=VirtualClock(START),
        keep=False,
        limits=Limits(floor=0.0),
        costs={"crm.item.list": LIST, "crm.stagehistory.list": HISTORY},
    )
    for _ in range(companies):
        portal.add_company("")
    start = START - 380 * 86400
    step = 350 * 86400 / max(1, deals)
    for number in range(deals):
        portal.add_won_deal(
            1000 + number % 97, start + number * step, company=1 + number * 7919 % companies
        )
    return portal


@contextmanager
def site(companies: int, deals: int) -> Iterator[Rig]:
    """Serve such a portal."""
    with rig(filled(companies, deals)) as made:
        yield made


def segments(companies: int, *, shift: int = 0, every: int = 1) -> dict[str, str]:
    """Return a segment per company; with *shift*, one in *every* differs."""
    return {
        f"CO_{number}": SEGMENTS[(number + (shift if number % every == 0 else 0)) % len(SEGMENTS)]
        for number in range(1, companies + 1)
    }


def read(made: Rig, deals: int) -> Run:
    """Measure a read of all sales."""
    start, before = made.clock(), made.portal.journal.total
    lines = sum(len(part) for part in BitrixSource(client=made.client).transactions(WINDOW))
    assert 0.9 * deals < lines <= deals
    loads = reading(deals, history=True, list_seconds=LIST, history_seconds=HISTORY)
    bound = estimate(loads, Plan())
    return Run(
        "read", 0.0, made.portal.journal.total - before, made.clock() - start,
        bound.seconds, made.portal.bucket.refused + made.portal.operating.refused,
    )  # fmt: skip


def write(
    made: Rig, what: str, segments_by_company: dict[str, str], changed: int, cost: float
) -> Run:
    """Measure a write in which *changed* cards change."""
    made.portal.costs["crm.item.update"] = cost
    made.clock.advance(900.0)  # limits of the previous run have expired
    start, before = made.clock(), made.portal.journal.total
    worth = dict.fromkeys(segments_by_company, 100.0)
    sink = BitrixSink(client=made.client, customer="company", stalled_days=0)
    report = sink.write(analysis_of(segments_by_company, values=worth), dry_run=False)
    assert (report.written, report.failed) == (changed, {})
    bound = estimate(updating(changed, cost), Plan())
    return Run(
        what, cost, made.portal.journal.total - before, made.clock() - start, bound.seconds,
        made.portal.bucket.refused + made.portal.operating.refused,
    )  # fmt: skip


def whole(first: Run, second: Run, deals: int, cards: int) -> Run:
    """Combine a read and a write into one run."""
    loads = [
        *reading(deals, history=True, list_seconds=LIST, history_seconds=HISTORY),
        *updating(cards, second.update),
    ]
    return Run(
        "reading included", second.update, first.requests + second.requests,
        first.seconds + second.seconds, estimate(loads, Plan()).seconds, 0,
    )  # fmt: skip


def main() -> None:
    """Print the table of all runs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--small", action="store_true", help="a tenth of everything")
    parser.add_argument("--costs", type=float, nargs="*", default=list(UPDATES))
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    scale = 10 if options.small else 1
    companies, deals = 85_000 // scale, 300_000 // scale
    print("| run | s per update | requests | took | bound | ratio |")
    print("|---|---|---|---|---|---|")
    with site(companies, deals) as made:
        first = read(made, deals)
        print(first.line, flush=True)
        for shift, cost in enumerate(options.costs):
            by_company = segments(companies, shift=shift)
            run = write(made, f"write {companies:,} cards", by_company, companies, cost)
            print(run.line, flush=True)
            print(whole(first, run, deals, companies).line, flush=True)
        base = segments(companies)
        write(made, "", base, companies, 0.001)
        made.clock.advance(900.0)
        again = read(made, deals)
        monthly = segments(companies, shift=1, every=33)
        run = write(made, "write the 3 % that changed", monthly, companies // 33, 0.085)
        print(run.line)
        print(whole(again, run, deals, companies // 33).line)


if __name__ == "__main__":
    main()

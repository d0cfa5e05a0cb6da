"""Sales as a command is given them: a file, or the sources of a job."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from abcxyz.core.advice.alerts import AlertRules
from abcxyz.errors import AbcxyzError

if TYPE_CHECKING:
    from abcxyz.core.analysis.record import Analysis
    from abcxyz.core.sales.calendar import Window
    from abcxyz.core.sales.transactions import Transactions
    from abcxyz.core.snapshots.settings import Settings

__all__ = ["HISTORY", "Given", "add_given", "opened"]

HISTORY = "history.db"
"""Where a history is looked for, and kept, unless another file is named."""


@frozen(kw_only=True)
class Given:
    """What a command has to work on."""

    settings: Settings
    as_of: date
    history: Path
    read: Callable[[Window], Iterable[Transactions]]
    names: Callable[[], Mapping[Any, str]]
    enrich: Callable[[Analysis], Analysis]
    playbook: Path | None = None
    alerts: AlertRules = field(factory=AlertRules)


def add_given(parser: argparse.ArgumentParser) -> None:
    """Add the argument for a file or a job, and the options of a file."""
    from abcxyz.cli.commands.classify import add_sales_options

    parser.add_argument(
        "file",
        metavar="FILE",
        help="a file of sales, read with the options below; or a job (.toml), which has its own",
    )
    parser.add_argument(
        "--history", metavar="DB", help=f"file of snapshots; that of the job, or {HISTORY}"
    )
    add_sales_options(parser)


@contextlib.contextmanager
def opened(args: argparse.Namespace) -> Iterator[Given]:
    """Open what was given, and close it again; secrets stay covered in what goes wrong."""
    from abcxyz.cli.commands.classify import parse_day

    as_of = parse_day(args.as_of)
    if Path(args.file).suffix.lower() == ".toml":
        with _job(args, as_of) as given:
            yield given
    else:
        yield _file(args, as_of)


def _file(args: argparse.Namespace, as_of: date) -> Given:
    from abcxyz.cli.commands.classify import read_file, settings_of

    sales = read_file(args, as_of)
    return Given(
        settings=settings_of(args),
        as_of=as_of,
        history=Path(args.history or HISTORY),
        # All of it: whoever bought before or after the window is known, too.
        read=lambda _: [sales.transactions],
        names=lambda: sales.names,
        enrich=lambda analysis: analysis,
    )


@contextlib.contextmanager
def _job(args: argparse.Namespace, as_of: date) -> Iterator[Given]:
    from abcxyz.config import read_job
    from abcxyz.pipeline import Reading
    from abcxyz.pipeline.enrich import enrich
    from abcxyz.pipeline.failures import redacted
    from abcxyz.pipeline.prepare import Advice, built

    job = read_job(args.file)
    args.lang = args.lang or job.lang
    with built(job) as (adapters, redactor):
        reading = Reading(adapters.sources, redactor=redactor)

        def enriched(analysis: Analysis) -> Analysis:
            advice = Advice.of(job)
            full, problem = enrich(
                analysis, adapters, card=advice.card, rules=advice.alerts, redactor=redactor
            )
            if problem is not None:
                raise problem
            return full

        try:
            yield Given(
                settings=job.settings,
                as_of=as_of,
                history=Path(args.history) if args.history else (job.history or Path(HISTORY)),
                read=reading.transactions,
                names=lambda: reading.names,
                enrich=enriched,
                playbook=job.playbook,
                alerts=job.alerts,
            )
        except AbcxyzError as problem:
            safe = redacted(problem, redactor)
            if safe is problem:
                raise
        else:
            return
        raise safe

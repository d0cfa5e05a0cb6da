"""Sales input of a command: a file with its options, or the sources of a job."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from abcxyz.cli.options.dates import parse_day
from abcxyz.cli.options.history import HISTORY
from abcxyz.cli.options.sales import reading_options, settings_of
from abcxyz.core.advice.alerts import AlertRules
from abcxyz.errors import AbcxyzError

if TYPE_CHECKING:
    from abcxyz.core.analysis.record import Analysis
    from abcxyz.core.sales.calendar import Window
    from abcxyz.core.sales.transactions import Transactions
    from abcxyz.core.snapshots.settings import Settings

__all__ = ["SalesInput", "open_sales_input"]


@frozen(kw_only=True)
class SalesInput:
    """Sales, and everything that decides how they are analysed.

    Parameters
    ----------
    settings
        Of the classification.
    as_of
        Day of the result.
    history
        File of the snapshots.
    read
        Window -> its transactions.
    names
        Customer -> name; complete once the sales were read.
    enrich
        Adds what a CRM knows to a result.
    playbook
        File that rewrites the recommendations.
    alerts
        When something is worth an alert.
    """

    settings: Settings
    as_of: date
    history: Path
    read: Callable[[Window], Iterable[Transactions]]
    names: Callable[[], Mapping[Any, str]]
    enrich: Callable[[Analysis], Analysis]
    playbook: Path | None = None
    alerts: AlertRules = field(factory=AlertRules)


@contextlib.contextmanager
def open_sales_input(args: argparse.Namespace) -> Iterator[SalesInput]:
    """Open a file or a job, and close it again; secrets stay covered in what goes wrong."""
    as_of = parse_day(args.as_of)
    if Path(args.file).suffix.lower() == ".toml":
        with _job(args, as_of) as sales:
            yield sales
    else:
        yield _file(args, as_of)


def _file(args: argparse.Namespace, as_of: date) -> SalesInput:
    from abcxyz.tables.analyze_file import read_sales_for

    sales = read_sales_for(args.file, args.metric, as_of=as_of, **reading_options(args))
    return SalesInput(
        settings=settings_of(args),
        as_of=as_of,
        history=Path(args.history or HISTORY),
        # All of it: whoever bought before or after the window is known, too.
        read=lambda _: [sales.transactions],
        names=lambda: sales.names,
        enrich=lambda analysis: analysis,
    )


@contextlib.contextmanager
def _job(args: argparse.Namespace, as_of: date) -> Iterator[SalesInput]:
    from abcxyz.config import build, read_job
    from abcxyz.core.analysis.analyze import with_facts
    from abcxyz.core.prospects.scores import score_prospects
    from abcxyz.pipeline.reading import Reading
    from abcxyz.pipeline.runner import covered
    from abcxyz.registry import load
    from abcxyz.tables.loaders import read_scorecard
    from abcxyz.toolkit.redaction import Redactor

    job = read_job(args.file)
    args.lang = args.lang or job.lang
    adapters = build(job, load())
    redactor = Redactor(adapters.secrets)
    reading = Reading(adapters.sources, redactor=redactor)

    def enrich(analysis: Analysis) -> Analysis:
        if adapters.enricher is None:
            return analysis
        _, enricher = adapters.enricher
        ids = [str(customer) for customer in analysis.snapshot.customers.tolist()]
        prospects = enricher.prospects()
        card = read_scorecard(job.scorecard)
        told = getattr(enricher, "facts", None)
        return with_facts(
            analysis,
            told(analysis.snapshot.periods.window) if callable(told) else None,
            attributes=enricher.customers(ids),
            prospects=score_prospects(prospects, card, strict=False) if prospects else None,
            alert_rules=job.alerts,
        )

    try:
        yield SalesInput(
            settings=job.settings,
            as_of=as_of,
            history=Path(args.history) if args.history else (job.history or Path(HISTORY)),
            read=reading.transactions,
            names=lambda: reading.names,
            enrich=enrich,
            playbook=job.playbook,
            alerts=job.alerts,
        )
    except AbcxyzError as problem:
        safe = covered(problem, redactor)
        if safe is problem:
            raise
    else:
        return
    finally:
        adapters.close()
    raise safe

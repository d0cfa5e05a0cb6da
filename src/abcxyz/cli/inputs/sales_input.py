"""Sales input of a command: a file with its options, or the sources of a job."""

from __future__ import annotations

import argparse
import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import field, frozen

from abcxyz.cli.options.dates import parse_day
from abcxyz.cli.options.history import HISTORY
from abcxyz.cli.options.language import text_language
from abcxyz.cli.options.sales import reading_options, settings_of
from abcxyz.core.advice.alerts import AlertRules
from abcxyz.errors import AbcxyzError
from abcxyz.toolkit.files import relative_name, short_hash

if TYPE_CHECKING:
    from abcxyz.core.analysis.record import Analysis
    from abcxyz.core.snapshots.settings import Settings
    from abcxyz.pipeline import Reading
    from abcxyz.progress import RunProgress
    from abcxyz.tables.file_reading import FileReading

__all__ = ["SalesInput", "open_sales_input"]


@frozen(kw_only=True)
class SalesInput:
    """Sales, with the settings and files of their analysis.

    Parameters
    ----------
    settings
        Settings of the classification.
    as_of
        Date of the result.
    history
        File of the snapshots.
    job
        Name of the job in the history; that of a file is its path.
    reading
        The sales; complete after reading are its account and names.
    enrich
        Function that adds CRM data to an analysis.
    progress
        Line of the terminal that shows what is being done; nothing where there is no terminal.
    playbook
        File with other recommendations.
    alerts
        Thresholds of the alerts.
    """

    settings: Settings
    as_of: date
    history: Path
    job: str
    reading: FileReading | Reading
    enrich: Callable[[Analysis], Analysis]
    progress: RunProgress
    playbook: Path | None = None
    alerts: AlertRules = field(factory=AlertRules)


@contextlib.contextmanager
def open_sales_input(args: argparse.Namespace) -> Iterator[SalesInput]:
    """Open a file or a job, and close it after use; secrets are redacted in errors."""
    from abcxyz.cli.output.progress import stages

    as_of = parse_day(args.as_of)
    if len(args.file) == 1 and Path(args.file[0]).suffix.lower() == ".toml":
        with _job(args, as_of) as sales:
            yield sales
    else:
        with stages(text_language(args)) as progress:
            yield _file(args, as_of, progress)


def _file(args: argparse.Namespace, as_of: date, progress: RunProgress) -> SalesInput:
    from abcxyz.tables.file_reading import FileReading

    reading = FileReading(
        args.file,
        as_of=as_of,
        metric=args.metric,
        progress=progress.counted,
        **reading_options(args),
    )
    reading.preflight()  # a wrong file leaves no history behind
    progress.begin("read", ", ".join(args.file))
    history = Path(args.history or HISTORY)
    return SalesInput(
        settings=settings_of(args),
        as_of=as_of,
        history=history,
        job=args.history_job or _name_of_files(args.file, history.parent),
        reading=reading,
        enrich=lambda analysis: analysis,
        progress=progress,
    )


def _name_of_files(files: Sequence[str], folder: Path) -> str:
    """Return the name under which the history keeps the results of files."""
    names = sorted(relative_name(Path(one), folder) for one in files)
    return names[0] if len(names) == 1 else f"{names[0]}@{short_hash(json.dumps(names))}"


@contextlib.contextmanager
def _job(args: argparse.Namespace, as_of: date) -> Iterator[SalesInput]:
    from abcxyz.cli.output.progress import stages
    from abcxyz.config import read_job
    from abcxyz.pipeline import Reading
    from abcxyz.pipeline.crm import past_classes_in
    from abcxyz.pipeline.enrich import enrich
    from abcxyz.pipeline.failures import redacted
    from abcxyz.pipeline.prepare import Advice, built

    job = read_job(args.file[0])
    args.lang = args.lang or job.report.get("lang")
    file = Path(args.history) if args.history else (job.history or Path(HISTORY))
    name = args.history_job or job.identity
    with stages(text_language(args)) as progress, built(job) as (adapters, redactor):
        reading = Reading(adapters.sources, progress=progress, redactor=redactor)

        def enriched(analysis: Analysis) -> Analysis:
            advice = Advice.of(job)
            full, problem = enrich(
                analysis,
                adapters,
                card=advice.card,
                rules=advice.alerts,
                crm_settings=job.crm_settings,
                redactor=redactor,
                past_classes=partial(
                    past_classes_in,
                    file=file,
                    settings=job.settings,
                    job=name,
                    until=analysis.snapshot.dated,
                ),
            )
            if problem is not None:
                raise problem
            return full

        try:
            yield SalesInput(
                settings=job.settings,
                as_of=as_of,
                history=file,
                job=name,
                reading=reading,
                enrich=enriched,
                progress=progress,
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

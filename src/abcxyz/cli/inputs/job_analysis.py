"""Current analysis of a job, for commands that show it and write nothing."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

if TYPE_CHECKING:
    from abcxyz.core.analysis.record import Analysis
    from abcxyz.core.prospects.scorecard import Scorecard

__all__ = ["JobAnalysis", "analyze_job"]


@frozen(kw_only=True)
class JobAnalysis:
    """Analysis of a job, with its history.

    Parameters
    ----------
    analysis
        The analysis of today.
    history
        File of the snapshots, which need not be there.
    job
        Name of the job in the history.
    scorecard
        Scorecard of the job, or the default one.
    report
        Options of the job for sinks that show something, such as its currency.
    """

    analysis: Analysis
    history: Path
    job: str
    scorecard: Scorecard
    report: Mapping[str, Any]


def analyze_job(path: str, *, lang: str | None, history: str | None = None) -> JobAnalysis:
    """Read the sales of a job and analyze them; write nothing.

    Parameters
    ----------
    path
        The file of the job.
    lang
        Language of the command, which goes before that of the job.
    history
        File of the snapshots; None for that of the job.
    """
    from abcxyz.cli.inputs.sales_input import open_sales_input
    from abcxyz.config import read_job
    from abcxyz.core.analysis.analyze import analyze_reading
    from abcxyz.core.analysis.learn_lapses import learning
    from abcxyz.core.analysis.past import result_of
    from abcxyz.history import History
    from abcxyz.tables.loaders import read_playbook, read_scorecard

    options = argparse.Namespace(
        file=[path], as_of=None, history=history, history_job=None, lang=lang
    )
    with open_sales_input(options) as sales:
        known: dict[str, Any] = {}
        past: dict[str, Any] = {}
        if sales.history.is_file():
            with History(sales.history, read_only=True) as file:
                dated = sales.settings.periods(sales.as_of).dated
                known = {
                    "previous": file.latest(dated, sales.settings, job=sales.job),
                    "outcomes": file.outcomes(job=sales.job),
                    "raised_before": file.raised_keys(
                        job=sales.job, fingerprint=sales.settings.fingerprint
                    ),
                }
                key, before = sales.settings.fingerprint, dated - timedelta(days=1)
                past = {"past": file.past_results(key, job=sales.job, until=before)}
        analysis = analyze_reading(
            sales.reading,
            as_of=sales.as_of,
            settings=sales.settings,
            playbook=None if sales.playbook is None else read_playbook(sales.playbook),
            alert_rules=sales.alerts,
            orders=learning(sales.alerts, sales.settings, sales.as_of),
            **known,
        )
        full = sales.enrich(analysis)
        if past:
            past["past"] = (*past["past"], result_of(full.snapshot, full.hours))
            with History(sales.history, read_only=True) as file:
                past["record"] = file.alert_record(key, job=sales.job, panel=full.panel)
        job = read_job(path)
        return JobAnalysis(
            analysis=evolve(full, **past),
            history=sales.history,
            job=sales.job,
            scorecard=read_scorecard(job.scorecard),
            report=job.report,
        )

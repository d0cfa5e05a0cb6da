"""Data of the commands that answer questions: a history, a job, the records of a CRM."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from abcxyz.cli.options.dates import today
from abcxyz.cli.options.history import HISTORY
from abcxyz.errors import ConfigError

if TYPE_CHECKING:
    from abcxyz.questions import QuestionData
    from abcxyz.questions.desk import TaskDesk

__all__ = ["add_question_data", "open_desk", "open_question_data"]


def add_question_data(parser: argparse.ArgumentParser, *, names: str) -> None:
    """Add the options that name the data.

    Parameters
    ----------
    names
        Whose names are shown by default.
    """
    from abcxyz.questions.data import NAMES

    parser.add_argument("--history", metavar="DB", help="file of snapshots, opened read-only")
    parser.add_argument("--job", metavar="JOB", help="a job whose sales are read and analyzed")
    parser.add_argument(
        "--crm", metavar="SOURCE", help="folder of CRM tables, one table, or a job with [crm]"
    )
    parser.add_argument("--zone", help="time zone of the business, such as Europe/Moscow")
    parser.add_argument(
        "--names", choices=NAMES, default=names, help="whose names are shown, besides identifiers"
    )


@contextlib.contextmanager
def open_desk(crm: str | None) -> Iterator[TaskDesk]:
    """Open the desk where tasks for the CRM of a job are drafted and written.

    Raises
    ------
    ConfigError
        The CRM is not that of a job, or creates no tasks.
    """
    from abcxyz.pipeline.task_target import open_task_target
    from abcxyz.questions.desk import TaskDesk

    if crm is None:
        raise ConfigError("tasks are for a CRM; name a job with [crm] as --crm")
    with open_task_target(crm) as (target, drafts):
        yield TaskDesk(target, drafts)


def open_question_data(args: argparse.Namespace, tasks: TaskDesk | None = None) -> QuestionData:
    """Read what the options name; without any the usual history, if it is there.

    Parameters
    ----------
    tasks
        Desk of `open_desk`, where writing is allowed.

    Raises
    ------
    ConfigError
        Nothing is named, and there is no usual history.
    """
    from abcxyz.questions import QuestionData

    if args.history is None and args.job is None and args.crm is None:
        if not Path(HISTORY).is_file():
            raise ConfigError(
                "there is nothing to answer from; name a history, a job or the records of a CRM"
            )
        args.history = HISTORY
    analysis, history, job, scorecard = None, args.history, None, None
    if args.job is not None:
        from abcxyz.cli.inputs.job_analysis import analyze_job

        made = analyze_job(args.job, lang=args.lang)
        analysis, job, scorecard = made.analysis, made.job, made.scorecard
        history = history or (made.history if made.history.is_file() else None)
    crm = None
    if args.crm is not None:
        from abcxyz.cli.options.language import text_language
        from abcxyz.cli.output.progress import stages
        from abcxyz.pipeline.crm import open_crm

        with stages(text_language(args)) as progress:
            progress.begin("read", args.crm)
            crm = open_crm(args.crm, today=today(), zone=args.zone).crm
    return QuestionData(
        history=history,
        job=job,
        analysis=analysis,
        crm=crm,
        names=args.names,
        today=today,
        scorecard=scorecard,
        tasks=tasks,
    )

"""``abcxyz crm``: reports over the deals, stage changes and activities of a CRM."""

from __future__ import annotations

import argparse
import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from abcxyz.cli.options.dates import parse_day, parse_month
from abcxyz.cli.options.language import text_language
from abcxyz.errors import InputError
from abcxyz.i18n import text
from abcxyz.toolkit.catalogue import translate

if TYPE_CHECKING:
    from abcxyz.crm import CrmData
    from abcxyz.crm.reports.base import Report
    from abcxyz.crm.settings import CrmSettings
    from abcxyz.pipeline.crm import CrmInput

__all__ = ["HELP", "add_arguments", "run"]

HELP = "report on the deals of a CRM: funnel, losses, managers, times"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    from abcxyz.cli.commands.crm_changes.table import COMMANDS
    from abcxyz.crm.reports.registry import REPORTS

    parser.description = (
        "Report where deals are lost, by whom, why, how long it takes and how sure that is, from "
        "files of a CRM (a folder with deals, stage_changes, activities and leads, or one file), "
        "or from the CRM that a job names under [crm]."
    )
    reports = parser.add_subparsers(
        title="reports", metavar="REPORT", dest="report", required=True
    )
    for name, kind in REPORTS.items():
        _add_options(reports.add_parser(name, help=kind.help))
    for name, command in COMMANDS.items():
        report = reports.add_parser(name, help=command.HELP)
        command.add_arguments(report)
        _add_options(report)


def _add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that all reports have in common."""
    parser.add_argument(
        "source", metavar="SOURCE", help="folder of CRM tables, one table, or a job with [crm]"
    )
    parser.add_argument("--as-of", metavar="DATE", help="state of the data before this day")
    parser.add_argument("--from", dest="since", metavar="DATE", help="first day of the window")
    parser.add_argument("--to", dest="until", metavar="DATE", help="last day of the window")
    parser.add_argument("--zone", help="time zone of the business, such as Europe/Moscow")
    parser.add_argument("--funnel", help="one pipeline; all by default")
    parser.add_argument("--by", help="what selects deals, or what losses are crossed with")
    parser.add_argument("--stage", help="stage that selects the deals of --by stage")
    parser.add_argument("--horizon", type=float, metavar="DAYS", help="age at which deals count")
    parser.add_argument("--margin", type=float, help="share of the amount that is profit")
    parser.add_argument("--currency", help="currency to report in; others are left out")
    parser.add_argument("--decimal", choices=[".", ","], help="decimal mark of the amounts")
    parser.add_argument("--holidays", metavar="FILE", help="days without work, one per line")
    parser.add_argument("--changes", metavar="FILE", help="TOML file with [[changes]]")
    parser.add_argument("--json", action="store_true", help="print one object instead of text")


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    from abcxyz.pipeline.crm import open_crm

    lang = text_language(args)
    reading = open_crm(
        args.source,
        today=date.today(),  # noqa: DTZ011 - the day of the person at the terminal
        as_of=None if args.as_of is None else parse_day(args.as_of),
        since=None if args.since is None else parse_month(args.since, "--from"),
        zone=args.zone,
        decimal=args.decimal,
    )
    crm = reading.crm
    if args.currency:
        crm = crm.in_currency(args.currency)
    report = _make(args, reading, crm)
    if args.json:
        result = {"report": args.report, "as_of": str(crm.until), **report.to_dict()}
        result["remarks"] = [str(remark) for remark in reading.remarks]
        result["quality"] = [
            {"kind": issue.kind, "count": issue.count, "treatment": issue.treatment}
            for issue in crm.quality.issues
        ]
        print(json.dumps(result, ensure_ascii=False, indent=2, allow_nan=False))
    else:
        _print(report, crm, [translate(one, lang) for one in reading.remarks], lang)
    return 0


def _make(args: argparse.Namespace, reading: CrmInput, crm: CrmData) -> Report:
    """Make a report with the options of the command line, or else those of the job."""
    from abcxyz.cli.commands.crm_changes.table import COMMANDS
    from abcxyz.crm.reports.registry import REPORTS, make_report

    if args.report in COMMANDS:
        calendar = _calendar(args, crm) or reading.calendar
        return COMMANDS[args.report].make(args, crm, _settings(args, reading), calendar)
    of_job = reading.settings.options(reading.calendar)
    known = REPORTS[args.report].options
    every = frozenset().union(*(kind.options for kind in REPORTS.values()))
    options = {name: of_job[name] for name in known & of_job.keys()}
    chosen = {name: value for name, value in vars(args).items() if name in every}
    chosen["calendar"] = _calendar(args, crm)
    options |= {name: value for name, value in chosen.items() if value is not None}
    return make_report(args.report, crm, _window(args, crm), **options)


def _settings(args: argparse.Namespace, reading: CrmInput) -> CrmSettings:
    """Return the settings of the job, with the announced changes of a file of their own."""
    if args.changes is None:
        return reading.settings
    from attrs import evolve

    from abcxyz.cli.inputs.announced_changes import read_changes

    return evolve(reading.settings, changes=read_changes(args.changes))


def _window(args: argparse.Namespace, crm: CrmData) -> Any:
    """Return the window of --from and --to, each of which may be open."""
    from abcxyz.core.sales.calendar import Window
    from abcxyz.crm.records.data import as_local

    if args.since is None and args.until is None:
        return None
    since = parse_month(args.since, "--from") if args.since else date(1970, 1, 1)
    if args.until:
        until = parse_month(args.until, "--to") + timedelta(days=1)
    else:
        until = as_local(crm.until, crm.zone).date() + timedelta(days=1)
    return Window(since, until)


def _calendar(args: argparse.Namespace, crm: CrmData) -> Any:
    """Return the working calendar with the holidays of a file; None without one."""
    if args.holidays is None:
        return None
    from pathlib import Path

    from abcxyz.crm.statistics.business_calendar import BusinessCalendar

    days = []
    for line in Path(args.holidays).read_text("utf-8-sig").splitlines():
        word = line.split("#")[0].strip()
        if not word:
            continue
        try:
            days.append(date.fromisoformat(word))
        except ValueError:
            raise InputError(
                "{file} holds {line!r}, which is no day; write one day per line as 2026-01-01",
                file=args.holidays,
                line=word,
            ) from None
    return BusinessCalendar(crm.zone, holidays=days)


def _print(report: Report, crm: CrmData, remarks: list[str], lang: str) -> None:
    from abcxyz.cli.output.terminal import one_line, printable
    from abcxyz.crm.records.quality import CRM_PROBLEMS
    from abcxyz.crm.reports.base import heading, shown, table_columns

    for sentence in report.explain(lang).splitlines():
        print(printable(sentence))
    rows = [row.to_dict() for row in report.rows()]
    if rows:
        names = table_columns(rows)
        table = [[text(heading(name), lang) for name in names]]
        table += [[one_line(shown(name, row[name], lang)) for name in names] for row in rows]
        widths = [max(len(line[i]) for line in table) for i in range(len(names))]
        print()
        for line in table:
            print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)))
    notes = remarks + [
        f"{text(CRM_PROBLEMS[issue.kind][0], lang)}: {issue.count}" for issue in crm.quality.issues
    ]
    if notes:
        print()
        for note in notes:
            print(printable(f"* {note}"))

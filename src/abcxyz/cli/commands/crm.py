"""``abcxyz crm``: reports over the deals, stage changes and activities of a CRM."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from abcxyz.cli.options.dates import parse_day, parse_end, parse_month
from abcxyz.cli.options.language import text_language
from abcxyz.errors import InputError
from abcxyz.i18n import text
from abcxyz.toolkit.catalogue import translate

if TYPE_CHECKING:
    from abcxyz.crm import CrmData, WinModel
    from abcxyz.crm.reports.base import Report
    from abcxyz.crm.settings import CrmSettings
    from abcxyz.pipeline.crm import CrmInput

__all__ = ["HELP", "add_arguments", "run"]

#: Stands for every report; of each it prints so many lines.
_ALL, _MOST = "all", 20

#: Lines of the table of one report: a longer one is not read, and takes longer than the report.
_LINES = 1000

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
        report = reports.add_parser(name, help=kind.help)
        if "min_money" in kind.options:
            report.add_argument(
                "--min-money",
                type=float,
                metavar="AMOUNT",
                help="money from which a low probability is a risk",
            )
        _add_options(report)
    _add_options(reports.add_parser(_ALL, help="every report that the records allow"))
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
    parser.add_argument(
        "--from", dest="since", metavar="DATE", help="first day or month of the window"
    )
    parser.add_argument(
        "--to", dest="until", metavar="DATE", help="last day or month of the window"
    )
    parser.add_argument("--zone", help="time zone of the business, such as Europe/Moscow")
    parser.add_argument("--funnel", help="one pipeline; all by default")
    parser.add_argument("--by", help="what selects deals, or what losses are crossed with")
    parser.add_argument("--stage", help="stage that selects the deals of --by stage")
    parser.add_argument("--horizon", type=float, metavar="DAYS", help="age at which deals count")
    parser.add_argument("--margin", type=float, help="share of the amount that is profit")
    parser.add_argument("--customer", help="one customer of the offers; all by default")
    parser.add_argument(
        "--exclude", action="append", metavar="PRODUCT", help="product that is not offered"
    )
    parser.add_argument(
        "--field",
        action="append",
        dest="fields",
        metavar="NAME",
        help="further field of the deals to learn from, known from their creation on",
    )
    parser.add_argument(
        "--allow",
        action="append",
        metavar="NAME",
        help="field that looks like the outcome and is known from the start",
    )
    parser.add_argument("--model", metavar="FILE", help="model of the win probability to use")
    parser.add_argument("--save-model", metavar="FILE", help="write the model of this fit here")
    parser.add_argument("--currency", help="currency to report in; others are left out")
    parser.add_argument("--decimal", choices=[".", ","], help="decimal mark of the amounts")
    parser.add_argument(
        "--holidays",
        metavar="DAYS",
        help="file of days without work, one per line, or a country such as RU",
    )
    parser.add_argument("--changes", metavar="FILE", help="TOML file with [[changes]]")
    parser.add_argument(
        "--sales", metavar="FILE", help="file of sales that gives the classes of the customers"
    )
    parser.add_argument("--json", action="store_true", help="print one object instead of text")


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    from abcxyz.cli.inputs.sales_classes import check_report, sales_classes
    from abcxyz.cli.output.progress import stages
    from abcxyz.pipeline.crm import open_crm

    lang = text_language(args)
    if args.sales is not None:
        check_report(args.report)
    with stages(lang) as progress:
        progress.begin("read", args.source)
        reading = open_crm(
            args.source,
            today=date.today(),  # noqa: DTZ011 - the day of the person at the terminal
            as_of=None if args.as_of is None else parse_day(args.as_of),
            since=None if args.since is None else parse_month(args.since, "--from"),
            zone=args.zone,
            decimal=args.decimal,
            fields=tuple(args.fields or ()),
        )
    crm = reading.crm
    if args.currency:
        crm = crm.in_currency(args.currency)
    if args.sales is not None:
        from attrs import evolve

        classes = sales_classes(args.sales, crm, _window(args, crm))
        reading = evolve(reading, classes=classes, past_classes=None)
    if args.report == _ALL:
        return _run_all(args, reading, crm, lang)
    with stages(lang) as progress:
        progress.begin("report", args.report)
        report = _make(args, args.report, reading, crm)
    if args.save_model is not None:
        _save_model(report, args.save_model)
    if args.json:
        result = {"report": args.report, "as_of": str(crm.until), **report.to_dict()}
        _print_json(result, reading, crm)
    else:
        _print(report, lang)
        _print_notes(crm, [translate(one, lang) for one in reading.remarks], lang)
    return 0


def _run_all(args: argparse.Namespace, reading: CrmInput, crm: CrmData, lang: str) -> int:
    """Make every report; those that the records do not allow are named with the reason."""
    from abcxyz._collection import free_memory
    from abcxyz.cli.output.progress import stages
    from abcxyz.cli.output.terminal import printable
    from abcxyz.crm.reports.registry import REPORTS, in_order, parts_of
    from abcxyz.crm.settings import ANOMALIES, EFFECTS

    for option in ("by", "stage"):
        if getattr(args, option) is not None:
            raise InputError(
                "the option --{option} means another thing in each report; name one report",
                option=option,
            )
    made: dict[str, Report] = {}
    missing: dict[str, InputError] = {}
    changes = _settings(args, reading).changes
    names = (*REPORTS, ANOMALIES, *([EFFECTS] if changes else ()))
    with stages(lang) as progress:
        for name in in_order(names):
            progress.begin("report", name)
            try:
                made[name] = _make(args, name, reading, crm, parts_of(name, made))
            except InputError as problem:
                missing[name] = problem
            free_memory()
    made = {name: made[name] for name in names if name in made}
    if not made:
        raise next(iter(missing.values()))
    if args.json:
        result: dict[str, Any] = {"report": _ALL, "as_of": str(crm.until)}
        # Called one by one: the plain values of all reports together take more than the records.
        result["reports"] = {name: report.to_dict for name, report in made.items()}
        result["missing"] = {name: str(problem) for name, problem in missing.items()}
        _print_json(result, reading, crm)
        return 0
    for name, report in made.items():
        print(f"{report.title(lang)} ({name})")
        _print(report, lang, most=_MOST)
        print()
    for name, reason in missing.items():
        print(printable(f"{name}: {translate(reason, lang)}"))
    _print_notes(crm, [translate(one, lang) for one in reading.remarks], lang)
    return 0


def _print_json(result: dict[str, Any], reading: CrmInput, crm: CrmData) -> None:
    from abcxyz.core.documents import json_parts

    result["remarks"] = [str(remark) for remark in reading.remarks]
    result["quality"] = [
        {"kind": issue.kind, "count": issue.count, "treatment": issue.treatment}
        for issue in crm.quality.issues
    ]
    sys.stdout.writelines(json_parts(result))
    print()


def _make(
    args: argparse.Namespace,
    name: str,
    reading: CrmInput,
    crm: CrmData,
    parts: Mapping[str, Report] = MappingProxyType({}),
) -> Report:
    """Make a report with the options of the command line, or else those of the job."""
    from abcxyz.cli.commands.crm_changes.table import COMMANDS
    from abcxyz.crm.changes.effects import effects_of_changes
    from abcxyz.crm.reports.registry import REPORTS, make_report
    from abcxyz.crm.settings import EFFECTS

    # What takes no funnel is made of the records of the funnel alone.
    cut = args.funnel and (name not in REPORTS or "funnel" not in REPORTS[name].options)
    if cut:
        crm = crm.in_funnel(args.funnel)
    if name in COMMANDS:
        calendar = _calendar(args, crm) or reading.calendar
        return COMMANDS[name].make(args, crm, _settings(args, reading), calendar)
    if name == EFFECTS:
        settings = _settings(args, reading)
        margin = settings.profit_share if args.margin is None else args.margin
        return effects_of_changes(crm, settings.changes, margin=margin)
    of_job = reading.settings.options(
        reading.calendar,
        known_since=reading.since,
        classes=reading.classes,
        past_classes=reading.past_classes,
    )
    known = REPORTS[name].accepted
    every = frozenset().union(*(kind.options for kind in REPORTS.values()))
    options = {key: of_job[key] for key in known & of_job.keys()}
    chosen = {key: value for key, value in vars(args).items() if key in every}
    chosen["calendar"] = _calendar(args, crm)
    if "model" in known and args.model is not None:
        chosen["model"] = _model(args.model)
    options |= {key: value for key, value in chosen.items() if value is not None}
    window = _window(args, crm)
    if args.report == _ALL:
        options = {key: value for key, value in options.items() if key in known}
        if name == "flow" and window is None:
            window = _whole(crm)
    elif window is not None and not REPORTS[name].windowed:
        raise InputError(
            "the report {name} shows one day and has no window; leave --from and --to out, or "
            "choose the day with --as-of",
            name=name,
        )
    if cut:
        options.pop("funnel", None)
    return make_report(name, crm, window, **options, **parts)


def _save_model(report: Report, path: str) -> None:
    """Write the model of a report on the win probability, atomically."""
    from pathlib import Path

    from abcxyz.crm import DealRisks, WinProbability
    from abcxyz.toolkit.files import write_atomic

    win = report.win if isinstance(report, DealRisks) else report
    if not isinstance(win, WinProbability):
        raise InputError(
            "the report {name} has no model; leave --save-model out", name=report.title()
        )
    write_atomic(Path(path), win.model.to_json().encode())


def _whole(crm: CrmData) -> Any:
    """Return the window from the first deal to the end of the records."""
    from abcxyz.core.sales.calendar import Window
    from abcxyz.crm.records.data import as_local

    end = as_local(crm.until, crm.zone).date() + timedelta(days=1)
    created = crm.deals.created
    since = as_local(created.min(), crm.zone).date() if len(created) else end - timedelta(days=1)
    return Window(since, end)


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
        until = parse_end(args.until, "--to")
    else:
        until = as_local(crm.until, crm.zone).date() + timedelta(days=1)
    return Window(since, until)


def _model(path: str) -> WinModel:
    """Read the file of a model of the win probability."""
    from pathlib import Path

    from abcxyz.crm import WinModel

    try:
        return WinModel.from_json(Path(path).read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as problem:
        raise InputError(
            "the model {path} cannot be read ({reason}); write one with --save-model",
            path=path,
            reason=getattr(problem, "strerror", None) or type(problem).__name__,
        ) from problem


def _calendar(args: argparse.Namespace, crm: CrmData) -> Any:
    """Return the working calendar with the holidays of a file or country; None without any."""
    if args.holidays is None:
        return None
    from pathlib import Path

    from abcxyz.cli.inputs.days_off import read_days_off
    from abcxyz.crm.settings import CalendarSettings
    from abcxyz.crm.statistics.business_calendar import BusinessCalendar

    if re.fullmatch("[A-Z]{2}", args.holidays) and not Path(args.holidays).exists():
        return CalendarSettings(country=args.holidays).calendar(crm.zone)
    return BusinessCalendar(crm.zone, holidays=read_days_off(args.holidays))


def _print(report: Report, lang: str, most: int | None = None) -> None:
    """Print the finding of a report and its table, at most so many lines of it."""
    from abcxyz.cli.output.terminal import one_line, printable
    from abcxyz.core.display import plain_number
    from abcxyz.crm.reports.base import table_cells

    for sentence in report.explain(lang).splitlines():
        print(printable(sentence))
    every = report.rows()
    rows = every[: most or _LINES]
    if not rows:
        return
    names, cells = table_cells(rows, lang)
    table = [names, *([one_line(cell) for cell in line] for line in cells)]
    widths = [max(len(line[i]) for line in table) for i in range(len(names))]
    print()
    for line in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)))
    left = len(every) - len(rows)
    if left:
        print(text("and {n} more", lang, n=plain_number(left, lang)))
        if most is None:
            print(text("--json prints all of them", lang))


def _print_notes(crm: CrmData, remarks: list[str], lang: str) -> None:
    """Print what was guessed, repaired and left out."""
    from abcxyz.cli.output.terminal import printable
    from abcxyz.crm.records.quality import CRM_PROBLEMS

    notes = remarks + [
        f"{text(CRM_PROBLEMS[issue.kind][0], lang)}: {issue.count}" for issue in crm.quality.issues
    ]
    if notes:
        print()
        for note in notes:
            print(printable(f"* {note}"))

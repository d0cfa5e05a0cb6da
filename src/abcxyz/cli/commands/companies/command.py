"""``abcxyz companies``: an index of public data on organisations, and look-ups in it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abcxyz.cli.commands.companies.like import add_like
from abcxyz.cli.options.dates import parse_day
from abcxyz.cli.options.language import text_language
from abcxyz.errors import InputError
from abcxyz.i18n import date_text, number, plural, text, translate

if TYPE_CHECKING:
    from datetime import date

    from abcxyz.companies.fns.index import Company, DatasetFile

__all__ = ["HELP", "STOPPED", "add_arguments", "run"]

HELP = "build and ask an index of public data on organisations"
STOPPED = "stopped; the index is as it was before"

_INDEX = "companies.db"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    build = actions.add_parser(
        "build",
        help="build the index from the open data sets of the tax service",
        description="Build an index of organisations from the zips of the open data sets of the "
        "tax service in a folder. Natural persons are left out. The old index stays until the new "
        "one is whole.",
    )
    build.add_argument("folder", metavar="DIR", help="folder with the zips")
    build.add_argument("--out", metavar="FILE", default=_INDEX, help="the index")
    build.add_argument("--sets", metavar="SET,SET", help="data sets to use; all by default")
    build.add_argument(
        "--processes", type=int, metavar="N", help="processes that read; one per core by default"
    )
    build.set_defaults(action=_build)
    show = actions.add_parser(
        "show",
        help="what the index holds on one organisation",
        description="Show what the index holds on one organisation, each value with its date and "
        "source.",
    )
    show.add_argument("inn", metavar="INN", help="of an organisation, 10 digits")
    show.set_defaults(action=_show)
    status = actions.add_parser(
        "status",
        help="which data sets the index holds, of which day, and how old they are",
        description="List the data sets of the index with their dates and counts. The exit code "
        "is 1 if one is too old to be used.",
    )
    status.set_defaults(action=_status)
    like = add_like(actions)
    for one in (show, status, like):
        one.add_argument("--db", metavar="FILE", default=_INDEX, help="the index")
        one.add_argument("--as-of", metavar="DATE", help="day that counts as today")
        one.add_argument(
            "--fresh-years",
            type=int,
            metavar="N",
            default=2,
            help="older values are not used",
        )
    for one in (build, show, status):
        one.add_argument("--json", action="store_true", help="print one object instead of text")


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    code: int = args.action(args)
    return code


def _print(value: Any) -> None:
    from abcxyz.core.documents import json_text

    print(json_text(value))


# -- build -----------------------------------------------------------------------------------


def _build(args: argparse.Namespace) -> int:
    from abcxyz.cli.output.progress import stages
    from abcxyz.companies.fns.build import build_index

    if args.processes is not None and args.processes < 1:
        raise InputError(
            "{name} is {value}; use one or more", name="--processes", value=args.processes
        )
    sets = [name.strip() for name in (args.sets or "").split(",") if name.strip()]
    lang = text_language(args)
    with stages(lang) as progress:
        progress.begin("read", args.folder)
        files = build_index(
            Path(args.folder),
            Path(args.out),
            built=parse_day(None),
            sets=sets,
            processes=args.processes or os.cpu_count() or 1,
            progress=progress.wrote,
        )
        progress.end()
    if args.json:
        _print({"file": args.out, "datasets": [_dataset(one, None) for one in files]})
        return 0
    print(_datasets(files, None, lang))
    print(text("Written to {folder}", lang, folder=args.out))
    return 0


# -- status ----------------------------------------------------------------------------------


def _status(args: argparse.Namespace) -> int:
    from abcxyz.companies.fns.index import CompanyIndex

    today, lang = parse_day(args.as_of), text_language(args)
    with CompanyIndex(Path(args.db)) as index:
        files, organisations = index.datasets(), len(index)
    old = [one for one in files if not _is_fresh(one, today, args.fresh_years)]
    if args.json:
        _print(
            {
                "file": args.db,
                "organisations": organisations,
                "datasets": [_dataset(one, today) for one in files],
                "too_old": [one.file for one in old],
            }
        )
    else:
        print(_datasets(files, today, lang))
        print(plural("{n} organisation|{n} organisations", organisations, lang))
        for one in old:
            print(
                text(
                    "{file} is too old, its values are not used; download a newer one and build "
                    "the index again",
                    lang,
                    file=one.file,
                )
            )
    return 1 if old else 0


def _is_fresh(file: DatasetFile, today: date, fresh_years: int) -> bool:
    from abcxyz.companies.attributes import is_fresh
    from abcxyz.companies.fns.index import day

    on = day(file.data_on)
    return on is not None and is_fresh(on, today, fresh_years)


def _dataset(file: DatasetFile, today: date | None) -> dict[str, object]:
    """Return a data set with its dates in ISO form, and its age where today is known."""
    from abcxyz.companies.fns.index import day

    dates = {column: day(getattr(file, column)) for column in ("data_on", "published", "built")}
    record = file._asdict() | {
        column: None if on is None else on.isoformat() for column, on in dates.items()
    }
    if today is not None and dates["data_on"] is not None:
        record["age_days"] = (today - dates["data_on"]).days
    return record


def _datasets(files: list[DatasetFile], today: date | None, lang: str) -> str:
    from abcxyz.cli.output.analysis_text import table
    from abcxyz.cli.output.terminal import one_line
    from abcxyz.companies.fns.index import day

    rows = [
        [
            text(head, lang)
            for head in (
                "Data set", "As of", "Published", "Documents", "Organisations", "Persons skipped",
                "Rejected", "Duplicates", "Conflicting", "Members skipped", "File", "SHA-256",
            )
        ]
    ]  # fmt: skip
    if today is not None:
        rows[0].insert(2, text("Age, days", lang))
    for one in files:
        on, published = day(one.data_on), day(one.published)
        row = [
            one.name,
            "–" if on is None else date_text(on, lang),
            "–" if published is None else date_text(published, lang),
            *(
                number(count, lang)
                for count in (
                    one.documents, one.organisations, one.persons_skipped, one.rejected,
                    one.duplicates, one.conflicting, one.members_skipped,
                )
            ),
            one_line(one.file),
            one.sha256[:12],
        ]  # fmt: skip
        if today is not None:
            row.insert(2, "–" if on is None else number((today - on).days, lang))
        rows.append(row)
    return table(rows)


# -- show ------------------------------------------------------------------------------------


def _show(args: argparse.Namespace) -> int:
    from abcxyz.cli.output.analysis_text import table
    from abcxyz.cli.output.terminal import one_line
    from abcxyz.companies.fns.attributes import company_attributes
    from abcxyz.companies.fns.flags import absent_values, doubtful_values
    from abcxyz.companies.fns.index import CompanyIndex
    from abcxyz.core.companies.numbers import check_inn

    inn, lang = check_inn(args.inn), text_language(args)
    with CompanyIndex(Path(args.db)) as index:
        company, files = index.find([inn]).get(inn), index.datasets()
    if company is None:
        raise InputError(
            "{inn} is not in {path}; the data sets say nothing of it, which does not mean that it "
            "is small",
            inn=inn,
            path=args.db,
        )
    known = company_attributes(
        inn, company, as_of=parse_day(args.as_of), fresh_years=args.fresh_years
    )
    facts = _facts(company)
    remarks = [*doubtful_values(known.values), *absent_values(company, files)]
    if args.json:
        _print(
            {
                "inn": inn,
                "attributes": known.values,
                "stale": known.stale,
                "published": facts,
                "remarks": list(map(str, remarks)),
            }
        )
        return 0
    print(f"{inn}  {one_line(company.name or '–')}")
    rows = [[text(head, lang) for head in ("Attribute", "Value", "As of", "Source")]]
    for name, source in known.values.items():
        if name.endswith("_source"):
            attribute = name.removesuffix("_source")
            value = known.values[attribute]
            written = (
                number(value, lang)
                if isinstance(value, (int, float)) and attribute != "founded"
                else one_line(str(value))
            )
            on = known.values.get(f"{attribute}_as_of", "–")
            rows.append([attribute, written, str(on), str(source)])
    print(table(rows))
    for attribute, year in known.stale.items():
        print(
            text(
                "{attribute}: the newest value is of {year}, and is not used",
                lang,
                attribute=attribute,
                year=str(year),
            )
        )
    rows = [[text(head, lang) for head in ("Published", "Value")]]
    rows += [[name, one_line(str(value))] for name, value in facts.items()]
    print(table(rows))
    for remark in remarks:
        print(translate(remark, lang))
    return 0


def _facts(company: Company) -> dict[str, object]:
    """Return everything published on an organisation, money in roubles, dates in ISO form."""
    from abcxyz.companies.fns.index import day

    facts: dict[str, object] = {}
    for name, value in company._asdict().items():
        if value is None or name == "inn":
            continue
        if name.endswith("_on"):
            facts[name] = str(day(value))
        elif name in ("income", "expense", "tax_paid", "debt"):
            facts[name] = value / 100
        elif name == "region":
            facts[name] = f"{value:02}"
        else:
            facts[name] = value
    return facts

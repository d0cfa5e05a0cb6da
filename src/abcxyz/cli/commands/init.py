"""``abcxyz init``: write a commented template of a job."""

from __future__ import annotations

import argparse
import json
from datetime import date
from pathlib import Path

from abcxyz.cli.options.history import HISTORY
from abcxyz.cli.options.language import data_language, text_language
from abcxyz.errors import ConfigError
from abcxyz.i18n import text

__all__ = ["HELP", "add_arguments", "job_text", "run"]

HELP = "write a commented job to start from"

#: Values with which the job runs as soon as the file of sales exists.
_VALUES = {
    "window": {"period": "12M"},
    "abc": {"rule": "tangent"},
    "xyz": {"rule": "tangent"},
    "history": {"path": HISTORY},
    "source": {"kind": "csv", "path": "sales.csv"},
}
_SINKS = (("csv", "segments.csv"), ("html", "report.html"))
_EXAMPLES: dict[tuple[str, str], object] = {
    ("window", "bucket"): "M",
    ("window", "lookback"): "24M",
    ("abc", "a"): 0.8,
    ("abc", "b"): 0.95,
    ("abc", "first"): 100000,
    ("abc", "second"): 10000,
    ("xyz", "first"): 0.1,
    ("xyz", "second"): 0.25,
    ("xyz", "cv_decimals"): 2,
    ("xyz", "single_order"): True,
    ("playbook", "path"): "playbook.toml",
    ("report", "currency"): "₽",
    ("report", "title"): "Customers",
    ("history", "job"): "north",
    ("history", "keep"): "36M",
    ("history", "deals"): True,
    ("alerts", "attributes"): ["region", "industry"],
    ("files", "mode"): "640",
    ("plugins", "allow"): ["shop-adapter==1.2"],
    ("source", "id_map"): "ids.csv",
    ("source", "id_prefix"): "shop:",
    ("enricher", "kind"): "bitrix24",
    ("enricher", "scorecard"): "scorecard.toml",
    ("crm", "source"): "files",
    ("crm", "id_map"): "ids.csv",
    ("crm", "id_prefix"): "crm:",
    ("crm", "currency"): "RUB",
    ("crm", "funnel"): "sales",
    ("crm", "margin"): 0.3,
    ("crm", "reports"): ["funnel", "managers"],
    ("crm.calendar", "country"): "RU",
    ("crm.calendar", "closed"): [date(2026, 11, 4)],
    ("crm.calendar", "open"): [date(2026, 11, 7)],
    ("crm.sla", "name"): "answer",
    ("crm.sla", "starts"): "lead",
    ("crm.sla", "hours"): 2,
    ("crm.sla", "visit"): "VISIT",
    ("crm.sla", "proposal"): "OFFER",
    ("changes", "day"): date(2026, 10, 5),
    ("changes", "what"): "proposals by video",
    ("changes", "stage"): "OFFER",
    ("changes", "funnel"): "sales",
}
_OPTIONAL = ("enricher", "crm", "crm.calendar", "crm.sla", "changes")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Write a job with every key explained. A file that is there stays as it is."
    )
    parser.add_argument(
        "job",
        metavar="JOB",
        nargs="?",
        default="job.toml",
        help="the file",
    )
    parser.add_argument("--force", action="store_true", help="write over a file that is there")


def job_text(lang: str = "en") -> str:
    """Return a job with every key explained; optional keys are commented out."""
    from abcxyz.config import TABLES
    from abcxyz.config.keys import LISTS

    lines = [
        f"# {text('What to read, how to classify, and who gets the result.', lang)}",
        f"# {text('Secrets stay elsewhere; where a token is wanted, write one of', lang)}",
        '#   token = { env = "NAME" }  |  { file = "path" }  |  { keyring = "service/user" }',
    ]
    for name, keys in TABLES.items():
        if name == "sink":
            others = [
                f"# {key} = {_toml(about.default)}  # {about.explain(lang)}"
                for key, about in keys.items()
                if key != "kind"
            ]
            for kind, path in _SINKS:
                lines += ["", "[[sink]]", f'kind = "{kind}"', f'path = "{path}"', *others]
                others = []
            continue
        values = _VALUES.get(name, {})
        optional = name in _OPTIONAL
        header = f"[[{name}]]" if name in LISTS else f"[{name}]"
        lines += ["", f"# {header}" if optional else header]
        for key, about in keys.items():
            meaning = about.explain(lang)
            if key in values:
                lines.append(f"{key} = {_toml(values[key])}  # {meaning}")
                continue
            value = about.default
            if name == "report" and key == "lang":
                lines.append(f"{key} = {_toml(lang)}  # {meaning}")
                continue
            shown = _EXAMPLES.get((name, key), value)
            lines.append(f"# {key} = {_toml(shown)}  # {meaning}")
        lines += [f"{key} = {_toml(value)}" for key, value in values.items() if key not in keys]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_toml, value))}]"
    # A JSON string, number or boolean is also valid TOML.
    return json.dumps(value, ensure_ascii=False)


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    from abcxyz.toolkit.files import write_atomic

    path = Path(args.job)
    if path.exists() and not args.force:
        raise ConfigError(
            "{path} is there already; choose another name, or write over it with --force",
            path=str(path),
        )
    write_atomic(path, job_text(data_language(args)).encode())
    print(text("Written to {folder}", text_language(args), folder=path))
    return 0

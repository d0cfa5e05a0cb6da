"""``abcxyz score``: grades for the leads of a file."""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from pathlib import Path

from abcxyz.core.prospect_card import Scorecard
from abcxyz.errors import AbcxyzError, ConfigError
from abcxyz.i18n import LANGUAGES, number, translate

__all__ = ["add_parser", "read_scorecard", "run"]


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser("score", help="grade the leads of a file")
    parser.add_argument("file", metavar="FILE", help="one line per lead")
    parser.add_argument("--scorecard", metavar="CARD", help="TOML or JSON; else the default one")
    parser.add_argument("--json", action="store_true", help="one JSON object per lead")
    parser.add_argument("--lang", choices=LANGUAGES, default="en")
    parser.set_defaults(run=run)


def read_scorecard(path: Path) -> Scorecard:
    """Read a scorecard from TOML, or from JSON by its ending.

    Raises
    ------
    ConfigError
        The file is absent or damaged, or is no scorecard.
    """
    try:
        written = path.read_text(encoding="utf-8")
        data = json.loads(written) if path.suffix == ".json" else tomllib.loads(written)
    except (OSError, ValueError) as problem:
        raise ConfigError(
            "the scorecard {file} cannot be read ({reason}); check the path and the TOML",
            file=str(path),
            reason=str(problem),
        ) from problem
    return Scorecard.from_dict(data)


def run(args: argparse.Namespace) -> int:
    """Score the leads and print one line for each."""
    from abcxyz.builtin.table import read_table
    from abcxyz.core.prospects import score_prospects

    try:
        card = read_scorecard(Path(args.scorecard)) if args.scorecard else None
        scores = score_prospects(read_table(Path(args.file)), card)
    except AbcxyzError as problem:
        sys.stderr.write(translate(problem, args.lang) + "\n")
        return 2
    for i, record in enumerate(scores.to_records()):
        if args.json:
            line = json.dumps(record, ensure_ascii=False, default=str)
        else:
            grade, points = record["grade"] or "–", number(record["score"], args.lang, 1)
            line = f"{record['lead']}\t{grade}\t{points}\t{scores[i].sentence(args.lang)}"
        sys.stdout.write(line + "\n")
    return 0

"""``abcxyz schema``: the JSON Schema of a document."""

from __future__ import annotations

import argparse
import json

from abcxyz.core.documents import DOCUMENTS, json_schema

__all__ = ["HELP", "add_arguments", "run"]

HELP = "print the JSON Schema of a document"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Print the JSON Schema (draft 2020-12) of the summary, of a snapshot, of alerts, or of "
        "the document that the webhook sends (analysis)."
    )
    parser.add_argument("document", choices=DOCUMENTS, help="kind of the document")


def run(args: argparse.Namespace) -> int:
    """Run the command; return the exit code."""
    print(json.dumps(json_schema(args.document), ensure_ascii=False, indent=2))
    return 0
